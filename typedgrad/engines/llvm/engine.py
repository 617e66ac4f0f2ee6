"""The engine that runs programs on compiled machines: in one call, with the bits of NumPy."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable, Sequence
from functools import partial
from operator import is_
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from typing_extensions import override

from typedgrad.engines.engine import Engine, Kernel, constants_in
from typedgrad.engines.llvm.batches import Batches, BoundBatch
from typedgrad.engines.llvm.encode import Encoded, encoded
from typedgrad.engines.llvm.encode_job import CUT, DENSE, EVEN, LISTED, PAIRED
from typedgrad.engines.llvm.inline import FOLDS, UFUNCS
from typedgrad.engines.llvm.jit import binding, is_there
from typedgrad.engines.llvm.lanes import ASKING, LOOP, WIDTH, WORDS
from typedgrad.engines.llvm.loops import pointers
from typedgrad.engines.llvm.rows import row_address
from typedgrad.engines.llvm.straight import straight_code
from typedgrad.engines.llvm.tables import is_array
from typedgrad.engines.llvm.vm import CODES, INLINE, MANY, Python, State, machine_of_type
from typedgrad.engines.llvm.vm import LISTED as LISTED_NAMES
from typedgrad.errors import BadBuffer
from typedgrad.machine import machine_of
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE, Op
from typedgrad.program import Program

MOST_ARGUMENTS = 3
SMALL = 500  # instructions: fewer are not worth the machine that runs many at a time
LARGE = 1 << 19  # instructions: what the machine reads of so many comes from memory every time
INTEL = ("x86_64", "AMD64", "amd64")
PROCESSOR = platform.machine()


def type_of(scalar: Any, bits: int, size: int, processor: str) -> str:
    """Return the type of IR that holds a NumPy scalar, or '' if none does.

    longdouble may be the 80 bits of Intel's processors, or another name for float64.
    """
    if scalar is np.float32:
        return "float"
    if scalar is np.float64 or (scalar is np.longdouble and (bits, size) == (53, 8)):
        return "double"
    extended = (bits, size) == (64, 16) and processor in INTEL
    return "x86_fp80" if scalar is np.longdouble and extended else ""


def type_for(numbers: NumberSystem[Any]) -> str:
    """Return the type of IR for the scalars of a precision on this machine, or ''."""
    scalar: Any = numbers.scalar
    if scalar not in (np.float32, np.float64, np.longdouble):
        return ""
    return type_of(scalar, numbers.bits, np.dtype(scalar).itemsize, PROCESSOR)


class Plan:
    """How the machine runs each row of a program: its codes, addresses, and what Python does."""

    def __init__(self, program: Program, numbers: NumberSystem[Any]) -> None:
        self.numbers = numbers
        self.dtype: Any = np.dtype(numbers.scalar)
        self.width: int = WIDTH[type_for(numbers)] if len(program) >= SMALL else 1
        self.table: Any = np.zeros((len(program.ops) + 1, 2), np.uint64)
        self.forwards: dict[int, Callable[..., Any]] = {}
        self.notes: list[str] = []
        rows = [self._kind(code, TABLE[name]) for code, name in enumerate(program.ops)]
        self.kinds: Any = np.array(rows, np.int32)

    def _kind(self, code: int, op: Op) -> tuple[int, int]:
        name = self._piece(code, op)
        listed = LISTED if name in LISTED_NAMES else 0
        paired = PAIRED if name in FOLDS and op.sequences == 2 else 0
        where = DENSE if name == LOOP else 0 if name in FOLDS else EVEN
        many = MANY[name] | where if name in MANY and self.width > 1 else 0
        cut = CUT if name in WORDS else 0
        return CODES[name] | listed | paired | cut, many

    def _piece(self, code: int, op: Op) -> str:
        """Return the name of the piece of the machine that runs a row."""
        if isinstance(op.forward, np.ufunc):
            if op.forward in UFUNCS:
                return UFUNCS[op.forward][0]
            loop = pointers(op.forward, self.dtype) if op.arity <= 2 else None
            if loop is not None:
                self.table[code] = loop
                return f"loop{op.arity}"
            return self._in_python(code, op, "NumPy's inner loop is not where it should be")
        if op.name in INLINE or op.name in FOLDS:
            return op.name
        few = op.sequences or op.arity <= MOST_ARGUMENTS
        address = row_address(op, self.numbers) if few else 0
        if not address:
            return self._in_python(code, op, "it is not compiled")
        self.table[code] = address, 0
        if op.name == "clip":
            self.forwards[code] = machine_of(self.numbers).row(op).forward
            return op.name
        return "call_list" if op.sequences else f"call{op.arity}"

    def _in_python(self, code: int, op: Op, why: str) -> str:
        self.forwards[code] = machine_of(self.numbers).row(op).forward
        self.notes.append(f"{op.name} runs in Python: {why}")
        return "python"


class Loaded(NamedTuple):
    """What frames need of a kernel, so that they keep it alive without the kernel."""

    program: Program
    plan: Plan
    code: Encoded
    constants: Any
    machine: Any


class Rows:
    """The rows that Python runs for the machine, and what they have raised."""

    def __init__(self, plan: Plan) -> None:
        self.failures: list[BaseException] = []
        self._plan = plan

    def call(self, row: int, registers: int, places: int, count: int, target: int) -> None:
        """Run a row, with the registers at so many places as arguments."""
        dtype = self._plan.dtype
        size, result = dtype.itemsize, np.full(1, np.nan, dtype)
        try:
            if not self.failures:
                chosen = (ctypes.c_int32 * count).from_address(places)
                parts = [ctypes.string_at(registers + k * size, size) for k in chosen]
                args = np.frombuffer(b"".join(parts), dtype)
                with np.errstate(all="ignore"):
                    result[0] = self._plan.forwards[row](*args)
        except BaseException as failure:
            self.failures.append(failure)
        ctypes.memmove(target, result.ctypes.data, size)


class Frame:
    """One place to run a program in: registers, inputs and outputs; call it to run.

    Frames of one kernel may run at the same time, each in one thread.
    """

    def __init__(self, loaded: Loaded, x: Any, out: Any) -> None:
        program, plan, code = loaded.program, loaded.plan, loaded.code
        registers = np.zeros(code.registers, plan.dtype)
        registers[program.inputs : program.first] = loaded.constants
        registers[program.first] = 1
        self._rows = Rows(plan)
        python = Python(self._rows.call) if plan.forwards else None
        arrays = (code.records, code.args, registers, x, out, code.outputs, plan.table)
        places = [a.ctypes.data for a in arrays]
        address = ctypes.cast(python, ctypes.c_void_p).value if python else None
        size = program.inputs * plan.dtype.itemsize
        self.state: State = State(*places[:4], size, *places[4:6], len(out), places[6], address)
        self.state.keep = (arrays, loaded, python)
        # A bare address is passed faster than a reference, but does not keep alive what is there.
        self.call: Callable[[], None] = partial(loaded.machine, ctypes.addressof(self.state))
        vars(self.call)["keep"] = self.state

    def run(self) -> None:
        """Run; raise what a row in Python has raised."""
        self.call()
        self.check()

    def check(self) -> None:
        """Raise what a row in Python has raised."""
        failures = self._rows.failures
        if failures:
            failure = failures[0]
            failures.clear()
            raise failure


class LLVMKernel(Kernel):
    """A program as records for the machine of its precision."""

    def __init__(
        self, program: Program, numbers: NumberSystem[Any], straight: bool = False
    ) -> None:
        self.program = program
        self.numbers = numbers
        self.plan: Plan = Plan(program, numbers)
        own = straight_code(program, numbers) if straight else None
        refused = ["it is too long, or has rows that are no straight code"]
        self.notes: tuple[str, ...] = (
            *self.plan.notes,
            *(f"not compiled by itself: {why}" for why in refused if straight and own is None),
        )
        ahead = MANY[ASKING] if self.plan.width > 1 and len(program) >= LARGE else 0
        self.code: Encoded = encoded(program, self.plan.kinds, self.plan.width, ahead)
        machine = own or machine_of_type(type_for(numbers), self.code.rolled)
        constants = np.array(constants_in(program, numbers), self.plan.dtype)
        self._loaded = Loaded(program, self.plan, self.code, constants, machine)
        self._x = np.zeros(program.inputs, self.plan.dtype)
        self._out = np.zeros(len(program.outputs), self.plan.dtype)
        self._frame = Frame(self._loaded, self._x, self._out)
        self._turn = Lock()
        self._last: BoundBatch | None = None
        self._batches = Batches(program, numbers, machine, partial(Frame, self._loaded))

    @override
    def run(self, x: Any, out: Any) -> None:
        if len(x) != len(self._x) or len(out) != len(self._out):
            name, buffer = ("x", x) if len(x) != len(self._x) else ("out", out)
            raise self._misfit(name, f"it has {len(buffer)} numbers", name == "out")
        with self._turn:
            self._x[:] = x
            self._frame.run()
            out[:] = self._out

    @override
    def bound(self, x: Any, out: Any) -> Callable[[], None]:
        self._check("x", x, False)
        self._check("out", out, True)
        frame = Frame(self._loaded, x, out)
        return frame.run if self.plan.forwards else frame.call

    def _check(self, name: str, buffer: Any, written: bool) -> None:
        """Raise `BadBuffer` unless the machine can read, or write, the array in place."""
        wanted = len(self._out if written else self._x)
        if not hasattr(buffer, "ctypes"):
            raise self._misfit(name, f"it is a {buffer.__class__.__name__}", written)
        if buffer.dtype != self.plan.dtype:
            raise self._misfit(name, f"it holds {buffer.dtype}", written)
        if buffer.shape != (wanted,):
            raise self._misfit(name, f"its shape is {buffer.shape}", written)
        if not (buffer.flags.c_contiguous and buffer.flags.aligned):
            raise self._misfit(name, "its numbers do not lie side by side", written)
        if written and not buffer.flags.writeable:
            raise self._misfit(name, "it cannot be written to", written)

    def _misfit(self, name: str, problem: str, written: bool) -> BadBuffer:
        wanted = len(self._out if written else self._x)
        dtype = "longdouble" if self.numbers.scalar is np.longdouble else self.plan.dtype.name
        return BadBuffer(name=name, problem=problem, length=wanted, dtype=dtype)

    @override
    def sweep(
        self, columns: Sequence[Any], out: Sequence[Any], totals: Sequence[Any], start: int
    ) -> None:
        given, last = (columns, out, totals), self._last
        if last is None or not all(map(_same, last.arrays, given)):
            last = self._last = self.bound_sweep(*given)
        last(start)
        self._note()

    @override
    def bound_sweep(self, columns: Any, out: Any, totals: Any) -> BoundBatch:
        return self._batches.bound_sweep(columns, out, totals)

    def _note(self) -> None:
        self.notes = tuple(dict.fromkeys((*self.notes, *self._batches.notes)))


class LLVMEngine(Engine):
    """Runs programs in the precisions of NumPy at a nanosecond an instruction.

    With `straight` a small program is compiled by itself. That takes some microseconds an
    instruction, and as much memory as the code needs until the process ends; it pays for
    programs that run at least ten thousand times.
    """

    name = "llvm"

    def __init__(self, straight: bool = False) -> None:
        self.straight = straight

    @override
    def supports(self, numbers: NumberSystem[Any]) -> str:
        if ctypes.sizeof(ctypes.c_void_p) != 8:
            return "it needs a machine with addresses of 64 bits"
        if numbers.is_strict:
            return f"{numbers.name} checks every result, and compiled code does not"
        if not type_for(numbers):
            return f"compiled code has no numbers like {numbers.name} on this machine"
        return "" if is_there() else "llvmlite is not installed"

    @override
    def compile(self, program: Program, numbers: NumberSystem[Any]) -> LLVMKernel:
        """Return the kernel. Raises `MissingExtra` where llvmlite is not installed."""
        binding()
        return LLVMKernel(program, numbers, self.straight)


def _same(a: Any, b: Any) -> bool:
    """Tell whether these are the arrays of the last call, each the very same object."""
    if a is b:
        return not isinstance(a, list)
    return not is_array(a) and not is_array(b) and len(a) == len(b) and all(map(is_, a, b))
