"""Templates: the rule of a row as instructions, written once and laid over all its nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from typedgrad.flow import distinct, first_of_each, ordered
from typedgrad.op import TABLE, Op
from typedgrad.program import LARGEST, Program, sealed
from typedgrad.symbolic import Trace, traced

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints: TypeAlias = NDArray[np.int32]
    Flags: TypeAlias = NDArray[np.bool]

G, Y, FIRST = 0, 1, 2  # the places of the adjoint, the result and the first argument
ONE = -1  # the first constant of every template is 1
WIDE = 16  # a template of more parts is laid down part by part in arrays, not in a loop
MASKED = 4  # rows of more arguments always get all their terms


class Term(NamedTuple):
    """What one argument receives: the product of two values, `weight` being ONE for no product."""

    argument: int
    adjoint: int
    weight: int


class Template(NamedTuple):
    """Instructions over the adjoint (value 0), the result (1), the arguments, and each other.

    Constants are numbered from -1 down, and -1 is the number 1.
    """

    ops: tuple[str, ...]
    args: tuple[tuple[int, ...], ...]
    constants: tuple[Any, ...]
    terms: tuple[Term, ...]


@lru_cache(maxsize=4096)
def template(op: Op, arity: int, wanted: tuple[bool, ...], forward: bool) -> Template:
    """Return the template of a row for the arguments that are wanted; all if `wanted` is empty.

    In reverse a last product with the adjoint is left to whoever adds the terms up. `forward`
    gives the partials instead, as the weights of terms.
    """
    if arity > WIDE and op.name in PLAIN:
        return PLAIN[op.name](arity, forward)
    return by_tracing(op, arity, wanted, forward)


def by_tracing(op: Op, arity: int, wanted: tuple[bool, ...], forward: bool) -> Template:
    """Return the template that the rule of a row writes down when it is run on symbols."""
    trace, found = traced(op.name, arity, not forward)
    chosen = [
        (j, trace.ref(term))
        for j, term in enumerate(found)
        if term is not None and (not wanted or wanted[j])
    ]
    split = [_term(trace, j, ref, forward) for j, ref in chosen]
    return _trimmed(trace, split)


def _added(arity: int, forward: bool) -> Template:
    """Return what `by_tracing` finds for a sum, in less time."""
    return Template((), (), (1,), tuple(Term(j, G, ONE) for j in range(arity)))


def _multiplied(arity: int, forward: bool) -> Template:
    """Return what `by_tracing` finds for a dot product, in less time."""
    half = arity // 2
    terms = [Term(j, G, FIRST + (j + half) % arity) for j in range(arity)]
    return Template((), (), (1,), tuple(terms))


def _absolute(arity: int, forward: bool) -> Template:
    """Return what `by_tracing` finds for an absolute dot product, in less time."""
    half, plain = arity // 2, _multiplied(arity, forward)
    if forward:
        return plain
    made = tuple((FIRST + j, G) for j in range(half))
    last = tuple(Term(half + j, FIRST + arity + j, ONE) for j in range(half))
    return Template(("azprod",) * half, made, (1,), plain.terms[:half] + last)


# Rows that long programs give very many arguments.
PLAIN: dict[str, Callable[[int, bool], Template]] = {
    **dict.fromkeys(("sum", "sum_compensated"), _added),
    **dict.fromkeys(("dot", "dot_compensated"), _multiplied),
    "azdot": _absolute,
}


def _term(trace: Trace, argument: int, ref: int, forward: bool) -> Term:
    if forward:
        return Term(argument, G, ref)
    k = ref - trace.parameters
    if k >= 0 and trace.ops[k] == "azmul":
        return Term(argument, *trace.args[k])
    return Term(argument, ref, ONE)


def _trimmed(trace: Trace, terms: list[Term]) -> Template:
    """Return the template without the instructions that no term needs."""
    base = trace.parameters
    needed = {ref for term in terms for ref in term[1:]}
    for k in range(len(trace.ops) - 1, -1, -1):
        if base + k in needed:
            needed.update(trace.args[k])
    kept = [k for k in range(len(trace.ops)) if base + k in needed]
    moved = {base + k: base + new for new, k in enumerate(kept)}
    ops = tuple(trace.ops[k] for k in kept)
    args = tuple(tuple(moved.get(ref, ref) for ref in trace.args[k]) for k in kept)
    final = tuple(Term(j, moved.get(g, g), moved.get(w, w)) for j, g, w in terms)
    return Template(ops, args, tuple(trace.constants), final)


class Group(NamedTuple):
    """The instructions of a program that share a template, in ascending order."""

    nodes: Any
    args: Any
    template: Template


def groups(program: Program, varied: Flags, forward: bool = False) -> Iterator[Group]:
    """Yield the instructions that share a row, a number of arguments and a pattern of varied ones.

    `args` is one row for each instruction. Instructions that vary with no input are left out.
    """
    active = varied[program.first :].nonzero()[0]
    starts = program.starts[active]
    counts = program.starts[1:][active] - starts
    key = program.codes[active].astype(np.int64) << 40
    key |= counts.astype(np.int64) << 8
    own = varied[program.args]
    if not own.all():
        masked = np.where(counts <= MASKED, counts, 0)
        for j in range(MASKED):
            has = (masked > j).nonzero()[0]
            key[has] |= own[starts[has] + j].astype(np.int64) << j
    kinds = distinct(np.sort(key))
    kind = kinds.searchsorted(key)
    order = ordered(kind)
    bounds: list[int] = [*first_of_each(kind[order]).tolist(), len(order)]
    for begin, end in pairwise(bounds if len(order) else []):
        nodes = active[order[begin:end]]
        i = int(nodes[0])
        op, first = TABLE[program.op(i)], program.arguments(i)
        places = program.starts[nodes][:, None] + np.arange(len(first), dtype=np.int32)
        wanted = tuple(varied[first].tolist()) if len(first) <= MASKED else ()
        yield Group(nodes, program.args[places], template(op, len(first), wanted, forward))


class Pool:
    """The constants of a program and those that templates bring, each once.

    They come behind the inputs, of which there may be more than in the program; its results move.
    """

    def __init__(self, program: Program, inputs: int, laid: Sequence[Group]) -> None:
        self.old = program
        self.inputs = inputs
        self.constants: list[Any] = list(program.constants)
        self._places: dict[Any, int] = {}
        for k, x in enumerate(self.constants):
            self._places.setdefault(_key(x), k)
        for group in laid:
            self.places(group.template)

    @property
    def first(self) -> int:
        """The number of the first instruction's value, once all constants are here."""
        return self.inputs + len(self.constants)

    def place(self, x: Any) -> int:
        """Return the number of the value of a constant."""
        key = _key(x)
        if key not in self._places:
            self._places[key] = len(self.constants)
            self.constants.append(x)
        return self.inputs + self._places[key]

    def places(self, laid: Template) -> list[int]:
        """Return the numbers of the values of a template's constants."""
        return [self.place(x) for x in laid.constants]

    def moved(self, values: Any) -> Any:
        """Return the new numbers of the program's values."""
        inputs, first = self.inputs - self.old.inputs, self.old.first
        found: Any = values + np.int32(self.first - first - inputs) * (values >= first)
        if inputs:
            found += np.int32(inputs) * (values >= self.old.inputs)
        return found.astype(np.int32, copy=False)


