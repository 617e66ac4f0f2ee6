"""Where arrays lie in memory, for compiled code that goes through them point by point."""

from __future__ import annotations

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


def addresses(arrays: Any, dtype: Any) -> tuple[Any, Any]:
    """Return where arrays begin and how far apart their numbers are, in bytes."""
    if is_array(arrays) and arrays.ndim == 2 and arrays.dtype == dtype:
        begin, (step, inner) = arrays.ctypes.data, arrays.strides
        rows = np.arange(len(arrays), dtype=np.int64)
        return begin + step * rows, np.full(len(arrays), inner, np.int64)
    heads = [x.__array_interface__["data"][0] for x in arrays]
    steps = [x.strides[0] for x in arrays]
    return np.array(heads or [0], np.int64), np.array(steps or [0], np.int64)


class Tables:
    """The addresses and steps of columns, rows and totals; columns and rows can be moved along.

    `arrays` has three pairs, each of the addresses and of the steps in bytes.
    """

    def __init__(self, columns: Any, out: Any, totals: Any, dtype: Any) -> None:
        shared = np.array([len(x) == 1 for x in columns] or [True])
        pairs = [addresses(columns, dtype)]
        for some in (out, totals):
            chosen = some if is_array(some) else [x for x in some if x is not None]
            pairs.append(addresses(chosen, dtype))
        steps = pairs[0][1] * ~shared
        self.arrays: list[Any] = [pairs[0][0], steps, *pairs[1], *pairs[2]]
        self.heads: Any = [self.arrays[k].copy() for k in (0, 2)]
        self.places: list[int] = [x.ctypes.data for x in self.arrays]
        self.keep: tuple[Any, Any, Any] = (columns, out, totals)
        self.points: int = points_of(columns)
        self.begin: int = 0

    def move(self, begin: int) -> None:
        """Let columns and rows begin at a point."""
        if begin != self.begin:
            self.begin = begin
            for k, head in zip((0, 2), self.heads, strict=True):
                np.add(head, self.arrays[k + 1] * begin, out=self.arrays[k])
