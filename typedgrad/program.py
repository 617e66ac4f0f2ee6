"""Program: what a function did, as frozen arrays from inputs to outputs, in no precision yet.

Values are numbered: first the inputs, then the constants, then one for each instruction. The
constants are kept as they were written, and every engine rounds them once to its precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from json import dumps
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from typing_extensions import override

from typedgrad.errors import BadProgram
from typedgrad.literals import is_literal, literal_text, plain_literal
from typedgrad.numbers import is_whole
from typedgrad.op import TABLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints: TypeAlias = NDArray[np.int32]

Place: TypeAlias = tuple[str, int, int, int]
LARGEST = 2**31 - 1
INT32 = np.dtype(np.int32)
STRETCH = 1 << 16  # instructions that are looked at together


class Program:
    """Instructions in order: `codes` names a row of `ops`, `args` the values that it takes.

    The arguments of instruction i are `args[starts[i]:starts[i + 1]]`; its result is value
    `first + i`, where `first` is the number of inputs and constants. `places`, where it is known,
    gives an entry of `sources` (file, line, column, end column) for each instruction, -1 for none.
    An end on a later line counts on from the first, line breaks included.
    All arrays are int32 and cannot be written to: 4 bytes an instruction, 4 for its start, 4 for
    each argument and, with places, 4 more. Programs are equal if their instructions, constants,
    outputs and names of inputs are; how constants and rows are numbered, and places, do not count.
    Raises `BadProgram` where the parts do not fit.
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
        self.inputs: Final[int] = _count(inputs)
        self.constants: Final[tuple[Any, ...]] = tuple(map(plain_literal, constants))
        self.ops: Final[tuple[str, ...]] = tuple(ops)
        self.codes: Final[Ints] = frozen(codes, "codes")
        self.starts: Final[Ints] = frozen(starts, "starts")
        self.args: Final[Ints] = frozen(args, "args")
        self.outputs: Final[Ints] = frozen(outputs, "outputs")
        self.names: Final[tuple[str, ...]] = tuple(names)
        self.places: Final[Ints | None] = None if places is None else frozen(places, "places")
        self.sources: Final[tuple[Place, ...]] = tuple(sources)
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
        same = len(chosen) == len(self.outputs) and _first(chosen != self.outputs) < 0
        return self if same else self.replace(outputs=chosen)

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
            self._digest = _digest(self)
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


def frozen(array: Any, name: str = "arrays") -> Ints:
    """Return an int32 array that nobody can write to; raises `BadProgram` for other numbers."""
    ready = type(array) is np.ndarray and array.dtype == INT32 and array.ndim == 1
    found = np.ascontiguousarray(array if ready else _narrowed(array, name))
    if (found is array or not found.flags.owndata) and _is_open(found):
        found = found.copy()
    found.flags.writeable = False
    return found if found.base is not None else found.view()  # a view cannot be opened again


def _narrowed(array: Any, name: str) -> Ints:
    """Return a row of integers as int32, or raise `BadProgram`."""
    try:
        found = np.asarray(array)
    except (ValueError, TypeError, OverflowError):
        found = np.empty((0, 0))
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise BadProgram(place=f"its {name}", problem="they are not one row of integers")
    narrow = found.astype(INT32)
    wide = _first(narrow != found)
    if wide >= 0:
        raise BadProgram(place=f"its {name}", problem=f"{found[wide]} needs more than 32 bits")
    return narrow


def sealed(array: Any) -> Any:
    """Return an array that its maker gives away: closed, so that a program need not copy it."""
    array.flags.writeable = False
    return array


def _count(inputs: Any) -> int:
    """Return a count as a plain int; what is none is left as it is, and found later."""
    return int(inputs) if is_whole(inputs) else inputs


