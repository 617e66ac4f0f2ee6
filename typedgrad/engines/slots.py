"""Where the values of a program stay while it runs over blocks of points.

What depends on shared inputs only is one number, computed once. Everything else has a slot, a
block of numbers that the next value takes over when nobody reads this one any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from typedgrad.engines.branches import Branches, branches
from typedgrad.program import Program

# In these a result may be written before all arguments have been read.
APART = frozenset({"sum", "dot", "azdot", "where"})
SHARED, COLUMN, OUTPUT, SLOT, MASK = range(5)


class Storage(NamedTuple):
    """Where a value is: which of the shared numbers, columns, outputs, slots or masks."""

    kind: int
    place: int


class Layout(NamedTuple):
    """Which instructions run once, which run for each block, and where every value is.

    `fixed` holds the values that do not depend on any input, `wanted` those that somebody reads in
    the end.
    """

    once: list[int]
    each: list[int]
    places: dict[int, Storage]
    fixed: frozenset[int]
    wanted: frozenset[int]
    branches: Branches
    slots: int
    masks: int


def varied(program: Program, columns: Sequence[bool]) -> bytearray:
    """Tell of every value whether it depends on an input that is not shared."""
    flags = bytearray(columns)
    flags.extend(bytes(len(program.constants)))
    for _, args in program.instructions():
        flags.append(any([flags[k] for k in args]))
    return flags


def live(program: Program, wanted: Sequence[int]) -> bytearray:
    """Tell of every value whether one of the wanted values depends on it."""
    flags = bytearray(program.values)
    for k in wanted:
        flags[k] = True
    args, starts, first = program.args.tolist(), program.starts.tolist(), program.first
    for i in range(len(program) - 1, -1, -1):
        if flags[first + i]:
            for k in args[starts[i] : starts[i + 1]]:
                flags[k] = True
    return flags


def layout(
    program: Program, columns: Sequence[bool], written: Sequence[bool], kept: Sequence[bool]
) -> Layout:
    """Return the layout for inputs that are columns or shared.

    `written` tells which outputs go to arrays of the caller's, `kept` which are read at the end.
    """
    outputs = program.outputs.tolist()
    wanted = [v for v, a, b in zip(outputs, written, kept, strict=True) if a or b]
    moving, alive = varied(program, columns), live(program, wanted)
    first = program.first
    chosen = [i for i in range(len(program)) if alive[first + i]]
    once = [i for i in chosen if not moving[first + i]]
    each = [i for i in chosen if moving[first + i]]
    places: dict[int, Storage] = {}
    for v in range(program.inputs):
        places[v] = Storage(COLUMN if columns[v] else SHARED, v)
    for v in (*range(program.inputs, first), *(first + i for i in once)):
        places[v] = Storage(SHARED, v)
    for j, v in enumerate(outputs):
        if written[j] and moving[v]:
            places.setdefault(v, Storage(OUTPUT, j))
    free = varied(program, [True] * program.inputs)
    fixed = frozenset(v for v in range(len(free)) if not free[v])
    needed = frozenset(wanted)
    found = branches(program, each, needed)
    slots, masks = _scan(program, each, places, needed, found.masks)
    return Layout(once, each, places, fixed, needed, found, slots, masks)


def _scan(
    program: Program,
    each: list[int],
    places: dict[int, Storage],
    wanted: frozenset[int],
    masked: frozenset[int],
) -> tuple[int, int]:
    """Give every value that has no place yet a slot or mask; return how many of each there are."""
    last: dict[int, int] = {}
    for i in each:
        last.update(dict.fromkeys(program.arguments(i), i))
    free: dict[int, list[int]] = {SLOT: [], MASK: []}
    top = {SLOT: 0, MASK: 0}
    for i in each:
        v = program.first + i
        over = [
            places[k]
            for k in dict.fromkeys(program.arguments(i))
            if last[k] == i and k not in wanted and places[k].kind in free
        ]
        apart = program.op(i) in APART
        for k in _sides(program, i, masked) if v not in places else ():
            if places[k] in over:
                places[v] = places[k]
                over.remove(places[k])
                break
        for place in () if apart else over:
            free[place.kind].append(place.place)
        if v not in places:
            kind = MASK if i in masked else SLOT
            if not free[kind]:
                free[kind].append(top[kind])
                top[kind] += 1
            places[v] = Storage(kind, free[kind].pop())
        for place in over if apart else ():
            free[place.kind].append(place.place)
    return top[SLOT], top[MASK]


def _sides(program: Program, i: int, masked: frozenset[int]) -> tuple[int, ...]:
    """Return the sides of a choice, first the one that is likely to be the result as it is.

    Most numbers equal themselves, and most tests are for the rare case.
    """
    if program.op(i) != "where":
        return ()
    test, a, b = program.arguments(i)
    test -= program.first
    if test not in masked:
        return ()
    same = program.op(test) == "equal" and len(set(program.arguments(test))) == 1
    return (a, b) if same else (b, a)
