"""Rows of the NumPy engine that are written straight into the place of their results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

Step: TypeAlias = Callable[[], Any]
MANY_ZEROS = 256
LARGE, BROAD = 1024, 12  # so many products, in rows of so many: each factor is gathered once
ABSOLUTE: dict[str, Any] = {"azmul": np.multiply, "azdiv": np.divide}
COMPARISONS: dict[str, Any] = {
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
}
DIRECT = frozenset({*ABSOLUTE, *COMPARISONS, "where", "relu"})


def azmul(a: Any, b: Any) -> Any:
    """Return the product of two scalars in which a zero a is absolute."""
    return a if a == 0 else a * b


def azdiv(a: Any, b: Any) -> Any:
    """Return the quotient of two scalars in which a zero a is absolute."""
    return a if a == 0 else a / b


def compared(ufunc: Any, a: Any, b: Any, y: Any, mask: Any) -> Step:
    """Return the call of a comparison: 1 where it holds, else 0."""

    def step() -> None:
        ufunc(a, b, mask)
        y[:] = mask

    return step


def chosen(test: Any, a: Any, b: Any, y: Any, mask: Any) -> Step:
    """Return the call of a choice by a test that is 0 or 1, and never NaN."""

    def step() -> None:
        np.copyto(y, a)
        np.copyto(y, b, where=np.logical_not(test, mask))

    return step


def rectified(x: Any, y: Any, mask: Any) -> Step:
    """Return the call of relu: zero where x is at most zero."""

    def step() -> None:
        np.copyto(y, x)
        np.copyto(y, 0, where=np.less_equal(x, 0, mask))

    return step


def absolute(ufunc: Any, a: Any, b: Any, y: Any, mask: Any) -> Step:
    """Return the call of a product or quotient in which a zero a is absolute; y is not a or b."""
    size = len(a)

    def small() -> None:
        ufunc(a, b, y)
        if np.count_nonzero(a) < size:
            np.copyto(y, a, where=np.equal(a, 0, mask))

    def large() -> None:
        ufunc(a, b, y)
        np.copyto(y, a, where=np.equal(a, 0, mask))

    return small if size < MANY_ZEROS else large


def absolute_sums(added: Step, left: Any, product: Any, y: Any, mask: Any) -> Step:
    """Return the call that adds up absolute products.

    A zero factor has a say only where a sum is zero (by its sign) or NaN; there the zeros of the
    left factors are put in and all is added up again.
    """
    size = len(y)

    def step() -> None:
        added()
        if np.count_nonzero(y) == size:
            length = y.dot(y)
            if length == length:
                return
        np.equal(left, 0, mask)
        if mask.any():
            np.copyto(product, left, where=mask)
            added()

    return step


def outer(left: Any, right: Any, least: int = LARGE) -> tuple[Any, Any] | None:
    """Return the factors of every pair of some columns, each once, or None for other pairs.

    Terms lie along the first axis; the other two are broadcast.
    """
    n, size = left.shape
    if n * size < least:
        return None
    for swapped, (still, turning) in enumerate(((left, right), (right, left))):
        changes = np.flatnonzero((still != still[:, :1]).any(0))
        run = int(changes[0]) if len(changes) else size
        if run < BROAD or size % run:
            continue
        both = still.reshape(n, -1, run), turning.reshape(n, -1, run)
        one, many = both[0][:, :, :1], both[1][:, :1, :]
        if (both[0] == one).all() and (both[1] == many).all():
            a, b = np.ascontiguousarray(one), np.ascontiguousarray(many)
            return (b, a) if swapped else (a, b)
    return None


def copying(forward: Callable[..., Any], operands: list[Any], y: Any) -> Step:
    """Return the call of a function whose results are copied."""

    def step() -> None:
        y[:] = forward(*operands)

    return step
