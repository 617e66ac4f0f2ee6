"""A program at many points as one kernel: vectors of points, NumPy's own loops on whole blocks."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import RLock
from typing import Any, NamedTuple

import numpy as np

from typedgrad.engines.engine import LANES
from typedgrad.engines.llvm import bodies, jit, loops
from typedgrad.engines.llvm.graph import CALL, PYTHON, ROW, Graph, TooLarge, graph_of
from typedgrad.engines.llvm.segments import planned
from typedgrad.engines.llvm.sweep_text import KernelText, places, row_loop
from typedgrad.engines.llvm.tables import Tables, aligned
from typedgrad.errors import NoFunction
from typedgrad.machine import machine_of
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE
from typedgrad.program import Program

MOST_ARGUMENTS = 30_000  # of all instructions together; a program beyond it is no straight code
MOST_TUNED = 1000  # operations; beyond them to optimise costs more than it gains
_Sweep: Any = ctypes.CFUNCTYPE(None, *(ctypes.c_void_p,) * 7, ctypes.c_int64, ctypes.c_int64)
_Loop: Any = ctypes.CFUNCTYPE(None, *(ctypes.c_void_p,) * 4)


class Pattern(NamedTuple):
    """Which inputs all points share, which outputs are written and which are summed."""

    alike: tuple[bool, ...]
    written: tuple[bool, ...]
    summed: tuple[bool, ...]


class Compiled(NamedTuple):
    """A kernel's function for one pattern, the bytes of its workspace, and what must be kept."""

    call: Any
    size: int
    address: int
    keep: Any


