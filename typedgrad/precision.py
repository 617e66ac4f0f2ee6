"""Precision: a number system that makes Values and differentiates functions; the three of NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

import numpy as np
from typing_extensions import TypeIs, override

from typedgrad.calculus import Transforms
from typedgrad.errors import NotANumber
from typedgrad.machine import NUMBERS
from typedgrad.numbers import NumPyNumbers
from typedgrad.scalars import F, PyFloat, S, T
from typedgrad.value import Value, is_value, leaf

if TYPE_CHECKING:
    from decimal import Decimal
    from fractions import Fraction


class Precision(Transforms[T], Generic[T]):
    """A precision: `tg.float32`, `tg.float64`, `tg.longdouble`, or one of your own.

    Called with a number it makes a leaf `Value[T]`; its transforms pin T for type checkers.

    >>> import typedgrad as tg
    >>> w = tg.float32(0.5)
    >>> tg.float32.grad(lambda x, y: x * y + tg.sin(x))(3.0, 2.0)
    (np.float32(1.0100075), np.float32(3.0))
    """

    @override
    def __reduce__(self) -> str:
        return self.name

    def __call__(self, x: T | int | PyFloat | str | Fraction | Decimal, /) -> Value[T]:
        """Return a new leaf; text such as "0.1" is rounded once, from its exact value."""
        return leaf(self, x)


class NumPyPrecision(NumPyNumbers[F], Precision[F]):
    """One of the three precisions of NumPy, as this machine has it."""

    def __init__(self, name: str, scalar: type[F], is_strict: bool = False) -> None:
        super().__init__(f"{name}.strict" if is_strict else name, scalar)
        self.is_strict = is_strict
        self._twin: NumPyPrecision[F] | None = None

    @property
    def strict(self) -> NumPyPrecision[F]:
        """The same precision, but the operation that makes the first NaN raises `DomainError`."""
        if self.is_strict:
            return self
        if self._twin is None:
            self._twin = NumPyPrecision(self.name, self.scalar, is_strict=True)
        return self._twin


float32: NumPyPrecision[np.float32] = NumPyPrecision("float32", np.float32)
float64: NumPyPrecision[np.float64] = NumPyPrecision("float64", np.float64)
longdouble: NumPyPrecision[np.longdouble] = NumPyPrecision("longdouble", np.longdouble)
for _numbers in (float32, float64, longdouble):
    NUMBERS[_numbers.scalar] = _numbers


def precision_of(x: Value[S] | S, /) -> Precision[S]:
    """Return the precision of a Value or of a scalar.

    >>> import typedgrad as tg
    >>> tg.precision_of(tg.float32(0.5)) is tg.float32
    True
    """
    numbers = x.numbers if is_value(x) else NUMBERS.get(type(x))
    if not is_precision(numbers):
        raise NotANumber(value=repr(x)[:60], type=type(x).__name__, precision="any precision")
    return numbers


def is_precision(x: object) -> TypeIs[Precision[Any]]:
    """Tell whether x is a precision."""
    return isinstance(x, Precision)
