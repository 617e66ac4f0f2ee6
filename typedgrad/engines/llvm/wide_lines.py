"""Lines of IR on vectors of points: a register of the machine on blocks, several numbers at a time.

A place is 32 bits: where a register begins, in lines of 64 bytes, and in the lowest bit whether it
has a number for each point. What all points share fills one line with the same number.
"""

from __future__ import annotations

from collections.abc import Callable

from typing_extensions import override

from typedgrad.engines.llvm.text import ONE, SIZE, SUFFIX, Lines

LINE = 64
UNIT, UNIT_80 = 4, 2  # vectors of which folds work on so many at the same time


def lanes_of(type_: str) -> int:
    """Return how many numbers of a type make a vector; one, where there are no vectors."""
    return 1 if type_ == "x86_fp80" else LINE // SIZE[type_]


def unit_of(type_: str) -> int:
    """Return how many vectors of a type are worked on at the same time."""
    return UNIT_80 if type_ == "x86_fp80" else UNIT


class Wide(Lines):
    """Lines on vectors."""

    def __init__(self, type_: str, lanes: int = 0) -> None:
        super().__init__(type_)
        self.number = type_
        self.lanes: int = lanes or lanes_of(type_)
        self.bytes: int = self.lanes * SIZE[type_]
        self.unit: int = unit_of(type_)
        if self.lanes > 1:
            self.type: str = f"<{self.lanes} x {type_}>"
            self.zero = "zeroinitializer"
            self.one: str = f"splat ({type_} {ONE[type_]})"
        self.flag: str = "i1" if self.lanes == 1 else f"<{self.lanes} x i1>"
        self.align: int = min(LINE, self.bytes)

    @override
    def intrinsic(self, name: str, *args: str) -> str:
        passed = ", ".join(f"{self.type} {x}" for x in args)
        suffix = SUFFIX[self.number]
        suffix = suffix if self.lanes == 1 else f"v{self.lanes}{suffix}"
        return self.let(f"call {self.type} @llvm.{name}.{suffix}({passed})")

    @override
    def choose(self, test: str, a: str, b: str) -> str:
        return self.let(f"select {self.flag} {test}, {self.type} {a}, {self.type} {b}")

    def place(self, code: str) -> tuple[str, str]:
        """Write where a place begins and its mask: all ones if it has a number for each point."""
        bit = self.let(f"and i64 {code}, 1")
        begin = self.let(f"shl i64 {self.let(f'sub i64 {code}, {bit}')}, 5")
        return self.let(f"getelementptr i8, ptr %W, i64 {begin}"), self.let(f"sub i64 0, {bit}")

    def vectors(self, place: tuple[str, str], i: str, count: int) -> list[str]:
        """Write the addresses of some vectors that begin `i` bytes into a register."""
        begin, mask = place
        step = self.let(f"and i64 {mask}, {self.bytes}")
        found = [self.move(begin, self.let(f"and i64 {i}, {mask}"))]
        for _ in range(count - 1):
            found.append(self.move(found[-1], step))
        return found

    def move(self, address: str, distance: str) -> str:
        """Write an address so many bytes on."""
        return self.let(f"getelementptr i8, ptr {address}, i64 {distance}")

    def read(self, address: str) -> str:
        """Load a vector."""
        return self.let(f"load {self.type}, ptr {address}, align {self.align}")

    def write(self, x: str, address: str) -> None:
        """Store a vector."""
        self.do(f"store {self.type} {x}, ptr {address}, align {self.align}")

    def units(self, name: str, count: int, step: Callable[[str], None]) -> None:
        """Write a loop over so many vectors at a time; `step` writes the body for a byte."""
        self.do(f"br label %{name}.from")
        self.label(f"{name}.from")
        self.do(f"br label %{name}.unit")
        self.label(f"{name}.unit")
        i = f"%{name}.i"
        self.do(f"{i} = phi i64 [ 0, %{name}.from ], [ {i}.next, %{name}.last ]")
        step(i)
        self.do(f"br label %{name}.last")
        self.label(f"{name}.last")
        self.do(f"{i}.next = add i64 {i}, {count * self.bytes}")
        more = self.let(f"icmp ult i64 {i}.next, %span")
        self.do(f"br i1 {more}, label %{name}.unit, label %{name}.end")
        self.label(f"{name}.end")
