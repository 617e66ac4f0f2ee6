"""One run of a user's function at exact inputs: its value, its partials and the path it took."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from typedgrad.errors import BadResult, FunctionRaised, TypedgradError
from typedgrad.node import history
from typedgrad.numbers import NumberSystem
from typedgrad.operators import WATCHER
from typedgrad.points import Point, arguments, itself
from typedgrad.reverse import adjoints
from typedgrad.source import Place, caller, raised_at
from typedgrad.transforms import unboxed
from typedgrad.value import Value, is_value, leaf

SELECTIONS = {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "heaviside"}


@dataclass(frozen=True)
class Step:
    """One comparison that a run made; its place is None where no line can be named."""

    test: str
    outcome: bool
    place: Place | None


@dataclass(frozen=True)
class Trial:
    """What one run gave: the value and the partials by name, the path, the size of the graph."""

    numbers: NumberSystem[Any]
    results: dict[str, Any]
    path: tuple[Step, ...]
    nodes: int
    scale: Any


@contextmanager
def watched(path: list[Step]) -> Generator[None]:
    """Write every comparison of Values made inside into the path."""

    def watch(test: str, outcome: bool, _left: Any, _right: Any) -> None:
        path.append(Step(test, outcome, caller(inspect.currentframe())))

    token = WATCHER.set(watch)
    try:
        yield
    finally:
        WATCHER.reset(token)


def checked(y: Any, point: Point, numbers: NumberSystem[Any]) -> Any:
    """Return what a function returned, which must be one Value of the precision."""
    y = unboxed(y)
    if not is_value(y) or y.numbers is not numbers:
        kind = f"Value of {y.numbers.name}" if is_value(y) else type(y).__name__
        facts = dict(function=point.function, value=repr(y)[:60], type=kind)
        raise BadResult(**facts, wanted=f"a Value of {numbers.name}")
    return y


def evaluate(
    f: Callable[..., Any], point: Point, numbers: NumberSystem[Any], path: list[Step]
) -> tuple[Value[Any], list[Value[Any]]]:
    """Run f on fresh leaves; return its result, checked, and the leaves."""
    leaves: list[Value[Any]] = [leaf(numbers, x.lifted(numbers)) for x in point.inputs]
    args, named = arguments(point, leaves)
    try:
        with watched(path), np.errstate(all="ignore"):
            y: Any = itself(f)(*args, **named)
    except TypedgradError:
        raise
    except Exception as error:
        raise failed(point.function, error, numbers, evaluate.__code__) from error
    return checked(y, point, numbers), leaves


def failed(
    name: str, error: Exception, numbers: NumberSystem[Any], beneath: CodeType
) -> FunctionRaised:
    """Return the error that shows the line of the user's function that raised."""
    place = raised_at(error, beneath)
    what = f"{type(error).__name__}: {error}".partition("\n")[0].removesuffix(": ")
    where = place.carets() if place else ""
    return FunctionRaised(function=name, error=what, precision=numbers.name, where=where)


def trial(f: Callable[..., Any], point: Point, numbers: NumberSystem[Any]) -> Trial:
    """Run f once at a point, forwards and backwards."""
    path: list[Step] = []
    y, leaves = evaluate(f, point, numbers, path)
    order = history([y])
    found = adjoints(y, leaves, numbers.lift(1)) if leaves else []
    partials = [numbers.lift(0) if g is None else g for g in found]
    results = dict(zip(("value", *point.partials), (y.primal, *partials), strict=True))
    for node in reversed(order):
        if node.op in SELECTIONS:
            path.append(Step(node.op, bool(node.primal), None))
    sizes = [abs(node.primal) for node in order if numbers.is_finite(node.primal)]
    return Trial(numbers, results, tuple(path), len(order), max(sizes, default=numbers.lift(1)))
