"""IR as text: lines with fresh names, and the floating-point types by their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

SUFFIX = {"float": "f32", "double": "f64", "x86_fp80": "f80"}
ZERO = {"float": "0.0", "double": "0.0", "x86_fp80": "0xK00000000000000000000"}
ONE = {"float": "1.0", "double": "1.0", "x86_fp80": "0xK3FFF8000000000000000"}
SIZE = {"float": 4, "double": 8, "x86_fp80": 16}


class Lines:
    """The lines of a function of numbers of one type."""

    def __init__(self, type_: str) -> None:
        self.type: str = type_
        self.zero: str = ZERO[type_]
        self.one: str = ONE[type_]
        self.lines: list[str] = []
        self.fresh: int = 0

    def let(self, text: str) -> str:
        """Add an instruction and return the name of its result."""
        name = f"%v{self.fresh}"
        self.fresh += 1
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        """Add an instruction without a result."""
        self.lines.append(f"  {text}")

    def label(self, name: str) -> None:
        """Begin a block."""
        self.lines.append(f"{name}:")

    def arithmetic(self, word: str, *args: str) -> str:
        """Add fadd, fmul and the like."""
        return self.let(f"{word} {self.type} {', '.join(args)}")

    def intrinsic(self, name: str, *args: str) -> str:
        """Add the call of an intrinsic function on numbers."""
        passed = ", ".join(f"{self.type} {x}" for x in args)
        return self.let(f"call {self.type} @llvm.{name}.{SUFFIX[self.type]}({passed})")

    def test(self, relation: str, a: str, b: str) -> str:
        """Add a comparison."""
        return self.let(f"fcmp {relation} {self.type} {a}, {b}")

    def choose(self, test: str, a: str, b: str) -> str:
        """Add a choice between two numbers."""
        return self.let(f"select i1 {test}, {self.type} {a}, {self.type} {b}")

    def at(self, base: str, index: str, kind: str = "") -> str:
        """Add the address of an element."""
        return self.let(f"getelementptr {kind or self.type}, ptr {base}, i64 {index}")

    def load(self, base: str, index: str) -> str:
        """Load a number of an array."""
        return self.let(f"load {self.type}, ptr {self.at(base, index)}")

    def index(self, base: str, index: str) -> str:
        """Load an i32 of an array, as i64."""
        found = self.let(f"load i32, ptr {self.at(base, index, 'i32')}")
        return self.let(f"zext i32 {found} to i64")

    def loop(
        self,
        name: str,
        span: tuple[str, str],
        carried: Sequence[tuple[str, str]],
        step: Callable[[str, list[str]], Sequence[str]],
        stride: int = 1,
    ) -> list[str]:
        """Add a loop over `span`, from the first up to the second, and return what it leaves.

        `carried` has the type and the first value of each number that goes round; `step` writes
        the body for an index and these numbers, and returns the next ones. The blocks are named
        after the loop, and the last of them is `<name>.end`.
        """
        k = f"%{name}.k"
        self.do(f"br label %{name}.pre")
        self.label(f"{name}.pre")
        self.do(f"br label %{name}.head")
        self.label(f"{name}.head")
        self.do(f"{k} = phi i64 [ {span[0]}, %{name}.pre ], [ {k}.next, %{name}.back ]")
        place = len(self.lines)
        names = [f"%{name}.c{j}" for j in range(len(carried))]
        self.lines += names
        self.do(f"{k}.more = icmp ult i64 {k}, {span[1]}")
        self.do(f"br i1 {k}.more, label %{name}.body, label %{name}.end")
        self.label(f"{name}.body")
        found = step(k, names)
        self.do(f"br label %{name}.back")
        self.label(f"{name}.back")
        self.do(f"{k}.next = add i64 {k}, {stride}")
        self.do(f"br label %{name}.head")
        self.label(f"{name}.end")
        for j, ((kind, first), then) in enumerate(zip(carried, found, strict=True)):
            came = f"[ {first}, %{name}.pre ], [ {then}, %{name}.back ]"
            self.lines[place + j] = f"  {names[j]} = phi {kind} {came}"
        return names

    def text(self) -> str:
        """Return all lines."""
        return "\n".join(self.lines) + "\n"


def declarations(type_: str) -> str:
    """Return the declarations of the intrinsic functions."""
    t, suffix = type_, SUFFIX[type_]
    return (
        f"declare {t} @llvm.sqrt.{suffix}({t})\n"
        f"declare {t} @llvm.fabs.{suffix}({t})\n"
        f"declare {t} @llvm.copysign.{suffix}({t}, {t})\n"
        "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n"
    )