def _key(x: Any) -> Any:
    return type(x), repr(x)


class Spot(NamedTuple):
    """Where a template is laid: the adjoints of its nodes, and the numbers of what it makes."""

    pool: Pool
    group: Group
    adjoint: Any
    base: Any

    def local(self, ref: int) -> Any:
        """Return what a number inside the template stands for: one value a node, or for all."""
        if ref < 0:
            return self.pool.place(self.group.template.constants[-1 - ref])
        if ref == G:
            return self.adjoint
        if ref == Y:
            return (self.group.nodes + self.pool.first).astype(np.int32)
        column, arity = ref - FIRST, self.group.args.shape[1]
        if column < arity:
            return self.pool.moved(self.group.args[:, column])
        return (self.base + (column - arity)).astype(np.int32)

    def table(self, refs: Sequence[int]) -> Any:
        """Return `local` of many numbers, a row for each node, a column for each number."""
        numbers, (size, arity) = np.array(refs, np.int64), self.group.args.shape
        found: Any = np.empty((size, len(numbers)), np.int32)
        kind = np.searchsorted([0, Y, FIRST, FIRST + arity], numbers, side="right")
        for which, ref in ((1, G), (2, Y)):
            found[:, kind == which] = self.local(ref)[:, None]
        constants = self.pool.places(self.group.template)
        found[:, kind == 0] = np.array(constants, np.int32)[-1 - numbers[kind == 0]]
        found[:, kind == 3] = self.pool.moved(self.group.args[:, numbers[kind == 3] - FIRST])
        found[:, kind == 4] = self.base[:, None] + (numbers[kind == 4] - FIRST - arity)
        return found


