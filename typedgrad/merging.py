"""Equal instructions of a long program given one value, on whole arrays.

It finds what `Sharing` in simplify.py finds, instruction by instruction in that order, for programs
in which little is to be found: a round over all instructions, and then one over those that take
what the last round has replaced, until nothing changes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from typedgrad.flow import distinct, first_of_each
from typedgrad.program import Program

ROUNDS = 12


class Merging:
    """A program of which instructions are replaced by other values, or by shorter instructions.

    `number` says which value stands for each; the `flags` of ones and of what adds nothing are for
    all values. An instruction has the first `counts` of its arguments.
    """

    def __init__(self, program: Program, ones: set[int], nothing: set[int]) -> None:
        self.old = program
        self.ops: dict[str, int] = {name: code for code, name in enumerate(program.ops)}
        self.codes: Any = program.codes.copy()
        self.counts: Any = np.diff(program.starts)
        self.begins: Any = program.starts[:-1].astype(np.int64)
        self.number: Any = np.arange(program.values)
        self.ones: Any = _flags(program, ones)
        self.nothing: Any = _flags(program, nothing)
        self.is_cut: bool = False  # some instruction has lost arguments
        self.owner: Any = np.repeat(np.arange(len(program)), self.counts)

    def program(self) -> Program | None:
        """Return the new program, its dead code still there; None where it takes many rounds."""
        nodes = np.arange(len(self.old))
        for _ in range(ROUNDS):
            before = self.number.copy()
            self.round(nodes)
            changed = np.flatnonzero(self.number != before)
            if not len(changed):
                return self.written()
            nodes = self.users(self.number[changed])
        return None

    def users(self, values: Any) -> Any:
        """Return the instructions that take any of what these values stand for."""
        flags = np.zeros(self.old.values, np.bool)
        flags[values] = True
        found = distinct(self.owner[flags[self.number[self.old.args]]])
        return found[self.is_own(found)]

    def is_own(self, nodes: Any) -> Any:
        """Tell which instructions still stand for themselves."""
        values = nodes + self.old.first
        return self.number[values] == values

    def round(self, nodes: Any) -> None:
        """Replace what can be among some instructions, given in ascending order."""
        self.shorten(nodes)
        taken, at = self.taken(nodes)
        self.drop(nodes, taken, at)
        own = self.is_own(nodes)
        self.share(nodes, taken, at, own)
        while True:
            further = self.number[self.number]
            if np.array_equal(further, self.number):
                break
            self.number = further

    def taken(self, nodes: Any) -> tuple[Any, Any]:
        """Return what instructions take, sums with the smaller first, and where each begins."""
        counts = self.counts[nodes]
        at = np.cumsum(counts, dtype=np.int64) - counts
        taken = self.number[self.old.args[self.edges(nodes, counts)]]
        sums = at[self.which(nodes, "add")]
        a, b = taken[sums], taken[sums + 1]
        taken[sums], taken[sums + 1] = np.minimum(a, b), np.maximum(a, b)
        return taken, at

    def edges(self, nodes: Any, counts: Any) -> Any:
        """Return where the arguments of instructions are; quickly for many of them."""
        if self.is_cut or 2 * len(nodes) < len(self.old):
            return spread(self.begins[nodes], counts)
        if len(nodes) == len(self.old):
            return slice(None)
        flags = np.zeros(len(self.old), np.bool)
        flags[nodes] = True
        return np.repeat(flags, self.counts)

    def which(self, nodes: Any, *ops: str) -> Any:
        """Return the places of the instructions that are of some rows."""
        wanted = [self.ops[op] for op in ops if op in self.ops]
        codes = self.codes[nodes]
        found = np.zeros(len(nodes), np.bool)
        for code in wanted:
            found |= codes == code
        return np.flatnonzero(found)

    def become(self, nodes: Any, op: str) -> None:
        """Make instructions of another row."""
        if len(nodes):
            self.codes[nodes] = self.ops.setdefault(op, len(self.ops))

    def shorten(self, nodes: Any) -> None:
        """Make plain rows of the sums of products and sums that are so short."""
        dots = nodes[self.which(nodes, "azdot")]
        half = self.counts[dots] // 2
        self.become(dots[half == 1], "azmul")
        some = self.begins[dots] + half
        some, dots = some[half > 1], dots[half > 1]
        likely = self.ones[self.number[self.old.args[some]]]
        some, dots = some[likely], dots[likely]
        if len(dots):
            half = self.counts[dots] // 2
            ones = self.ones[self.number[self.old.args[spread(some, half)]]]
            plain = dots[np.logical_and.reduceat(ones, np.cumsum(half) - half)]
            self.become(plain, "sum")
            self.counts[plain] //= 2
            self.is_cut = self.is_cut or len(plain) > 0
        for op, short in (("sum", "add"), ("dot", "mul")):
            rows = nodes[self.which(nodes, op)]
            self.become(rows[self.counts[rows] == 2], short)

    def drop(self, nodes: Any, taken: Any, at: Any) -> None:
        """Let another value stand for what changes no bit of it."""
        ones, nothing = self.ones, self.nothing
        for ops, left, right in (
            (("mul", "azmul"), ones, ones),
            (("div", "azdiv"), None, ones),
            (("add",), nothing, nothing),
        ):
            rows = self.which(nodes, *ops)
            a, b = taken[at[rows]], taken[at[rows] + 1]
            if left is not None:
                self.stand(nodes[rows], left[a], b)
            self.stand(nodes[rows], right[b], a)
        rows = self.which(nodes, "where")
        a, b = taken[at[rows] + 1], taken[at[rows] + 2]
        self.stand(nodes[rows], a == b, a)
        rows = self.which(nodes, "sum")
        self.stand(nodes[rows], self.counts[nodes[rows]] == 1, taken[at[rows]])
        self.drop_negations(nodes, taken, at)

    def drop_negations(self, nodes: Any, taken: Any, at: Any) -> None:
        """Let x stand for --x."""
        rows = self.which(nodes, "neg")
        inner = taken[at[rows]] - self.old.first
        made = np.flatnonzero(inner >= 0)
        made = made[self.codes[inner[made]] == self.ops.get("neg", -1)]
        values = self.number[self.old.args[self.begins[inner[made]]]]
        self.stand(nodes[rows[made]], np.ones(len(made), np.bool), values)

    def stand(self, nodes: Any, flags: Any, values: Any) -> None:
        """Let values stand for the instructions that are flagged."""
        self.number[self.old.first + nodes[flags]] = values[flags]

    def share(self, nodes: Any, taken: Any, at: Any, own: Any) -> None:
        """Let the first of equal instructions stand for all; those that are not `own` are gone."""
        counts = self.counts[nodes]
        if not len(nodes):
            return
        rank = np.arange(len(taken)) - np.repeat(at, counts)
        marks = taken.astype(np.uint64) * mixed(np.arange(1, int(counts.max()) + 1))[rank]
        key = np.add.reduceat(marks, at) + mixed(self.codes[nodes] + len(self.old))
        key += mixed(counts)
        some = repeated(key)
        some = some[own[some]]
        order = some[np.argsort(key[some], kind="stable")]
        begins = first_of_each(key[order])
        sizes = np.diff(begins, append=len(order))
        rest, first = order, np.repeat(order[begins], sizes)
        alike = self.alike(nodes, taken, at, rest, first)
        self.stand(nodes[rest], alike, self.old.first + nodes[first])

    def alike(self, nodes: Any, taken: Any, at: Any, one: Any, other: Any) -> Any:
        """Tell which instructions are the same as others, and not only their keys."""
        counts = self.counts[nodes[one]]
        same = (self.codes[nodes[one]] == self.codes[nodes[other]]) & (
            counts == self.counts[nodes[other]]
        )
        one, other, counts = one[same], other[same], counts[same]
        if len(one):
            equal = taken[spread(at[one], counts)] == taken[spread(at[other], counts)]
            same[same] = np.logical_and.reduceat(equal, np.cumsum(counts) - counts)
        return same

    def written(self) -> Program:
        """Return what is left as a program."""
        old = self.old
        nodes = np.arange(len(old))
        own = self.is_own(nodes)
        nodes = nodes[own]
        taken, at = self.taken(nodes)
        living = np.concatenate([np.ones(old.first, np.bool), own])
        place = np.cumsum(living) - 1
        parts: dict[str, Any] = dict(codes=self.codes[nodes], args=place[taken])
        parts |= dict(starts=np.append(at, len(taken)), outputs=place[self.number[old.outputs]])
        if old.places is not None:
            parts["places"] = old.places[nodes]
        return old.replace(ops=self.ops, **parts)


def spread(begins: Any, counts: Any) -> Any:
    """Return the numbers from each begin on, as many as are counted."""
    ends = np.cumsum(counts, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(begins - ends + counts, counts) + np.arange(total)


def repeated(keys: Any) -> Any:
    """Return where the keys are that come more than once."""
    ascending: Any = np.sort(keys)
    again = distinct(ascending[1:][ascending[1:] == ascending[:-1]])
    if not len(again):
        return np.arange(0)
    place = np.minimum(again.searchsorted(keys), len(again) - 1)
    return np.flatnonzero(again[place] == keys)


def mixed(x: Any) -> Any:
    """Return numbers that look random, the same for the same (the end of splitmix64)."""
    z = x.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _flags(program: Program, values: set[int]) -> Any:
    flags = np.zeros(program.values, np.bool)
    flags[sorted(values)] = True
    return flags