class Space:
    """Memory for one run at a time."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.memory: Any = aligned(size)
        self.address: int = self.memory.ctypes.data


class Bound:
    """A sweep over given arrays: call it with the number of the first point.

    It may be told to sweep over some of the points alone, from which one and how many.
    """

    def __init__(self, kernel: FusedKernel, columns: Any, out: Any, totals: Any) -> None:
        self.kernel = kernel
        self.arrays: tuple[Any, Any, Any] = (columns, out, totals)
        self.tables: Tables = Tables(columns, out, totals, np.dtype(kernel.numbers.scalar))
        self.points: int = self.tables.points
        alike = tuple(len(x) == 1 for x in columns)
        written = tuple(row is not None for row in out)
        summed = tuple(lanes is not None for lanes in totals)
        self.code: Compiled | None = None
        if self.points:
            self.code = kernel.compiled(Pattern(alike, written, summed))
        self.args: Any = [ctypes.c_void_p(place) for place in self.tables.places]

    def __call__(self, start: int, begin: int = 0, count: int = -1) -> None:
        """Sweep; raise what a row in Python has raised."""
        code = self.code
        if code is None or not count:
            return
        kernel = self.kernel
        space = kernel.workspace(code.size)
        self.tables.move(begin)
        count = self.points if count < 0 else count
        code.call(*self.args, space.address, count, start % LANES)
        kernel.spaces.append(space)
        if kernel.failures:
            kernel.check()


class FusedKernel:
    """One program in one precision at many points.

    `notes` names the rows that run point by point, or in Python, and why. Raises `TooLarge`
    for a program that is too large for straight code: then it has to run point by point.
    """

    def __init__(self, program: Program, numbers: NumberSystem[Any]) -> None:
        fmt = bodies.format_of(numbers)
        if fmt is None:
            raise NoFunction(op="a compiled kernel", precision=numbers.name)
        if len(program.args) > MOST_ARGUMENTS:
            raise TooLarge
        self.program = program
        self.numbers = numbers
        self.fmt: bodies.Format = fmt
        self.notes: tuple[str, ...] = ()
        self.failures: list[BaseException] = []
        self.in_python: bool = False
        self.spaces: list[Space] = []
        self._codes: dict[Pattern, Compiled] = {}
        self._lock = RLock()

    def sweep(
        self, columns: Sequence[Any], out: Sequence[Any], totals: Sequence[Any], start: int
    ) -> None:
        """Run at many points, as `Kernel.sweep` says."""
        self.bound_sweep(columns, out, totals)(start)

    def bound_sweep(self, columns: Any, out: Any, totals: Any) -> Bound:
        """Return a call that sweeps over these arrays, for ever."""
        return Bound(self, columns, out, totals)

    def workspace(self, size: int) -> Space:
        """Return a workspace, new or used before, that begins at a cache line."""
        with suppress(IndexError):
            while True:
                space = self.spaces.pop()
                if space.size >= size:
                    return space
        return Space(size)

    def check(self) -> None:
        """Raise what a row in Python has raised."""
        if self.failures:
            failure = self.failures[0]
            self.failures.clear()
            raise failure

    def compiled(self, pattern: Pattern) -> Compiled:
        """Return the code for a pattern of arrays."""
        with self._lock:
            found = self._codes.get(pattern)
            if found is None:
                found = self._codes[pattern] = self._compile(pattern)
        return found

    def _compile(self, pattern: Pattern) -> Compiled:
        outputs = range(len(self.program.outputs))
        wanted = [j for j in outputs if pattern.written[j] or pattern.summed[j]]
        graph = graph_of(self.program, self.numbers, wanted)
        plan = planned(graph, pattern.alike)
        written = places([pattern.written[j] for j in wanted])
        summed = places([pattern.summed[j] for j in wanted])
        steps = [*plan.once.steps, *plan.each.steps]
        tuned = sum(len(step.nodes) for step in steps) <= MOST_TUNED
        kernel = KernelText(plan, self.fmt, written, summed, tuned)
        barriers = Barriers(self, graph, {s.nodes[0] for s in kernel.barriers()})
        text = kernel.text(barriers.address)
        self.notes = tuple(dict.fromkeys((*self.notes, *barriers.notes)))
        self.in_python = self.in_python or bool(barriers.callbacks)
        code = code_of(text, 2 if tuned else 0)
        address = code.address("sweep")
        return Compiled(_Sweep(address), kernel.layout.end, address, (code, barriers))


class Barriers:
    """The addresses of what runs between the loops of a graph."""

    def __init__(self, kernel: FusedKernel, graph: Graph, nodes: set[int]) -> None:
        self.kernel = kernel
        self.notes: list[str] = []
        self.found: dict[Any, tuple[int, int]] = {}
        self.callbacks: list[Any] = []
        numbers = kernel.numbers
        kinds = {(graph.ops[n], graph.given[n], len(graph.args[n])) for n in nodes}
        rows = sorted(name for op, name, _ in kinds if op == ROW)
        for op, given, arity in kinds:
            if op == PYTHON or (op == CALL and loops.pointers(given, numbers.scalar) is None):
                self._in_python(op, given, arity)
            elif op == CALL:
                self.found[given] = loops.pointers(given, numbers.scalar) or (0, 0)
        if rows:
            self._compile(rows)

    def address(self, op: str, given: Any) -> tuple[int, int]:
        """Return the loop of a barrier and its data."""
        return self.found[given]

    def _in_python(self, op: str, given: Any, arity: int) -> None:
        kernel = self.kernel
        name = given.__name__ if op == CALL else given
        forward = given if op == CALL else machine_of(kernel.numbers).row(TABLE[given]).forward
        callback = _Loop(python_loop(forward, kernel.numbers.scalar, arity, kernel.failures))
        self.callbacks.append(callback)
        self.found[given] = (ctypes.cast(callback, ctypes.c_void_p).value or 0, 0)
        self.notes.append(f"{name} runs in Python at each point: it is no straight code")

    def _compile(self, rows: list[str]) -> None:
        kernel = self.kernel
        found = {name: bodies.body(name, kernel.numbers) for name in rows}
        text = row_module(found, kernel)
        code = jit.compiled(text, 1)
        for name in rows:
            self.found[name] = (code.address(f"loop_{name}"), 0)
            self.notes.append(f"{name} runs point by point, with branches")


def row_module(found: dict[str, bodies.Body | None], kernel: FusedKernel) -> str:
    """Return a module with a loop for each row."""
    there = {name: body for name, body in found.items() if body is not None}
    ufuncs = {ufunc.__name__: ufunc for body in there.values() for ufunc in body.ufuncs}
    parts = [bodies.declarations(kernel.fmt), "attributes #0 = { nounwind }\n"]
    for _, ufunc in sorted(ufuncs.items()):
        loop = loops.pointers(ufunc, kernel.numbers.scalar)
        assert loop is not None
        function, data = (f"inttoptr (i64 {x} to ptr)" for x in loop)
        parts.append(bodies.ufunc_ir(ufunc, kernel.numbers, function, data))
    for name, body in there.items():
        parts += [body.text, row_loop(name, body.name, TABLE[name].arity, kernel.fmt)]
    return "".join(parts)


def python_loop(
    forward: Callable[..., Any], scalar: Any, arity: int, failures: list[BaseException]
) -> Callable[..., None]:
    """Return a function on scalars in the form of NumPy's inner loops; it raises nothing."""
    size = np.dtype(scalar).itemsize

    def column(place: int, step: int, count: int) -> Any:
        whole: Any = (ctypes.c_char * ((count - 1) * step + size)).from_address(place)
        return np.ndarray((count,), scalar, whole, strides=(step,))

    def loop(args: int, dims: int, steps: int, _: int) -> None:
        count = ctypes.c_int64.from_address(dims).value
        where = (ctypes.c_int64 * (arity + 1)).from_address(args)
        wide = (ctypes.c_int64 * (arity + 1)).from_address(steps)
        *xs, y = [column(a, b, count) for a, b in zip(where, wide, strict=True)]
        try:
            with np.errstate(all="ignore"):
                for p in range(0 if failures else count):
                    y[p] = forward(*[x[p] for x in xs])
        except BaseException as failure:
            failures.append(failure)

    return loop


class Owned:
    """Compiled functions and their memory."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner

    def address(self, name: str) -> int:
        """Return the address of a function."""
        found: int = self.owner.get_function_address(name)
        return found


def code_of(text: str, level: int = 2) -> Owned:
    """Return the code of a module as it is written, without passes over its text."""
    llvm: Any = jit.binding()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=level,
        jit=True,
    )
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    module.verify()
    owner = llvm.create_mcjit_compiler(module, machine)
    owner.finalize_object()
    return Owned(owner)
