"""Rows as functions of LLVM IR: the forward of a row on one point, branches kept as branches."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from typing_extensions import override

from typedgrad.engines.llvm.lowering import lowered
from typedgrad.engines.llvm.symbols import NotLowered, Number, Sink, Test, is_sequence
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE, Op

BRANCH, SELECT = "branch", "select"
COMPARED = {"lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "eq": "oeq", "ne": "une"}
ARITHMETIC = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
INTRINSIC = {
    "abs": "fabs",
    **{x: x for x in ("sqrt", "floor", "ceil", "trunc", "rint", "copysign")},
}
TESTS = frozenset({*COMPARED, "and", "or"})
MOST_LINES = 20_000


class Format(NamedTuple):
    """A format as LLVM names it, with the bytes that one number takes in an array."""

    name: str
    suffix: str
    size: int


def format_of(numbers: NumberSystem[Any]) -> Format | None:
    """Return the format of a precision, or None where LLVM has no such arithmetic here."""
    scalar: Any = numbers.scalar
    if not issubclass(scalar, np.floating):
        return None
    bits = {24: ("float", "f32"), 53: ("double", "f64"), 64: ("x86_fp80", "f80")}.get(numbers.bits)
    size = np.dtype(numbers.scalar).itemsize
    plain = bits is not None and (numbers.bits != 64 or size == 16)
    return Format(*bits, size) if bits is not None and plain else None


def literal(x: Any, fmt: Format) -> str:
    """Return a scalar as LLVM writes it, exactly."""
    if fmt.name == "x86_fp80":
        raw: bytes = x.tobytes()
        return "0xK" + raw[9::-1].hex().upper()
    return "0x" + np.float64(x).tobytes()[::-1].hex().upper()


def operation(op: str, kind: str, suffix: str, flag: str, args: list[str]) -> str:
    """Return the right-hand side of an operation on numbers of a kind, scalars or vectors."""
    if op in ARITHMETIC:
        return f"{ARITHMETIC[op]} {kind} {args[0]}, {args[1]}"
    if op in COMPARED:
        return f"fcmp {COMPARED[op]} {kind} {args[0]}, {args[1]}"
    if op == "neg":
        return f"fneg {kind} {args[0]}"
    if op == "select":
        return f"select {flag} {args[0]}, {kind} {args[1]}, {kind} {args[2]}"
    if op in INTRINSIC:
        given = ", ".join(f"{kind} {x}" for x in args)
        return f"call {kind} @llvm.{INTRINSIC[op]}.{suffix}({given})"
    return f"{op} {flag} {args[0]}, {args[1]}"


class Lines(Sink):
    """A function in the making, block after block."""

    def __init__(self, numbers: NumberSystem[Any], fmt: Format, mode: str) -> None:
        super().__init__(numbers)
        self.fmt = fmt
        self.mode = mode
        self.lines: list[str] = []
        self.block: str = "entry"
        self.ufuncs: dict[str, np.ufunc] = {}
        self._known: list[dict[Any, str]] = [{}]
        self._names = 0

    @override
    def constant(self, x: Any) -> str:
        return literal(x, self.fmt)

    def name(self) -> str:
        """Return a name that is free."""
        self._names += 1
        return f"v{self._names}"

    def known(self, key: Any, line: str) -> str:
        """Return the name of a line that dominates this place, written now if there is none."""
        for scope in self._known:
            if key in scope:
                return scope[key]
        if len(self.lines) > MOST_LINES:
            raise NotLowered("it is too long")
        found = self._known[-1][key] = "%" + self.name()
        self.lines.append(f"  {found} = {line}")
        return found

    @override
    def emit(self, op: str, *refs: Any) -> str:
        if op == "select" and refs[1] == refs[2]:
            return str(refs[1])
        line = operation(op, self.fmt.name, self.fmt.suffix, "i1", list(refs))
        return self.known((op, refs), line)

    @override
    def call(self, ufunc: np.ufunc, *refs: Any) -> str:
        self.ufuncs[ufunc.__name__] = ufunc
        given = ", ".join(f"{self.fmt.name} {x}" for x in refs)
        line = f"call {self.fmt.name} @ufunc_{ufunc.__name__}({given})"
        return self.known((ufunc, refs), line)

    @contextmanager
    def side(self, label: str) -> Generator[None]:
        """Write one side of a choice in blocks of its own."""
        self.lines.append(f"{label}:")
        self.block = label
        self._known.append({})
        yield
        self._known.pop()

    @override
    def choose(self, test: Test, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        if self.mode == SELECT:
            return self.pick(test, then(), otherwise())
        n = self.name()
        self.lines.append(f"  br i1 {test.ref}, label %{n}a, label %{n}b")
        with self.side(f"{n}a"):
            first, left = self.numbered(then()), self.block
            self.lines.append(f"  br label %{n}c")
        with self.side(f"{n}b"):
            second, right = self.numbered(otherwise()), self.block
            self.lines.append(f"  br label %{n}c")
        self.lines.append(f"{n}c:")
        self.block = f"{n}c"
        return self.joined(first, left, second, right)

    def numbered(self, x: Any) -> Any:
        """Return x with plain numbers as symbols, in sequences too."""
        if is_sequence(x):
            return type(x)([self.numbered(part) for part in x])
        return Number(self, self.ref(x))

    def joined(self, first: Any, left: str, second: Any, right: str) -> Any:
        """Return what comes out of two sides that end in these blocks."""
        if is_sequence(first):
            pairs = zip(first, second, strict=True)
            return type(first)([self.joined(a, left, b, right) for a, b in pairs])
        if first.ref == second.ref:
            return first
        sides = f"[ {first.ref}, %{left} ], [ {second.ref}, %{right} ]"
        name = "%" + self.name()
        self.lines.append(f"  {name} = phi {self.fmt.name} {sides}")
        return Number(self, name)


class Body(NamedTuple):
    """A row as a function of IR, and the ufuncs that it calls as `@ufunc_<name>`."""

    name: str
    text: str
    ufuncs: tuple[np.ufunc, ...]


def body(name: str, numbers: NumberSystem[Any], mode: str = BRANCH) -> Body | None:
    """Return a row as `define internal T @row_<name>.b(T %a0, ...)`, with `.s` for selects.

    None if the row takes sequences, or if its text asks for the value of a number.
    """
    return _body(TABLE[name], numbers, mode)


@lru_cache(maxsize=2048)
def _body(op: Op, numbers: NumberSystem[Any], mode: str) -> Body | None:
    fmt = format_of(numbers)
    if fmt is None or op.sequences:
        return None
    sink = Lines(numbers, fmt, mode)
    args = [Number(sink, f"%a{k}") for k in range(op.arity)]
    try:
        with np.errstate(all="ignore"):
            found = sink.ref(lowered(numbers).forward(op)(*args))
    except Exception:  # whatever the text of a row may do with symbols
        return None
    head = ", ".join(f"{fmt.name} %a{k}" for k in range(op.arity))
    title = f"row_{op.name}.{mode[0]}"
    lines = [
        f"define internal {fmt.name} @{title}({head}) #0 {{",
        "entry:",
        *sink.lines,
        f"  ret {fmt.name} {found}",
        "}",
    ]
    return Body(title, "\n".join(lines) + "\n", tuple(sink.ufuncs.values()))


def function_ir(name: str, numbers: NumberSystem[Any], mode: str = BRANCH) -> str | None:
    """Return the text of a row's function, or None if it cannot be written."""
    found = body(name, numbers, mode)
    return None if found is None else found.text


