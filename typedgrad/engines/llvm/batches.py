"""The ways in which a compiled program runs at many points, and the choice between them.

At first a program runs on machines that any program shares: at one point after the other, or on
blocks of points. It is compiled by itself, as one kernel, where that takes less than a tenth of a
second and what it has saved by then would have paid for a part of it. All ways have the same bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from typedgrad.engines.llvm.bodies import format_of
from typedgrad.engines.llvm.fused import FusedKernel
from typedgrad.engines.llvm.graph import TooLarge, weight_of
from typedgrad.engines.llvm.points import BoundPoints
from typedgrad.engines.llvm.tables import is_array, points_of
from typedgrad.engines.llvm.wide_kernel import TooWide, WideKernel
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE
from typedgrad.program import Program

POINTS, WIDE, FUSED = "points", "wide", "fused"
FEW = 8  # points that are not worth a block
MOST_NODES = 2000  # plain operations of a program that may be compiled by itself
# Seconds to compile, at all and for each plain operation; what the kernel saves an argument at one
# point over blocks, for numbers of up to 8 bytes and wider ones.
COMPILE, COMPILE_NODE = 0.02, 4e-5
SAVED, SAVED_WIDE = 8e-11, 1e-9
EAGER = 4  # as much as has run will run so many times again
NEAR = 2 << 20  # bytes of the registers of a block of wide numbers that are still at hand


class Batches:
    """One program in one precision at many points; `frame` makes a place to run at one point."""

    def __init__(
        self,
        program: Program,
        numbers: NumberSystem[Any],
        machine: Any,
        frame: Callable[[Any, Any], Any],
    ) -> None:
        fmt = format_of(numbers)
        assert fmt is not None
        self.program = program
        self.numbers = numbers
        self.fmt = fmt
        self.machine = machine
        self.frame = frame
        self.notes: tuple[str, ...] = ()
        self.work: float = 0.0  # arguments times points until now
        self._fused: FusedKernel | None = None
        self._wide: WideKernel | None = None
        self._refused: set[str] = set()
        self._nodes: int | None = None

    def bound_sweep(self, columns: Any, out: Any, totals: Any) -> BoundBatch:
        """Return a call that sweeps over these arrays, for ever."""
        return BoundBatch(self, columns, out, totals)

    def way(self, points: int, more: int) -> str:
        """Return how so many points are run best, if `more` follow."""
        self.work += points * len(self.program.args)
        if FUSED not in self._refused and self._pays(more * len(self.program.args)):
            return FUSED
        return WIDE if points >= FEW and WIDE not in self._refused else POINTS

    def _pays(self, more: int) -> bool:
        if self._fused is not None:
            return True
        if self.nodes() > MOST_NODES:
            self._refused.add(FUSED)
            return False
        saved = (SAVED_WIDE if self.fmt.size > 8 else SAVED) * (self.work + more)
        return EAGER * saved > COMPILE + COMPILE_NODE * self.nodes()

    def nodes(self) -> int:
        """Return how many plain operations the program has, about."""
        if self._nodes is None:
            found = len(self.program.args)
            if found <= MOST_NODES:
                codes: list[int] = self.program.codes.tolist()
                counts = Counter(codes)
                rows = [(TABLE[self.program.ops[code]], n) for code, n in counts.items()]
                found += sum(
                    n * (weight_of(op, self.numbers) or MOST_NODES)
                    for op, n in rows
                    if not op.sequences and not isinstance(op.forward, np.ufunc)
                )
            self._nodes = found
        return self._nodes

    def made(self, way: str, arrays: tuple[Any, Any, Any]) -> Any:
        """Return a sweep over arrays in some way, or at one point after the other."""
        try:
            if way == FUSED:
                self._fused = self._fused or FusedKernel(self.program, self.numbers)
                found: Any = self._fused.bound_sweep(*arrays)
                self._note(self._fused.notes)
                return found
            if way == WIDE:
                self._wide = self._wide or WideKernel(self.program, self.numbers)
                found = self._wide.bound_sweep(*arrays)
                self._note(self._wide.notes)
                if self.fmt.size <= 8 or found.bytes <= NEAR:
                    return found
        except (TooLarge, TooWide):
            self._refused.add(way)
        return BoundPoints(
            self.program, self.numbers, self.fmt.name, self.machine, self.frame, arrays
        )

    def _note(self, notes: tuple[str, ...]) -> None:
        self.notes = tuple(dict.fromkeys((*self.notes, *notes)))


class BoundBatch:
    """A sweep over given arrays: call it with the number of the first point.

    It may be told to sweep over some of the points alone, from which one and how many.
    """

    def __init__(self, batches: Batches, columns: Any, out: Any, totals: Any) -> None:
        self.batches = batches
        self.arrays: tuple[Any, Any, Any] = (_kept(columns), _kept(out), _kept(totals))
        self.points: int = points_of(columns)
        self._ways: dict[str, Any] = {}

    def __call__(self, start: int, begin: int = 0, count: int = -1) -> None:
        """Sweep; raise what a row in Python has raised."""
        count = self.points if count < 0 else count
        fused = self._ways.get(FUSED)
        if fused is None:
            way = self.batches.way(count, self.points - begin - count)
            fused = self._ways.get(way)
            if fused is None:
                fused = self._ways[way] = self.batches.made(way, self.arrays)
        fused(start, begin, count)


def _kept(arrays: Any) -> Any:
    """Return arrays in a holder that nobody changes."""
    return arrays if is_array(arrays) else tuple(arrays)
