"""The choice of formats for a program in mixed precision, and what a kernel of one is.

Where an instruction runs in another format than an argument is kept in, the argument is converted
first, as a cast does it. A constant is rounded once to each format from what was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from typedgrad.errors import BadMix, OutOfRange
from typedgrad.machine import NUMBERS
from typedgrad.numbers import NumberSystem
from typedgrad.program import Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Choice: TypeAlias = NDArray[np.int8]

Formats: TypeAlias = Sequence[NumberSystem[Any]]


@dataclass(frozen=True)
class Mix:
    """Which of some formats each instruction runs in, and each value is kept in, by its number.

    `runs` has an entry for each instruction, `kept` one for each value: inputs, constants and
    results. A constant has no format of its own, so its entry does not count.
    """

    runs: Choice
    kept: Choice

    @staticmethod
    def uniform(program: Program) -> Mix:
        """Return the choice of the first format everywhere."""
        return Mix(np.zeros(len(program), np.int8), np.zeros(program.values, np.int8))

    def demoted(self, values: Any, to: int = 1, computed: bool = False) -> Mix:
        """Return the choice with some values kept in another format.

        With `computed`, the instructions that make these values run in it too.
        """
        runs, kept = self.runs.copy(), self.kept.copy()
        kept[values] = to
        if computed:
            made = np.asarray(values) - (len(kept) - len(runs))
            runs[made[made >= 0]] = to
        return Mix(runs, kept)


class MixedKernel(Protocol):
    """One program on some formats; `run` takes a choice and the inputs, and gives the outputs.

    An output is a scalar of the format that it is kept in. `pace` is about how many seconds an
    instruction takes.
    """

    program: Program
    pace: float

    def run(self, mix: Mix, inputs: Sequence[Any]) -> list[Any]:
        """Return the outputs. Raises `BadMix` for a choice that does not fit the program."""
        ...


def constants_as(program: Program, numbers: NumberSystem[Any]) -> list[Any]:
    """Return the constants of a program in a format; what is too large for it is infinite."""
    found: list[Any] = []
    for x in program.constants:
        try:
            with np.errstate(all="ignore"):
                found.append(rounded(x, numbers))
        except OutOfRange:
            found.append(numbers.from_special("-inf" if str(x).startswith("-") else "inf"))
    return found


def checked(program: Program, mix: Mix, formats: Formats) -> None:
    """Raise `BadMix` unless a choice has an entry of the formats for everything."""
    sizes = (("instructions", mix.runs, len(program)), ("values", mix.kept, program.values))
    for what, array, wanted in sizes:
        if array.shape != (wanted,):
            given = str(len(array)) if array.ndim == 1 else str(array.shape)
            raise BadMix(problem=f"it has {given} entries for {wanted} {what}", count=len(formats))
        if wanted and not 0 <= int(array.min()) <= int(array.max()) < len(formats):
            wrong = int(array.min()) if array.min() < 0 else int(array.max())
            raise BadMix(problem=f"there is no format {wrong}", count=len(formats))


def kept_inputs(mix: Mix, formats: Formats, inputs: Sequence[Any]) -> list[Any]:
    """Return each input rounded to the format that it is kept in."""
    found: list[Any] = []
    kept: list[int] = mix.kept.tolist()
    with np.errstate(all="ignore"):
        for x, k in zip(inputs, kept, strict=False):
            found.append(rounded(x, formats[k]))
    return found


def rounded(x: Any, numbers: NumberSystem[Any]) -> Any:
    """Return a literal or a scalar of any precision in a format."""
    kind: Any = x.__class__
    source = NUMBERS.get(kind)
    return numbers.lift(x) if source is None or numbers.is_mine(x) else numbers.convert(x, source)
