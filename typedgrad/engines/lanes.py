"""The lanes of many totals as one array, where they lie in memory like that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typedgrad.engines.arrays import is_array
from typedgrad.machine import is_tuple


class Lanes:
    """Knows whether some of the lanes that a sweep is given are the rows of one array.

    It remembers the last tuple; a list may hold other arrays the next time.
    """

    def __init__(self, which: Sequence[int]) -> None:
        self.which = which
        self._last: tuple[Any, Any] = None, None

    def one_array(self, totals: Sequence[Any]) -> Any:
        """Return the array whose rows are the lanes, or None."""
        if not is_tuple(totals):
            return None
        if self._last[0] is not totals:
            self._last = totals, together([totals[k] for k in self.which])
        return self._last[1]


def together(arrays: Sequence[Any]) -> Any:
    """Return the array whose rows are just these arrays, or None."""
    base = arrays[0].base
    if not is_array(base) or base.shape != (len(arrays), *arrays[0].shape):
        return None
    if base.dtype != arrays[0].dtype:
        return None
    places = [x.ctypes.data for x in arrays]
    alike = all(x.base is base and x.strides == base.strides[1:] for x in arrays)
    own = [base.ctypes.data + k * base.strides[0] for k in range(len(arrays))]
    return base if alike and places == own else None
