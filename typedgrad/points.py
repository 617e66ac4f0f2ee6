"""Points: where a function is looked at, its numbers exact as they were written."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from typedgrad.errors import NotANumber, OutOfRange, ParameterMismatch, Unreadable
from typedgrad.machine import NUMBERS
from typedgrad.numbers import SPECIAL, NumberSystem, decimal_ratio
from typedgrad.op import Op
from typedgrad.transforms import is_sequence, unboxed
from typedgrad.value import is_value

WHOLE = (int, "int", bool, "bool")  # annotations of what is no variable


@dataclass(frozen=True)
class Input:
    """One number as the user wrote it: `shown`, and `exact` text that every system can parse."""

    name: str
    shown: str
    exact: str

    def lifted(self, numbers: NumberSystem[Any]) -> Any:
        """Return the number rounded once; beyond the range that is an infinity."""
        try:
            return numbers.parse(self.exact)
        except OutOfRange:
            return numbers.from_special("-inf" if self.exact.startswith("-") else "inf")

    def fits(self, numbers: NumberSystem[Any]) -> bool:
        """Tell whether the number system holds this number exactly."""
        if self.exact.lower() in SPECIAL:
            return True
        x = self.lifted(numbers)
        if not numbers.is_finite(x):
            return False
        (a, b), (c, d) = numbers.to_ratio(x), decimal_ratio(self.exact)
        return a * d == b * c


@dataclass(frozen=True)
class Argument:
    """One parameter with its numbers: one, or several where it takes a sequence."""

    name: str
    inputs: tuple[Input, ...]
    vector: bool
    keyword: bool = False
    plain: int | None = None

    @property
    def shown(self) -> str:
        """The argument as a person would write it."""
        texts = [x.shown for x in self.inputs]
        if self.plain is not None:
            return str(self.plain)
        if len(texts) > 6:
            texts = [*texts[:3], "...", texts[-1]]
        return f"[{', '.join(texts)}]" if self.vector else texts[0]


@dataclass(frozen=True)
class Point:
    """Where a function is looked at."""

    function: str
    arguments: tuple[Argument, ...]

    @property
    def inputs(self) -> tuple[Input, ...]:
        """All numbers in the order of the parameters."""
        return tuple(x for argument in self.arguments for x in argument.inputs)

    @property
    def call(self) -> str:
        """The call as text: 'loss(x=1000, y=0.001)'."""
        given = ", ".join(f"{argument.name}={argument.shown}" for argument in self.arguments)
        return f"{self.function}({given})"

    @property
    def partials(self) -> tuple[str, ...]:
        """The names of the partial derivatives: 'd/dx', 'd/dw[0]'."""
        return tuple(f"d/d{x.name}" for x in self.inputs)

    def with_inputs(self, inputs: Sequence[Input]) -> Point:
        """Return the same call with other numbers."""
        left = list(inputs)
        changed: list[Argument] = []
        for argument in self.arguments:
            count = len(argument.inputs)
            changed.append(replace(argument, inputs=tuple(left[:count])))
            del left[:count]
        return replace(self, arguments=tuple(changed))

    def rounded(self, numbers: NumberSystem[Any]) -> Point:
        """Return the point that a number system really holds."""
        held = [replace(x, exact=numbers.to_text(x.lifted(numbers))) for x in self.inputs]
        return self.with_inputs(held)


def name_of(f: Callable[..., Any]) -> str:
    """Return the name of a function, as a person knows it."""
    name: str = getattr(f, "__name__", type(f).__name__)
    return name


def system(precision: str | NumberSystem[Any]) -> NumberSystem[Any]:
    """Return a precision by its name, or as it is."""
    if isinstance(precision, NumberSystem):
        return precision
    known = {numbers.name: numbers for numbers in NUMBERS.values()}
    if precision not in list(known):  # a list is no name, and cannot be looked up
        hint = f"choose from {', '.join(known)}"
        raise Unreadable(what="a precision", text=repr(precision), hint=hint)
    return known[precision]


def itself(f: Any) -> Callable[..., Any]:
    """Return the function that was recorded, whose lines can be named; any other as it is."""
    recording = sys.modules.get("typedgrad.recording")
    if recording is not None and isinstance(f, recording.Recorded):
        return itself(f.f)
    found: Callable[..., Any] = f
    return found


def input_of(name: str, x: Any) -> Input:
    """Return a number with its exact text; raises `NotANumber` for what has no exact value."""
    x = unboxed(x)
    kind: Any = x.__class__
    numbers = NUMBERS.get(kind)
    if is_value(x):
        return input_of(name, x.primal)
    if isinstance(x, str):
        text = x.strip()
        if text.lower() not in SPECIAL:
            decimal_ratio(text)
        return Input(name, text, text)
    if numbers is not None:
        return Input(name, str(x), numbers.to_text(x))
    if isinstance(x, float):
        special = not math.isfinite(x) or not x
        top, bottom = (0, 1) if special else x.as_integer_ratio()
        return Input(name, repr(x), repr(x) if special else f"{top}/{bottom}")
    if issubclass(kind, int | np.integer | np.bool):
        whole = str(int(x))
        return Input(name, whole, whole)
    for module, exact in (("fractions", "Fraction"), ("decimal", "Decimal")):
        if module in sys.modules and isinstance(x, getattr(sys.modules[module], exact)):
            return input_of(name, str(x))
    raise NotANumber(value=repr(x)[:60], type=kind.__name__, precision="float64")


def parameters(f: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a function; a row's are its arguments, a ufunc's x1, x2, ..."""
    if isinstance(f, Op | np.ufunc):
        count = 0 if isinstance(f, Op) else f.nin
        numbered = ["x"] if count == 1 else [f"x{i}" for i in range(1, count + 1)]
        names = f.args if isinstance(f, Op) else numbered
        return [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in names]
    try:
        found = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p for p in found if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


