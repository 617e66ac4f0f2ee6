"""The gradient of a program is a program: the same rules, in the order of the reverse sweep.

It is in pull form: the adjoint of a value is one instruction, a sum of products over all that the
value went into, newest first, which is the order in which the sweep adds. The products are
absolute (rule Z), so nothing that the sweep skips can spoil a sum. No node is visited by Python: a
template is laid over all nodes of a row at once.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from typedgrad.flow import follow, ordered, peel, varies
from typedgrad.program import Program
from typedgrad.templates import (
    ONE,
    WIDE,
    Group,
    Pool,
    Spot,
    Writer,
    groups,
)

NONE, ALIAS, PRODUCT, PAIR, SUM, DOT = range(6)  # how the adjoint of a value comes about
ROWS = {PRODUCT: "azmul", PAIR: "add", SUM: "sum", DOT: "azdot"}
# By whether a product is among its terms, and how many there are: 0, 1, 2 or more.
KINDS = np.array([[NONE, ALIAS, PAIR, SUM], [NONE, PRODUCT, DOT, DOT]], np.int8)


def gradient(program: Program, output: int = 0) -> Program:
    """Return the program of the partial derivatives of one output by every input."""
    full = value_and_gradient(program, output)
    return full.select(range(len(program.outputs), len(full.outputs)))


def value_and_gradient(program: Program, output: int = 0) -> Program:
    """Return the program with the partial derivatives of one output behind its own outputs.

    Its instructions begin with those of the program; a place, where known, goes on to what its
    instruction adds to the sweep.
    """
    return Reverse(program, int(program.outputs[output])).program()


def jacobian(program: Program) -> Program:
    """Return the program of all partial derivatives, output by output, by every input.

    The sweeps share the program's own instructions; `simplify` makes them share the rest.
    """
    sweeps = [value_and_gradient(program, k) for k in range(len(program.outputs))]
    start = sweeps[0].first + len(program)
    size, ops = 0, {name: code for code, name in enumerate(program.ops)}
    head = len(program), int(program.starts[-1])
    codes, counts = [sweeps[0].codes[: head[0]]], [np.diff(program.starts)]
    args: list[Any] = [sweeps[0].args[: head[1]]]
    outputs: list[Any] = []
    for sweep in sweeps:
        code_of = np.array([ops.setdefault(name, len(ops)) for name in sweep.ops], np.int32)
        codes.append(code_of[sweep.codes[head[0] :]])
        counts.append(np.diff(sweep.starts[head[0] :]))
        tail, last = sweep.args[head[1] :], sweep.outputs[len(program.outputs) :]
        args.append(np.where(tail < start, tail, tail + size))
        outputs.append(np.where(last < start, last, last + size))
        size += len(sweep) - len(program)
    starts = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    parts = (np.concatenate(codes), starts, np.concatenate(args), np.concatenate(outputs))
    return Program(program.inputs, sweeps[0].constants, ops, *parts, program.names)


def hessian(program: Program, output: int = 0) -> Program:
    """Return the program of the second derivatives of one output, row by row."""
    return jacobian(gradient(program, output))


class Edges(NamedTuple):
    """What flows from consumers to arguments, in the order of the sweep.

    `target` is the value that receives; `weighted` tells whether it receives a product.
    """

    target: Any
    weighted: Any


class Reverse:
    """One reverse sweep over the arrays of a program.

    After `program` there are `owners`, and `found` holds the adjoint of every old value. Constants
    have none.
    """

    def __init__(self, program: Program, root: int) -> None:
        self.old = program
        self.root = root
        self.varied: Any = varies(program)
        self.groups: list[Group] = list(groups(program, self.varied))
        self.pool: Pool = Pool(program, program.inputs, self.groups)
        self.one: int = self.pool.place(1)
        self.zero: int = self.pool.place(0)
        self.shift: int = len(self.pool.constants) - len(program.constants)
        self.seeds: Any = np.zeros(program.values, np.int64)
        self.seeds[root] = 1

    def program(self) -> Program:
        """Return the program with the derivatives behind its outputs."""
        edges, begins = self.edges()
        kept, count = self.reached(edges, begins)
        place, target, weighted = self.placed(edges, kept)
        del edges, kept  # of 10^7 instructions, what is done with is gigabytes
        kind = self.kinds(target, weighted, count)
        del weighted, count
        base, own = self.layout(kind)
        factors = self.factors(begins, place, len(target), base)
        del begins, place
        return self.written(target, factors, kind, base, own)

    def placed(self, edges: Edges, kept: Any) -> tuple[Any, Any, Any]:
        """Return the place of each edge that is kept, by targets, and these edges in that order."""
        order = kept.nonzero()[0]
        order = order[ordered(edges.target[order])]
        place = np.full(len(kept), -1, np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        return place, edges.target[order], edges.weighted[order]

    def edges(self) -> tuple[Edges, Any]:
        """Return all edges, consumers descending, and where those of each consumer begin."""
        sizes = np.zeros(len(self.old) + 1, np.int64)
        for group in self.groups:
            sizes[group.nodes] = len(group.template.terms)
        ends = np.add.accumulate(sizes[::-1])[::-1]
        begins, total = ends - sizes, int(ends[0])
        found = Edges(np.empty(total, np.int32), np.empty(total, np.bool))
        for group in self.groups:
            begin, terms = begins[group.nodes], group.template.terms
            if len(terms) > WIDE:
                at = begin[:, None] + np.arange(len(terms))
                found.target[at] = group.args[:, [t.argument for t in terms]]
                found.weighted[at] = [t.weight != ONE for t in terms]
                continue
            for k, term in enumerate(terms):
                at = begin + k
                found.target[at] = group.args[:, term.argument]
                found.weighted[at] = term.weight != ONE
        return found, begins

    def reached(self, edges: Edges, begins: Any) -> tuple[Any, Any]:
        """Tell which edges an adjoint flows through, and how many terms each value gets."""
        kept = self.varied[edges.target]
        count = np.bincount(edges.target[kept], minlength=self.old.values) + self.seeds
        ends = np.concatenate([[len(kept)], begins])[: len(self.old)]
        peel(count, kept, edges.target, begins[: len(self.old)], ends)
        return kept, count

    def kinds(self, target: Any, product: Any, count: Any) -> Any:
        """Return for each value how its adjoint comes about; constants have none."""
        weighted = np.zeros(self.old.values, np.bool)
        weighted[target[product]] = True
        kind = KINDS[weighted.view(np.int8), np.minimum(count, 3)]
        kind[~self.varied] = NONE
        return kind

    def layout(self, kind: Any) -> tuple[Any, Any]:
        """Return the numbers of the templates' first instructions, and of the adjoints' own.

        New instructions follow the old ones: for each node, newest first, its adjoint and its
        template; then the adjoints of the inputs.
        """
        old = self.old
        made = (kind > ALIAS).astype(np.int64)
        body = np.zeros(len(old), np.int64)
        for group in self.groups:
            body[group.nodes] = len(group.template.ops)
        body[kind[old.first :] == NONE] = 0
        self.sizes: Any = body + made[old.first :]
        start = old.values + self.shift
        ends = np.add.accumulate(self.sizes[::-1])[::-1] + start
        own = np.full(old.values, -1, np.int64)
        own[old.first :] = ends - self.sizes
        self.top: int = int(ends[0]) if len(old) else start
        last = np.add.accumulate(made[: old.inputs]) + self.top
        own[: old.inputs] = last - 1
        self.end: int = int(last[-1]) if old.inputs else self.top
        return ends - body, own

    @cached_property
    def owners(self) -> Any:
        """For each instruction of the result which one of the old program it is or serves.

        -1 for the last sums of the inputs' adjoints.
        """
        each = np.arange(len(self.old), dtype=np.int32)
        rest = np.full(self.end - self.top, -1, np.int32)
        return np.concatenate([each, each[::-1].repeat(self.sizes[::-1]), rest])

    def adjoints(self) -> Program:
        """Return the program whose outputs are the adjoints of all values, inputs in front."""
        return self.program().replace(outputs=self.found)

    def factors(self, begins: Any, place: Any, size: int, base: Any) -> tuple[Any, Any]:
        """Return both factors of what flows along each edge, in the order of the targets.

        Numbers below 0 are adjoints: -1 - v is the adjoint of value v.
        """
        # What flows nowhere has the place -1: it goes into one last number, which is cut off.
        adjoint, weight = np.empty(size + 1, np.int32), np.full(size + 1, self.one, np.int32)
        for group in self.groups:
            begin, terms = begins[group.nodes], group.template.terms
            own = (-1 - self.old.first - group.nodes).astype(np.int32)
            spot = Spot(self.pool, group, own, base[group.nodes])
            if len(terms) > WIDE:
                at = place[begin[:, None] + np.arange(len(terms))]
                adjoint[at] = spot.table([t.adjoint for t in terms])
                products = [t.weight != ONE for t in terms]
                weight[at[:, products]] = spot.table([t.weight for t in terms if t.weight != ONE])
                continue
            for k, term in enumerate(terms):
                at = place[begin + k]
                adjoint[at] = spot.local(term.adjoint)
                if term.weight != ONE:
                    weight[at] = spot.local(term.weight)
        return adjoint[:size], weight[:size]

    def resolved(self, target: Any, given: Any, kind: Any, own: Any) -> Any:
        """Return the number of every adjoint; some are another value under a second name."""
        found = np.where(kind > ALIAS, own, -1)
        alias = kind == ALIAS
        if alias[self.root]:
            found[self.root], alias[self.root] = self.one, False
        single = alias[target]
        found[target[single]] = given[single]
        follow(found, (alias & (found < 0)).nonzero()[0])
        return found

    def written(self, target: Any, factors: Any, kind: Any, base: Any, own: Any) -> Program:
        """Return the new program."""
        old, (given, weight) = self.old, factors
        adjoint = self.resolved(target, given, kind, own)
        open_ends = given < 0
        given[open_ends] = adjoint[-1 - given[open_ends]]
        writer = Writer(self.pool, self.end)
        for group in self.groups:
            if not group.template.ops:
                continue
            alive = kind[group.nodes + old.first] != NONE
            laid = group._replace(nodes=group.nodes[alive], args=group.args[alive])
            flowing = adjoint[laid.nodes + old.first].astype(np.int32)
            writer.lay(Spot(self.pool, laid, flowing, base[laid.nodes]))
        made = kind[target]
        for which, row in ROWS.items():
            at = (made == which).nonzero()[0]
            parts = (given[at], weight[at]) if which in (PRODUCT, DOT) else (given[at],)
            if len(at):
                writer.fold(row, own, target[at], *parts)
        self.found: Any = np.where(kind == NONE, self.zero, adjoint)
        outputs = np.concatenate([self.pool.moved(old.outputs), self.found[: old.inputs]])
        places = None if old.places is None else np.append(old.places, -1)[self.owners]
        return writer.program(outputs, old.names, places)