def _is_open(array: Any) -> bool:
    """Tell whether somebody may write to the memory of an array."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return True
        array = array.base
    return not (array is None or isinstance(array, bytes))


def _stretches(array: Any) -> Iterator[Any]:
    """Yield an array piece by piece, so that what is made of a piece stays in the cache."""
    for low in range(0, len(array), STRETCH):
        yield array[low : low + STRETCH]


def _first_uses(pieces: Iterable[Any], count: int) -> tuple[list[int], Any]:
    """Return which of `count` numbers are used, by their first use, and their new numbers."""
    seen = np.zeros(count, np.bool)
    used: list[int] = []
    for piece in pieces:
        fresh = list(dict.fromkeys(piece[~seen[piece]].tolist()))
        seen[fresh] = True
        used += fresh
    rank = np.zeros(count, np.int32)
    rank[used] = np.arange(len(used), dtype=np.int32)
    return used, rank


def _digest(program: Program) -> str:
    """Return the digest of the program with rows and constants numbered by their first use."""
    inputs, first = program.inputs, program.first
    texts = [literal_text(x) for x in program.constants]
    leads: dict[str, int] = {}
    lead = np.array([leads.setdefault(text, k) for k, text in enumerate(texts)], np.int64)

    values = np.concatenate([program.args, program.outputs])
    fixed = (piece[(piece >= inputs) & (piece < first)] - inputs for piece in _stretches(values))
    used, rank = _first_uses((lead[k] for k in fixed), len(texts))
    rows, codes = _first_uses(_stretches(program.codes), len(program.ops))
    early = np.concatenate([np.arange(inputs, dtype=np.int32), inputs + rank[lead]])
    unused = np.int32(len(texts) - len(used))

    def renumbered(piece: Any) -> Any:
        known = piece < first
        found = piece - unused
        found[known] = early[piece[known]]
        return found

    named = any(name != f"x{k}" for k, name in enumerate(program.names))
    names = program.names if named else ()
    head: list[Any] = [
        inputs,
        list(names),
        [program.ops[k] for k in rows],
        [texts[k] for k in used],
        len(program.args),
    ]
    found = sha256(dumps(head).encode())
    ways: list[tuple[Any, Callable[[Any], Any]]] = [
        (program.codes, codes.take),
        (program.starts, np.asarray),
        (values, renumbered),
    ]
    for array, way in ways:
        found.update(len(array).to_bytes(8, "little"))
        for piece in _stretches(array):
            found.update(way(piece).astype("<i4", copy=False))
    return found.hexdigest()


def _problems(program: Program) -> Iterator[BadProgram]:
    """Yield what is wrong; whoever goes on after the first may meet anything."""
    starts = program.starts
    yield from _bad_lists(program)
    if len(starts) != len(program) + 1 or starts[0] != 0 or starts[-1] != len(program.args):
        yield BadProgram(place="its starts", problem="they do not cut the arguments into pieces")
    i = _first(_is_beyond(program.codes, np.uint32(len(program.ops))))
    if i >= 0:
        problem = f"no row has the code {program.codes[i]}"
        yield BadProgram(place=f"instruction {i}", problem=problem)
    counts = starts[1:] - starts[:-1]
    yield from _miscounted(program, counts)
    yield from _early(program, counts)
    k = _first(_is_beyond(program.outputs, np.uint32(program.values)))
    if k >= 0:
        yield BadProgram(place=f"output {k}", problem=f"there is no value {program.outputs[k]}")
    yield from _misplaced(program)


def _early(program: Program, counts: Any) -> Iterator[BadProgram]:
    """Yield what is taken before it is there; a stretch at a time, to need little memory."""
    first, starts = program.first, program.starts
    for low in range(0, len(program), STRETCH):
        high = min(low + STRETCH, len(program))
        args = program.args[starts[low] : starts[high]]
        owner = np.arange(first + low, first + high, dtype=np.uint32).repeat(counts[low:high])
        k = _first(_is_beyond(args, owner))
        if k >= 0:
            i = int(owner[k]) - first
            problem = f"it takes value {args[k]}, which is not there yet"
            yield BadProgram(place=f"instruction {i} ({program.op(i)})", problem=problem)


def _first(flags: Any) -> int:
    """Return where a flag is first set; -1 if none is."""
    found: int = flags.tobytes().find(1)  # for a few a tenth of what `any` takes
    return found


def _is_beyond(x: Any, limit: Any) -> Any:
    """Tell where int32 numbers are not from 0 to below a limit, in one comparison."""
    return x.view(np.uint32) >= limit  # negative ones are above 2**31


def _bad_lists(program: Program) -> Iterator[BadProgram]:
    """Yield what is wrong beside the arrays: sizes, constants, rows and names."""
    inputs: Any = program.inputs
    if type(inputs) is not int or not 0 <= inputs <= LARGEST:
        yield BadProgram(place="its inputs", problem=f"{inputs!r} is not a count")
    if program.values > LARGEST:
        yield BadProgram(place="its size", problem=f"{program.values} values are too many")
    for k, x in enumerate(program.constants):
        if not is_literal(x) and (isinstance(x, complex | None) or hasattr(x, "__len__")):
            yield BadProgram(place=f"constant {k}", problem=f"{repr(x)[:40]} is not a number")
    for k, name in enumerate(program.ops):
        if type(name) is not str or name not in TABLE:
            yield BadProgram(place="its list of rows", problem=f"no row is named {name!r}")
        if name in program.ops[:k]:
            yield BadProgram(place="its list of rows", problem=f"{name} is there twice")
    if program.names and len(program.names) != program.inputs:
        problem = f"{len(program.names)} names for {program.inputs} inputs"
        yield BadProgram(place="the names of its inputs", problem=problem)
    if {*map(type, program.names)} - {str}:
        yield BadProgram(place="the names of its inputs", problem="a name must be a text")


def _misplaced(program: Program) -> Iterator[BadProgram]:
    """Yield what is wrong with places and sources."""
    for k, source in enumerate(program.sources):
        if tuple(map(type, source)) != (str, int, int, int):
            yield BadProgram(place=f"source {k}", problem="it is not a file and three numbers")
    if program.places is None:
        return
    if len(program.places) != len(program):
        yield BadProgram(place="its places", problem="one place an instruction is needed")
    outside = (program.places < -1) | (program.places >= len(program.sources))
    k = _first(outside)
    if k >= 0:
        yield BadProgram(place=f"place {k}", problem=f"there is no source {program.places[k]}")


def _miscounted(program: Program, counts: Any) -> Iterator[BadProgram]:
    """Yield a problem for a row that has the wrong number of arguments."""
    ops, starts = [TABLE[name] for name in program.ops], program.starts
    arity = np.array([-1 if op.sequences else op.arity for op in ops], np.int32)
    odd = (counts != arity.take(program.codes)).nonzero()[0]
    if not len(odd):
        return
    i = _first(starts[1:] < starts[:-1])
    if i >= 0:
        yield BadProgram(place=f"instruction {i}", problem="its arguments end before they start")
    unit = np.array([op.sequences for op in ops], np.int32).take(program.codes[odd])
    found = counts[odd]
    k = _first((unit < 1) | (found < 1) | (found % np.maximum(unit, 1) != 0))
    if k >= 0:
        i = int(odd[k])
        problem = f"it has {counts[i]} arguments"
        yield BadProgram(place=f"instruction {i} ({program.op(i)})", problem=problem)


class Builder:
    """A program in the making, instruction by instruction; for parsers and other small makers."""

    def __init__(self, inputs: int, constants: Sequence[Any] = ()) -> None:
        self.inputs = inputs
        self.constants: list[Any] = list(constants)
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
