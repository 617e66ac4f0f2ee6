"""A ledger gathered into shares: by line, by expression, by variable and by kind of operation."""

from __future__ import annotations

import ast
import linecache
import math
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from typedgrad.blaming.ledger import Ledger, Run
from typedgrad.culprits import Cause, Share, Split, Worst
from typedgrad.program import Place
from typedgrad.source import short
from typedgrad.study import Study
from typedgrad.variables import variables

NOWHERE: Place = ("", 0, -1, -1)
INPUTS, CONSTANTS = "rounding of inputs", "rounding of constants"
OUTSIDE = "outside the code at hand"


@dataclass(frozen=True)
class Scale:
    """How large the unit of a ledger is: log10 beside the exact result, and the digits held."""

    size: float
    cap: float

    def digits(self, part: float) -> float:
        """Return the digits that a part of the error would cost alone."""
        if not part or math.isnan(part):
            return 0.0
        return min(max(self.cap + math.log10(abs(part)) + self.size, 0.0), self.cap)


@dataclass(frozen=True)
class Book:
    """All entries of a ledger as arrays: how much, by which instruction, in the sweep or not.

    The first entries are the roundings of the instructions, in their order; then follow those of
    constants, one for each use.
    """

    study: Study
    run: Run
    ledger: Ledger
    scale: Scale
    label: str

    @cached_property
    def fractions(self) -> Any:
        """The entries as parts of the error."""
        return np.concatenate([self.ledger.own, self.ledger.uses.fraction])

    @cached_property
    def instructions(self) -> Any:
        """The instruction of each entry."""
        return np.concatenate([np.arange(len(self.run.program)), self.ledger.uses.instruction])

    @cached_property
    def values(self) -> int:
        """How many instructions make the value; the others are the reverse sweep."""
        return len(self.study.value)

    @cached_property
    def sources(self) -> list[Place]:
        """The distinct places of the user's lines; the last one stands for none."""
        return [*dict.fromkeys(self.run.program.sources), NOWHERE]

    @cached_property
    def places(self) -> Any:
        """The number of the place of each instruction."""
        number = {place: k for k, place in enumerate(self.sources)}
        known = [number[place] for place in self.run.program.sources]
        found = self.run.program.places
        if found is None:
            return np.full(len(self.run.program), len(self.sources) - 1)
        return np.array([*known, len(self.sources) - 1])[found]

    @cached_property
    def nowhere(self) -> str:
        """What stands for the instructions that no line of the user's makes.

        In a sweep they add up what all uses of an input pass on to it.
        """
        mine = (self.places[: self.values] == len(self.sources) - 1).any()
        return OUTSIDE if mine or self.label == "value" else f"adding up {self.label}"

    def name(self, place: Place) -> str:
        """Return a place as 'file.py:7', or what stands for none."""
        return label_of(place, self.nowhere)

    def text(self, place: Place) -> str:
        """Return the expression at a place, or its name."""
        return text_of(place, self.nowhere)

    def place(self, i: int) -> Place:
        """Return the place of an instruction."""
        return self.sources[int(self.places[i])]

    @cached_property
    def counts(self) -> Any:
        """How often each place was computed by the function itself."""
        return np.bincount(self.places[: self.values], minlength=len(self.sources))

    @cached_property
    def spread(self) -> float:
        """The sum of the sizes of all entries."""
        return float(np.abs(self.fractions).sum() + np.abs(self.ledger.inputs).sum())

    @cached_property
    def phases(self) -> Split:
        """What the function's own roundings make of the error, and those of the sweep."""
        sweep = self.instructions >= self.values
        inner = float(self.fractions[~sweep].sum() + self.ledger.inputs.sum())
        return Split(inner, float(self.fractions[sweep].sum()))

    @cached_property
    def reach(self) -> Any:
        """Whether an instruction takes part in the result."""
        taking = (self.ledger.own != 0) | (self.ledger.passed != 0)
        taking[self.ledger.uses.instruction] = True
        taking[: self.values] = True
        return taking


@dataclass(frozen=True)
class Group:
    """A way of gathering: which group each entry is in, and what the groups stand for."""

    codes: Any
    places: Sequence[Place]
    labels: Sequence[str]


def by_key(book: Book, key: Callable[[Place], Hashable], label: Callable[[Place], str]) -> Group:
    """Return the groups of places that have one key; the first place stands for its group."""
    first: dict[Hashable, tuple[int, Place]] = {}
    number = [first.setdefault(key(p), (len(first), p))[0] for p in book.sources]
    places = [place for _, place in first.values()]
    codes = np.array(number)[book.places][book.instructions]
    return Group(codes, places, [label(place) for place in places])


