"""The machine that runs any program of one precision on blocks of points: its IR.

It reads records like those of the machine for one point, but its registers are blocks of points,
and each record runs on a whole block: nothing is compiled for a program. Places are as
`wide_lines` has them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from threading import RLock
from typing import Any

import numpy as np

from typedgrad.engines.engine import LANES
from typedgrad.engines.llvm.inline import ROWS, UFUNCS, by_address, chosen
from typedgrad.engines.llvm.jit import compiled
from typedgrad.engines.llvm.sweep_frame import STAGING
from typedgrad.engines.llvm.text import ONE, SIZE, SUFFIX, ZERO, declarations
from typedgrad.engines.llvm.wide_frame import SWEEP
from typedgrad.engines.llvm.wide_lines import LINE, Wide
from typedgrad.engines.llvm.wide_totals import TOTALS, product, total_lanes, write_total

PAIR = 2  # vectors of which all but folds work on so many at the same time
INLINE: dict[str, tuple[int, Callable[..., str]]] = {
    **{name: (count, write) for name, count, write in UFUNCS.values()},
    **ROWS,
}
FOLDED = ("sum", "prod", "mean", "dot", "azdot", "max", "min")
OUTSIDE = ("loop1", "loop2", "power", "sweep1", "sweep2", "sweep3", "call_list")
HALT = 0
CODES: dict[str, int] = {
    name: code for code, name in enumerate((*INLINE, *FOLDED, *OUTSIDE, *TOTALS.values()), start=1)
}
LISTED = {*FOLDED, "sweep3", "call_list", *(name for name, (n, _) in INLINE.items() if n > 2)}
PAIRED = ("dot", "azdot")
RELATIONS = {"max": "ogt", "min": "olt"}
BYTES = "<2 x i64>"  # of a number of 80 bits
CONTEXT = ("args", "W", "span", "m", "table", "scratch", "identity", "sums")
ATTRIBUTES = (
    'attributes #0 = { nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512" }\n'
)
_PIECES: dict[str, Any] = {}
_TURN = RLock()
Run: Any = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)


def piece_ir(type_: str, name: str) -> str:
    """Return the IR of `piece_<name>(record, context)` for numbers of a type."""
    f = Wide(type_, total_lanes(type_) if name in TOTALS.values() else 0)
    f.label("entry")
    for place, field in enumerate(CONTEXT):
        kind = "i64" if field in ("span", "m") else "ptr"
        f.do(f"%{field}.at = getelementptr i64, ptr %context, i64 {place}")
        f.do(f"%{field} = load {kind}, ptr %{field}.at")
    if name in OUTSIDE:
        for line in ("argv = alloca [4 x ptr]", "steps = alloca [4 x i64]", "count = alloca i64"):
            f.do(f"%{line}")
    if type_ == "x86_fp80":
        for constant, x in (("unit", ONE[type_]), ("nought", ZERO[type_])):
            f.do(f"%{constant} = alloca {type_}, align 16")
            f.do(f"store {BYTES} zeroinitializer, ptr %{constant}, align 16")
            f.do(f"store {type_} {x}, ptr %{constant}")
    _piece(f, name)
    f.do("ret void")
    return f"define void @piece_{name}(ptr %ip, ptr %context) #0 {{\n{f.text()}}}\n"


def frame_ir(type_: str) -> str:
    """Return the IR of `wide(State*, start)` for numbers of a type."""
    f, size = Wide(type_), SIZE[type_]
    values = {"t": type_, "size": size, "last": LANES - 1, "sums": LANES}
    values |= {"lanes": f.lanes, "unit": f.lanes * f.unit, "unit_bytes": f.unit * f.bytes}
    values |= {"line": LINE // size, "eights": -8 if f.lanes > 1 else 0}
    text = STAGING.format(**values) + SWEEP.format(**values)
    return "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n" + text + ATTRIBUTES


def _piece(f: Wide, name: str) -> None:
    """Write the code of one kind of record."""
    first = f.index("%ip", "1")
    a, b = f.index("%ip", "2"), f.index("%ip", "3")
    if name in TOTALS.values():
        write_total(f, name, first, (f.place(a), f.place(b)))
        return
    target = f.place(first)
    if name in INLINE:
        count, write = INLINE[name]
        base = f.at("%args", a, "i32")
        codes = [f.index(base, str(k)) for k in range(count)] if count > 2 else [a, b][:count]
        _inline(f, name, write, [f.place(code) for code in codes], target)
    elif name in FOLDED:
        _fold(f, name, f.at("%args", a, "i32"), b, target)
    elif name == "call_list":
        _list(f, f.at("%args", a, "i32"), b, target)
    else:
        _loop(f, name, a, b, target)


def _inline(
    f: Wide, name: str, write: Callable[..., str], args: list[tuple[str, str]], target: Any
) -> None:
    def step(i: str) -> None:
        columns = [f.vectors(place, i, PAIR) for place in args]
        out = f.vectors(target, i, PAIR)
        given = list(zip(*columns, strict=True))
        sources = [chosen(f, name, list(places)) for places in given]
        if all(sources):
            _copies(f, sources, out)
            return
        found = [by_address(f, name, list(places)) for places in given]
        if not all(found):
            numbers = [[f.read(x) for x in places] for places in given]
            found = [write(f, *xs) for xs in numbers]
        for y, address in zip(found, out, strict=True):
            f.write(y, address)

    f.units(f"do.{name}", PAIR, step)


def _copies(f: Wide, sources: list[str], targets: list[str]) -> None:
    """Write copies of numbers of 80 bits; the unit that computes with them copies slowly."""
    for source, target in zip(sources, targets, strict=True):
        x = f.let(f"load {BYTES}, ptr {source}, align 16")
        f.do(f"store {BYTES} {x}, ptr {target}, align 16")


def _fold(f: Wide, name: str, base: str, count: str, target: tuple[str, str]) -> None:
    """Write a fold: for each unit, over all terms, left to right."""
    right = f.at(base, count, "i32")

    def terms(k: str, i: str) -> list[str]:
        places = f.vectors(f.place(f.index(base, k)), i, f.unit)
        if name not in PAIRED:
            return [f.read(x) for x in places]
        others = f.vectors(f.place(f.index(right, k)), i, f.unit)
        return [product(f, name == "azdot", x, y) for x, y in zip(places, others, strict=True)]

    def step(i: str) -> None:
        first = terms("0", i)
        if name in RELATIONS:
            carried = [(f.type, x) for x in (*first, *first)]
            carried += [(f.flag, f.test("uno", x, x)) for x in first]
        else:
            carried = [(f.type, x) for x in first]

        def again(k: str, seen: list[str]) -> list[str]:
            xs = terms(k, i)
            if name in RELATIONS:
                return _extremes(f, RELATIONS[name], xs, seen)
            word = "fmul" if name == "prod" else "fadd"
            return [f.arithmetic(word, y, x) for y, x in zip(seen, xs, strict=True)]

        found = f.loop(f"do.{name}.fold", ("1", count), carried, again)
        if name in RELATIONS:
            best, total, nan = _thirds(found)
            found = [f.choose(x, y, z) for x, y, z in zip(nan, total, best, strict=True)]
        if name == "mean":
            found = [f.arithmetic("fdiv", x, _number(f, count)) for x in found]
        for y, address in zip(found, f.vectors(target, i, f.unit), strict=True):
            f.write(y, address)

    f.units(f"do.{name}", f.unit, step)


def _extremes(f: Wide, relation: str, xs: list[str], seen: list[str]) -> list[str]:
    best, total, nan = _thirds(seen)
    return [
        *(f.choose(f.test(relation, x, y), x, y) for x, y in zip(xs, best, strict=True)),
        *(f.arithmetic("fadd", y, x) for x, y in zip(xs, total, strict=True)),
        *(f.let(f"or {f.flag} {y}, {f.test('uno', x, x)}") for x, y in zip(xs, nan, strict=True)),
    ]


def _thirds(xs: list[str]) -> list[list[str]]:
    n = len(xs) // 3
    return [xs[:n], xs[n : 2 * n], xs[2 * n :]]


def _number(f: Wide, count: str) -> str:
    """Write a count as a vector."""
    x = f.let(f"uitofp i64 {count} to {f.number}")
    if f.lanes == 1:
        return x
    one = f.let(f"insertelement {f.type} poison, {f.number} {x}, i64 0")
    zeros = f"<{f.lanes} x i32> zeroinitializer"
    return f.let(f"shufflevector {f.type} {one}, {f.type} poison, {zeros}")


def _loop(f: Wide, name: str, a: str, b: str, target: tuple[str, str]) -> None:
    """Write the call of an inner loop, or of a row's own sweep, on a block."""
    size, label = SIZE[f.number], f"do.{name}"
    row = f.let(f"load i16, ptr {f.at('%ip', '1', 'i16')}")
    entry = f.at("%table", f.let(f"zext i16 {row} to i64"), "[2 x ptr]")
    function, data = (f.let(f"load ptr, ptr {f.at(entry, k, 'ptr')}") for k in ("0", "1"))
    base = f.at("%args", a, "i32")
    count = 2 if name == "power" else int(name[-1])
    codes = [f.index(base, str(k)) for k in range(count)] if count > 2 else [a, b][:count]
    places = [f.place(code) for code in codes]
    steps = [f.let(f"and i64 {mask}, {size}") for _, mask in places] + [str(size)]
    for k, (step, (address, _)) in enumerate(zip(steps, (*places, target), strict=True)):
        f.do(f"store ptr {address}, ptr {f.at('%argv', str(k), 'ptr')}")
        f.do(f"store i64 {step}, ptr {f.at('%steps', str(k), 'i64')}")
    f.do("store i64 %m, ptr %count")
    inner = f"call void {function}(ptr %argv, ptr %count, ptr %steps, ptr {data})"
    if name == "power":
        _powers(f, [address for address, _ in (*places, target)], steps, inner)
        return
    if name.startswith("sweep"):
        out, wide = f.at("%argv", str(count), "ptr"), f.at("%steps", str(count), "i64")
        own = f"ptr %argv, ptr %steps, ptr {out}, ptr {wide}, ptr null, ptr null, ptr {data}"
        inner = f"call void {function}({own}, i64 %m, i64 0)"
    f.do(inner)
    f.do(f"br label %{label}.end")
    f.label(f"{label}.end")


