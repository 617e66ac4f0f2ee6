"""A program cut in two for the machine on blocks: what all points share, and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from typedgrad.engines.llvm.wide_encode import LISTED, Encoded, encoded, moving
from typedgrad.program import Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints: TypeAlias = NDArray[np.int32]

Key: TypeAlias = tuple[tuple[bool, ...], tuple[int, ...]]
Ends: TypeAlias = tuple[Any, Any, Any]

LINE = 64
BUDGET = 384 * 1024  # bytes of the registers of a block: they should stay near the processor
MOST_POINTS = 256


class Laid(NamedTuple):
    """The records of both halves, and where everything lies.

    `cells` has the input that is copied to each of the first cells; the constants follow. `slots`
    blocks of `points` numbers begin at byte `base`, the first of them for the `columns`. An output
    is -1 if it is a product that goes to its total at once.
    """

    once: Ints
    once_args: Ints
    each: Ints
    each_args: Ints
    cells: Any
    columns: Any
    outputs: Ints
    base: int
    slots: int
    points: int


def laid_out(program: Program, kinds: tuple[Ints, Ints], key: Key, size: int, unit: int) -> Laid:
    """Return the layout of a program for numbers of so many bytes.

    `kinds` has the code of each row, and that of what adds it to a total, or 0. The key tells
    which inputs are shared, and has the total of each output, or -1 if it goes elsewhere too.
    `unit` is how many points are worked on at the same time.
    """
    (codes, adding), (alike, summed) = kinds, key
    flags = moving(program, alike)
    own = flags[program.first :]
    added = _added(program, own, adding, summed)
    left = np.isin(program.outputs, program.first + np.flatnonzero(added >= 0), invert=True)
    cells, columns = (np.flatnonzero(np.array(alike, bool) == x) for x in (True, False))
    order = _order(program, own, added)
    once, each = _halves(program, codes, (flags, order), (cells, columns, program.outputs[left]))
    slots = each.registers - len(once.outputs)
    points = points_of_block(slots, size, unit)
    base, width = once.registers, points * size // LINE
    places = (base + np.arange(slots) * width) << 1 | 1
    mixed = [places[: len(columns)], once.outputs << 1, places[len(columns) :]]
    fast = np.concatenate(mixed).astype(np.int32)
    still = (np.arange(once.registers) << 1).astype(np.int32)
    records, args = _placed(each, codes, fast)
    totals = added[order]
    direct = np.flatnonzero(totals >= 0)
    rows = records[direct, 0] >> 16
    records[direct, 0] = rows << 16 | adding[rows]
    records[direct, 1] = totals[direct]
    outputs = np.full(len(left), -1, np.int32)
    outputs[left] = fast[each.outputs]
    first = _placed(once, codes, still)
    return Laid(*first, records, args, cells, columns, outputs, base * LINE, slots, points)


def _added(program: Program, own: Any, adding: Ints, summed: tuple[int, ...]) -> Any:
    """Return for each instruction the total to which its result goes and nowhere else, or -1."""
    found = np.full(len(program), -1)
    uses = np.bincount(np.concatenate([program.args, program.outputs]), minlength=program.values)
    totals = np.array(summed or [-1] * len(program.outputs))
    lone = (totals >= 0) & (uses[program.outputs] == 1) & (program.outputs >= program.first)
    made = program.outputs[lone] - program.first
    found[made] = np.where(own[made] & (adding[program.codes[made]] > 0), totals[lone], -1)
    return found


def _order(program: Program, own: Any, added: Any) -> Any:
    """Return the instructions that every point needs, what goes to a total as early as can be.

    So its factors are not kept until the end.
    """
    turn = 2 * np.arange(program.first, program.values)
    early = np.flatnonzero(added >= 0)
    first = program.starts[early]  # of two factors
    turn[early] = 2 * np.maximum(program.args[first], program.args[first + 1]) + 1
    found: Any = np.flatnonzero(own)
    return found[np.argsort(turn[found], kind="stable")]


def _halves(
    program: Program, codes: Ints, chosen: tuple[Any, Any], ends: Ends
) -> tuple[Encoded, Encoded]:
    """Return what all points share, which gives the values that cross, and the rest.

    `chosen` tells of each value whether it belongs to the rest, and has the order of that; the
    ends are the inputs that are shared, the others, and the values that are wanted.
    """
    (flags, order), (cells, columns, wanted), first = chosen, ends, program.first
    shared = np.flatnonzero(~flags[first:])
    read = np.concatenate([program.args[_places(program, order)], wanted])
    crossing = np.unique(read[~flags[read]])
    number = np.zeros(program.values, np.int32)
    fixed = len(cells) + first - program.inputs
    number[cells] = np.arange(len(cells))
    number[program.inputs : first] = np.arange(len(cells), fixed)
    number[first + shared] = np.arange(fixed, fixed + len(shared))
    once = encoded(_part(program, shared, number, fixed, number[crossing]), codes)
    number[columns] = np.arange(len(columns))
    entries = len(columns) + len(crossing)
    number[crossing] = np.arange(len(columns), entries)
    number[first + order] = np.arange(entries, entries + len(order))
    return once, encoded(_part(program, order, number, entries, number[wanted]), codes)


def _places(program: Program, order: Any) -> Any:
    """Return where the arguments of some instructions are."""
    begins = program.starts[order]
    lengths: Any = program.starts[order + 1] - begins
    ends: Any = np.cumsum(lengths)
    found: Any = np.repeat(begins - ends + lengths, lengths)
    return found + np.arange(len(found))


def points_of_block(slots: int, size: int, unit: int) -> int:
    """Return how many points a block holds, so that its registers fit the budget."""
    points = BUDGET // (max(slots, 1) * size) // unit * unit
    return max(unit, min(MOST_POINTS, points))


def _part(program: Program, order: Any, number: Ints, inputs: int, outputs: Any) -> Program:
    """Return some instructions as a program, with its values renumbered."""
    lengths = np.diff(program.starts)[order]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    args = number[program.args[_places(program, order)]]
    return Program(inputs, (), program.ops, program.codes[order], starts, args, outputs)


def _placed(code: Encoded, kinds: Ints, places: Ints) -> tuple[Ints, Ints]:
    """Return records and arguments with places instead of registers."""
    records = code.records.copy()
    rest = records[:-1]
    listed = (kinds[rest[:, 0] >> 16] & LISTED) != 0
    rest[:, 1] = places[rest[:, 1]]
    plain = rest[~listed]
    plain[:, 2:] = places[plain[:, 2:]]
    rest[~listed] = plain
    return records, places[code.args] if len(code.args) else code.args
