"""compare: how many digits of a value and of each partial derivative are right, per precision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from typedgrad.errors import NoPoints
from typedgrad.numbers import NumberSystem

if TYPE_CHECKING:
    from typedgrad.comparison import Comparison, Comparisons

NAMES = ("float32", "float64", "longdouble")


@overload
def compare(
    f: Callable[..., Any],
    /,
    at: Any = None,
    *,
    precisions: Sequence[str | NumberSystem[Any]] = NAMES,
    path: str = "run",
    points: None = None,
    **named: Any,
) -> Comparison: ...


@overload
def compare(
    f: Callable[..., Any],
    /,
    *,
    precisions: Sequence[str | NumberSystem[Any]] = NAMES,
    path: str = "run",
    points: Iterable[Any],
    **named: Any,
) -> Comparisons: ...


def compare(
    f: Callable[..., Any],
    /,
    at: Any = None,
    *,
    precisions: Sequence[str | NumberSystem[Any]] = NAMES,
    path: str = "run",
    points: Iterable[Any] | None = None,
    **named: Any,
) -> Comparison | Comparisons:
    """Run f in each precision and count the right digits of its value and of every partial.

    The numbers are given in order (`at=(1000.0, 0.001)`), as a dict or by name, and are exact as
    written: text "0.001" is 1/1000, a float is that double. Each precision rounds them once, the
    reference does not. With `points`, a list of what `at` may be, each is compared; numbers by
    name then hold for all. The reference is exact arithmetic, widened until it stands still, on
    the branches that each precision took, or with `path="own"` those that exact numbers take.

    >>> import typedgrad as tg
    >>> r = tg.compare(lambda x: (x + 1) - x, x="1e9")
    >>> r.digits["float32"]["value"], r.enough("float64", digits=15)
    (0.0, True)
    >>> tg.compare(lambda x: (x + 1) - x, points=[1, "1e9"]).worst("float32")[1].at
    1
    """
    from typedgrad.comparison import compared, compared_at
    from typedgrad.points import point_of

    if points is None:
        return compared(f, point_of(f, at, named), precisions, path)
    if at is not None:
        raise NoPoints(problem="both at= and points= were given", hint="give one of them")
    if is_one_point(points):
        problem = f"points={repr(points)[:40]} is one point and no list of points"
        raise NoPoints(problem=problem, hint="write points=[{...}, {...}], or at= for one point")
    found = [point_of(f, point, named) for point in points]
    if not found:
        raise NoPoints(problem="points= has no point in it", hint="give at least one point")
    return compared_at(f, found, precisions, path)


def is_one_point(points: object) -> bool:
    """Tell whether what should be a list of points is one point, a number or a text."""
    return isinstance(points, str | Mapping) or not isinstance(points, Iterable)
