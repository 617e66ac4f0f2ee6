"""Where arrays lie in memory, for compiled code that goes through them point by point."""

from __future__ import annotations

from ctypes import addressof, c_char
from itertools import accumulate
from typing import Any

import numpy as np
from typing_extensions import TypeIs


def is_array(x: object) -> TypeIs[np.ndarray[Any, Any]]:
    """Tell whether x is an array."""
    return isinstance(x, np.ndarray)


def points_of(columns: Any) -> int:
    """Return how many points there are in columns, of which some may be shared."""
    sizes = list(map(len, columns))
    return 0 if 0 in sizes else max(sizes, default=0)


def aligned(size: int) -> Any:
    """Return so many bytes, all zero, that begin at a cache line."""
    raw = np.zeros(size + 64, np.uint8)
    begin = -raw.ctypes.data % 64
    return raw[begin : begin + size]


def address_of(array: Any) -> int:
    """Return where an array begins; a third of the time that its own attributes take."""
    try:
        return addressof(c_char.from_buffer(array))
    except (TypeError, ValueError, BufferError):  # closed to writing, strided or empty
        found: int = array.__array_interface__["data"][0]
        return found


def addresses(arrays: Any, dtype: Any) -> tuple[list[int], list[int]]:
    """Return where arrays begin and how far apart their numbers are, in bytes."""
    if is_array(arrays) and arrays.ndim == 2 and arrays.dtype == dtype:
        begin, (step, inner) = address_of(arrays), arrays.strides
        return [begin + step * k for k in range(len(arrays))], [inner] * len(arrays)
    return [*map(address_of, arrays)], [x.strides[0] for x in arrays]


class Tables:
    """The addresses and steps of columns, rows and totals; columns and rows can be moved along.

    `places` has three pairs, each where the addresses are and where the steps in bytes are.
    """

    def __init__(self, columns: Any, out: Any, totals: Any, dtype: Any) -> None:
        chosen = [x if is_array(x) else [a for a in x if a is not None] for x in (out, totals)]
        heads, steps = addresses(columns, dtype)
        steps = [0 if len(x) == 1 else step for x, step in zip(columns, steps, strict=True)]
        lists = [heads, steps, *addresses(chosen[0], dtype), *addresses(chosen[1], dtype)]
        ends = [0, *accumulate(map(len, lists))]
        # One array for all: a call of NumPy costs more than a few addresses.
        table: Any = np.array([x for each in lists for x in each] or [0], np.int64)
        begin = address_of(table)
        self.places: list[int] = [begin + 8 * end for end in ends[:-1]]
        self._heads: Any = [table[ends[k] : ends[k + 1]] for k in (0, 2)]
        self._steps: Any = [table[ends[k] : ends[k + 1]] for k in (1, 3)]
        self._first: Any = [head.copy() for head in self._heads]
        self.keep: tuple[Any, Any, Any] = (columns, out, totals)
        self.points: int = points_of(columns)
        self.begin: int = 0

    def move(self, begin: int) -> None:
        """Let columns and rows begin at a point."""
        if begin != self.begin:
            self.begin = begin
            for head, first, step in zip(self._heads, self._first, self._steps, strict=True):
                np.add(first, step * begin, out=head)