def by_operation(book: Book) -> Group:
    """Return the groups of instructions of one row; roundings of constants are one of their own."""
    ops = book.run.program.ops
    codes = np.concatenate(
        [book.run.program.codes, np.full(len(book.ledger.uses.fraction), len(ops))]
    )
    return Group(codes, [NOWHERE] * (len(ops) + 1), [*ops, CONSTANTS])


def expressions(book: Book, causes: dict[int, list[Cause]]) -> tuple[Share, ...]:
    """Return the shares of the expressions, the largest first, with what causes them."""
    group = by_key(book, lambda place: place, book.text)
    return _ordered([*_shares(book, group, causes, book.counts), *inputs(book, causes)])


def lines(book: Book, causes: dict[int, list[Cause]]) -> tuple[Share, ...]:
    """Return the shares of the lines, with their loops, and of the inputs' roundings."""
    group = by_key(book, lambda place: place[:2], book.name)
    number = {place[:2]: k for k, place in enumerate(group.places)}
    joined: dict[int, list[Cause]] = {}
    executions = np.full(len(group.places), np.iinfo(np.int64).max)
    for k, place in enumerate(book.sources):
        line = number[place[:2]]
        joined.setdefault(line, []).extend(causes.get(k, []))
        if book.counts[k]:
            executions[line] = min(executions[line], int(book.counts[k]))
    executions[executions == np.iinfo(np.int64).max] = 0
    found = _shares(book, group, joined, executions, loops=True)
    return _ordered([*found, *inputs(book, causes)])


def by_variable(book: Book) -> tuple[Share, ...]:
    """Return the shares of the variables, in which the inputs are by name."""
    names = dict(zip(book.sources, variables(book.sources), strict=True))
    names[NOWHERE] = book.nowhere
    group = by_key(book, lambda place: names[place], lambda place: names[place])
    counts = np.bincount(group.codes[: book.values], minlength=len(group.places))
    found = {share.label: share for share in _shares(book, group, {}, counts)}
    for share in inputs(book, {}):
        old = found.get(share.label)
        found[share.label] = share if old is None else merged(old, share, book.scale)
    return _ordered([*found.values()])


def operations(book: Book) -> tuple[Share, ...]:
    """Return the shares of the rows, and of what the rounding of inputs and constants adds."""
    group = by_operation(book)
    counts = np.bincount(group.codes, minlength=len(group.labels))
    found = _shares(book, group, {}, counts)
    entered = [share for share in inputs(book, {}) if share.absolute]
    if entered:
        total = entered[0]
        for share in entered[1:]:
            total = merged(total, share, book.scale)
        found.append(_named(total, INPUTS, book.scale))
    return _ordered([share for share in found if share.executions])


def _named(share: Share, label: str, scale: Scale) -> Share:
    return replace(share, label=label, text="", digits=scale.digits(share.signed))


def merged(one: Share, other: Share, scale: Scale) -> Share:
    """Return two shares as one, under the name of the first."""
    signed = one.signed + other.signed
    split = Split(one.split.values + other.split.values, one.split.sweep + other.split.sweep)
    absolute, executions = one.absolute + other.absolute, one.executions + other.executions
    parts: dict[str, Any] = dict(signed=signed, absolute=absolute, split=split)
    parts |= dict(executions=executions, digits=scale.digits(signed))
    return replace(one, **parts)


def inputs(book: Book, causes: dict[int, list[Cause]]) -> list[Share]:
    """Return the shares of the inputs that the precision rounded; their causes are at -1 - k."""
    found: list[Share] = []
    for k, fraction in enumerate(book.ledger.inputs.tolist()):
        if fraction:
            x, parts = book.study.point.inputs[k], Split(fraction, 0.0)
            facts: dict[str, Any] = dict(
                **facts_of(book, x.name, NOWHERE, fraction, parts),
                absolute=abs(fraction),
                operands=(x.shown,),
                result=str(book.run.values[k]),
                causes=tuple(causes.get(-1 - k, [])),
            )
            facts["text"] = x.name
            found.append(Share(**facts))
    return found


def _shares(
    book: Book, group: Group, causes: dict[int, list[Cause]], executions: Any, loops: bool = False
) -> list[Share]:
    """Return one share for each group that has entries, or a cause."""
    size = len(group.labels)
    alive = book.reach[book.instructions]
    present = np.bincount(group.codes[alive], minlength=size)
    sweep = book.instructions >= book.values
    signed = np.bincount(group.codes, book.fractions, size)
    late = np.bincount(group.codes[sweep], book.fractions[sweep], size)
    absolute = np.bincount(group.codes, np.abs(book.fractions), size)
    top = _largest(group.codes, np.abs(book.fractions), size)
    rounds = _rounds(book, group, executions) if loops else {}
    found: list[Share] = []
    for k in np.flatnonzero(present).tolist():
        part, swept = float(signed[k]), float(late[k])
        i = int(book.instructions[top[k]])
        worst, thirds = rounds.get(k, (None, None))
        split = Split(part - swept, swept)
        facts: dict[str, Any] = dict(
            **facts_of(book, group.labels[k], group.places[k], part, split),
            absolute=float(absolute[k]),
            executions=int(executions[k]),
            worst=worst,
            thirds=thirds,
            operands=tuple(map(str, book.run.arguments(i)[:8])),
            result=str(book.run.result(i)),
            causes=tuple(causes.get(k, [])),
        )
        found.append(Share(**facts))
    return found


