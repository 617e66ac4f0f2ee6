"""A row on one number system: its functions bound so that they run on bare scalars of T.

The text of a forward or of a rule is kept; only its global names change. In the namespace of
float32 `exp` is NumPy's own exp and `ln2` a float32, so nothing is dispatched and nothing can
leave the precision. In the namespace of an exact system the rows stand for their meaning.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from contextvars import Context
from dis import get_instructions
from functools import cache
from itertools import chain
from threading import RLock
from types import CellType, CodeType, FunctionType
from typing import Any, TypeAlias

import numpy as np
from typing_extensions import TypeIs, override

from typedgrad.errors import DomainError, NoFunction
from typedgrad.numbers import Constant, NumberSystem

# NumPy keeps its error state in a context: to run in a copy costs a fifth of `with np.errstate`.
SILENCE = Context()
SILENCE.run(np.seterr, all="ignore")

CALCULATING = frozenset({"BINARY_OP", "UNARY_NEGATIVE"})
RAISING = "RAISE_VARARGS"
CHOOSING = frozenset({"choose", "select"})
# A fold of plain sums and products warns where the operators would.
FOLDS = frozenset({"add", "len", "range", "reduce"})

# A lambda gets its parameters from one of these: a bare Callable[..., Any] leaves them unknown.
Formula: TypeAlias = (
    Callable[[Any], Any]
    | Callable[[Any, Any], Any]
    | Callable[[Any, Any, Any], Any]
    | Callable[[Any, Any, Any, Any], Any]
    | Callable[[Any, Any, Any, Any, Any], Any]
)
Meaning: TypeAlias = str | Formula | None

SCALAR: dict[Any, Any] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: vars(operator)["truediv"],  # typeshed leaves it untyped
    np.negative: operator.neg,
    np.absolute: operator.abs,
}


class Definition:
    """What a row says about its value and its derivative, before it has a precision."""

    def __init__(self, name: str, forward: Any, rule: Any, exact: Meaning) -> None:
        self.name = name
        self.forward = forward
        self.rule = rule
        self.exact: Meaning = exact
        self.sequences = 0
        self.gather: Any = None
        self.scatter: Any = None
        self.domain = "all reals"


class PerFormat:
    """A number or a table that depends on the number system it runs in."""

    __slots__ = ("choice",)

    def __init__(self, choice: Callable[[NumberSystem[Any]], Any]) -> None:
        self.choice: Callable[[NumberSystem[Any]], Any] = choice


class Row:
    """One op on one number system: `forward(*args)` and `rule(g, y, *args)` on bare scalars.

    `gather(nodes)` and `scatter(g, nodes, since)`, where they are given, do on nodes what forward
    and rule do on their numbers.
    """

    __slots__ = ("forward", "gather", "machine", "name", "op", "rule", "scatter")

    def __init__(self, op: Definition, machine: Machine, forward: Any, rule: Any) -> None:
        self.op: Definition = op
        self.name: str = op.name
        self.machine: Machine = machine
        self.forward: Any = forward
        self.rule: Any = rule
        self.gather: Any = None
        self.scatter: Any = None

    @override
    def __repr__(self) -> str:
        return f"<row {self.name} of {self.machine.numbers.name}>"


class Machine:
    """All rows on one number system, bound when they are first used."""

    def __init__(self, numbers: NumberSystem[Any]) -> None:
        self.numbers = numbers
        self._rows: dict[Definition, Row] = {}
        self._bound: dict[Any, Any] = {}
        self._binding = RLock()

    def row(self, op: Definition) -> Row:
        """Return the row of op on these numbers."""
        row = self._rows.get(op)
        return self._make(op) if row is None else row

    def _make(self, op: Definition) -> Row:
        with self._binding:  # a half-bound function must not be seen by another thread
            forward = self.forward(op)
            if not self.numbers.exact and calculates(op.forward):
                forward = quiet(forward)
            if self.numbers.is_strict:
                forward = guarded(op, forward)
            row = Row(op, self, forward, self.bind(op.rule))
            row.scatter = op.scatter
            row.gather = op.gather if forward is self._bound.get(op.forward) else None
            return self._rows.setdefault(op, row)

    def forward(self, op: Definition) -> Callable[..., Any]:
        """Return what computes op: its machine column, or its meaning in an exact system."""
        meaning: Callable[..., Any] | None = self.numbers.meaning(op.name, op.exact)
        if meaning is not None:
            return meaning
        loop = isinstance(op.forward, np.ufunc) and op.forward not in SCALAR
        if loop and not issubclass(self.numbers.scalar, np.generic):
            return _refusal(op.name, self.numbers.name)
        found: Callable[..., Any] = self.bind(op.forward)
        return found

    def bind(self, function: Any) -> Any:
        """Return the function with its global names standing for this machine's functions."""
        if not isinstance(function, FunctionType):
            return SCALAR.get(function, function)
        bound = self._bound.get(function) or self.numbers.word(function)
        if bound is None:
            space: dict[str, Any] = {"__builtins__": builtins}
            cells = tuple(CellType() for _ in function.__closure__ or ())
            code, name = function.__code__, function.__name__
            bound = FunctionType(code, space, name, function.__defaults__, cells)
            self._bound[function] = bound
            for name in names_in(code):
                if name in function.__globals__:
                    space[name] = self._stand_in(function.__globals__[name])
            for cell, old in zip(cells, function.__closure__ or (), strict=True):
                cell.cell_contents = self._stand_in(old.cell_contents)
        return bound

    def _stand_in(self, thing: Any) -> Any:
        if isinstance(thing, Definition):
            return _taking_sequences(thing, self.forward(thing))
        if isinstance(thing, Constant):
            return self.numbers.constant(thing)
        if isinstance(thing, PerFormat):
            return self._lift(thing.choice(self.numbers))
        if is_tuple(thing):
            return tuple(self._stand_in(part) for part in thing)
        return self.bind(thing) if isinstance(thing, FunctionType) else thing

    def _lift(self, thing: Any) -> Any:
        if is_tuple(thing):
            return tuple(self._lift(part) for part in thing)
        return self.numbers.lift(thing)