def point_of(f: Callable[..., Any], at: Any, named: Mapping[str, Any]) -> Point:
    """Return the point from positional numbers, a dict, or numbers by name.

    A parameter with a default may be left out, and keeps it. A parameter annotated `int` or
    `bool` gets a plain int and is no variable.
    """
    wanted = parameters(f)
    given: dict[str, Any] = {}
    if isinstance(at, dict):
        given |= at
    elif isinstance(at, str) and "=" in at:
        hint = "name the numbers in a dict, as {'x': '1/3'}, or by keywords, as x='1/3'"
        raise Unreadable(what="a number", text=repr(at), hint=hint)
    elif at is not None:
        flat: list[Any] = list(at) if is_sequence(at) else [at]
        if len(flat) > len(wanted):
            raise _mismatch(f, wanted, f"{len(flat)} argument{'s' * (len(flat) != 1)}")
        given |= {p.name: x for p, x in zip(wanted, flat, strict=False)}
    given |= named
    missing = [p.name for p in wanted if p.name not in given and p.default is p.empty]
    unknown = [name for name in given if name not in {p.name for p in wanted}]
    if missing or unknown:
        raise _mismatch(f, wanted, ", ".join(given) or "nothing")
    return Point(name_of(f), tuple(_argument(p, given[p.name]) for p in wanted if p.name in given))


def _argument(p: inspect.Parameter, x: Any) -> Argument:
    keyword = p.kind is not p.POSITIONAL_ONLY
    if p.annotation in WHOLE and not is_sequence(x):
        given = input_of(p.name, x)
        top, bottom = (1, 2) if given.exact.lower() in SPECIAL else decimal_ratio(given.exact)
        if top % bottom == 0:
            return Argument(p.name, (), False, keyword, top // bottom)
        kind = getattr(p.annotation, "__name__", p.annotation)
        hint = f"{p.name} is annotated {kind}: give a whole number, or change the annotation"
        raise Unreadable(what=f"the whole number {p.name}", text=given.shown, hint=hint)
    if is_sequence(x):
        flat = tuple(input_of(f"{p.name}[{i}]", number) for i, number in enumerate(x))
        return Argument(p.name, flat, True, keyword)
    return Argument(p.name, (input_of(p.name, x),), False, keyword)


def _mismatch(
    f: Callable[..., Any], wanted: Sequence[inspect.Parameter], given: str
) -> ParameterMismatch:
    names = ", ".join(p.name for p in wanted) or "no arguments by name"
    example = ",".join(f"{p.name}={i}" for i, p in enumerate(wanted, 1))
    hint = f"give {example}; by the command --at {example}"
    if not wanted:
        hint = "give no numbers, or wrap it in a function whose arguments have names"
    was = "were" if ", " in given or given.endswith("arguments") else "was"
    facts = dict(wanted=names, given=given, was=was, example=example, hint=hint)
    return ParameterMismatch(function=name_of(f), **facts)


def beside_ranges(error: ParameterMismatch, ranges: Collection[str]) -> ParameterMismatch:
    """Return the same error with a cure that leaves alone what has a range."""
    wanted = str(error.facts["wanted"]).split(", ")
    odd = next((name for name in ranges if name not in wanted), "")
    left = [f"{name}={i}" for i, name in enumerate(wanted, 1) if name not in ranges]
    example = "" if odd else ",".join(left)
    hint = f"give {example} beside the ranges; by the command --at {example}"
    if not example:
        hint = f"leave out the range of {odd}" if odd else "give no number beside the ranges"
    return ParameterMismatch(**{**error.facts, "example": example, "hint": hint})


def arguments(point: Point, leaves: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return what a function is called with at a point: its leaves in their places."""
    args: list[Any] = []
    named: dict[str, Any] = {}
    for argument in point.arguments:
        size = len(argument.inputs)
        own, leaves = leaves[:size], leaves[size:]
        x = argument.plain if argument.plain is not None else own if argument.vector else own[0]
        if argument.keyword:
            named[argument.name] = x
        else:
            args.append(x)
    return args, named
