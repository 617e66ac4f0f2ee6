"""The reference engine: one instruction after the other on bare scalars of any type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from typing_extensions import override

from typedgrad.engines.engine import LANES, Engine, Kernel, constants_in
from typedgrad.machine import machine_of
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE
from typedgrad.program import Program


class PythonKernel(Kernel):
    """A program as a list of calls."""

    def __init__(self, program: Program, numbers: NumberSystem[Any]) -> None:
        self.program = program
        self.numbers = numbers
        self.notes: tuple[str, ...] = ()
        machine = machine_of(numbers)
        self._forwards = [machine.row(TABLE[name]).forward for name in program.ops]
        self._values: list[Any] = [None] * program.inputs + constants_in(program, numbers)

    def _evaluate(self, x: Sequence[Any]) -> list[Any]:
        program = self.program
        values = list(self._values)
        values[: program.inputs] = x
        forwards, args = self._forwards, program.args.tolist()
        begin = 0
        with np.errstate(all="ignore"):
            for code, end in zip(program.codes.tolist(), program.starts[1:].tolist(), strict=True):
                values.append(forwards[code](*[values[k] for k in args[begin:end]]))
                begin = end
        return [values[k] for k in program.outputs.tolist()]

    @override
    def run(self, x: Any, out: Any) -> None:
        out[:] = self._evaluate(list(x))

    @override
    def bound(self, x: Any, out: Any) -> Callable[[], None]:
        return lambda: self.run(x, out)

    @override
    def sweep(
        self, columns: Sequence[Any], out: Sequence[Any], totals: Sequence[Any], start: int
    ) -> None:
        points = max(map(len, columns), default=0)
        for p in range(points):
            found = self._evaluate([column[p if len(column) > 1 else 0] for column in columns])
            for y, row, lanes in zip(found, out, totals, strict=True):
                if row is not None:
                    row[p] = y
                if lanes is not None:
                    lane = (start + p) % LANES
                    with np.errstate(all="ignore"):
                        lanes[lane] = lanes[lane] + y


class PythonEngine(Engine):
    """Runs every program in every precision, an instruction at a time."""

    name = "python"

    @override
    def supports(self, numbers: NumberSystem[Any]) -> str:
        return ""

    @override
    def compile(self, program: Program, numbers: NumberSystem[Any]) -> PythonKernel:
        return PythonKernel(program, numbers)
