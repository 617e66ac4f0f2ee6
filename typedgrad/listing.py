"""Programs as text, one line an instruction, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from typedgrad.errors import BadProgramText
from typedgrad.literals import TYPED, Reader, Token, literal_text
from typedgrad.op import TABLE, Op
from typedgrad.program import Builder, Program

LABEL = re.compile(r"[^\W\d]\w*")
MADE = re.compile(r"v[0-9]+")
RESERVED = frozenset({*TYPED, "constant", "inf", "nan", "program", "return"})


def listing(program: Program, limit: int | None = None) -> str:
    """Return the program as text; with a limit at most so many lines (or three).

    `parse` reads it back to an equal program, unless lines were left out, which the text says.

    >>> from typedgrad.listing import listing, parse
    >>> text = '''
    ... program(x, y):
    ...   v0 = mul(x, y)
    ...   v1 = add(v0, 2)
    ...   v2 = dot([v0, v1], [x, 0.1])
    ...   return v1, v2
    ... '''
    >>> print(listing(parse(text), limit=4))
    program(x, y):
      v0 = mul(x, y)
      ... 2 instructions left out
      return v1, v2
    """
    return "\n".join(_lines(program, limit)) + "\n"


def _lines(program: Program, limit: int | None) -> Iterator[str]:
    labels, head = input_labels(program)
    outputs: list[int] = program.outputs.tolist()
    fixed = labels + [literal_text(x) for x in program.constants]

    def text(k: int) -> str:
        return fixed[k] if k < len(fixed) else f"v{k - len(fixed)}"

    whole = limit is None or len(program) + 2 <= limit
    shown = len(program) if whole or limit is None else max(limit - 3, 0)
    yield f"program({', '.join(head)}):"
    for i, (op, args) in enumerate(islice(program.instructions(), shown)):
        yield f"  v{i} = {op}({_arguments(TABLE[op], [*map(text, args)])})"
    left = len(program) - shown
    if left:
        yield f"  ... {left} instruction{'s' if left > 1 else ''} left out"
    yield f"  return {', '.join(map(text, outputs))}".rstrip()


def _arguments(op: Op, texts: list[str]) -> str:
    if not op.sequences:
        return ", ".join(texts)
    size = len(texts) // op.sequences
    parts = [texts[k : k + size] for k in range(0, len(texts), size)]
    return ", ".join(f"[{', '.join(part)}]" for part in parts)


def input_labels(program: Program) -> tuple[list[str], list[str]]:
    """Return the words that stand for the inputs in a text, and how its first line writes them.

    Names that could be mistaken for something else stand in quotes behind x0, x1, ...
    """
    names = program.input_names()
    clear = len(set(names)) == len(names) and all(map(is_label, names))
    if clear:
        return names, names
    labels = [f"x{k}" for k in range(program.inputs)]
    return labels, [f"{a} {json.dumps(b)}" for a, b in zip(labels, names, strict=True)]


def is_label(text: str) -> bool:
    """Tell whether a text may stand for an input."""
    return bool(LABEL.fullmatch(text)) and text not in RESERVED and not MADE.fullmatch(text)


def parse(text: str) -> Program:
    """Return the program that a text in the form of `listing` describes.

    Blank lines and comments, from # on, may be added. Raises `BadProgramText` with line and column,
    and `WrongWidth` for a longdouble that this machine's longdouble cannot hold.
    """
    return Parser(text).program()


class Parser:
    """The lines of a text and what has been read so far.

    Inputs are numbered from 0, results behind them, and constants from -1 down.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.labels: dict[str, int] = {}
        self.names: list[str] = []
        self.constants: list[Any] = []
        self.places: dict[str, int] = {}
        self.steps: list[tuple[str, list[int]]] = []

    def program(self) -> Program:
        """Return the program."""
        readers = self.readers()
        self.head(next(readers))
        for reader in readers:
            if reader.take("name", "return") is not None:
                outputs = self.values(reader, "end") if reader.next.kind != "end" else []
                reader.end()
                rest = next(readers)
                if rest.next.kind != "end":
                    raise rest.wrong("a line behind that of return", "leave it out")
                return self.built(outputs)
            if reader.next.kind == "end":
                raise reader.wrong("the text ends without a result", "end it with: return v0")
            self.step(reader)
        raise AssertionError

    def readers(self) -> Iterator[Reader]:
        """Yield the lines that are not empty, and an empty one at the end of the text."""
        number = 0
        for number, line in enumerate(self.text.split("\n"), 1):
            if line.lstrip().startswith("..."):
                hint = "write the whole text: listing(program) without a limit"
                problem = "the text was cut here"
                raise BadProgramText(line=number, column=1, problem=problem, hint=hint)
            reader = Reader(line, number)
            if reader.next.kind != "end":
                yield reader
        while True:
            yield Reader("", number)

    def head(self, reader: Reader) -> None:
        """Read the first line."""
        reader.need("name", "program(...):", "program")
        reader.mark("(")
        while not reader.take("mark", ")"):
            if self.labels:
                reader.mark(",")
            label = reader.need("name", "the name of an input")
            self.define(reader, label, len(self.labels))
            quoted = reader.next.kind == "string"
            self.names.append(reader.string() if quoted else label.text)
        reader.mark(":")
        reader.end()

    def define(self, reader: Reader, label: Token, value: int) -> None:
        """Give a value its label."""
        if label.text in RESERVED:
            raise reader.wrong(f"{label.text} has a meaning of its own", "rename it", label)
        if label.text in self.labels:
            raise reader.wrong(f"{label.text} is there already", "give each value its name", label)
        self.labels[label.text] = value

    def step(self, reader: Reader) -> None:
        """Read an instruction."""
        label = reader.need("name", "the name of a result, or return")
        reader.mark("=")
        row = reader.need("name", "the name of a row")
        op = TABLE.get(row.text)
        if op is None:
            hint = "correct it; a primitive of your own must be defined before it is read"
            raise reader.wrong(f"no row is named {row.text[:40]}", hint, row)
        reader.mark("(")
        args = self.sequences(reader, op, row) if op.sequences else self.values(reader, ")")
        reader.mark(")")
        reader.end()
        if not op.sequences and len(args) != op.arity:
            hint = f"write {op.name}({', '.join(op.args)})"
            raise reader.wrong(f"{op.name} with {len(args)} arguments", hint, row)
        self.define(reader, label, len(self.names) + len(self.steps))
        self.steps.append((op.name, args))

    def sequences(self, reader: Reader, op: Op, row: Token) -> list[int]:
        """Read the sequences that a row takes."""
        parts: list[list[int]] = []
        while not parts or reader.take("mark", ","):
            reader.mark("[")
            parts.append(self.values(reader, "]"))
            reader.mark("]")
        if len(parts) != op.sequences or not parts[0] or len({len(part) for part in parts}) > 1:
            sizes = " and ".join(str(len(part)) for part in parts)
            hint = f"{op.name} takes {op.sequences} of one length above 0"
            raise reader.wrong(f"{op.name} with sequences of {sizes}", hint, row)
        return [k for part in parts for k in part]

    def values(self, reader: Reader, end: str) -> list[int]:
        """Read values with commas between them, up to a mark that is left there."""
        found: list[int] = []
        while reader.next.text != end:
            if found:
                reader.mark(",")
            found.append(self.value(reader))
            if reader.next.kind == "end":
                break
        return found

    def value(self, reader: Reader) -> int:
        """Read a label or a constant."""
        token = reader.next
        if token.kind != "name" or token.text in RESERVED - {"program", "return"}:
            return self.constant(reader.literal())
        if token.text not in self.labels:
            hint = "use inputs and results of lines above"
            raise reader.wrong(f"there is no {token.text[:40]} yet", hint)
        reader.take()
        return self.labels[token.text]

    def constant(self, x: Any) -> int:
        """Return the number of a constant; equal ones share it."""
        text = literal_text(x)
        if text not in self.places:
            self.constants.append(x)
            self.places[text] = -len(self.constants)
        return self.places[text]

    def built(self, outputs: list[int]) -> Program:
        """Return the program of what was read."""
        inputs, count = len(self.names), len(self.constants)

        def moved(args: list[int]) -> list[int]:
            return [k + count * (k >= inputs) if k >= 0 else inputs - 1 - k for k in args]

        builder = Builder(inputs, self.constants)
        for op, args in self.steps:
            builder.emit(op, moved(args))
        return builder.program(moved(outputs), self.names)