def needs(name: str, numbers: NumberSystem[Any], mode: str = BRANCH) -> tuple[np.ufunc, ...]:
    """Return the ufuncs that a row's function calls; each needs its `ufunc_ir` in the module."""
    found = body(name, numbers, mode)
    return () if found is None else found.ufuncs


def ufunc_ir(ufunc: np.ufunc, numbers: NumberSystem[Any], function: str, data: str) -> str:
    """Return `@ufunc_<name>`: one call of an inner loop at one point, with the strides of a scalar.

    `function` and `data` are operands of type ptr, such as `inttoptr (i64 123 to ptr)`. The
    strides are 0, as NumPy gives them to the loop for scalars: some loops then take other ways.
    """
    fmt = format_of(numbers)
    assert fmt is not None
    n, t = ufunc.nin, fmt.name
    head = ", ".join(f"{t} %a{k}" for k in range(n))
    lines = [f"define internal {t} @ufunc_{ufunc.__name__}({head}) #0 {{", "entry:"]
    lines += [
        f"  %x = alloca [{n + 1} x {t}], align 16",
        f"  %p = alloca [{n + 1} x ptr], align 16",
        "  %n = alloca i64, align 8",
        f"  %s = alloca [{n + 1} x i64], align 16",
        "  store i64 1, ptr %n",
    ]
    for k in range(n + 1):
        lines += [
            f"  %x{k} = getelementptr {t}, ptr %x, i64 {k}",
            f"  %p{k} = getelementptr ptr, ptr %p, i64 {k}",
            f"  %s{k} = getelementptr i64, ptr %s, i64 {k}",
            f"  store ptr %x{k}, ptr %p{k}",
            f"  store i64 0, ptr %s{k}",
        ]
        lines += [f"  store {t} %a{k}, ptr %x{k}"] if k < n else []
    lines += [
        f"  call void {function}(ptr %p, ptr %n, ptr %s, ptr {data})",
        f"  %y = load {t}, ptr %x{n}",
        f"  ret {t} %y",
        "}",
    ]
    return "\n".join(lines) + "\n"


def declarations(fmt: Format, lanes: int = 1) -> str:
    """Return the intrinsics that bodies call, for scalars or for vectors of so many lanes."""
    kind = f"<{lanes} x {fmt.name}>" if lanes > 1 else fmt.name
    suffix = f"v{lanes}{fmt.suffix}" if lanes > 1 else fmt.suffix
    lines = [
        f"declare {kind} @llvm.{name}.{suffix}({', '.join([kind] * (1 + (name == 'copysign')))})"
        for name in dict.fromkeys(INTRINSIC.values())
    ]
    return "\n".join(lines) + "\n"
