"""What a wide arithmetic is: bare numbers of some library, rows as its functions, runs of programs.

The numbers are the raw ones of mpmath or python-flint, without a wrapper.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypeAlias

from typedgrad.engines.exact import TURN, ExactPrecision, Real, exact_precision
from typedgrad.engines.marching import CHUNK, calls, deaths, evaluate
from typedgrad.errors import BadRow
from typedgrad.numbers import NumberSystem
from typedgrad.program import Program

Watch: TypeAlias = Callable[[list[Any], int], None]


class Wide(ABC):
    """Real numbers of `bits` significand bits, and the meaning of every row on them.

    What makes or combines numbers one by one (`number`, `row`) is called inside `working`, which
    lends the library to one thread; `run` and `every` do so themselves.
    """

    name: ClassVar[str]
    rigorous: ClassVar[bool]

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.precision: ExactPrecision = exact_precision(bits)
        self.wanted: float = bits  # about the width at which no radius would have exploded
        self._rows: dict[str, Callable[..., Any] | None] = {}

    @contextmanager
    def working(self) -> Generator[None]:
        """Lend the library to this thread, at this width, until the end of the block."""
        with TURN:
            yield

    @abstractmethod
    def constant(self, x: Any) -> Any:
        """Return a constant of a program, exact as it was written or rounded to this width."""

    @abstractmethod
    def from_real(self, x: Real) -> Any:
        """Return a number of the reference arithmetic, with no rounding."""

    @abstractmethod
    def to_real(self, x: Any, numbers: ExactPrecision) -> Real:
        """Return the number, of a ball its midpoint, rounded to a reference arithmetic."""

    @abstractmethod
    def _row(self, name: str) -> Callable[..., Any] | None: ...

    @abstractmethod
    def is_finite(self, x: Any) -> bool:
        """Tell whether x is neither infinite nor undefined."""

    @abstractmethod
    def is_zero(self, x: Any) -> bool:
        """Tell whether x is exactly zero."""

    @abstractmethod
    def log2size(self, x: Any) -> float:
        """Return log2(abs(x)) within 1e-9 of itself; -inf for zero, inf or NaN for what is not."""

    @abstractmethod
    def to_float(self, x: Any) -> float:
        """Return the float next to x, infinite or zero beyond the range of floats."""

    def right_bits(self, x: Any) -> float:
        """Return how many leading bits of x are proved, infinite where x is exact."""
        return 0.0

    def bound(self, x: Any) -> float:
        """Return what log2(abs(x)) is sure not to exceed, infinite where nothing is sure."""
        return math.inf

    def is_stuck(self, wider: Any, x: Any) -> bool:
        """Tell whether x is no better known than it was at a smaller width: a jump is at hand."""
        return False

    def may_settle(self, program: Program, inputs: list[Any]) -> bool:
        """Tell whether what is undefined in a run may be defined at a greater width."""
        return False

    def number(self, text: str) -> Any:
        """Return the number of exact text such as '0.1', '1/3', '5p-3', rounded at most once."""
        return self.constant(text)

    def from_scalar(self, x: Any, numbers: NumberSystem[Any]) -> Any:
        """Return a scalar of a number system that has no more bits, with no rounding."""
        return self.from_real(self.precision.convert(x, numbers))

    def row(self, name: str) -> Callable[..., Any] | None:
        """Return the function of a row on raw numbers, None where it has no meaning here."""
        if name not in self._rows:
            self._rows[name] = self._row(name)
        return self._rows[name]

    def widen(self, bits: float) -> None:
        """Note that so many bits would be wanted."""
        self.wanted = max(self.wanted, bits)

    def twin(self, name: str) -> Callable[..., Any] | None:
        """Return what a row does where both its arguments are one value, if that is special."""
        return None

    def run(self, program: Program, inputs: list[Any], watch: Watch | None = None) -> list[Any]:
        """Return the outputs of a program; what no instruction needs any more is dropped.

        `watch(values, begin)`, where given, sees the values from `begin` on as soon as they are
        there; those before it that are gone are None.
        """
        with self.working():
            values = self._begun(program, inputs)
            for begin in self._steps(program, values, deaths(program)):
                if watch is not None:
                    watch(values, begin)
            return [values[k] for k in program.outputs.tolist()]

    def measured(self, program: Program, inputs: list[Any]) -> tuple[list[Any], float]:
        """Return the outputs and the log2 of the largest finite number among all values."""
        top = -math.inf

        def watch(values: list[Any], begin: int) -> None:
            nonlocal top
            fresh = values if begin == program.first else values[begin:]
            sizes = map(self.log2size, filter(self.is_finite, fresh))
            top = max(top, max(sizes, default=top))

        return self.run(program, inputs, watch), top

    def every(self, program: Program, inputs: list[Any]) -> list[Any]:
        """Return all values of a program in their order: inputs, constants, results."""
        with self.working():
            values = self._begun(program, inputs)
            for _ in self._steps(program, values, iter(())):
                pass
            return values

    def _begun(self, program: Program, inputs: list[Any]) -> list[Any]:
        return [*inputs, *map(self.constant, program.constants)]

    def _steps(
        self, program: Program, values: list[Any], deaths: Iterator[list[int]]
    ) -> Generator[int]:
        """Add the results to the values, a chunk a step, and yield where the chunk begins."""
        functions = [self.row(name) for name in program.ops]
        if None in functions:
            name = program.ops[functions.index(None)]
            hint = "take the arithmetic that wide(bits, program.ops) gives, which has all the rows"
            raise BadRow(name=name, problem=f"has no meaning in {self.name}", hint=hint)
        twins = {code: self.twin(name) for code, name in enumerate(program.ops)}
        own = {code: len(functions) + k for k, code in enumerate(c for c, f in twins.items() if f)}
        functions += [twins[code] for code in own]
        for begin in range(0, len(program), CHUNK):
            evaluate(values, functions, *calls(program, begin, own))
            yield program.first + begin
            for k in next(deaths, ()):
                values[k] = None
