"""The pieces of the machine for records of many instructions: several numbers at a time.

Such a record gives the place of the first result, the place of a list, and how many there are. The
list has the number of terms, then for each argument its first register and the distance from one
to the next. Results lie side by side, and none of them is where an argument is. A piece may
compute up to a multiple of its width: what is behind a block is written later, or by nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from typing_extensions import override

from typedgrad.engines.llvm.encode_job import AHEAD
from typedgrad.engines.llvm.inline import ROWS, UFUNCS, Write, azmul
from typedgrad.engines.llvm.text import SIZE, SUFFIX, Lines

WIDTH = {"float": 16, "double": 8, "x86_fp80": 1}  # 1: there are no such pieces
WORDS = {"sum": "fadd", "prod": "fmul", "dot": "fadd", "azdot": "fadd"}
PAIRS = ("dot", "azdot")
LOOP = "loop1"  # those of two arguments look at the distances, and have other bits
ASKING = "asking"  # no row: asks for records and lists before they are read
LINE = 16  # numbers of 32 bits that come from memory together
ROWS_TOGETHER: dict[str, tuple[int, Write]] = {
    **{name: (count, write) for name, count, write in UFUNCS.values()},
    **ROWS,
}
TOGETHER = (*ROWS_TOGETHER, *WORDS)


class Many(NamedTuple):
    """Names of one record: its label, its first result, its list, how many, and its row."""

    label: str
    target: str
    list: str
    number: str
    row: str


class Lanes(Lines):
    """Lines on vectors of a type, among the lines of others."""

    def __init__(self, f: Lines) -> None:
        super().__init__(f.type)
        self._plain = f
        self.width: int = WIDTH[f.type]
        self.lines: list[str] = f.lines
        ones = ", ".join([f"{f.type} {f.one}"] * self.width)
        self.type: str = f"<{self.width} x {f.type}>"
        self.zero: str = "zeroinitializer"
        self.one: str = f"<{ones}>"

    @override
    def let(self, text: str) -> str:
        return self._plain.let(text)

    @override
    def intrinsic(self, name: str, *args: str) -> str:
        passed = ", ".join(f"{self.type} {x}" for x in args)
        suffix = suffix_of(self._plain.type)
        return self.let(f"call {self.type} @llvm.{name}.{suffix}({passed})")

    @override
    def choose(self, test: str, a: str, b: str) -> str:
        return self.let(f"select <{self.width} x i1> {test}, {self.type} {a}, {self.type} {b}")

    def branches(self) -> str:
        """Return a name for blocks that is not in use."""
        self._plain.fresh += 1
        return f"get{self._plain.fresh}"


def suffix_of(type_: str) -> str:
    """Return the end of the names of intrinsic functions on vectors of a type."""
    return f"v{WIDTH[type_]}{SUFFIX[type_]}"


def vector_declarations(type_: str) -> str:
    """Return the functions on vectors that the pieces call."""
    width, suffix = WIDTH[type_], suffix_of(type_)
    t, tests, places = f"<{width} x {type_}>", f"<{width} x i1>", f"<{width} x ptr>"
    return (
        "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)\n"
        f"declare {t} @llvm.sqrt.{suffix}({t})\n"
        f"declare {t} @llvm.fabs.{suffix}({t})\n"
        f"declare {t} @llvm.copysign.{suffix}({t}, {t})\n"
        f"declare {t} @llvm.masked.gather.{suffix}.v{width}p0({places}, i32, {tests}, {t})\n"
    )


def write_together(f: Lines, name: str, many: Many) -> None:
    """Write the piece of a row; its last block is `<label>.end`."""
    if name == LOOP:
        _loop(f, many)
        return
    if name == ASKING:
        _asking(f, many)
        return
    v = Lanes(f)
    count, write = ROWS_TOGETHER.get(name, (0, None))
    streams = [_stream(f, many.list, str(j)) for j in range(count)]

    def step(k: str, _: list[str]) -> list[str]:
        if write is None:
            y = _fold(f, v, name, many, k)
        else:
            y = write(v, *[_near(f, v, _place(f, *at, k), at[1]) for at in streams])
        f.do(f"store {v.type} {y}, ptr {f.at(many.target, k)}, align {SIZE[f.type]}")
        return []

    f.loop(many.label, ("0", many.number), [], step, v.width)


def _fold(f: Lines, v: Lanes, name: str, many: Many, k: str) -> str:
    """Write the fold of the terms of several results, left to right."""
    terms = f.index(many.list, "0")
    term = _term(f, v, name, many, k, terms)
    first = [(v.type, term("0"))]

    def step(t: str, total: list[str]) -> list[str]:
        return [v.arithmetic(WORDS[name], total[0], term(t))]

    return f.loop(f"{many.label}.terms", ("1", terms), first, step)[0]


def _term(f: Lines, v: Lanes, name: str, many: Many, k: str, terms: str) -> Callable[[str], str]:
    def alone(t: str) -> str:
        return _any(f, v, many.list, t, k)

    def product(t: str) -> str:
        other = f.let(f"add i64 {t}, {terms}")
        a, b = alone(t), alone(other)
        return azmul(v, a, b) if name == "azdot" else v.arithmetic("fmul", a, b)

    return product if name in PAIRS else alone


def _stream(f: Lines, base: str, number: str) -> tuple[str, str]:
    """Write where an argument begins and how it goes on."""
    at = f.at(base, number, "[2 x i32]")
    begin = f.index(at, "1")
    stride = f.let(f"load i32, ptr {f.at(at, '2', 'i32')}")
    return begin, f.let(f"sext i32 {stride} to i64")


def _place(f: Lines, begin: str, stride: str, k: str) -> str:
    index = f.let(f"add i64 {begin}, {f.let(f'mul i64 {stride}, {k}')}")
    return f.at("%R", index)


def _near(f: Lines, v: Lanes, first: str, stride: str) -> str:
    """Write an argument of some results: numbers side by side, or the same one."""
    near = f.let(f"load {v.type}, ptr {first}, align {SIZE[f.type]}")
    zeros = f"<{v.width} x i32> zeroinitializer"
    same = f.let(f"shufflevector {v.type} {near}, {v.type} undef, {zeros}")
    alike = f.let(f"icmp eq i64 {stride}, 0")
    return f.let(f"select i1 {alike}, {v.type} {same}, {v.type} {near}")


def _any(f: Lines, v: Lanes, base: str, number: str, k: str) -> str:
    """Write an argument of some results: numbers at any distance."""
    begin, stride = _stream(f, base, number)
    name, width = v.branches(), v.width
    first = _place(f, begin, stride, k)
    is_near = f.let(f"icmp ult i64 {stride}, 2")
    f.do(f"br i1 {is_near}, label %{name}.near, label %{name}.far")
    f.label(f"{name}.near")
    near = _near(f, v, first, stride)
    f.do(f"br label %{name}.got")
    f.label(f"{name}.far")
    steps = f.let(f"insertelement <{width} x i64> undef, i64 {stride}, i64 0")
    zeros = f"<{width} x i32> zeroinitializer"
    steps = f.let(f"shufflevector <{width} x i64> {steps}, <{width} x i64> undef, {zeros}")
    places = ", ".join(f"i64 {j}" for j in range(width))
    offsets = f.let(f"mul <{width} x i64> {steps}, <{places}>")
    at = f.let(f"getelementptr {f.type}, ptr {first}, <{width} x i64> {offsets}")
    chosen = f"<{width} x i1> <{', '.join(['i1 1'] * width)}>"
    passed = f"<{width} x ptr> {at}, i32 {SIZE[f.type]}, {chosen}, {v.type} undef"
    gather = f"@llvm.masked.gather.{suffix_of(f.type)}.v{width}p0"
    far = f.let(f"call {v.type} {gather}({passed})")
    f.do(f"br label %{name}.got")
    f.label(f"{name}.got")
    return f.let(f"phi {v.type} [ {near}, %{name}.near ], [ {far}, %{name}.far ]")


def _loop(f: Lines, many: Many) -> None:
    """Write the call of an inner loop of NumPy's."""
    entry = f.at("%table", many.row, "[2 x ptr]")
    function = f.let(f"load ptr, ptr {entry}")
    data = f.let(f"load ptr, ptr {f.at(entry, '1', 'ptr')}")
    begin, _ = _stream(f, many.list, "0")
    f.do(f"store ptr {f.at('%R', begin)}, ptr %argv")
    f.do(f"store ptr {many.target}, ptr {f.at('%argv', '1', 'ptr')}")
    f.do(f"store i64 {many.number}, ptr %number")
    f.do(f"call void {function}(ptr %argv, ptr %number, ptr %dense, ptr {data})")
    f.do(f"br label %{many.label}.end")
    f.label(f"{many.label}.end")


def _asking(f: Lines, many: Many) -> None:
    """Write what asks for records and for a list: processors follow neither beyond a page.

    In place of a result the record has how many numbers of records are asked for.
    """
    ip = f"%{many.label}.ip"

    def ask(base: str, name: str, count: str) -> None:
        def step(k: str, _: list[str]) -> list[str]:
            place = f.at(base, k, "i32")
            f.do(f"call void @llvm.prefetch.p0(ptr {place}, i32 0, i32 3, i32 1)")
            return []

        f.loop(name, ("0", count), [], step, LINE)

    ask(f.at(ip, str(AHEAD), "i32"), f"{many.label}.records", f.index(ip, "1"))
    ask(many.list, many.label, many.number)
