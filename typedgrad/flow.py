"""How values flow through a program: what varies, what nothing uses, what is another under a name.

The passes work on whole arrays, and on single nodes where few are left, so that a long chain does
not cost a pass for each of its nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from typedgrad.program import Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags: TypeAlias = NDArray[np.bool]

FEW = 16  # nodes that are not worth a pass over arrays


def ordered(keys: Any) -> Any:
    """Return the stable order of small non-negative integers; faster than a stable argsort."""
    both = keys.astype(np.int64) << 32
    both |= np.arange(len(keys))
    both.sort()
    both &= 0xFFFFFFFF
    return both


def first_of_each(ascending: Any) -> Any:
    """Return where each new number begins in an array that ascends."""
    new = np.empty(len(ascending), np.bool)
    new[:1] = True
    np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
    return new.nonzero()[0]


def distinct(ascending: Any) -> Any:
    """Return an array that ascends without repetitions; far faster than np.unique."""
    return ascending[first_of_each(ascending)]


def varies(program: Program) -> Flags:
    """Return for each value whether it depends on an input."""
    varied = np.ones(program.values, np.bool)
    varied[program.inputs : program.first] = False
    if not len(program):
        return varied
    own = varied[program.args]
    if np.logical_or.reduceat(own, program.starts[:-1]).all():
        return varied
    flags = bytearray(varied.tobytes())
    for i, (_, args) in enumerate(program.instructions(), program.first):
        flags[i] = any(flags[k] for k in args)
    return np.frombuffer(flags, np.bool)


def peel(count: Any, kept: Any, target: Any, begins: Any, ends: Any) -> None:
    """Take away all that flows from nodes on which nothing counts, until there is no such node.

    The edges of node i, which is the value `len(count) - len(begins) + i`, are those from
    `begins[i]` to `ends[i]`, and lead to the values in `target`. `count` says how many of the
    edges in `kept` lead to each value, and both are changed.
    """
    first = len(count) - len(begins)
    idle = (count[first:] == 0).nonzero()[0]
    while len(idle) > FEW:
        sizes = ends[idle] - begins[idle]
        at = np.repeat(ends[idle] - np.cumsum(sizes), sizes) + np.arange(int(sizes.sum()))
        at = at[kept[at]]
        kept[at] = False
        lost = target[at]
        np.subtract.at(count, lost, 1)
        lost = distinct(np.sort(lost))
        idle = lost[(count[lost] == 0) & (lost >= first)] - first
    waiting: list[int] = idle.tolist()
    while waiting:
        i = waiting.pop()
        for k in range(int(begins[i]), int(ends[i])):
            if kept[k]:
                kept[k] = False
                value = int(target[k])
                count[value] -= 1
                if not count[value] and value >= first:
                    waiting.append(value - first)


def follow(found: Any, waiting: Any) -> None:
    """Replace each number -1 - v among those that wait by what is found for value v."""
    while len(waiting):
        found[waiting] = found[-1 - found[waiting]]
        waiting = waiting[found[waiting] < 0]