def facts_of(book: Book, label: str, place: Place, part: float, split: Split) -> dict[str, Any]:
    """Return what a share tells of its place, and what its part of the error costs."""
    names = ("file", "line", "column", "end", "text", "source")
    where = dict(zip(names, shown(place), strict=True))
    return where | dict(label=label, signed=part, digits=book.scale.digits(part), split=split)


def _largest(codes: Any, sizes: Any, count: int) -> Any:
    """Return the entry of each group that has the largest size."""
    order = np.argsort(sizes, kind="stable")
    found = np.zeros(count, np.int64)
    found[codes[order]] = order
    return found


def _rounds(
    book: Book, group: Group, executions: Any
) -> dict[int, tuple[Worst, tuple[float, float, float] | None]]:
    """Return for each group that ran more than once its worst round and its thirds."""
    rounds = np.maximum(executions, 1)
    at = _round_of(book)[book.instructions]
    mine = np.maximum(book.counts[book.places], 1)[book.instructions]
    index = np.minimum(at * rounds[group.codes] // mine, rounds[group.codes] - 1)
    offsets = np.concatenate([[0], np.cumsum(rounds)])
    sums = np.bincount(offsets[group.codes] + index, book.fractions, int(offsets[-1]))
    found: dict[int, tuple[Worst, tuple[float, float, float] | None]] = {}
    for k in np.flatnonzero(executions > 1).tolist():
        own = sums[offsets[k] : offsets[k + 1]]
        worst = int(np.argmax(np.abs(own)))
        parts = [float(part.sum()) for part in np.array_split(own, 3)]
        thirds = (parts[0], parts[1], parts[2]) if len(own) >= 3 else None
        found[k] = Worst(worst + 1, float(own[worst])), thirds
    return found


def _round_of(book: Book) -> Any:
    """Return how often the place of each instruction had been computed before it.

    An instruction of the reverse sweep counts as the one that it serves.
    """
    size = book.values
    places = book.places[:size]
    order = np.argsort(places, kind="stable")
    begins = np.concatenate([[0], np.cumsum(book.counts)])[places[order]]
    found = np.zeros(size + 1, np.int64)
    found[order] = np.arange(size) - begins
    return found[book.study.sweep.owners] if len(book.run.program) > size else found[:size]


def _ordered(shares: list[Share]) -> tuple[Share, ...]:
    return tuple(sorted(shares, key=lambda share: (-abs(share.signed), share.line, share.column)))


def shown(place: Place) -> tuple[str, int, int, int, str, str]:
    """Return file, line, columns in characters, the expression and the whole line of a place.

    The columns are those of the line where it begins; an expression over more is told as one.
    """
    file, line, left, right = place
    if not line:
        return "", 0, -1, -1, "", ""
    source = linecache.getline(file, line).rstrip("\n")
    raw = source.encode()
    column = len(raw[: max(left, 0)].decode(errors="replace"))
    end = right if left < right else len(raw)
    text = raw[max(left, 0) : end].decode(errors="replace")
    columns = column, column + len(text)
    if right > len(raw):
        text = unbroken(file, line, left, right) or text
    return short(file), line, *columns, text.strip(), source


def unbroken(file: str, line: int, left: int, right: int) -> str:
    """Return an expression over several lines as it is written on one, '' if that cannot be."""
    after = "".join(linecache.getlines(file)[line - 1 :]).encode()
    text = after[left:right].decode(errors="replace")
    try:
        tree = ast.parse(f"({text}\n)", mode="eval")
    except (SyntaxError, ValueError):
        return ""
    if '"' in text or "'" in text:
        return ast.unparse(tree)
    words = " ".join(re.sub("#[^\n]*", "", text).split())
    return re.sub(r"(?<=[(\[{]) | (?=[)\]},])", "", words)


def text_of(place: Place, nowhere: str = OUTSIDE) -> str:
    """Return the expression at a place, or the place where its file cannot be read."""
    return shown(place)[4] or label_of(place, nowhere)


def label_of(place: Place, nowhere: str = OUTSIDE) -> str:
    """Return a place as 'file.py:7'; `nowhere` stands for none."""
    return f"{short(place[0])}:{place[1]}" if place[1] else nowhere
