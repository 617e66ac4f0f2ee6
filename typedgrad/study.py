"""Study: a function at one point as programs, on the path that one precision takes there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from typing_extensions import override

from typedgrad.engines.choice import kernels_of
from typedgrad.engines.exact import ExactPrecision
from typedgrad.errors import EndlessPath, TypedgradError
from typedgrad.gradient import Reverse
from typedgrad.numbers import NumberSystem
from typedgrad.points import Point, arguments, itself
from typedgrad.program import Program
from typedgrad.simplify import without_dead
from typedgrad.tracing import Guard, Recorder, Trace
from typedgrad.trees import numbers_form
from typedgrad.trial import checked, failed

MOST_COMPARISONS = 400_000


@dataclass(frozen=True)
class Study:
    """What one run of a function left behind at a point, and what follows from it.

    `numbers` is the precision whose path it is. Instructions keep the places of the user's lines.
    """

    point: Point
    numbers: NumberSystem[Any]
    trace: Trace

    @cached_property
    def value(self) -> Program:
        """The program of the value alone, each instruction as the user wrote it."""
        return without_dead(self.trace.program.select([0]))

    @cached_property
    def sweep(self) -> Reverse:
        """The reverse sweep over `value`; its `owners` say whom an instruction of `full` serves."""
        reverse = Reverse(self.value, int(self.value.outputs[0]))
        reverse.program()
        return reverse

    @cached_property
    def full(self) -> Program:
        """The program of the value and then of each partial; it begins with that of the value."""
        full = self.sweep.program()
        return full.select(range(1 + len(self.point.inputs)))

    @cached_property
    def tests(self) -> Program:
        """The program of the guards: a 0 or 1 for each comparison, in order."""
        whole = self.trace.program
        return without_dead(whole.select(range(1, len(whole.outputs))))

    @property
    def guards(self) -> tuple[Guard, ...]:
        """The comparisons that decided the path, in order."""
        return self.trace.guards

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the outputs of `full`: 'value', 'd/dx', ..."""
        return "value", *self.point.partials

    def inputs(self, numbers: NumberSystem[Any]) -> list[Any]:
        """Return the inputs, each rounded once to a number system."""
        found = [x.lifted(numbers) for x in self.point.inputs]
        return found or [numbers.from_ratio(0)]

    def run(self, program: Program, numbers: NumberSystem[Any], engine: str = "auto") -> list[Any]:
        """Return the outputs of one of the programs in a precision, as its scalars."""
        return run(program, self.inputs(numbers), numbers, engine)

    def keeps_path(self, numbers: NumberSystem[Any]) -> bool:
        """Tell whether another arithmetic takes the same path at this point."""
        return not self.guards or self.outcomes(numbers) == [g.outcome for g in self.guards]

    def outcomes(self, numbers: NumberSystem[Any]) -> list[bool]:
        """Return how each comparison comes out in another arithmetic on this path."""
        return [bool(x) for x in self.run(self.tests, numbers)]


def run(
    program: Program, inputs: list[Any], numbers: NumberSystem[Any], engine: str = "auto"
) -> list[Any]:
    """Return the outputs of a program at some inputs, as scalars of a number system."""
    kernel = kernels_of(program, numbers, engine).mine()
    out: list[Any] = [None] * len(program.outputs)
    kernel.run(inputs, out)
    return out


def every_value(program: Program, inputs: list[Any], numbers: NumberSystem[Any]) -> Any:
    """Return all values of a program in their order: inputs, constants, results."""
    outputs = np.arange(program.values, dtype=np.int32)
    return run(program.replace(outputs=outputs), inputs, numbers)


class Bounded(Recorder):
    """A recorder that gives up after so many comparisons, before a loop has filled the memory."""

    most = MOST_COMPARISONS

    @override
    def compared(self, test: str, outcome: bool, left: Any, right: Any) -> None:
        """Take note of one comparison; raises `EndlessPath` if it is one too many."""
        super().compared(test, outcome, left, right)
        if len(self.guards) > self.most:
            raise EndlessPath(function=self.function, most=self.most, **self.told())

    def told(self) -> dict[str, str]:
        """Return the arithmetic that a loop does not end in, and what to do."""
        name = self.tape.numbers.name
        if isinstance(self.tape.numbers, ExactPrecision):
            hint = 'judge the path of each precision: path="run"; by the command --path run'
            return {"arithmetic": "exact numbers", "hint": hint}
        hint = f"let the loop end after so many steps, or leave {name} out of the precisions"
        return {"arithmetic": name, "hint": hint}


def study(
    f: Callable[..., Any], point: Point, numbers: NumberSystem[Any], most: int = MOST_COMPARISONS
) -> Study:
    """Run f once in a precision at a point and freeze what it did.

    Raises `FunctionRaised` with the user's line for what f raises, `BadResult` unless it returns
    one Value, `NotRecordable` for what cannot be recorded, and `EndlessPath` for more than `most`
    comparisons.
    """

    def flat(*leaves: Any) -> Any:
        args, named = arguments(point, list(leaves))
        return checked(itself(f)(*args, **named), point, numbers)

    inputs = [x.lifted(numbers) for x in point.inputs] or [numbers.from_ratio(0)]
    recorder = Bounded(numbers, point.function, sources=True)
    recorder.most = most
    try:
        with np.errstate(all="ignore"):
            trace = recorder.run(flat, numbers_form(len(inputs)), inputs)
    except TypedgradError:
        raise
    except Exception as error:
        raise failed(point.function, error, numbers, study.__code__) from error
    names = [x.name for x in point.inputs] or ["nothing"]
    program = trace.program.replace(names=names)
    return Study(point, numbers, trace._replace(program=program))
