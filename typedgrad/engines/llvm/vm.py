"""The machine that runs any program of one precision: its IR, and the codes of its instructions.

A program is a row of records of 16 bytes: what to do, which row it is of the program, where the
result goes, and two numbers: the registers of the arguments, or where in the list of arguments
the registers of all begin and how many there are. A piece of code runs all records of its kind
that follow each other before the next piece is looked up. Records that stand for many
instructions are the matter of `lanes`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar

from typedgrad.engines.llvm.inline import FOLDS, ROWS, UFUNCS, by_address
from typedgrad.engines.llvm.jit import compiled
from typedgrad.engines.llvm.lanes import (
    ASKING,
    LOOP,
    TOGETHER,
    Many,
    vector_declarations,
    write_together,
)
from typedgrad.engines.llvm.text import SIZE, Lines, declarations

HALT, FIRST = 0, 1
INLINE: dict[str, tuple[int, Callable[..., str]]] = {
    **{name: (count, write) for name, count, write in UFUNCS.values()},
    **ROWS,
}
OUTSIDE = ("loop1", "loop2", "call1", "call2", "call3", "call_list", "clip", "python")
CODES: dict[str, int] = {
    name: code for code, name in enumerate((*INLINE, *FOLDS, *OUTSIDE), start=FIRST)
}
MANY: dict[str, int] = {
    name: code for code, name in enumerate((*TOGETHER, LOOP, ASKING), start=FIRST + len(CODES))
}
LISTED = {
    *("call3", "call_list", "clip", "python"),
    *FOLDS,
    *(name for name, (count, _) in INLINE.items() if count > 2),
}


FIELDS = (
    *("records", "args", "registers", "x", "x_bytes"),
    *("out", "out_registers", "outs", "table", "python"),
)
COUNTS = ("x_bytes", "outs")


class State(ctypes.Structure):
    """What the machine is given: the addresses of everything that one run reads and writes."""

    _fields_: ClassVar[Sequence[Any]] = [
        (name, ctypes.c_int64 if name in COUNTS else ctypes.c_void_p) for name in FIELDS
    ]
    keep: Any


Python: Any = ctypes.CFUNCTYPE(
    None, ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32, ctypes.c_void_p
)
Run: Any = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
ENTRY = """entry:
  %slot = alloca {t}, align 16
  %argv = alloca [3 x ptr], align 16
  %one = alloca i64
  %number = alloca i64
  %dense = alloca [2 x i64], align 16
  store [2 x i64] [i64 {size}, i64 {size}], ptr %dense
  %steps1 = alloca [2 x i64], align 16
  %steps2 = alloca [3 x i64], align 16
  %unit = alloca {t}, align 16
  store {t} {one}, ptr %unit
  store i64 1, ptr %one
  store [2 x i64] [i64 0, i64 {size}], ptr %steps1
  store [3 x i64] [i64 0, i64 0, i64 {size}], ptr %steps2
