"""Many points on NumPy: a program runs over blocks of points that stay in the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import byte_bounds

from typedgrad.engines.arrays import ArrayRows, is_array
from typedgrad.engines.calls import Buffers, Maker
from typedgrad.engines.engine import LANES, constants_in
from typedgrad.engines.lanes import Lanes
from typedgrad.engines.lean import lean
from typedgrad.engines.ranks import ROW, Ranks, ranked
from typedgrad.engines.slots import COLUMN, OUTPUT, SHARED, SLOT, Layout, Storage, layout
from typedgrad.program import Program

CACHE = 1 << 23  # bytes that the slots of a block may take
SHORTEST, LONGEST = 1 << 10, 1 << 15
KEPT = 8  # so many layouts, and so many blocks, are kept for calls to come
MENDED = 128  # so many points are computed again at a time, where a zero was found
MANY = 16  # so many outputs are added up together
TOGETHER = 1 << 19  # bytes of outputs that are added up at a time
PATIENCE = 16  # so many blocks are careful after one with many zeros


class Sweeper:
    """A program that runs over blocks of points; its slots serve one thread at a time."""

    def __init__(self, program: Program, rows: ArrayRows) -> None:
        self.constants: list[Any] = constants_in(program, rows.numbers)
        ones = [k for k, x in enumerate(self.constants, program.inputs) if x == 1]
        program = lean(program, ones)
        self.program: Program = program
        self.rows = rows
        self.shared: Any = np.zeros(program.values, rows.dtype)
        self.scalar: Any = {code: rows.scalar(name) for code, name in enumerate(program.ops)}
        self.minus_zero: Any = rows.numbers.from_special("-0.0")
        self.careful = 0
        self.pending: list[Any] = []
        self._blocks: dict[Any, Block] = {}
        self._makers: dict[Any, Maker] = {}
        self._ranks: dict[Any, Ranks | None] = {}

    def sweep(
        self, columns: Sequence[Any], out: Sequence[Any], totals: Sequence[Any], start: int
    ) -> None:
        """Do what `Kernel.sweep` promises; warnings are the caller's affair."""
        points = max(map(len, columns), default=0)
        if not points:
            return
        inputs = [np.asarray(column, self.rows.dtype) for column in columns]
        outs, after = self._apart(inputs, out, points)
        self.sweep_apart(inputs, outs, totals, (start, points))
        for target, source in after:
            target[:] = source

    def keeps_apart(self, columns: Sequence[Any], out: Sequence[Any]) -> bool:
        """Tell whether `sweep_apart` may sweep over these arrays, or over slices of them."""
        dtype = self.rows.dtype
        points = max(map(len, columns), default=0)
        alike = all(is_array(x) and x.dtype == dtype for x in columns)
        return alike and not self._apart(list(columns), out, points)[1]

    def sweep_apart(
        self,
        inputs: list[Any],
        outs: list[Any],
        totals: Sequence[Any],
        span: tuple[int, int],
    ) -> None:
        """Sweep over arrays of the right type that have no memory in common.

        The span is `start` and the number of points.
        """
        start, points = span
        self.pending = []
        key = (
            tuple(len(column) > 1 or points == 1 for column in inputs),
            tuple(row is not None for row in outs),
            tuple(lanes is not None for lanes in totals),
        )
        maker = self._maker(key)
        self._share(maker.plan, inputs)
        ranks = self._ranked(maker, key, points)
        if ranks is not None:
            ranks.sweep((inputs, outs, totals), self.shared, span)
            return
        size = self._size(maker.plan.slots)
        for begin in range(0, points, size):
            n = min(size, points - begin)
            block = self.block(maker, n, key)
            block.run(inputs, outs, begin)
            block.add(totals, start + begin)
        if self.pending:
            self.mend(maker, key, np.concatenate(self.pending), (inputs, outs, None))

    def _ranked(self, maker: Maker, key: tuple[Any, ...], points: int) -> Ranks | None:
        """Return the program on all points at a time, where that is quicker than blocks."""
        if points * self.rows.dtype.itemsize > ROW:
            return None
        whole = key, -(-points // LANES)
        if whole not in self._ranks:
            if len(self._ranks) >= KEPT // 2:  # they are larger than blocks
                self._ranks.clear()
            self._ranks[whole] = ranked(self.program, self.rows, maker.plan, key, points)
        return self._ranks[whole]

    def mend(
        self, maker: Maker, key: tuple[Any, ...], at: Any, arrays: tuple[Any, Any, Block | None]
    ) -> None:
        """Compute some points again, carefully, by themselves.

        The arrays are columns, outputs, and the block whose slots hold what will be summed.
        """
        columns, outs, block = arrays
        small = self.block(maker, MENDED, key)
        small.outs = [None if x is None else np.empty(MENDED, x.dtype) for x in outs]
        for begin in range(0, len(at), MENDED):
            part = at[begin : begin + MENDED]
            padded = np.resize(part, MENDED)
            small.columns = [x if len(x) == 1 else x[padded] for x in columns]
            small.run_carefully()
            for x, found in zip(outs, small.outs, strict=True):
                if x is not None:
                    x[part] = found[: len(part)]
            for place in small.summed if block else ():
                if block and place is not None and place.kind == SLOT:
                    found = small.buffers.slots[place.place]
                    block.buffers.slots[place.place, part] = found[: len(part)]

    def block(self, maker: Maker, size: int, key: tuple[Any, ...]) -> Block:
        """Return the block of a size, which is made once."""
        found = self._blocks.get((key, size))
        if found is None:
            if len(self._blocks) >= KEPT:
                self._blocks.clear()
            found = self._blocks[key, size] = Block(self, maker, size, key)
        return found

    def _maker(self, key: tuple[Any, ...]) -> Maker:
        maker = self._makers.get(key)
        if maker is None:
            if len(self._makers) >= KEPT:
                self._makers.clear()
                self._blocks.clear()
            plan = layout(self.program, *key)
            values = self._values(plan, {})
            for v, x in values.items():
                self.shared[v] = x
            known = {v: x for v, x in values.items() if v in plan.fixed}
            maker = Maker(self.program, self.rows, plan, known, self.shared)
            self._makers[key] = maker
        return maker

    def _size(self, slots: int) -> int:
        fitting: int = CACHE // (max(slots, 1) * self.rows.dtype.itemsize)
        return min(max(1 << max(fitting, 1).bit_length() - 1, SHORTEST), LONGEST)

    def _apart(
        self, inputs: list[Any], out: Sequence[Any], points: int
    ) -> tuple[list[Any], list[Any]]:
        """Return arrays to write into, and what has to be copied from them in the end.

        An output of another type, or in the memory of another array, gets an array of its own.
        """
        outs: list[Any] = list(out)
        after: list[Any] = []
        chosen = [j for j, row in enumerate(out) if row is not None]
        taken = [*inputs, *(out[j] for j in chosen if is_array(out[j]))] if chosen else []
        ranges = [bounds_of(x) for x in taken]
        fitting = all(is_array(out[j]) and out[j].dtype == self.rows.dtype for j in chosen)
        if fitting and not any(a[1] > b[0] for a, b in pairwise(sorted(ranges))):
            return outs, after
        bounds = np.array(ranges).reshape(-1, 2)
        for j in chosen:
            row = out[j]
            if is_array(row) and row.dtype == self.rows.dtype:
                low, high = byte_bounds(row)
                near = np.flatnonzero((bounds[:, 0] < high) & (bounds[:, 1] > low)).tolist()
                others = [taken[k] for k in near]
                if sum(np.shares_memory(row, x) for x in others) < 2:
                    continue
            outs[j] = np.empty(points, self.rows.dtype)
            after.append((row, outs[j]))
        return outs, after

    def _values(self, plan: Layout, shared: dict[int, Any]) -> dict[int, Any]:
        """Return the constants and what can be computed from them and the shared inputs."""
        program = self.program
        values = {**shared, **dict(enumerate(self.constants, program.inputs))}
        for i in plan.once:
            args = program.arguments(i)
            if all(k in values for k in args):
                forward = self.scalar[int(program.codes[i])]
                values[program.first + i] = forward(*[values[k] for k in args])
        return values

    def _share(self, plan: Layout, inputs: list[Any]) -> None:
        shared = {v: x[0] for v, x in enumerate(inputs) if plan.places[v].kind == SHARED}
        if shared:
            for v, x in self._values(plan, shared).items():
                self.shared[v] = x


def bounds_of(x: Any) -> tuple[int, int]:
    """Return where the memory of an array begins and ends."""
    if not x.flags.c_contiguous:
        low, high = byte_bounds(x)
        return low, high
    begin: int = x.__array_interface__["data"][0]
    return begin, begin + int(x.nbytes)


class _Laid(NamedTuple):
    """The calls of a block, in groups of one branch, and the arguments to be put into them."""

    groups: list[tuple[int, list[Callable[[], Any]]]]
    patches: list[tuple[list[Any], int, Storage]]


def late(function: Callable[..., Any], args: list[Any]) -> Callable[[], Any]:
    """Return the call of a function whose arguments are put into a list later."""

    def call() -> None:
        function(*args)

    return call


class Block:
    """The calls for blocks of one length; those that touch the caller's arrays are patched."""

    def __init__(self, sweeper: Sweeper, maker: Maker, size: int, key: tuple[Any, ...]) -> None:
        self.sweeper = sweeper
        self.maker = maker
        self.key = key
        self.size = size
        plan = maker.plan
        dtype = sweeper.rows.dtype
        self.buffers: Buffers = Buffers(plan, size, dtype)
        self.parents: list[int] = plan.branches.parents
        outputs = [plan.places.get(v) for v in sweeper.program.outputs.tolist()]
        self.summed: Any = [place if key[2][j] else None for j, place in enumerate(outputs)]
        added = [j for j, place in enumerate(self.summed) if place is not None]
        slots = [j for j in added if self.summed[j].kind == SLOT]
        self.added: list[int] = added
        self.together: list[int] = slots if len(slots) >= MANY else []
        self.single: list[int] = [j for j in added if j not in set(self.together)]
        many = len(self.single)
        self.lanes: Any = np.empty((size // LANES + 1 if many else 0, many, LANES), dtype)
        self._lanes = Lanes(self.together)
        self._spare: Any = None  # arrays to gather what is added up together, and its lanes
        self._quick = self._laid(careful=False)
        self._careful: _Laid | None = None
        self.columns: list[Any] = []
        self.outs: list[Any] = []

    def _laid(self, careful: bool) -> _Laid:
        """Return the calls, and where in them arrays of the caller's have to be put."""
        found = _Laid([], [])
        for branch, calls in groupby(
            self.maker.calls(self.buffers, self.key, careful), lambda call: call.branch
        ):
            steps: list[Callable[[], Any]] = []
            for function, args, _ in calls:
                places = [k for k, arg in enumerate(args) if isinstance(arg, Storage)]
                mutable = list(args)
                found.patches.extend([(mutable, k, args[k]) for k in places])
                steps.append(late(function, mutable) if places else partial(function, *args))
            found.groups.append((branch, steps))
        return found

    def run(self, columns: Sequence[Any], outs: Sequence[Any], begin: int) -> None:
        """Compute the points from `begin` on."""
        end = begin + self.size
        self.columns = [
            x[begin:end] if moves else x for x, moves in zip(columns, self.key[0], strict=True)
        ]
        self.outs = [None if x is None else x[begin:end] for x in outs]
        sweeper, buffers = self.sweeper, self.buffers
        if sweeper.careful and self.maker.tested:
            sweeper.careful -= 1
            self.run_carefully()
            return
        buffers.clear()
        self._run(self._quick)
        if not buffers.any_zeros:
            return
        at = np.flatnonzero(buffers.zeros)
        if 16 * len(at) > self.size or self.size <= MENDED:
            sweeper.careful = PATIENCE
            self.run_carefully()
        elif any(self.key[2]):
            sweeper.mend(self.maker, self.key, at, (self.columns, self.outs, self))
        else:
            sweeper.pending.append(at + begin)

    def run_carefully(self) -> None:
        """Compute the points at hand with an eye on every product."""
        if self._careful is None:
            self._careful = self._laid(careful=True)
        self._run(self._careful)

    def _run(self, laid: _Laid) -> None:
        for args, k, place in laid.patches:
            args[k] = (self.columns if place.kind == COLUMN else self.outs)[place.place]
        for branch, steps in laid.groups:
            if not branch or self._is_taken(branch):
                for step in steps:
                    step()

    def _is_taken(self, branch: int) -> bool:
        taken = self.buffers.taken
        while branch:
            if not taken[branch]:
                return False
            branch = self.parents[branch]
        return True

    def add(self, totals: Sequence[Any], start: int) -> None:
        """Add the outputs to the partial sums; the first point here has the number `start`."""
        head = min(-start % LANES, self.size)
        count = (self.size - head) // LANES
        end = head + count * LANES
        for lanes, y in self._pairs(totals, self.added) if head else ():
            lanes[start % LANES :][:head] += y[:head]
        if count:
            self._add_slots(totals, head, end)
            self._add_single(self._pairs(totals, self.single), head, end)
        for lanes, y in self._pairs(totals, self.added) if end < self.size else ():
            lanes[: self.size - end] += y[end:]

    def _pairs(self, totals: Sequence[Any], chosen: list[int]) -> list[tuple[Any, Any]]:
        return [(totals[j], self._summed(self.summed[j])) for j in chosen]

    def _add_single(self, pairs: list[tuple[Any, Any]], head: int, end: int) -> None:
        """Add whole rows of lanes, each output by itself."""
        if not pairs:
            return
        count = (end - head) // LANES
        rows = self.lanes[: count + 1]
        for k, (lanes, y) in enumerate(pairs):
            rows[0, k] = lanes
            rows[1:, k] = y[head:end].reshape(count, LANES)
        sums = np.add.reduce(rows, axis=0, initial=self.sweeper.minus_zero)
        for k, (lanes, _) in enumerate(pairs):
            lanes[:] = sums[k]

    def _add_slots(self, totals: Sequence[Any], head: int, end: int) -> None:
        """Add whole rows of lanes of outputs in slots, as many at a time as the cache holds."""
        rows, count = self.buffers.rows, (end - head) // LANES
        width = max(MANY, TOGETHER // (self.size * rows.itemsize))
        if self.together and self._spare is None:
            lanes = np.empty((self.size // LANES + 1, width, LANES), rows.dtype)
            self._spare = np.empty((width, rows.shape[1]), rows.dtype), lanes
        whole = self._lanes.one_array(totals) if self.together else None
        for k in range(0, len(self.together), width):
            chosen = self.together[k : k + width]
            some = [totals[j] for j in chosen] if whole is None else []
            own = np.array(some) if whole is None else whole[k : k + width]
            found, lanes = (self._spare[0][: len(own)], self._spare[1][: count + 1, : len(own)])
            rows.take([self.summed[j].place for j in chosen], 0, found, "clip")
            lanes[0] = own
            lanes[1:] = found[:, head:end].reshape(-1, count, LANES).swapaxes(0, 1)
            np.add.reduce(lanes, axis=0, out=own, initial=self.sweeper.minus_zero)
            for target, total in zip(some, own, strict=False):
                target[:] = total

    def _summed(self, place: Storage) -> Any:
        if place.kind in (COLUMN, OUTPUT):
            return (self.columns if place.kind == COLUMN else self.outs)[place.place]
        if place.kind == SHARED:
            return np.broadcast_to(self.sweeper.shared[place.place], self.size)
        return self.buffers.slots[place.place]
