"""Symbols of one precision: what is done to them is written down by a `Sink`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np
from typing_extensions import TypeIs, override

from typedgrad.numbers import NumberSystem


def is_sequence(x: object) -> TypeIs[list[Any] | tuple[Any, ...]]:
    """Tell whether x is a list or a tuple."""
    return isinstance(x, (list, tuple))


class NotLowered(Exception):
    """A row's text does what no straight-line code can: it asks a symbol for its value."""


class Sink(ABC):
    """What writes operations down. A ref is what the sink knows a value by."""

    def __init__(self, numbers: NumberSystem[Any]) -> None:
        self.numbers = numbers
        self.zero: Any = numbers.lift(0)
        self.one: Any = numbers.lift(1)

    @abstractmethod
    def constant(self, x: Any) -> Any:
        """Return the ref of a scalar."""

    @abstractmethod
    def emit(self, op: str, *refs: Any) -> Any:
        """Return the ref of an operation, which may be there already."""

    @abstractmethod
    def call(self, ufunc: np.ufunc, *refs: Any) -> Any:
        """Return the ref of what the inner loop of a ufunc makes of one point."""

    @abstractmethod
    def choose(self, test: Test, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        """Return what stands for one of two results."""

    def ref(self, x: Any) -> Any:
        """Return the ref of a symbol or of a plain number."""
        return x.ref if is_number(x) else self.constant(self.numbers.lift(x))

    def number(self, op: str, *args: Any) -> Number:
        """Return the number that an operation makes."""
        return Number(self, self.emit(op, *map(self.ref, args)))

    def test(self, op: str, *args: Any) -> Any:
        """Return the comparison of two numbers."""
        return Test(self, self.emit(op, *map(self.ref, args)))

    def pick(self, test: Test, then: Any, otherwise: Any) -> Any:
        """Return one of two numbers, or one of two sequences of numbers."""
        if is_sequence(then):
            pairs = zip(then, otherwise, strict=True)
            return type(then)([self.pick(test, a, b) for a, b in pairs])
        if then is otherwise:
            return then
        return Number(self, self.emit("select", test.ref, self.ref(then), self.ref(otherwise)))


class Test:
    """A comparison of which only the run knows how it ends."""

    __slots__ = ("ref", "sink")

    def __init__(self, sink: Sink, ref: Any) -> None:
        self.sink: Sink = sink
        self.ref: Any = ref

    def __bool__(self) -> NoReturn:
        raise NotLowered("it asks whether something holds")

    def __or__(self, other: Any) -> Any:
        return Test(self.sink, self.sink.emit("or", self.ref, other.ref))

    def __and__(self, other: Any) -> Any:
        return Test(self.sink, self.sink.emit("and", self.ref, other.ref))


class Number:
    """A number that only the run knows."""

    __slots__ = ("ref", "sink")
    __array_ufunc__ = None  # NumPy's scalars leave the operators to us

    def __init__(self, sink: Sink, ref: Any) -> None:
        self.sink: Sink = sink
        self.ref: Any = ref

    def __bool__(self) -> NoReturn:
        raise NotLowered("it asks for the value of a number")

    def __int__(self) -> NoReturn:
        self.__bool__()

    def __index__(self) -> NoReturn:
        raise NotLowered("it asks for the value of a number")

    def __float__(self) -> NoReturn:
        self.__bool__()

    def __neg__(self) -> Any:
        return self.sink.number("neg", self)

    def __abs__(self) -> Any:
        return self.sink.number("abs", self)

    def __add__(self, other: Any) -> Any:
        return _sum(self.sink, self, other)

    def __radd__(self, other: Any) -> Any:
        return _sum(self.sink, other, self)

    def __sub__(self, other: Any) -> Any:
        return self.sink.number("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.sink.number("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return self if _is_one(other) else self.sink.number("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self if _is_one(other) else self.sink.number("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self if _is_one(other) else self.sink.number("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.sink.number("div", other, self)

    def __lt__(self, other: Any) -> Any:
        return self.sink.test("lt", self, other)

    def __le__(self, other: Any) -> Any:
        return self.sink.test("le", self, other)

    def __gt__(self, other: Any) -> Any:
        return self.sink.test("gt", self, other)

    def __ge__(self, other: Any) -> Any:
        return self.sink.test("ge", self, other)

    @override
    def __eq__(self, other: object) -> Any:
        return self.sink.test("eq", self, other)

    @override
    def __ne__(self, other: object) -> Any:
        return self.sink.test("ne", self, other)

    @override
    def __hash__(self) -> int:
        return id(self)


def is_number(x: object) -> TypeIs[Number]:
    """Tell whether x is a symbol."""
    return isinstance(x, Number)


def _is_one(x: Any) -> bool:
    return not is_number(x) and bool(x == 1)


def _sum(sink: Sink, a: Any, b: Any) -> Any:
    """Return a + b; minus zero adds nothing to any number."""
    for x, other in ((a, b), (b, a)):
        if not is_number(x) and x == 0 and np.signbit(x):
            return other
    return sink.number("add", a, b)


def sink_among(xs: Sequence[Any]) -> Sink | None:
    """Return the sink of the first symbol, or None where all are plain numbers."""
    return next((x.sink for x in xs if is_number(x)), None)


def choice(test: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """Stand in for `choose`."""
    if isinstance(test, Test):
        return test.sink.choose(test, then, otherwise)
    return then() if test else otherwise()


def selection(test: Any, then: Any, otherwise: Any) -> Any:
    """Stand in for `select`."""
    if isinstance(test, Test):
        return test.sink.pick(test, then, otherwise)
    return then if test else otherwise
