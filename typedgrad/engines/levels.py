"""The order in which arrays run a program: runs of one row, each as deep as its arguments let it.

Instructions that do not depend on each other and are of one row and arity make a run. The results
of a run lie next to each other among the registers, and so do the numbers of what it takes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from typedgrad.engines.direct import DIRECT
from typedgrad.op import TABLE
from typedgrad.program import Program

NARROW = 24  # a level of less work is quicker on scalars
RUN, STRETCH = 16, 25  # what a run of arrays and a stretch of scalars cost, in plain instructions
SLOW = 6  # what a row takes that is no ufunc
BROAD = 1 << 14  # a gather of more numbers is cut, so that it stays in the cache
CHUNK = 1 << 16


class Run(NamedTuple):
    """A run: `size` instructions of `op`, results from register `begin` on.

    `index[k]` holds the registers of the k-th arguments. A run of no op is a stretch of single
    instructions, whose arguments lie one after the other in `index`.
    """

    op: str
    begin: int
    size: int
    index: Any


class Schedule(NamedTuple):
    """The runs of a program in order, and the register of every value.

    `order` holds the instructions in the order of their registers.
    """

    register: Any
    order: Any
    runs: list[Run]


def levels(program: Program) -> Any:
    """Return for every instruction how many steps after the inputs it can run at the earliest."""
    first, count = program.first, len(program)
    counts = np.diff(program.starts)
    used = np.zeros(program.values, np.bool)
    used[program.args] = True
    last = ~used[first:]  # nothing waits for these, so they need not take their turn
    owners = np.repeat(np.arange(count, dtype=np.int32), counts)
    inner = (program.args >= first) & ~last[owners]
    starts = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(owners[inner], minlength=count), out=starts[1:])
    found = np.array(_in_turn(starts, program.args[inner] - first), np.int32)
    ends = np.flatnonzero(last)
    if len(ends):
        steps = np.concatenate([np.full(first, -1, np.int32), found])
        at = np.flatnonzero(last[owners])
        begin = np.cumsum(counts[ends]) - counts[ends]
        found[ends] = np.maximum.reduceat(steps[program.args[at]], begin) + 1
    return found


def _in_turn(starts: Any, args: Any) -> list[int]:
    found: list[int] = []
    push, level = found.append, found.__getitem__
    depth, same = 0, list[int]()  # the rows of a matrix meet the same vector, one after the other
    for low in range(0, len(starts) - 1, CHUNK):
        bounds = starts[low : low + CHUNK + 1]
        taken: list[int] = args[bounds[0] : bounds[-1]].tolist()
        begin = 0
        for end in (bounds[1:] - bounds[0]).tolist():
            size = end - begin
            if size == 2:
                a, b = found[taken[begin]], found[taken[begin + 1]]
                push((a if a > b else b) + 1)
            elif size == 1:
                push(found[taken[begin]] + 1)
            else:
                part = taken[begin:end]
                if part != same:
                    same, depth = part, max(map(level, part), default=-1) + 1
                push(depth)
            begin = end
    return found


class _Groups(NamedTuple):
    begin: Any
    size: Any
    code: Any
    arity: Any
    level: Any


def _grouped(program: Program) -> tuple[Any, _Groups]:
    counts, level = np.diff(program.starts), levels(program)
    order = np.lexsort((counts, program.codes, level))
    keys = [key[order] for key in (level, program.codes, counts)]
    breaks = np.zeros(len(order) + 1, np.bool)
    breaks[[0, -1]] = True
    for key in keys:
        breaks[1:-1] |= key[1:] != key[:-1]
    cuts = _cut(np.flatnonzero(breaks), keys[2])
    begin = cuts[:-1]
    depth, code, arity = (key[begin] for key in keys)
    return order, _Groups(begin, np.diff(cuts), code, arity, depth)


def _cut(cuts: Any, counts: Any) -> Any:
    """Return where runs begin and end, with those cut that would gather too much."""
    sizes = np.diff(cuts)
    widest = np.maximum(BROAD // np.maximum(counts[cuts[:-1]], 1), 2)
    large = np.flatnonzero(sizes > 2 * widest)
    if not len(large):
        return cuts
    more: list[Any] = [np.arange(cuts[k], cuts[k + 1] - 1, widest[k]) for k in large.tolist()]
    found: Any = np.unique(np.concatenate([cuts, *more]))
    return found


def _narrow(program: Program, groups: _Groups, least: int) -> Any:
    """Tell which runs belong to levels that have too little work for arrays."""
    folds = np.array([bool(TABLE[name].sequences) for name in program.ops], np.bool)
    pairs: Any = np.where(folds[groups.code], np.maximum(groups.arity // 2, 1), 1)
    work = groups.size * pairs
    narrow: Any = np.bincount(groups.level, work)[groups.level] < least
    return narrow & ~_brief(program, groups, work, narrow)


def _brief(program: Program, groups: _Groups, work: Any, narrow: Any) -> Any:
    """Tell which narrow runs make stretches so short that arrays are quicker after all.

    Registers are read and written once a stretch; a row that is no ufunc takes longer both ways.
    """
    stretch = np.cumsum(~_joined(narrow))
    simple = np.array([_is_simple(name) for name in program.ops], np.bool)[groups.code]
    single = np.bincount(stretch, np.where(simple, 1, SLOW) * work) + STRETCH
    arrays = np.bincount(stretch, np.where(simple, 1, SLOW) * RUN)
    found: Any = (arrays < single)[stretch]
    return found


def _joined(short: Any) -> Any:
    """Tell which runs go on with the stretch of the one before."""
    joined = np.zeros(len(short), np.bool)
    joined[1:] = short[1:] & short[:-1]
    return joined


def _is_simple(name: str) -> bool:
    op = TABLE[name]
    return bool(op.sequences) or isinstance(op.forward, np.ufunc) or name in DIRECT


def schedule(program: Program, narrow: int = NARROW) -> Schedule:
    """Return the runs of a program; neighbours of less work than `narrow` make one stretch."""
    register = np.arange(program.values, dtype=np.int32)
    if not len(program):
        return Schedule(register, np.empty(0, np.int64), [])
    order, groups = _grouped(program)
    short = _narrow(program, groups, narrow)
    register[program.first + order] = program.first + np.arange(len(order), dtype=np.int32)
    taken = groups.size * groups.arity
    base = np.cumsum(taken) - taken
    index = _gathers(program, order, register, groups, base, short)
    return Schedule(register, order, _runs(program, groups, base, short, index))


def _gathers(
    program: Program, order: Any, register: Any, groups: _Groups, base: Any, short: Any
) -> Any:
    """Return the registers that all runs take, run after run."""
    counts = np.diff(program.starts)
    size = groups.size
    place = np.arange(len(order)) - np.repeat(groups.begin, size)
    step = np.repeat(np.where(short, groups.arity, 1), size)
    stride = np.repeat(np.where(short, 1, size), size)
    own, strides = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    own[order] = np.repeat(base, size) + place * step
    strides[order] = stride
    rank = np.arange(len(program.args)) - np.repeat(program.starts[:-1], counts)
    rank *= np.repeat(strides, counts)
    rank += np.repeat(own, counts)
    index = np.empty(len(program.args), np.intp)
    index[rank] = register[program.args]
    return index


def _runs(program: Program, groups: _Groups, base: Any, short: Any, index: Any) -> list[Run]:
    heads = np.flatnonzero(~_joined(short))
    sizes = np.add.reduceat(groups.size, heads)
    ends = np.add.reduceat(groups.size * groups.arity, heads) + base[heads]
    columns = (groups.begin[heads] + program.first, sizes, groups.code[heads], base[heads], ends)
    runs: list[Run] = []
    names = program.ops
    singles: list[bool] = short[heads].tolist()
    lists: list[list[int]] = [column.tolist() for column in columns]
    for start, size, code, at, end, single in zip(*lists, singles, strict=True):
        taken = index[at:end]
        runs.append(
            Run(
                "" if single else names[code],
                start,
                size,
                taken if single else taken.reshape(-1, size),
            )
        )
    return runs
