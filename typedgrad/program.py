"""Program: what a function did, as frozen arrays from inputs to outputs, in no precision yet.

Values are numbered: first the inputs, then the constants, then one for each instruction. The
constants are kept as they were written, and every engine rounds them once to its precision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from typing_extensions import override

from typedgrad.errors import BadProgram
from typedgrad.machine import Definition
from typedgrad.numbers import Constant
from typedgrad.op import TABLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints: TypeAlias = NDArray[np.int32]

Place: TypeAlias = tuple[str, int, int, int]


class Program:
    """Instructions in order: `codes` names a row of `ops`, `args` the values that it takes.

    The arguments of instruction i are `args[starts[i]:starts[i + 1]]`; its result is value
    `first + i`, where `first` is the number of inputs and constants. `places`, where it is known,
    gives an entry of `sources` (file, line, column, end column) for each instruction, -1 for none.
    All arrays are int32 and cannot be written to. Raises `BadProgram` where they do not fit.
    """

    __slots__ = (
        *("_digest", "args", "codes", "constants", "inputs", "names"),
        *("ops", "outputs", "places", "sources", "starts"),
    )

    def __init__(
        self,
        inputs: int,
        constants: Iterable[Any],
        ops: Iterable[str],
        codes: Ints,
        starts: Ints,
        args: Ints,
        outputs: Ints,
        names: Iterable[str] = (),
        places: Ints | None = None,
        sources: Iterable[Place] = (),
    ) -> None:
        self.inputs = inputs
        self.constants: tuple[Any, ...] = tuple(constants)
        self.ops: tuple[str, ...] = tuple(ops)
        self.codes = frozen(codes)
        self.starts = frozen(starts)
        self.args = frozen(args)
        self.outputs = frozen(outputs)
        self.names: tuple[str, ...] = tuple(names)
        self.places = None if places is None else frozen(places)
        self.sources: tuple[Place, ...] = tuple(sources)
        self._digest: str = ""
        self.validate()

    @property
    def first(self) -> int:
        """The number of the first instruction's value: that many inputs and constants."""
        return self.inputs + len(self.constants)

    @property
    def values(self) -> int:
        """How many values there are: inputs, constants and results."""
        return self.first + len(self.codes)

    def __len__(self) -> int:
        return len(self.codes)

    def op(self, i: int) -> str:
        """Return the name of the row of instruction i."""
        return self.ops[int(self.codes[i])]

    def arguments(self, i: int) -> list[int]:
        """Return the values that instruction i takes."""
        found: list[int] = self.args[self.starts[i] : self.starts[i + 1]].tolist()
        return found

    def instructions(self) -> Iterator[tuple[str, list[int]]]:
        """Yield the row and the arguments of every instruction, in order."""
        args, starts = self.args.tolist(), self.starts.tolist()
        for i, code in enumerate(self.codes.tolist()):
            yield self.ops[code], args[starts[i] : starts[i + 1]]

    def input_names(self) -> list[str]:
        """Return the names of the inputs; x0, x1, ... where none were given."""
        return list(self.names) or [f"x{k}" for k in range(self.inputs)]

    def count(self, op: str) -> int:
        """Return how many instructions are of a row."""
        if op not in self.ops:
            return 0
        return int(np.count_nonzero(self.codes == self.ops.index(op)))

    def select(self, outputs: Sequence[int]) -> Program:
        """Return the program with some of the outputs, in the order given."""
        chosen = self.outputs[np.array(outputs, np.intp)]
        return self.replace(outputs=chosen)

    def replace(self, **parts: Any) -> Program:
        """Return the program with some of its parts exchanged; it is validated again."""
        names = ("inputs", "constants", "ops", "codes", "starts", "args", "outputs")
        old = {name: getattr(self, name) for name in (*names, "names", "places", "sources")}
        return Program(**{**old, **parts})

    def validate(self) -> None:
        """Raise `BadProgram` with the place, unless the parts hold together."""
        for problem in _problems(self):
            raise problem

    @property
    def digest(self) -> str:
        """A text that is the same for equal programs, on every machine and in every session."""
        if not self._digest:
            found = sha256(repr((self.inputs, self.ops, self.names)).encode())
            found.update("\n".join(map(literal_text, self.constants)).encode())
            for array in (self.codes, self.starts, self.args, self.outputs):
                found.update(len(array).to_bytes(8, "little"))
                found.update(array.astype("<i4", copy=False).tobytes())
            self._digest = found.hexdigest()
        return self._digest

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Program):
            return NotImplemented
        return self is other or self.digest == other.digest

    @override
    def __hash__(self) -> int:
        return int(self.digest[:15], 16)

    @override
    def __repr__(self) -> str:
        return (
            f"<program: {self.inputs} inputs, {len(self)} instructions,"
            f" {len(self.outputs)} outputs, {self.digest[:12]}>"
        )

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        arrays = (self.codes, self.starts, self.args, self.outputs)
        rest = (self.names, self.places, self.sources)
        return Program, (self.inputs, self.constants, self.ops, *arrays, *rest)


