"""A program cut in two for the machine on blocks: what all points share, and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from typedgrad.engines.llvm.wide_encode import LISTED, Encoded, encoded, moving
from typedgrad.program import Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints: TypeAlias = NDArray[np.int32]

LINE = 64
BUDGET = 384 * 1024  # bytes of the registers of a block: they should stay near the processor
MOST_POINTS = 256


class Laid(NamedTuple):
    """The records of both halves, and where everything lies.

    `cells` has the input that is copied to each of the first cells; the constants follow. `slots`
    blocks of `points` numbers begin at byte `base`, the first of them for the `columns`.
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


def laid_out(program: Program, kinds: Ints, alike: tuple[bool, ...], size: int, unit: int) -> Laid:
    """Return the layout of a program for numbers of so many bytes.

    `kinds` has the code of each row, `unit` the points that are worked on at the same time.
    """
    flags, first = moving(program, alike), program.first
    cells, columns = (np.flatnonzero(np.array(alike, bool) == x) for x in (True, False))
    own, lengths = flags[first:], np.diff(program.starts)
    by_each = np.repeat(own, lengths)
    read = np.concatenate([program.args[by_each], program.outputs])
    crossing = np.unique(read[~flags[read]])
    number = np.zeros(program.values, np.int32)
    fixed = len(cells) + first - program.inputs
    number[cells] = np.arange(len(cells))
    number[program.inputs : first] = np.arange(len(cells), fixed)
    number[first:][~own] = np.arange(fixed, fixed + np.count_nonzero(~own))
    once = encoded(_part(program, ~own, lengths, number, fixed, number[crossing]), kinds)
    held = once.outputs  # the cell of each value that crosses
    number[columns] = np.arange(len(columns))
    entries = len(columns) + len(crossing)
    number[crossing] = np.arange(len(columns), entries)
    number[first:][own] = np.arange(entries, entries + np.count_nonzero(own))
    each = encoded(_part(program, own, lengths, number, entries, number[program.outputs]), kinds)
    slots = each.registers - len(crossing)
    points = points_of_block(slots, size, unit)
    base, width = once.registers, points * size // LINE
    places = (base + np.arange(slots) * width) << 1 | 1
    mixed = np.concatenate([places[: len(columns)], held << 1, places[len(columns) :]])
    fast = mixed.astype(np.int32)
    still = (np.arange(once.registers) << 1).astype(np.int32)
    return Laid(
        *_placed(once, kinds, still),
        *_placed(each, kinds, fast),
        cells,
        columns,
        fast[each.outputs],
        base * LINE,
        slots,
        points,
    )


def points_of_block(slots: int, size: int, unit: int) -> int:
    """Return how many points a block holds, so that its registers fit the budget."""
    points = BUDGET // (max(slots, 1) * size) // unit * unit
    return max(unit, min(MOST_POINTS, points))


def _part(
    program: Program, chosen: Any, lengths: Any, number: Ints, inputs: int, outputs: Any
) -> Program:
    """Return some instructions as a program, with its values renumbered."""
    starts = np.concatenate([[0], np.cumsum(lengths[chosen])]).astype(np.int32)
    args = number[program.args[np.repeat(chosen, lengths)]]
    return Program(inputs, (), program.ops, program.codes[chosen], starts, args, outputs)


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
