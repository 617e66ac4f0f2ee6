"""Sweep: a program at many points in chunks and threads, with totals in one documented order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import cache
from time import sleep
from typing import Any, Final, TypeAlias

import numpy as np

from typedgrad.engines.arrays import dtype_of
from typedgrad.engines.choice import Kernels, kernels_of
from typedgrad.engines.engine import LANES, Kernel, total
from typedgrad.machine import SILENCE
from typedgrad.numbers import NumberSystem
from typedgrad.program import Program

BLOCK = 8192  # points of a block of a total: part of the order, so part of the result
CHUNK = 1 << 18  # points between two looks at progress and interrupts, if the program is short
WORK = 1 << 27  # instructions times points in a chunk, if it is long
LEAST = 64
MANY = 64  # totals whose lanes are added up together

Progress: TypeAlias = Callable[[int, int], object]
column_type: Callable[[NumberSystem[Any]], Any] = cache(dtype_of)


class Sweep:
    """A program at many points, again and again, for callers whose arrays are known to fit.

    Outputs at the positions in `totals` are summed over the points. The order of a total: the
    points are cut into blocks of `BLOCK`; in a block, point p goes to lane p % LANES, ascending,
    and the lanes are added left to right; then the blocks are added left to right. Every sum
    begins with its first number. So a total depends on the points alone, and not on the engine,
    the chunks or the threads; the total of no points is 0.
    """

    def __init__(
        self,
        program: Program,
        numbers: NumberSystem[Any],
        totals: Sequence[int] = (),
        engine: str = "auto",
    ) -> None:
        self.program: Final[Program] = program
        self.numbers: Final[NumberSystem[Any]] = numbers
        self.totals: Final[tuple[int, ...]] = tuple(totals)
        self.dtype: Final[Any] = column_type(numbers)
        self.chunk: Final[int] = min(CHUNK, max(LEAST, WORK // (len(program) + 1)))
        self._kernels: Kernels = kernels_of(program, numbers, engine)
        self._idle: list[_Lanes] = []

    @property
    def engine(self) -> str:
        """The name of the engine that runs the program."""
        return self._kernels.engine.name

    def run(
        self,
        columns: Sequence[Any],
        rows: Sequence[Any],
        sums: Any,
        points: int,
        *,
        threads: int = 1,
        chunk: int = 0,
        progress: Progress | None = None,
    ) -> None:
        """Run at all points; nothing is checked.

        `columns` holds for each input an array as long as there are points, or of length 1 for an
        input that all points share; one at least has the length `points`. `rows` holds for each
        output an array as long as the points, or None for one that is totalled. `sums` is an array
        of one place for each total, or None if there are none. `progress(done, points)` is called
        in this thread after each chunk. What it raises, and what an interrupt or a point raises,
        ends the run: rows are then written as far as chunks were finished, and sums are not.
        """
        job = _Job(self, columns, rows, points, chunk or self.chunk)
        alone = threads == 1 or points <= (BLOCK if self.totals else LEAST)
        with closing(
            self._alone(job, 0, points) if alone else self._together(job, threads)
        ) as steps:
            for done in steps:
                if progress is not None:
                    progress(done, points)
        if job.blocks is not None:
            sums[:] = SILENCE.copy().run(total, job.blocks)

    def bound(
        self, columns: Sequence[Any], rows: Sequence[Any], sums: Any, points: int
    ) -> Callable[[], None]:
        """Return a call without arguments that runs over these arrays, for ever.

        It is `run` in the thread that asked for it, where alone it may be called, and quicker
        where there are few points: it keeps what `run` makes anew. What breaks a call off leaves
        rows half written, and sums not at all.
        """
        kernel, lanes = self._kernels.mine(), _Lanes(self)
        job = _Job(self, columns, rows, points, self.chunk)
        sweep = kernel.bound_sweep(columns, rows, lanes.totals)
        if job.blocks is None:
            starts = [(k, min(self.chunk, points - k)) for k in range(0, points, self.chunk)]

            def spread() -> None:
                for begin, count in starts:
                    sweep(begin, begin, count)

            return spread

        def run() -> None:
            for _ in lanes.advance(sweep, job, 0, points):
                pass
            lanes.finish(job, sums)

        def run_block() -> None:
            lanes.lanes.fill(lanes.nothing)
            sweep(0, 0, points)
            sums[:] = lanes.added()

        return run_block if 0 < points <= min(BLOCK, self.chunk) else run

    def _alone(self, job: _Job, begin: int, end: int) -> Generator[int, None, None]:
        """Run the points of a range; what breaks off costs a kernel, for who knows its state."""
        try:
            lanes = self._idle.pop()
        except IndexError:
            lanes = _Lanes(self)
        kernel = self._kernels.take()
        yield from lanes.advance(job.bound(kernel, lanes.totals, begin, end), job, begin, end)
        self._kernels.give(kernel)
        self._idle.append(lanes)

    def _together(self, job: _Job, threads: int) -> Generator[int, None, None]:
        """Yield how far all is done, ranges in their order."""
        unit = BLOCK if self.totals else LEAST
        size = min(job.chunk, -(-job.points // threads))
        size = -(-size // unit) * unit
        waiting: deque[Future[int]] = deque()
        pool = ThreadPoolExecutor(threads, "typedgrad")
        try:
            for begin in range(0, job.points, size):
                if len(waiting) == 2 * threads:
                    yield waiting.popleft().result()
                end = min(begin + size, job.points)
                waiting.append(pool.submit(self._range, job, begin, end))
            while waiting:
                yield waiting.popleft().result()
        finally:
            job.is_stopped = True
            pool.shutdown(wait=True, cancel_futures=True)
            while job.at_work:  # an interrupt can hide a thread that starts from the pool
                sleep(0.001)

    def _range(self, job: _Job, begin: int, end: int) -> int:
        job.at_work.append(begin)
        try:
            if not job.is_stopped:
                for _ in self._alone(job, begin, end):
                    if job.is_stopped:
                        break
        finally:
            job.at_work.pop()
        return end


class _Job:
    """One run over one set of arrays, and the totals of its blocks."""

    def __init__(
        self, sweep: Sweep, columns: Sequence[Any], rows: Sequence[Any], points: int, chunk: int
    ) -> None:
        self.columns = columns
        self.rows = rows
        self.points = points
        self.chunk = chunk
        self.is_stopped = False
        self.at_work: list[int] = []
        self.blocks: Any = None
        if sweep.totals:
            shape = (-(-points // BLOCK) or 1, len(sweep.totals))
            self.blocks = np.full(shape, sweep.numbers.from_ratio(0), sweep.dtype)

    def bound(self, kernel: Kernel, totals: Any, begin: int, end: int) -> Callable[..., None]:
        """Return what sweeps over some of the points; a kernel may know the arrays of one sweep."""
        unit = min(self.chunk, self.points if self.blocks is None else BLOCK)
        if begin or end < self.points or end > unit:
            return kernel.bound_sweep(self.columns, self.rows, totals)

        def once(start: int, begin: int, count: int) -> None:
            kernel.sweep(self.columns, self.rows, totals, start)

        return once


class _Lanes:
    """The partial sums of all totals, for one thread at a time."""

    lanes: Any
    nothing: Any
    _running: Any
    _sums: Any
    _silent: Any

    def __init__(self, sweep: Sweep) -> None:
        totals: list[Any] = [None] * len(sweep.program.outputs)
        if sweep.totals:
            self._begin(sweep)
            for k, lane in zip(sweep.totals, self.lanes, strict=True):
                totals[k] = lane
        self.totals: tuple[Any, ...] = tuple(totals)  # an engine knows a tuple again at once

    def _begin(self, sweep: Sweep) -> None:
        self.nothing = sweep.numbers.from_special("-0.0")  # -0.0 + x is x, for every x
        self.lanes = np.full((len(sweep.totals), LANES), self.nothing, sweep.dtype)
        self._running = np.empty_like(self.lanes)
        self._sums = np.empty(len(sweep.totals), sweep.dtype)
        self._silent = SILENCE.copy()

    def added(self) -> Any:
        """Return the sums of the lanes, left to right."""
        return self._silent.run(self._add)

    def _add(self) -> Any:
        if len(self._sums) >= MANY:  # a pass over all for each lane
            first, *others = self.lanes.T
            for k, lane in enumerate(others):
                np.add(self._sums if k else first, lane, self._sums)
            return self._sums
        np.add.accumulate(self.lanes, 1, None, self._running)
        return self._running[:, -1]

    def finish(self, job: _Job, sums: Any) -> None:
        """Write the totals of all blocks."""
        sums[:] = self._silent.run(total, job.blocks)

    def advance(
        self, sweep: Callable[..., None], job: _Job, begin: int, end: int
    ) -> Generator[int, None, None]:
        """Run the points of a range chunk by chunk, and yield how far it is after each."""
        while begin < end:
            stop = min(begin + job.chunk, end)
            if job.blocks is not None:
                stop = min(stop, begin - begin % BLOCK + BLOCK)
                if begin % BLOCK == 0:
                    self.lanes.fill(self.nothing)
            sweep(begin % BLOCK, begin, stop - begin)
            if job.blocks is not None and (stop % BLOCK == 0 or stop == job.points):
                job.blocks[begin // BLOCK] = self.added()
            yield stop
            begin = stop