def frozen(array: Any) -> Ints:
    """Return an int32 array that cannot be written to."""
    found = np.ascontiguousarray(array, dtype=np.int32)
    if found.flags.writeable:
        found = found.view()
        found.flags.writeable = False
    return found


def literal_text(x: Any) -> str:
    """Return exact text of a constant with its kind: 'int 2', 'float64 0x1.8p+0', 'text 0.1'."""
    if isinstance(x, Constant):
        return f"constant {x.text} {x.meaning or ''}".rstrip()
    if type(x) is float:
        return f"float {x.hex()}"
    if isinstance(x, str):
        return f"text {x}"
    if isinstance(x, np.floating):
        if not np.isfinite(x) or not x:
            return f"{scalar_name(x)} {x}"
        top, bottom = x.as_integer_ratio()
        return f"{scalar_name(x)} {Fraction(top, bottom)}"
    return f"{type(x).__name__.lower()} {x}"


def scalar_name(x: Any) -> str:
    """Return float32, float64 or longdouble."""
    return "longdouble" if isinstance(x, np.longdouble) else type(x).__name__


def _problems(program: Program) -> Iterator[BadProgram]:
    n = len(program.codes)
    codes, starts, args = program.codes, program.starts, program.args
    unknown = [name for name in program.ops if name not in TABLE]
    if unknown:
        yield BadProgram(place="its list of rows", problem=f"no row is named {unknown[0]!r}")
    if len(starts) != n + 1 or starts[0] != 0 or starts[-1] != len(args):
        yield BadProgram(place="its starts", problem="they do not cut the arguments into pieces")
    counts = np.diff(starts)
    if n and (codes.min() < 0 or codes.max() >= len(program.ops)):
        i = int(np.argmax((codes < 0) | (codes >= len(program.ops))))
        yield BadProgram(place=f"instruction {i}", problem=f"no row has the code {codes[i]}")
    yield from _miscounted(program, counts)
    owner = np.repeat(np.arange(n, dtype=np.int32), counts)
    late = (args < 0) | (args >= owner + program.first)
    if late.any():
        k = int(np.argmax(late))
        i = int(owner[k])
        problem = f"it takes value {args[k]}, which is not there yet"
        yield BadProgram(place=f"instruction {i} ({program.op(i)})", problem=problem)
    outside = (program.outputs < 0) | (program.outputs >= program.values)
    if outside.any():
        k = int(np.argmax(outside))
        yield BadProgram(place=f"output {k}", problem=f"there is no value {program.outputs[k]}")
    if program.names and len(program.names) != program.inputs:
        problem = f"{len(program.names)} names for {program.inputs} inputs"
        yield BadProgram(place="the names of its inputs", problem=problem)
    if program.places is not None and len(program.places) != n:
        yield BadProgram(place="its places", problem="one place an instruction is needed")


def _miscounted(program: Program, counts: Any) -> Iterator[BadProgram]:
    """Yield a problem for a row that has the wrong number of arguments."""
    for code, name in enumerate(program.ops):
        op: Definition = TABLE[name]
        found = counts[program.codes == code]
        wrong = (found < 1) | (found % max(op.sequences, 1) != 0)
        if not op.sequences:
            wrong = found != TABLE[name].arity
        if wrong.any():
            i = int(np.flatnonzero(program.codes == code)[np.argmax(wrong)])
            problem = f"it has {counts[i]} arguments"
            yield BadProgram(place=f"instruction {i} ({name})", problem=problem)


class Builder:
    """A program in the making, instruction by instruction; for parsers and other small makers."""

    def __init__(self, inputs: int, constants: Sequence[Any] = ()) -> None:
        self.inputs = inputs
        self.constants = list(constants)
        self.ops: dict[str, int] = {}
        self.codes: list[int] = []
        self.starts: list[int] = [0]
        self.args: list[int] = []

    def emit(self, op: str, args: Iterable[int]) -> int:
        """Add an instruction and return the number of its value; all constants must be there."""
        self.codes.append(self.ops.setdefault(op, len(self.ops)))
        self.args.extend(args)
        self.starts.append(len(self.args))
        return self.inputs + len(self.constants) + len(self.codes) - 1

    def program(self, outputs: Sequence[int], names: Iterable[str] = ()) -> Program:
        """Return the program, validated."""
        arrays = [np.array(x, np.int32) for x in (self.codes, self.starts, self.args, outputs)]
        codes, starts, args, last = arrays
        return Program(self.inputs, self.constants, self.ops, codes, starts, args, last, names)
