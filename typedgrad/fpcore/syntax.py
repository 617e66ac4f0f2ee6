"""FPCore text as trees of words in brackets, read without recursion and without meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from typing_extensions import override

from typedgrad.errors import BadCoreText

MOST_DEEP = 150
CLOSING = {"(": ")", "[": "]"}
TOKEN = re.compile(
    r"""(?P<space>[ \t\r\f\v]+|;[^\n]*)
    |(?P<line>\n)
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<open>[(\[])
    |(?P<close>[)\]])
    |(?P<number>[-+]?\.?[0-9][A-Za-z0-9~!@$%^&*_\-+=<>.?/:]*)
    |(?P<symbol>[A-Za-z~!@$%^&*_\-+=<>.?/:][A-Za-z0-9~!@$%^&*_\-+=<>.?/:]*)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Source:
    """Where a text comes from: what an error calls it, and the file name of its lines."""

    label: str
    file: str

    def wrong(self, tree: Tree, problem: str, hint: str) -> NoReturn:
        """Raise the error that says what is wrong at a tree."""
        self.fault(tree.line, tree.column, problem, hint)

    def fault(self, line: int, column: int, problem: str, hint: str) -> NoReturn:
        """Raise the error that says what is wrong at a line and a column, counted from 1."""
        facts = dict(line=line, column=column, problem=problem, hint=hint)
        raise BadCoreText(path=self.label, **facts)


@dataclass(frozen=True)
class Tree:
    """A number, symbol or string, or a list of trees; with the place where it stands.

    `span` is its first and last line and, in bytes of UTF-8, where it begins and ends in them.
    """

    kind: str
    text: str
    parts: tuple[Tree, ...]
    line: int
    column: int
    span: tuple[int, int, int, int] = field(compare=False)

    @property
    def head(self) -> str:
        """The symbol that a list begins with; empty where there is none."""
        first = self.parts[0] if self.parts else self
        return first.text if self.kind == "list" and first.kind == "symbol" else ""

    @override
    def __str__(self) -> str:
        if self.kind != "list":
            return self.text
        return f"({' '.join(map(str, self.parts))})"


@dataclass
class Token:
    """A word of the text and its place; `byte` and `end` are counted in its line."""

    kind: str
    text: str
    line: int
    column: int
    byte: int
    last: int
    end: int

    def tree(self) -> Tree:
        """Return the tree of a word that is no bracket."""
        span = (self.line, self.last, self.byte, self.end)
        return Tree(self.kind, self.text, (), self.line, self.column, span)


def tokens(text: str, source: Source) -> Iterator[Token]:
    """Yield the words of a text, without comments."""
    at, line, column, byte = 0, 1, 1, 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            _stray(text[at], source, line, column)
        word, kind = match[0], match.lastgroup or ""
        lines = word.count("\n")
        tail = word.rpartition("\n")[2]
        size = len(tail.encode())
        end = size if lines else byte + size
        if kind not in ("space", "line"):
            yield Token(kind, word, line, column, byte, line + lines, end)
        column = len(tail) + (1 if lines else column)
        at, line, byte = match.end(), line + lines, end


def _stray(letter: str, source: Source, line: int, column: int) -> NoReturn:
    if letter == '"':
        source.fault(line, column, "a string is not closed", 'end it with "')
    if not letter.isprintable():
        hint = "give a text file of FPBench's format"
        source.fault(line, column, f"{letter!r} is no letter of a text", hint)
    hint = "leave it out; names are of ASCII letters, digits and ~!@$%^&*_-+=<>.?/:"
    source.fault(line, column, f"{letter!r} stands for nothing", hint)


def trees(text: str, source: Source) -> list[Tree]:
    """Return the trees that stand one after the other in a text.

    Raises `BadCoreText` with line and column for brackets that do not fit, or nested too deeply.
    """
    found: list[Tree] = []
    stack: list[tuple[Token, list[Tree]]] = []
    for token in tokens(text, source):
        here = stack[-1][1] if stack else found
        if token.kind == "open":
            if len(stack) == MOST_DEEP:
                problem = f"brackets are nested more than {MOST_DEEP} deep"
                hint = "give the inner parts names by let*"
                source.fault(token.line, token.column, problem, hint)
            stack.append((token, []))
        elif token.kind != "close":
            here.append(token.tree())
        elif not stack or CLOSING[stack[-1][0].text] != token.text:
            _misfit(token, stack[-1][0] if stack else None, source)
        else:
            first, parts = stack.pop()
            span = (first.line, token.line, first.byte, token.end)
            tree = Tree("list", "", tuple(parts), first.line, first.column, span)
            (stack[-1][1] if stack else found).append(tree)
    if stack:
        first = stack[-1][0]
        problem = f"{first.text} is not closed"
        source.fault(first.line, first.column, problem, f"add {CLOSING[first.text]} where it ends")
    return found


def _misfit(token: Token, first: Token | None, source: Source) -> NoReturn:
    if first is None:
        problem = f"{token.text} closes nothing"
        source.fault(token.line, token.column, problem, "leave it out, or open a bracket before it")
    problem = f"{token.text} closes the {first.text} of line {first.line}, column {first.column}"
    source.fault(token.line, token.column, problem, f"write {CLOSING[first.text]}")
