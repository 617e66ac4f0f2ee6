"""The ledger of one error: what every instruction, constant and input of a program adds to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from typedgrad.literals import literal_text
from typedgrad.numbers import NumberSystem
from typedgrad.program import Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool]


@dataclass(frozen=True)
class Run:
    """A program as it ran in one precision: all its computed values, and the one in question."""

    program: Program
    numbers: NumberSystem[Any]
    values: Any
    root: int
    texts: tuple[str, ...]

    def arguments(self, i: int) -> list[Any]:
        """Return the computed arguments of instruction i."""
        return [self.values[k] for k in self.program.arguments(i)]

    def result(self, i: int) -> Any:
        """Return the computed result of instruction i."""
        return self.values[self.program.first + i]


@dataclass(frozen=True)
class Uses:
    """What the rounding of constants adds, one row for each use: where, which, how much."""

    instruction: Any
    constant: Any
    fraction: Floats

    def netted(self, constants: Sequence[Any]) -> Uses:
        """Return the uses with what they compensate taken out.

        A constant is rounded once, however often it is written: what its uses add up to is shared
        out by their sizes.
        """
        texts = [literal_text(x) for x in constants]
        first = {text: k for k, text in reversed([*enumerate(texts)])}
        one = np.array([first[text] for text in texts], np.int64)[self.constant]
        sizes = np.abs(self.fraction)
        net = np.bincount(one, self.fraction, len(texts))[one]
        total = np.bincount(one, sizes, len(texts))[one]
        shared = np.divide(net * sizes, total, out=np.zeros_like(sizes), where=total > 0)
        return Uses(self.instruction, one, shared)


@dataclass(frozen=True)
class Ledger:
    """Contributions to one error as parts of it; arrays have one number for each instruction.

    own       what its own rounding adds
    passed    what the errors of its arguments add through it
    rounding  log2 of the size of its rounding, -inf for none
    grown     digits that the relative error of its arguments grows by in it; -inf without error
    jumps     whether it chose otherwise than in exact arithmetic
    inputs    what the rounding of each input adds
    explained the sum of all of these over the measured error
    unknown   the instructions whose contribution is not known, since it is not finite
    most      the size that `own` cannot exceed, were its rounding as large as its row allows
    """

    own: Floats
    passed: Floats
    rounding: Floats
    grown: Floats
    jumps: Flags
    inputs: Floats
    uses: Uses
    explained: float
    unknown: tuple[int, ...]
    most: Floats

    @property
    def bound(self) -> float:
        """The most that the error could be over the measured one, had roundings been others.

        Inputs and constants keep the roundings that they have.
        """
        total = self.most.sum() + np.abs(self.inputs).sum() + np.abs(self.uses.fraction).sum()
        return math.nan if math.isnan(self.explained) else float(total)
