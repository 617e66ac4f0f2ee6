"""Compiled routines on whole numbers: loops and conditions of Python write those of IR."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TypeAlias


class Whole:
    """A number of 64 bits in a routine that is being written."""

    def __init__(self, routine: Routine, name: str) -> None:
        self.routine = routine
        self.name = name

    def _with(self, word: str, other: Number) -> Whole:
        return self.routine.let(f"{word} i64 {self.name}, {text_of(other)}")

    def __add__(self, other: Number) -> Whole:
        return self._with("add", other)

    def __sub__(self, other: Number) -> Whole:
        return self._with("sub", other)

    def __mul__(self, other: Number) -> Whole:
        return self._with("mul", other)

    def __and__(self, other: Number) -> Whole:
        return self._with("and", other)

    def __or__(self, other: Number) -> Whole:
        return self._with("or", other)

    def __xor__(self, other: Number) -> Whole:
        return self._with("xor", other)

    def __lshift__(self, other: Number) -> Whole:
        return self._with("shl", other)

    def __rshift__(self, other: Number) -> Whole:
        return self._with("lshr", other)

    def __lt__(self, other: Number) -> Test:
        return self._test("slt", other)

    def __ge__(self, other: Number) -> Test:
        return self._test("sge", other)

    def equals(self, other: Number) -> Test:
        """Return whether both are the same."""
        return self._test("eq", other)

    def differs(self, other: Number) -> Test:
        """Return whether they are not the same."""
        return self._test("ne", other)

    def _test(self, relation: str, other: Number) -> Test:
        return Test(self.routine, self._with(f"icmp {relation}", other).name)


Number: TypeAlias = Whole | int


def text_of(number: Number) -> str:
    """Return how a number is written in IR."""
    return number.name if isinstance(number, Whole) else str(number)


class Test:
    """What is true or false in a routine; & asks for both, and computes both."""

    def __init__(self, routine: Routine, name: str) -> None:
        self.routine = routine
        self.name = name

    def __and__(self, other: Test) -> Test:
        found = self.routine.let(f"and i1 {self.name}, {other.name}")
        return Test(self.routine, found.name)

    def choose(self, a: Number, b: Number) -> Whole:
        """Return a where it is true, else b."""
        return self.routine.let(f"select i1 {self.name}, i64 {text_of(a)}, i64 {text_of(b)}")


class Variable:
    """A number that changes."""

    def __init__(self, routine: Routine, place: str) -> None:
        self._routine = routine
        self._place = place

    @property
    def now(self) -> Whole:
        """The number that it is at this point of the routine."""
        return self._routine.let(f"load i64, ptr {self._place}")

    def set(self, value: Number) -> None:
        """Change it."""
        self._routine.do(f"store i64 {text_of(value)}, ptr {self._place}")

    def add(self, value: Number) -> None:
        """Make it larger."""
        self.set(self.now + value)


class Array:
    """An array of numbers of 32 or 64 bits, by its address."""

    def __init__(self, routine: Routine, address: str, kind: str) -> None:
        self._routine = routine
        self._address = address
        self._kind = kind

    def _at(self, index: Number) -> str:
        place = f"getelementptr {self._kind}, ptr {self._address}, i64 {text_of(index)}"
        return self._routine.let(place).name

    def __getitem__(self, index: Number) -> Whole:
        found = self._routine.let(f"load {self._kind}, ptr {self._at(index)}")
        return found if self._kind == "i64" else self._routine.let(f"sext i32 {found.name} to i64")

    def __setitem__(self, index: Number, value: Number) -> None:
        name = text_of(value)
        if self._kind == "i32" and isinstance(value, Whole):
            name = self._routine.let(f"trunc i64 {name} to i32").name
        self._routine.do(f"store {self._kind} {name}, ptr {self._at(index)}")


class Routine:
    """A function without a result on a structure of 64-bit fields: numbers and addresses."""

    def __init__(self, name: str, fields: Sequence[str]) -> None:
        self._name = name
        self._fields = tuple(fields)
        self._places: list[str] = []
        self._lines: list[str] = []
        self._fresh = 0

    def let(self, text: str) -> Whole:
        """Add an instruction and return its result."""
        self._fresh += 1
        self.do(f"%v{self._fresh} = {text}")
        return Whole(self, f"%v{self._fresh}")

    def do(self, text: str) -> None:
        """Add an instruction without a result."""
        self._lines.append(f"  {text}")

    def field(self, name: str) -> Variable:
        """Return a field of the structure."""
        place = f"getelementptr i64, ptr %job, i64 {self._fields.index(name)}"
        return Variable(self, self.let(place).name)

    def array(self, name: str, kind: str = "i32") -> Array:
        """Return the array that a field is the address of."""
        found = self.let(f"load ptr, ptr {self.let(self._address(name)).name}")
        return Array(self, found.name, kind)

    def _address(self, name: str) -> str:
        return f"getelementptr i64, ptr %job, i64 {self._fields.index(name)}"

    def variable(self, value: Number) -> Variable:
        """Return a new variable with a first value."""
        name = f"%p{len(self._places)}"
        self._places.append(f"  {name} = alloca i64")
        made = Variable(self, name)
        made.set(value)
        return made

    @contextmanager
    def loop(self, test: Callable[[], Test]) -> Generator[None]:
        """Write a loop as long as a test is true; the test is written where it is made."""
        head, body, end = self._labels("head", "body", "end")
        self.do(f"br label %{head}")
        self._lines.append(f"{head}:")
        self._branch(test(), body, end)
        yield
        self.do(f"br label %{head}")
        self._lines.append(f"{end}:")

    @contextmanager
    def each(self, start: Number, stop: Number) -> Generator[Whole]:
        """Write a loop over the numbers from `start` up to, not with, `stop`."""
        k = self.variable(start)
        with self.loop(lambda: k.now < stop):
            value = k.now
            yield value
            k.set(value + 1)

    @contextmanager
    def when(self, test: Test) -> Generator[None]:
        """Write what is done only if a test is true."""
        then, end = self._labels("then", "end")
        self._branch(test, then, end)
        yield
        self.do(f"br label %{end}")
        self._lines.append(f"{end}:")

    def _branch(self, test: Test, then: str, other: str) -> None:
        self.do(f"br i1 {test.name}, label %{then}, label %{other}")
        self._lines.append(f"{then}:")

    def _labels(self, *names: str) -> list[str]:
        self._fresh += 1
        return [f"{name}.{self._fresh}" for name in names]

    def text(self) -> str:
        """Return the function."""
        lines = "\n".join([*self._places, *self._lines])
        return f"define void @{self._name}(ptr noalias %job) {{\nentry:\n{lines}\n  ret void\n}}\n"
