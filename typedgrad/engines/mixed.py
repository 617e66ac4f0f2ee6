"""Programs in mixed precision: every instruction runs, and every value is kept, in its own format.

The loop here is the reference; where llvmlite is installed a program is compiled, with its bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from typing_extensions import override

from typedgrad.engines.choice import NAMES, engine_for
from typedgrad.engines.mix import (
    Formats,
    Mix,
    MixedKernel,
    checked,
    constants_as,
    kept_inputs,
)
from typedgrad.errors import NoEngine
from typedgrad.machine import machine_of
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE
from typedgrad.program import Program


def mixed_kernel(program: Program, formats: Formats, engine: str = "auto") -> MixedKernel:
    """Return the kernel of a program, compiled where all formats and rows can be.

    The engines are auto, llvm and python; all have the same bits. Raises `NoEngine` for any other
    and where llvm cannot run the program, `MissingExtra` where llvmlite is not installed.
    """
    if engine not in ("auto", "llvm", "python"):
        why = "it does not mix precisions" if engine in NAMES else "there is no engine of this name"
        hint = "the engines that mix precisions are auto, llvm and python"
        raise NoEngine(engine=engine, precision=_named(formats), why=why, hint=hint)
    if engine == "python" or (engine == "auto" and any(_refusals(formats))):
        return PythonMixed(program, formats)
    if engine == "llvm":
        for numbers in formats:
            engine_for("llvm", numbers)
    from typedgrad.engines.llvm.mixed import CompiledMixed, stranger

    row = stranger(program, formats)
    if not row:
        return CompiledMixed(program, formats, [constants_as(program, x) for x in formats])
    if engine == "llvm":
        hint = 'leave engine="auto", which takes python here'
        why = f"{row} is not compiled"
        raise NoEngine(engine=engine, precision=_named(formats), why=why, hint=hint)
    return PythonMixed(program, formats)


def _refusals(formats: Formats) -> list[str]:
    from typedgrad.engines.llvm.engine import LLVMEngine

    return [LLVMEngine().supports(numbers) for numbers in formats]


def _named(formats: Formats) -> str:
    return " with ".join(numbers.name for numbers in formats)


class PythonMixed(MixedKernel):
    """The reference loop: one instruction after the other on bare scalars."""

    def __init__(self, program: Program, formats: Formats) -> None:
        self.program = program
        self.pace: float = 1.5e-6
        self.formats: tuple[NumberSystem[Any], ...] = tuple(formats)
        machines = [machine_of(numbers) for numbers in formats]
        self._forwards: list[list[Callable[..., Any]]] = [
            [m.row(TABLE[name]).forward for name in program.ops] for m in machines
        ]
        self._constants = [constants_as(program, numbers) for numbers in formats]

    @override
    def run(self, mix: Mix, inputs: Sequence[Any]) -> list[Any]:
        """Return the outputs, each in the format that it is kept in."""
        program, formats = self.program, self.formats
        checked(program, mix, formats)
        runs: list[int] = mix.runs.tolist()
        kept: list[int] = mix.kept.tolist()
        codes: list[int] = program.codes.tolist()
        args: list[int] = program.args.tolist()
        ends: list[int] = program.starts[1:].tolist()
        casts = [[_cast(a, b) for b in formats] for a in formats]
        values = self._begun(kept_inputs(mix, formats, inputs), kept)
        wanted = self._wanted(mix)
        begin = 0
        with np.errstate(all="ignore"):
            for i, end in enumerate(ends):
                r, k = runs[i], kept[program.first + i]
                own = values[r]
                y: Any = self._forwards[r][codes[i]](*[own[v] for v in args[begin:end]])
                begin = end
                if r != k:
                    y = casts[r][k](y)
                for f, column in enumerate(values):
                    column.append(y if f == k else casts[k][f](y) if wanted[f][i] else None)
        return [values[kept[v]][v] for v in program.outputs.tolist()]

    def _begun(self, inputs: list[Any], kept: list[int]) -> list[list[Any]]:
        """Return for each format the inputs and constants in it."""
        formats = self.formats
        with np.errstate(all="ignore"):
            return [
                [_cast(formats[k], to)(x) for x, k in zip(inputs, kept, strict=False)] + constants
                for to, constants in zip(formats, self._constants, strict=True)
            ]

    def _wanted(self, mix: Mix) -> list[list[bool]]:
        """Return for each format which results some instruction takes in it."""
        program = self.program
        takes = np.repeat(mix.runs, np.diff(program.starts))
        found: list[list[bool]] = []
        for f in range(len(self.formats)):
            wanted = np.zeros(program.values, np.bool)
            wanted[program.args[takes == f]] = True
            found.append(wanted[program.first :].tolist())
        return found


def _cast(source: NumberSystem[Any], to: NumberSystem[Any]) -> Callable[[Any], Any]:
    """Return what converts a scalar from one format to another."""
    if source is to:
        return _same
    if _is_numpy(source) and _is_numpy(to):
        kind: Any = to.scalar
        found: Callable[[Any], Any] = kind
        return found
    return partial(_converted, to, source)


def _is_numpy(numbers: NumberSystem[Any]) -> bool:
    kind: Any = numbers.scalar
    return issubclass(kind, np.floating)


def _converted(to: NumberSystem[Any], source: NumberSystem[Any], x: Any) -> Any:
    return to.convert(x, source)


def _same(x: Any) -> Any:
    return x
