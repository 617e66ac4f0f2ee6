"""What a scalar is: the Protocols that types are checked against, and the type variables."""

from __future__ import annotations

from typing import Any, Protocol, Self, TypeAlias

import numpy as np
from typing_extensions import TypeVar, override


class Scalar(Protocol):
    """A real number type that is closed under its own arithmetic.

    `np.float32`, `np.float64`, `np.longdouble`, `Fraction` and `mpmath.mpf` are such types.
    `__abs__` keeps complex numbers out and `__hash__` keeps arrays out.
    """

    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __mul__(self, other: Self, /) -> Self: ...
    def __truediv__(self, other: Self, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def __abs__(self) -> Self: ...
    def __float__(self) -> float: ...
    @override
    def __hash__(self) -> int: ...


class PyFloat(Protocol):
    """A Python float, but not `np.float64`, which is a subclass of float.

    A plain float is weak: it takes the precision of its partner. `np.float64` is refused because
    its `<` gives `np.bool` rather than `bool`; `hex` keeps Decimal and Fraction out.
    """

    def hex(self) -> str:
        """Return the exact hexadecimal text."""
        ...

    def __lt__(self, other: float, /) -> bool: ...


T = TypeVar("T", bound=Scalar, default=np.float64)
S = TypeVar("S", bound=Scalar)
F = TypeVar("F", bound="np.floating[Any]")
NP = TypeVar("NP", np.float32, np.float64, np.longdouble)

Weak: TypeAlias = S | int | PyFloat