class Writer:
    """The instructions of a program and new ones behind them, laid down in any order."""

    def __init__(self, pool: Pool, end: int) -> None:
        self.pool = pool
        self.ops: dict[str, int] = {name: code for code, name in enumerate(pool.old.ops)}
        old, size = pool.old, end - pool.first
        self.codes: Any = np.empty(size, np.int32)
        self.counts: Any = np.zeros(size, np.int32)
        self.codes[: len(old)] = old.codes
        self.counts[: len(old)] = old.starts[1:] - old.starts[:-1]
        self._laid: list[tuple[Any, Sequence[Any]]] = []
        self._folded: list[tuple[Any, Any, Any, Sequence[Any]]] = []

    def _place(self, op: str, rows: Any, count: Any) -> None:
        """Make room for instructions of a row, each with its number of arguments."""
        self.codes[rows] = self.ops.setdefault(op, len(self.ops))
        self.counts[rows] = count

    def lay(self, spot: Spot) -> None:
        """Lay a template over all its nodes."""
        laid = spot.group.template
        if len(laid.ops) > WIDE:
            self._lay_wide(spot)
            return
        rows, taken = spot.base - self.pool.first, [*chain.from_iterable(laid.args)]
        for t, (op, refs) in enumerate(zip(laid.ops, laid.args, strict=True)):
            self._place(op, rows + t, len(refs))
        columns = {ref: spot.local(ref) for ref in {*taken}}
        self._laid.append((rows, [columns[ref] for ref in taken]))

    def _lay_wide(self, spot: Spot) -> None:
        """Lay all instructions of a row and a number of arguments at once."""
        laid, alike = spot.group.template, dict[tuple[str, int], list[int]]()
        for t, (op, refs) in enumerate(zip(laid.ops, laid.args, strict=True)):
            alike.setdefault((op, len(refs)), []).append(t)
        for (op, size), places in alike.items():
            values = (spot.base[:, None] + np.array(places)).ravel()
            columns = [[laid.args[t][k] for t in places] for k in range(size)]
            self.put(op, values, [spot.table(column).ravel() for column in columns])

    def put(self, op: str, values: Any, args: Sequence[Any]) -> None:
        """Lay one instruction of a row for each value; `args` holds one array an argument."""
        rows = values - self.pool.first
        self._place(op, rows, len(args))
        self._laid.append((rows, args))

    def fold(self, op: str, values: Any, target: Any, *factors: Any) -> None:
        """Lay rows of any number of arguments; `target`, ascending, says whose each factor is."""
        begins = first_of_each(target)
        counts = np.concatenate([begins[1:], [len(target)]]) - begins
        rows = values[target[begins]] - self.pool.first
        self._place(op, rows, counts * len(factors))
        self._folded.append((rows, begins, counts, factors))

    def _fill(self, starts: Any, args: Any) -> None:
        """Write the arguments of new instructions in their places, and forget them."""
        while self._laid:
            rows, columns = self._laid.pop()
            begin = starts[rows]
            for k, column in enumerate(columns):
                args[begin + k] = column
        while self._folded:
            rows, begins, counts, factors = self._folded.pop()
            at = (starts[rows] - begins).repeat(counts)
            at += np.arange(len(at))
            for k, factor in enumerate(factors):
                at += counts.repeat(counts) if k else 0
                args[at] = factor

    def program(self, outputs: Any, names: Sequence[str], places: Any = None) -> Program:
        """Return the program; places are entries of the old program's sources."""
        old, pool = self.pool.old, self.pool
        total = int(np.add.reduce(self.counts, dtype=np.int64))
        starts = np.zeros(len(self.counts) + 1, np.int32 if total <= LARGEST else np.int64)
        np.add.accumulate(self.counts, out=starts[1:])
        args = np.empty(total, np.int32)
        args[: len(old.args)] = pool.moved(old.args)
        self._fill(starts, args)
        parts = (sealed(self.codes), sealed(starts), sealed(args), outputs)
        sources = () if places is None else old.sources
        return Program(pool.inputs, pool.constants, self.ops, *parts, names, places, sources)