"""


def machine_ir(type_: str, together: bool) -> str:
    """Return the IR of `machine(State*)` for numbers of a type.

    Only with `together` it has the pieces for records of many instructions.
    """
    f = Lines(type_)
    many = [f"all.{name}" for name in MANY] if together else []
    labels = ["halt", *(f"do.{name}" for name in CODES), *many]
    f.lines.append(ENTRY.format(t=type_, size=SIZE[type_], one=f.one).rstrip("\n"))
    for place, name in enumerate(FIELDS):
        kind = "i64" if name in COUNTS else "ptr"
        f.do(f"%{name}.at = getelementptr i64, ptr %state, i64 {place}")
        f.do(f"%{name} = load {kind}, ptr %{name}.at")
    f.do("%R = getelementptr i8, ptr %registers, i64 0")
    f.do("call void @llvm.memcpy.p0.p0.i64(ptr align 4 %R, ptr align 4 %x, i64 %x_bytes, i1 0)")
    f.do("br label %next")
    f.label("next")
    came = ["[ %records, %entry ]", *(f"[ %{name}.next, %{_end(name)} ]" for name in labels[1:])]
    f.do(f"%ip = phi ptr {', '.join(came)}")
    f.do("%code = load i16, ptr %ip")
    places = " ".join(f"i16 {k}, label %{name}" for k, name in enumerate(labels))
    f.do(f"switch i16 %code, label %never [ {places} ]")
    f.label("never")
    f.do("unreachable")
    for code, label in enumerate(labels[1:], start=FIRST):
        _piece(f, label, code)
    _halt(f)
    known = declarations(type_) + (vector_declarations(type_) if together else "")
    return f"{known}define void @machine(ptr noalias %state) {{\n{f.text()}}}\n"


def _end(label: str) -> str:
    """Return the last block of a piece: folds have a loop inside, clip a branch."""
    long = label.startswith("all.") or label[3:] in FOLDS or label == "do.clip"
    return f"{label}.end" if long else label


def _piece(f: Lines, label: str, code: int) -> None:
    """Write the code of one kind of record: a loop over all that follow each other."""
    name = label.partition(".")[2]
    f.label(label)
    ip = f"%{label}.ip"
    came = ["[ %ip, %next ]", f"[ %{label}.next, %{_end(label)} ]"]
    refused = ["[ %do.clip.ip, %do.clip ]"] if label == "do.python" else []
    f.do(f"{ip} = phi ptr {', '.join(came + refused)}")
    target = f.at("%R", f.index(ip, "1"))
    a, b = f.index(ip, "2"), f.index(ip, "3")
    if label.startswith("all."):
        row = f.let(f"load i16, ptr {f.at(ip, '1', 'i16')}")
        row = f.let(f"zext i16 {row} to i64")
        write_together(f, name, Many(label, target, f.at("%args", a, "i32"), b, row))
        y = ""
    elif name in OUTSIDE:
        y = _outside(f, name, ip, target, (a, b))
    elif name in FOLDS:
        y = FOLDS[name](f, label, f.at("%args", a, "i32"), b)
    else:
        y = _inline(f, name, a, b)
    if y:
        f.do(f"store {f.type} {y}, ptr {target}")
    f.do(f"%{label}.next = getelementptr i8, ptr {ip}, i64 16")
    same = f.let(f"icmp eq i16 {f.let(f'load i16, ptr %{label}.next')}, {code}")
    f.do(f"br i1 {same}, label %{label}, label %next")


def _inline(f: Lines, name: str, a: str, b: str) -> str:
    count, write = INLINE[name]
    base = f.at("%args", a, "i32")
    numbers = [f.index(base, str(k)) for k in range(count)] if count > 2 else [a, b][:count]
    found = by_address(f, name, [f.at("%R", k) for k in numbers])
    return found or write(f, *[f.load("%R", k) for k in numbers])


def _outside(f: Lines, name: str, ip: str, target: str, numbers: tuple[str, str]) -> str:
    """Write the call of an inner loop, of a compiled row, or of Python."""
    a, b = numbers
    base = f.at("%args", a, "i32")
    row = f.let(f"load i16, ptr {f.at(ip, '1', 'i16')}")
    if name == "python":
        number, count = f.let(f"zext i16 {row} to i32"), f.let(f"trunc i64 {b} to i32")
        passed = f"i32 {number}, ptr %R, ptr {base}, i32 {count}, ptr {target}"
        f.do(f"call void %python({passed})")
        return ""
    entry = f.at("%table", f.let(f"zext i16 {row} to i64"), "[2 x ptr]")
    function = f.let(f"load ptr, ptr {entry}")
    if name == "call_list":
        return f.let(f"call {f.type} {function}(ptr %R, ptr {base}, i64 {b})")
    if name in ("loop1", "loop2"):
        return _loop(f, entry, function, [a, b][: int(name[-1])])
    many = name in ("call3", "clip")
    places = [f.index(base, str(k)) for k in range(3)] if many else [a, b][: int(name[-1])]
    args = [f.load("%R", k) for k in places]
    if name == "clip":  # bounds in the wrong order are refused, in Python
        wrong = f.test("ogt", args[1], args[2])
        f.do(f"br i1 {wrong}, label %do.python, label %do.clip.end")
        f.label("do.clip.end")
    passed = ", ".join(f"{f.type} {x}" for x in args)
    return f.let(f"call {f.type} {function}({passed})")


def _loop(f: Lines, entry: str, function: str, places: Sequence[str]) -> str:
    """Write the call of an inner loop at one point; the result has a place of its own."""
    count = len(places)
    data = f.let(f"load ptr, ptr {f.at(entry, '1', 'ptr')}")
    for k, address in enumerate([f.at("%R", place) for place in places]):
        f.do(f"store ptr {address}, ptr {f.at('%argv', str(k), 'ptr')}")
    f.do(f"store ptr %slot, ptr {f.at('%argv', str(count), 'ptr')}")
    f.do(f"call void {function}(ptr %argv, ptr %one, ptr %steps{count}, ptr {data})")
    return f.let(f"load {f.type}, ptr %slot")


def _halt(f: Lines) -> None:
    """Write the outputs and return."""
    f.label("halt")

    def step(k: str, _: list[str]) -> list[str]:
        y = f.load("%R", f.index("%out_registers", k))
        f.do(f"store {f.type} {y}, ptr {f.at('%out', k)}")
        return []

    f.loop("halt", ("0", "%outs"), [], step)
    f.do("ret void")


@cache
def machine_of_type(type_: str, together: bool) -> Any:
    """Return the compiled machine of a type, to be called with a State."""
    return Run(compiled(machine_ir(type_, together), passes=0).address("machine"))
