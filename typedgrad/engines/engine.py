"""What an engine is: it makes kernels, and a kernel runs one program in one precision.

All engines give the bits that eager evaluation gives: each instruction is the row's own function
in that precision, in the order of the program, without contraction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from typedgrad.numbers import NumberSystem
from typedgrad.program import Program

LANES = 8  # sums over points run in so many interleaved partial sums, in every engine


class Kernel(Protocol):
    """One program in one precision, ready to run; it keeps its registers between calls.

    `notes` says what does not run at the engine's own speed, and why.
    """

    program: Program
    numbers: NumberSystem[Any]
    notes: tuple[str, ...]

    def run(self, x: Any, out: Any) -> None:
        """Read the inputs from x, an array or list of scalars, and write the outputs into out."""
        ...

    def bound(self, x: Any, out: Any) -> Callable[[], None]:
        """Return a call without arguments that runs from and into these two arrays, for ever."""
        ...

    def sweep(
        self, columns: Sequence[Any], out: Sequence[Any], totals: Sequence[Any], start: int
    ) -> None:
        """Run at many points.

        `columns` holds one array for each input: as long as there are points, or of length 1 for
        an input that all points share. `out` holds for each output an array as long as the points
        or None. `totals` holds for each output None or an array of LANES partial sums, to which
        the output at point p is added in lane (start + p) % LANES, points ascending.
        """
        ...

    def bound_sweep(self, columns: Any, out: Any, totals: Any) -> Callable[..., None]:
        """Return a call `(start, begin, count)` that sweeps over points of these arrays, for ever.

        It runs `count` points from point `begin` on; `start` is as for `sweep`.
        """

        def sweep(start: int, begin: int, count: int) -> None:
            end = begin + count
            some = [x if len(x) == 1 else x[begin:end] for x in columns]
            rows = [None if y is None else y[begin:end] for y in out]
            self.sweep(some, rows, totals, start)

        return sweep


class Engine(Protocol):
    """A way to run programs."""

    name: str

    def supports(self, numbers: NumberSystem[Any]) -> str:
        """Return '' if programs can run in this precision here, or the reason why not."""
        ...

    def compile(self, program: Program, numbers: NumberSystem[Any]) -> Kernel:
        """Return the kernel of a program in a precision."""
        ...


def constants_in(program: Program, numbers: NumberSystem[Any]) -> list[Any]:
    """Return the constants of a program, each rounded once to a precision.

    Raises `PrecisionMismatch` for a constant that was written as a scalar of another precision.
    """
    return [numbers.lift(x, "constant") for x in program.constants]


def total(lanes: Any) -> Any:
    """Return the sum of partial sums, left to right."""
    found = lanes[0]
    for lane in lanes[1:]:
        found = found + lane
    return found
