"""Slopes between two points: with them the error of a result is a sum over its arguments, exactly.

For a row f with computed arguments h and exact ones a, the slopes s satisfy
sum(s[j] * (h[j] - a[j])) == f(h) - f(a), however far the two points are apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

Numbers: TypeAlias = Sequence[Any]
Closed: TypeAlias = Callable[[Numbers, Numbers, Any, Any], list[Any]]


def _constant(*slopes: int) -> Closed:
    return lambda h, a, fh, fa: list(slopes)


def _product(h: Numbers, a: Numbers, fh: Any, fa: Any) -> list[Any]:
    return [(h[1] + a[1]) / 2, (h[0] + a[0]) / 2]


def _quotient(h: Numbers, a: Numbers, fh: Any, fa: Any) -> list[Any]:
    below = h[1] * a[1] * 2
    return [(h[1] + a[1]) / below, -(h[0] + a[0]) / below]


def _dot(h: Numbers, a: Numbers, fh: Any, fa: Any) -> list[Any]:
    n = len(h) // 2
    means = [(x + y) / 2 for x, y in zip(h, a, strict=True)]
    return means[n:] + means[:n]


def _norm(h: Numbers, a: Numbers, fh: Any, fa: Any) -> list[Any]:
    below = fh + fa
    return [(x + y) / below for x, y in zip(h, a, strict=True)]


def _mean(h: Numbers, a: Numbers, fh: Any, fa: Any) -> list[Any]:
    one = (h[0] - h[0] + 1) / len(h)
    return [one] * len(h)


def _variance(h: Numbers, a: Numbers, fh: Any, fa: Any) -> list[Any]:
    sums = [x + y for x, y in zip(h, a, strict=True)]
    total: Any = sum(sums[1:], sums[0])
    return [(x - total / len(h)) / len(h) for x in sums]


def _fused(h: Numbers, a: Numbers, fh: Any, fa: Any) -> list[Any]:
    return [*_product(h, a, fh, fa), 1]


def _chosen(h: Numbers, a: Numbers, fh: Any, fa: Any) -> list[Any]:
    return [0, 1, 0] if h[0] != 0 else [0, 0, 1]


def _flat(h: Numbers, a: Numbers, fh: Any, fa: Any) -> list[Any]:
    return [0] * len(h)


# Rows that step: no slope explains a jump, so that a jump is the row's own.
STEPS = frozenset(
    (
        *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "sign"),
        *("heaviside", "floor", "ceil", "trunc", "round", "floor_divide", "ufp", "where"),
    )
)
# Rows whose fold may be cut anywhere: f(x, y, z) == f(f(x, y), z).
FOLDS = frozenset(("prod", "max", "min", "logsumexp"))

CLOSED: dict[str, Closed] = {
    **dict.fromkeys(STEPS, _flat),
    "where": _chosen,
    "add": _constant(1, 1),
    "sub": _constant(1, -1),
    "neg": _constant(-1),
    **dict.fromkeys(("sum", "sum_compensated"), lambda h, a, fh, fa: [1] * len(h)),
    **dict.fromkeys(("mul", "azmul", "azprod"), _product),
    **dict.fromkeys(("div", "azdiv"), _quotient),
    **dict.fromkeys(("dot", "azdot", "dot_compensated"), _dot),
    "square": lambda h, a, fh, fa: [h[0] + a[0]],
    "sqrt": lambda h, a, fh, fa: [1 / (fh + fa)],
    "reciprocal": lambda h, a, fh, fa: [-(fh * fa)],
    "fma": _fused,
    "mean": _mean,
    "var": _variance,
    "norm": _norm,
    "hypot": _norm,
}


def slopes(name: str, at: Secant, h: Numbers, a: Numbers, fh: Any, fa: Any) -> list[Any]:
    """Return a slope for each argument of a row between exact arguments a and computed ones h."""
    closed = CLOSED.get(name)
    if closed is not None:
        return closed(h, a, fh, fa)
    if len(h) == 1:
        return [at.over(fh - fa, 0, h, a)]
    if name in FOLDS:
        return _folded(at, h, a)
    return _telescoped(at, h, a, fh, fa)


class Secant:
    """A row in wide arithmetic, and how close two numbers are when they count as one.

    `is_close(x, y)` tells whether the difference of two numbers is nothing but their rounding.
    """

    def __init__(
        self, row: Callable[..., Any], is_close: Callable[[Any, Any], bool], step: Any
    ) -> None:
        self.row = row
        self.is_close = is_close
        self.step = step

    def over(self, change: Any, j: int, h: Numbers, a: Numbers) -> Any:
        """Return a change by argument j over the change of that argument, or the derivative."""
        if not self.is_close(h[j], a[j]):
            return change / (h[j] - a[j])
        x = h[j]
        step = (x if x != 0 else x + 1) * self.step
        beyond = self.row(*h[:j], x + step, *h[j + 1 :])
        return (beyond - self.row(*h)) / step


def _telescoped(at: Secant, h: Numbers, a: Numbers, fh: Any, fa: Any) -> list[Any]:
    """Return slopes by moving one argument at a time, averaged over both orders."""
    n, row = len(h), at.row
    first = [fa, *(row(*h[:j], *a[j:]) for j in range(1, n)), fh]
    last = [fh, *(row(*a[:j], *h[j:]) for j in range(1, n)), fa]
    changes = [(first[j + 1] - first[j] + (last[j] - last[j + 1])) / 2 for j in range(n)]
    return [at.over(change, j, h, a) for j, change in enumerate(changes)]


def _folded(at: Secant, h: Numbers, a: Numbers) -> list[Any]:
    """Return the slopes of `_telescoped` for a row that folds, without folding all n times."""
    forth = _changes(at.row, h, a)
    back = _changes(at.row, h[::-1], a[::-1])[::-1]
    return [at.over((x + y) / 2, j, h, a) for j, (x, y) in enumerate(zip(forth, back, strict=True))]


def _changes(row: Callable[..., Any], h: Numbers, a: Numbers) -> list[Any]:
    """Return what each argument changes when they move from the first to the last."""
    rest: list[tuple[Any, ...]] = [()]
    for x in reversed(a[1:]):
        rest.append((row(x, *rest[-1]),))
    head: tuple[Any, ...] = ()
    found: list[Any] = []
    for x, y, tail in zip(h, a, reversed(rest), strict=True):
        found.append(row(*head, x, *tail) - row(*head, y, *tail))
        head = (row(*head, x),)
    return found
