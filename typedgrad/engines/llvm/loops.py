"""NumPy's own inner loops as addresses, so that compiled code computes NumPy's own bits.

A ufunc object begins with a head that NumPy's C interface makes public. Before an address is
trusted, the head must agree with what Python says of the ufunc, and the loop must give the results
of the ufunc at test points.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

HEAD = object.__basicsize__
POINTS = (0.5, 0.75, -0.0, 2.0, 1.25)  # what a loop is tried at


class Head(ctypes.Structure):
    """What NumPy makes public of a ufunc object, behind the head of every Python object."""

    _fields_: ClassVar[Sequence[Any]] = (
        ("nin", ctypes.c_int),
        ("nout", ctypes.c_int),
        ("nargs", ctypes.c_int),
        ("identity", ctypes.c_int),
        ("functions", ctypes.POINTER(ctypes.c_void_p)),
        ("data", ctypes.POINTER(ctypes.c_void_p)),
        ("ntypes", ctypes.c_int),
    )
    nin: int
    nout: int
    nargs: int
    functions: Any
    data: Any
    ntypes: int


class Loop(NamedTuple):
    """The address of an inner loop and of what it takes as its last argument."""

    function: int
    data: int


_Inner: Any = ctypes.CFUNCTYPE(None, *(ctypes.c_void_p,) * 4)
_known: dict[tuple[np.ufunc, str], Loop | None] = {}


def pointers(ufunc: np.ufunc, dtype: Any) -> Loop | None:
    """Return the inner loop of a ufunc for one dtype throughout, or None where it is not sure."""
    key = (ufunc, np.dtype(dtype).char)
    if key not in _known:
        _known[key] = _find(ufunc, key[1])
    return _known[key]


def forget() -> None:
    """Look every loop up anew."""
    _known.clear()


def read_head(ufunc: np.ufunc) -> Head:
    """Return the head of a ufunc object as it lies in memory."""
    return Head.from_address(id(ufunc) + HEAD)


def _find(ufunc: np.ufunc, char: str) -> Loop | None:
    if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    wanted = char * ufunc.nin + "->" + char
    head = read_head(ufunc)
    said = (ufunc.nin, ufunc.nout, ufunc.nargs, ufunc.ntypes)
    if (head.nin, head.nout, head.nargs, head.ntypes) != said or wanted not in ufunc.types:
        return None
    place = ufunc.types.index(wanted)
    loop = Loop(head.functions[place] or 0, head.data[place] or 0)
    return loop if loop.function and _agrees(ufunc, loop, char) else None


def _agrees(ufunc: np.ufunc, loop: Loop, char: str) -> bool:
    """Tell whether the loop gives what the ufunc gives, one point at a time."""
    columns = [np.roll(np.array(POINTS, char), k) for k in range(ufunc.nin)]
    with np.errstate(all="ignore"):
        wanted = [ufunc(*point) for point in zip(*columns, strict=True)]
    found = np.zeros(len(POINTS), char)
    size = found.itemsize
    inner, count = _Inner(loop.function), ctypes.c_ssize_t(1)
    steps = (ctypes.c_ssize_t * ufunc.nargs)(*(0,) * ufunc.nin, size)
    for k in range(len(POINTS)):
        places = [array.ctypes.data + k * size for array in (*columns, found)]
        args = (ctypes.c_void_p * ufunc.nargs)(*places)
        inner(ctypes.addressof(args), ctypes.addressof(count), ctypes.addressof(steps), loop.data)
    return bool(np.array_equal(found, np.array(wanted, char), equal_nan=True))
