"""Write the typed faces of the op table: `python -m tools.faces`; with --check only compare them.

Two stubs follow from the rows: the public functions (typedgrad/ops/__init__.pyi) and the methods
of every node (typedgrad/ops/methods.pyi).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typedgrad import ops
from typedgrad.numbers import Constant
from typedgrad.op import Op

FOLDER = Path(__file__).resolve().parent.parent / "typedgrad" / "ops"
WIDTH = 100
# The classes whose functions take several arguments: mixed ones need a name that carries T.
HOLDERS = ("Value",)
LISTS = {"softmax": "Shares of exp(x) in their sum.", "log_softmax": "Logarithms of softmax."}

# What a sequence holds fixes the result; the first line that fits counts.
SEQUENCES = (
    ("Many[Value[S]]", "Value[S]"),
    ("Numbers[NP]", "NP"),
    ("Many[Plain]", "np.float64"),
    ("Mixed[np.float64]", "Value[np.float64]"),
    ("Mixed[np.float32]", "Value[np.float32]"),
    ("Mixed[np.longdouble]", "Value[np.longdouble]"),
)
# Two different sequences, for a precision that is not known yet.
PAIRS = (
    ("Many[Value[S]]", "Some[S]"),
    ("Some[S]", "Many[Value[S]]"),
    ("Many[Value[S]]", "Many[S]"),
    ("Many[S]", "Many[Value[S]]"),
)

FUNCTIONS_HEAD = '''\
"""The functions of the op table as type checkers see them; written by tools/faces.py."""

# A list of plain numbers fits the type of a list of Values and numbers, too; the first that fits
# counts.
# mypy: disable-error-code="overload-overlap"
# pyright: reportOverlappingOverload=false

from collections.abc import Iterator, Sequence
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeVar

from typedgrad.node import N
from typedgrad.op import TABLE as TABLE
from typedgrad.scalars import NP, F, PyFloat, S, Weak
from typedgrad.value import Value

X = TypeVar("X")
Plain: TypeAlias = int | PyFloat
Many: TypeAlias = Sequence[X] | Iterator[X]
Numbers: TypeAlias = Many[NP] | NDArray[NP]
Mixed: TypeAlias = Many[Value[F] | F | int | PyFloat] | NDArray[F]
Some: TypeAlias = Many[Value[S] | int | PyFloat]
'''

METHODS_HEAD = '''"""The rows as methods, as type checkers see them; written by tools/faces.py."""

from typing import Generic, Self

from typedgrad.scalars import PyFloat, T

class Methods(Generic[T]):
    """Every row whose first argument is one number, as a method of that number."""

    __slots__ = ()
'''


def rows() -> list[Op]:
    """Return the rows of the library itself, by name."""
    own = (op for op in ops.TABLE.values() if op.rule.__module__.startswith("typedgrad.ops."))
    return sorted((op for op in own if not op.companion), key=lambda op: natural(op.name))


def natural(name: str) -> list[Any]:
    """Return the key that puts log2 before log10, as the linter wants `__all__`."""
    parts = re.split(r"(\d+)", name)
    return [int(part) if part.isdigit() else part for part in parts]


def functions() -> str:
    """Return the stub of typedgrad.ops."""
    names = sorted([*(op.name for op in rows()), *LISTS], key=natural)
    listed = "".join(f'    "{name}",\n' for name in names)
    blocks = [FUNCTIONS_HEAD, f"__all__ = [\n{listed}]\n"]
    for name in names:
        op = ops.TABLE.get(name)
        doc = LISTS[name] if op is None else sentence(op.doc)
        blocks.append(overloads(name, doc, list(signatures(op))))
    return "\n".join(blocks) + "\n"


def methods() -> str:
    """Return the stub of typedgrad.ops.methods."""
    blocks = [METHODS_HEAD]
    for op in rows():
        if not op.sequences:
            others = [f"{arg}: Self | T | int | PyFloat" for arg in op.args[1:]]
            params = ", ".join(["self", *with_defaults(op, others)])
            blocks.append(f"    def {op.name}({params}) -> Self:\n        {quoted(op.doc)}\n")
    return "\n".join(blocks)


def signatures(op: Op | None) -> Iterator[tuple[list[str], str]]:
    """Yield the parameters and the result of each overload of a function."""
    if op is None:
        yield from sequence_signatures(1, listed=True)
    elif op.sequences:
        yield from sequence_signatures(op.sequences)
    elif op.arity == 1:
        (x,) = op.args
        yield [f"{x}: N"], "N"
        yield [f"{x}: NP"], "NP"
        yield [f"{x}: Plain"], "np.float64"
    else:
        yield from mixed_signatures(op)


def mixed_signatures(op: Op) -> Iterator[tuple[list[str], str]]:
    """Yield one overload for each place of the first argument that fixes the precision.

    Before the first Value stand plain numbers, or a scalar of its precision from some place on.
    """
    last = op.arity - 1
    for node in (f"{holder}[S]" for holder in HOLDERS):
        for place in range(op.arity):
            after = [f"{node} | Weak[S]"] * (last - place)
            yield typed(op, [*["Plain"] * place, node, *after], place), node
            for scalar in range(place):
                before = ["Plain"] * scalar + ["S"] + ["Weak[S]"] * (place - scalar - 1)
                yield typed(op, [*before, node, *after], place), node
    for place in range(op.arity):
        yield typed(op, ["Plain"] * place + ["NP"] + ["NP | Plain"] * (last - place), place), "NP"
    yield typed(op, ["Plain"] * op.arity), "np.float64"


def typed(op: Op, kinds: list[str], fixed: int = -1) -> list[str]:
    """Return the parameters of a row with their types, and defaults after the place `fixed`."""
    params = [f"{arg}: {kind}" for arg, kind in zip(op.args, kinds, strict=True)]
    return with_defaults(op, params, fixed)


def sequence_signatures(count: int, listed: bool = False) -> Iterator[tuple[list[str], str]]:
    """Yield the overloads of a function of one or two sequences, to a number or to a list."""
    for sequence, result in SEQUENCES:
        params = [f"{name}: {sequence}" for name in ("xs", "ys")[:count]]
        yield [*params, "/"], f"list[{result}]" if listed else result
    for xs, ys in PAIRS if count == 2 else ():
        yield [f"xs: {xs}", f"ys: {ys}", "/"], "Value[S]"


def with_defaults(op: Op, params: list[str], fixed: int = -1) -> list[str]:
    """Return the parameters with the defaults of the row, except up to the place `fixed`."""
    first = max(len(params) - len(op.defaults), fixed + 1)
    values = op.defaults[len(op.defaults) - (len(params) - first) :]
    return params[:first] + [
        f"{param} = {default_text(value)}"
        for param, value in zip(params[first:], values, strict=True)
    ]


def default_text(value: Constant | int) -> str:
    """Return a default as it stands in a stub."""
    return value.text if isinstance(value, Constant) else str(value)


def overloads(name: str, doc: str, cases: list[tuple[list[str], str]]) -> str:
    """Return the overloads of a function, the first with its doc."""
    lines: list[str] = []
    for params, result in cases:
        lines += ["@overload"] if len(cases) > 1 else []
        lines += definition(name, params, result, quoted(doc) if params is cases[0][0] else "")
    return "\n".join(lines)


def definition(name: str, params: list[str], result: str, body: str) -> list[str]:
    """Return a function of a stub, folded as the formatter folds it."""
    tail = "" if body else " ..."
    line = f"def {name}({', '.join(params)}) -> {result}:{tail}"
    lines = [line]
    if len(line) > WIDTH:
        lines = [f"def {name}(", f"    {', '.join(params)}", f") -> {result}:{tail}"]
    if max(map(len, lines)) > WIDTH:
        lines[1:2] = [f"    {param}," for param in params]
    return [*lines, f"    {body}", ""] if body else lines


def sentence(doc: str) -> str:
    """Return the first sentence of a doc, closed by a full stop."""
    return doc if doc.endswith(".") else f"{doc}."


def quoted(doc: str) -> str:
    """Return a doc as a docstring."""
    return f'"""{sentence(doc)}"""'


def main(*args: str) -> int:
    """Write both stubs, or tell which of them is not current."""
    texts = {FOLDER / "__init__.pyi": functions(), FOLDER / "methods.pyi": methods()}
    old = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    if "--check" in args:
        for path in old:
            print(f"{path.name} is not current; run: python -m tools.faces", file=sys.stderr)
        return 1 if old else 0
    for path in old:
        path.write_text(texts[path])
        print(f"wrote {path.relative_to(FOLDER.parent.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