def _refusal(op: str, precision: str) -> Callable[..., Any]:
    def refuse(*_: Any) -> Any:
        raise NoFunction(op=op, precision=precision)

    return refuse


def is_tuple(x: object) -> TypeIs[tuple[Any, ...]]:
    """Tell whether x is a tuple."""
    return isinstance(x, tuple)


def _codes(code: CodeType) -> list[CodeType]:
    inner = (_codes(part) for part in code.co_consts if isinstance(part, CodeType))
    return [code, *(part for parts in inner for part in parts)]


def _taking_sequences(op: Definition, forward: Callable[..., Any]) -> Callable[..., Any]:
    """Return forward as the language calls it: a row of sequences takes these, not their parts."""
    if not op.sequences:
        return forward
    return lambda *parts: forward(*chain.from_iterable(parts))


def names_in(code: CodeType) -> set[str]:
    """Return every name that a function uses, in its inner functions too."""
    return {name for part in _codes(code) for name in part.co_names}


def calculates(function: Any) -> bool:
    """Tell whether a forward passes through results of its own: a composition that calculates."""
    if not isinstance(function, FunctionType):
        return not isinstance(function, np.ufunc)
    code, space = function.__code__, function.__globals__
    if set() < names_in(code) <= FOLDS:
        return False
    steps = {step.opname for part in _codes(code) for step in get_instructions(part)}
    used = [space.get(name) for name in names_in(code) - CHOOSING]
    return not steps.isdisjoint(CALCULATING) or not all(isinstance(x, Constant) for x in used)


@cache
def may_refuse(op: Definition) -> bool:
    """Tell whether a forward may raise because of its numbers: it, or what it calls, has a raise.

    What is not written in Python is taken to raise nothing.
    """
    known: set[FunctionType] = set()
    waiting: list[Any] = [op]
    while waiting:
        thing = waiting.pop()
        function = thing.forward if isinstance(thing, Definition) else thing
        if not isinstance(function, FunctionType) or function in known:
            continue
        known.add(function)
        code = function.__code__
        if any(step.opname == RAISING for x in _codes(code) for step in get_instructions(x)):
            return True
        waiting += [function.__globals__.get(name) for name in names_in(code)]
        waiting += [cell.cell_contents for cell in function.__closure__ or ()]
    return False


def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with NumPy's warnings off: what it passes through is its own affair."""

    def silent(*args: Any) -> Any:
        return SILENCE.copy().run(function, *args)

    return silent


def guarded(op: Definition, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with a check: a NaN that no argument brought along is refused."""

    def checked(*args: Any) -> Any:
        with np.errstate(invalid="ignore"):
            y = function(*args)
        if y != y and all(x == x for x in args):
            values = ", ".join(str(x) for x in args)
            raise DomainError(op=op.name, values=values, domain=op.domain)
        return y

    return checked


_MACHINES: dict[NumberSystem[Any], Machine] = {}
NUMBERS: dict[type, NumberSystem[Any]] = {}


def machine_of(numbers: NumberSystem[Any]) -> Machine:
    """Return the machine of a number system, always the same one."""
    found = _MACHINES.get(numbers)
    return found if found is not None else _MACHINES.setdefault(numbers, Machine(numbers))


def evaluate(op: Definition, args: tuple[Any, ...]) -> Any:
    """Apply a row to bare scalars; plain numbers take the precision of the others or float64."""
    kinds = [NUMBERS[type(x)] for x in args if type(x) in NUMBERS]
    numbers = kinds[0] if kinds else NUMBERS[np.float64]
    return machine_of(numbers).row(op).forward(*[numbers.lift(x, op.name) for x in args])