def _powers(f: Wide, places: list[str], steps: list[str], inner: str) -> None:
    """Write powers: at one point after another where the exponents differ, as for one point."""
    label = "do.power"
    differ = f.let(f"icmp ne i64 {steps[1]}, 0")
    f.do(f"br i1 {differ}, label %{label}.each, label %{label}.whole")
    f.label(f"{label}.whole")
    f.do(inner)
    f.do(f"br label %{label}.end")
    f.label(f"{label}.each")
    f.do("store i64 1, ptr %count")
    for k in range(2):
        f.do(f"store i64 0, ptr {f.at('%steps', str(k), 'i64')}")

    def step(p: str, _: list[str]) -> list[str]:
        for k, (place, wide) in enumerate(zip(places, steps, strict=True)):
            moved = f.move(place, f.let(f"mul i64 {p}, {wide}"))
            f.do(f"store ptr {moved}, ptr {f.at('%argv', str(k), 'ptr')}")
        f.do(inner)
        return []

    f.loop(f"{label}.points", ("0", "%m"), [], step)
    f.do(f"br label %{label}.end")
    f.label(f"{label}.end")


def _list(f: Wide, base: str, count: str, target: tuple[str, str]) -> None:
    """Write the call of a row of sequences, one point after the other."""
    size, label, t = SIZE[f.number], "do.call_list", f.number
    row = f.let(f"load i16, ptr {f.at('%ip', '1', 'i16')}")
    entry = f.at("%table", f.let(f"zext i16 {row} to i64"), "[2 x ptr]")
    function = f.let(f"load ptr, ptr {entry}")

    def point(p: str, _: list[str]) -> list[str]:
        here = f.let(f"mul i64 {p}, {size}")

        def gather(k: str, _: list[str]) -> Sequence[str]:
            begin, mask = f.place(f.index(base, k))
            address = f.move(begin, f.let(f"and i64 {here}, {mask}"))
            x = f.let(f"load {t}, ptr {address}")
            f.do(f"store {t} {x}, ptr {f.at('%scratch', k, t)}")
            return []

        f.loop(f"{label}.gather", ("0", count), [], gather)
        y = f.let(f"call {t} {function}(ptr %scratch, ptr %identity, i64 {count})")
        f.do(f"store {t} {y}, ptr {f.move(target[0], here)}")
        return []

    f.loop(f"{label}.points", ("0", "%m"), [], point)
    f.do(f"br label %{label}.end")
    f.label(f"{label}.end")


def pieces(type_: str, names: Iterable[str]) -> Any:
    """Return the addresses of pieces by their codes, those of these names among them.

    Each is compiled when it is first asked for.
    """
    with _TURN:
        known = _PIECES.setdefault(type_, np.zeros(len(CODES) + 1, np.int64))
        missing = [name for name in dict.fromkeys(names) if not known[CODES[name]]]
        if missing:
            f, parts = Wide(type_), [declarations(type_)]
            if f.lanes > 1:
                t, suffix = f.type, f"v{f.lanes}{SUFFIX[type_]}"
                parts += [f"declare {t} @llvm.{x}.{suffix}({t})\n" for x in ("sqrt", "fabs")]
                parts.append(f"declare {t} @llvm.copysign.{suffix}({t}, {t})\n")
            parts += [piece_ir(type_, name) for name in missing]
            code = compiled("".join((*parts, ATTRIBUTES)), passes=0)
            for name in missing:
                known[CODES[name]] = code.address(f"piece_{name}")
    return known


@cache
def wide_machine(type_: str) -> Any:
    """Return the compiled frame of the machine of a type, to be called with a State."""
    return Run(compiled(frame_ir(type_), passes=0).address("wide"))
