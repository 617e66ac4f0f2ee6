"""compare: how many digits of a value and of each partial derivative are right, per precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from typedgrad.numbers import NumberSystem

if TYPE_CHECKING:
    from typedgrad.comparison import Comparison

NAMES = ("float32", "float64", "longdouble")


def compare(
    f: Callable[..., Any],
    /,
    at: Any = None,
    *,
    precisions: Sequence[str | NumberSystem[Any]] = NAMES,
    **named: Any,
) -> Comparison:
    """Run f in each precision and count the right digits of its value and of every partial.

    The numbers are given in order (`at=(1000.0, 0.001)`), as a dict or by name, and are exact as
    written: text "0.001" is 1/1000, a float is that double. Each precision rounds them once, the
    reference does not. The reference is mpmath, widened until it stands still.

    >>> import typedgrad as tg
    >>> r = tg.compare(lambda x: (x + 1) - x, x="1e9")
    >>> r.digits["float32"]["value"], r.enough("float64", digits=15)
    (0.0, True)
    """
    from typedgrad.comparison import compared
    from typedgrad.trial import point_of

    return compared(f, point_of(f, at, named), precisions)
