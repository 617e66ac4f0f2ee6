"""Mixed precision compiled: one function a row and choice of formats, called one after the other.

Every value lies in one array for each format, rounded to the format it is kept in and then
converted to the others, so that no instruction has to ask how an argument is kept.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache, lru_cache
from threading import Lock
from typing import Any, ClassVar

import numpy as np
from typing_extensions import override

from typedgrad.engines.llvm.engine import type_for
from typedgrad.engines.llvm.inline import FOLDS, ROWS, UFUNCS
from typedgrad.engines.llvm.jit import compiled
from typedgrad.engines.llvm.rows import pointer, row_address
from typedgrad.engines.llvm.text import ONE, Lines, declarations
from typedgrad.engines.mix import Formats, Mix, MixedKernel, checked, kept_inputs
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE, Op
from typedgrad.program import Program

RANK = {"float": 0, "double": 1, "x86_fp80": 2}
FIELDS = ("count", "first", "keys", "starts", "args", "table", "arrays")
NEVER = ("clip",)  # it refuses bounds in the wrong order, and compiled code does not


class _Job(ctypes.Structure):
    _fields_: ClassVar[Sequence[Any]] = [(name, ctypes.c_int64) for name in FIELDS]


_Run: Any = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def stranger(program: Program, formats: Formats) -> str:
    """Return the name of a row of the program that cannot be compiled here, or ''."""
    for numbers in formats:
        for name in program.ops:
            op = TABLE[name]
            if name in NEVER or not (_is_inline(op) or row_address(op, numbers)):
                return name
    return ""


def _is_inline(op: Op) -> bool:
    ufunc = isinstance(op.forward, np.ufunc) and op.forward in UFUNCS
    return ufunc or op.name in ROWS or op.name in FOLDS


class CompiledMixed(MixedKernel):
    """A program with its values in one array for each format; the arrays stay between runs."""

    def __init__(self, program: Program, formats: Formats, constants: Sequence[list[Any]]) -> None:
        self.program = program
        self.pace: float = 2e-8
        self.formats: tuple[NumberSystem[Any], ...] = tuple(formats)
        self._turn = Lock()
        self._arrays: list[Any] = [np.zeros(program.values, x.scalar) for x in formats]
        for array, found in zip(self._arrays, constants, strict=True):
            array[program.inputs : program.first] = found
        self._places: Any = np.array([array.ctypes.data for array in self._arrays], np.int64)

    @override
    def run(self, mix: Mix, inputs: Sequence[Any]) -> list[Any]:
        """Return the outputs, each in the format that it is kept in."""
        program, size = self.program, len(self.formats)
        checked(program, mix, self.formats)
        keys = program.codes * np.int32(size * size)
        keys += mix.runs * np.int32(size)
        keys += mix.kept[program.first :]
        table = self._table(np.bincount(keys, minlength=len(program.ops) * size * size))
        arrays = (keys, program.starts, program.args, table, self._places)
        places = [array.ctypes.data for array in arrays]
        with self._turn, np.errstate(all="ignore"):
            for array in self._arrays:
                array[: program.inputs] = kept_inputs(mix, self.formats, inputs)
            job = _Job(len(program), program.first, *places)
            _machine()(ctypes.byref(job))
            return [self._arrays[mix.kept[v]][v] for v in program.outputs.tolist()]

    def _table(self, counts: Any) -> Any:
        """Return the addresses of the functions by key, made for the keys that occur."""
        size = len(self.formats)
        table = np.zeros(len(counts), np.int64)
        for key in np.flatnonzero(counts).tolist():
            code, (run, kept) = key // (size * size), divmod(key % (size * size), size)
            table[key] = _step(TABLE[self.program.ops[code]], self.formats, run, kept)
        return table


@lru_cache(maxsize=2048)
def _step(op: Op, formats: tuple[NumberSystem[Any], ...], run: int, kept: int) -> int:
    """Return the address of `void step(arrays, args, count, value)`, one instruction."""
    types = [type_for(numbers) for numbers in formats]
    f = Lines(types[run])
    f.label("entry")
    if f.type == "x86_fp80":
        f.do(f"%unit = alloca {f.type}, align 16")
        f.do(f"store {f.type} {ONE[f.type]}, ptr %unit")
    f.do(f"%R = {_array(f, run)}")
    y = _result(f, op, formats[run])
    y = _converted(f, y, types[run], types[kept])
    for k, to in enumerate(types):
        found = _converted(f, y, types[kept], to)
        base = f.let(_array(f, k))
        f.do(f"store {to} {found}, ptr {f.at(base, '%value', to)}")
    f.do("ret void")
    head = "define void @step(ptr %arrays, ptr %args, i64 %n, i64 %value)"
    text = f"{declarations(f.type)}{head} {{\n{f.text()}}}\n"
    return compiled(text, passes=0).address("step")


def _array(f: Lines, k: int) -> str:
    return f"load ptr, ptr {f.at('%arrays', str(k), 'ptr')}"


def _result(f: Lines, op: Op, numbers: NumberSystem[Any]) -> str:
    """Write the row itself."""
    if op.name in FOLDS:
        count = f.let("lshr i64 %n, 1") if op.sequences == 2 else "%n"
        return FOLDS[op.name](f, "fold", "%args", count)
    if op.sequences:
        address = pointer(row_address(op, numbers))
        return f.let(f"call {f.type} {address}(ptr %R, ptr %args, i64 %n)")
    args = [f.load("%R", f.index("%args", str(k))) for k in range(op.arity)]
    if isinstance(op.forward, np.ufunc) and op.forward in UFUNCS:
        return UFUNCS[op.forward][2](f, *args)
    if op.name in ROWS:
        return ROWS[op.name][1](f, *args)
    passed = ", ".join(f"{f.type} {x}" for x in args)
    return f.let(f"call {f.type} {pointer(row_address(op, numbers))}({passed})")


def _converted(f: Lines, x: str, source: str, to: str) -> str:
    if source == to:
        return x
    word = "fpext" if RANK[source] < RANK[to] else "fptrunc"
    return f.let(f"{word} {source} {x} to {to}")


@cache
def _machine() -> Any:
    """Return the loop over all instructions, to be called with a job."""
    f = Lines("double")
    f.label("entry")
    at = {name: f.at("%job", str(k), "i64") for k, name in enumerate(FIELDS)}
    count, first = (f.let(f"load i64, ptr {at[name]}") for name in FIELDS[:2])
    names = FIELDS[2:]
    keys, starts, args, table, arrays = (f.let(f"load ptr, ptr {at[name]}") for name in names)

    def step(i: str, _: list[str]) -> list[str]:
        function = f.let(f"load ptr, ptr {f.at(table, f.index(keys, i), 'ptr')}")
        begin, end = f.index(starts, i), f.index(starts, f.let(f"add i64 {i}, 1"))
        own, size = f.at(args, begin, "i32"), f.let(f"sub i64 {end}, {begin}")
        value = f.let(f"add i64 {first}, {i}")
        f.do(f"call void {function}(ptr {arrays}, ptr {own}, i64 {size}, i64 {value})")
        return []

    f.loop("all", ("0", count), [], step)
    f.do("ret void")
    text = f"define void @mixed(ptr %job) {{\n{f.text()}}}\n"
    return _Run(compiled(text, passes=0).address("mixed"))
