"""Forward mode on programs: tangents pushed from the inputs to the outputs, program to program.

The terms of a node are products of a tangent and a partial in which every zero is absolute, as in
`forward.py`, added in the order of the arguments.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from typedgrad.flow import follow, varies
from typedgrad.gradient import gradient
from typedgrad.program import Program
from typedgrad.symbolic import NOTHING
from typedgrad.templates import ONE, Group, Pool, Spot, Writer, groups


def jvp(program: Program) -> Program:
    """Return the program of the outputs and of their derivatives along a direction.

    Its inputs are those of the program and then the direction, one number for each; its outputs
    are those of the program and then their tangents.
    """
    return Forward(program).program()


def hvp(program: Program, output: int = 0) -> Program:
    """Return the program of the Hessian of one output times a direction, one number an input."""
    pushed = jvp(gradient(program, output))
    return pushed.select(range(program.inputs, 2 * program.inputs))


class Forward:
    """One forward sweep over the arrays of a program."""

    def __init__(self, program: Program) -> None:
        self.old = program
        self.groups: list[Group] = list(groups(program, varies(program), forward=True))
        self.inputs: int = 2 * program.inputs
        self.pool: Pool = Pool(program, self.inputs, self.groups)
        self.nothing: int = self.pool.place(NOTHING)
        self.zero: int = self.pool.place(0)

    def program(self) -> Program:
        """Return the program with the tangents behind its outputs."""
        old = self.old
        base, end = self.layout()
        tangent = self.tangents(base)
        writer = Writer(self.pool, end)
        for group in self.groups:
            self.lay(writer, group, base[group.nodes], tangent)
        moving = tangent[old.outputs]
        moving = np.where(moving == self.nothing, self.zero, moving)
        outputs = np.concatenate([self.pool.moved(old.outputs), moving])
        names = (*old.names, *(f"d{name}" for name in old.names))
        return writer.program(outputs, names)

    def layout(self) -> tuple[Any, int]:
        """Return the number of each node's first new instruction, and where they end."""
        sizes = np.zeros(len(self.old), np.int64)
        for group in self.groups:
            terms = group.template.terms
            products = sum(term.weight != ONE for term in terms)
            sizes[group.nodes] = len(group.template.ops) + products + (len(terms) > 1)
        ends = self.pool.first + len(self.old) + np.cumsum(sizes)
        return ends - sizes, int(ends[-1]) if len(ends) else self.pool.first

    def tangents(self, base: Any) -> Any:
        """Return the number of every value's tangent."""
        old = self.old
        found = np.full(old.values, self.nothing, np.int64)
        found[: old.inputs] = np.arange(old.inputs, self.inputs)
        for group in self.groups:
            laid, own = group.template, old.first + group.nodes
            products = sum(term.weight != ONE for term in laid.terms)
            if len(laid.terms) == 1 and not products:
                found[own] = -1 - group.args[:, laid.terms[0].argument]
            elif laid.terms:
                size = len(laid.ops) + products + (len(laid.terms) > 1)
                found[own] = base[group.nodes] + size - 1
        follow(found, np.flatnonzero(found < 0))
        return found

    def lay(self, writer: Writer, group: Group, base: Any, tangent: Any) -> None:
        """Lay the partials of a group, their products with the tangents, and the sums of these."""
        laid = group.template
        spot = Spot(self.pool, group, base, base)
        writer.lay(spot)
        at, terms = base + len(laid.ops), list[Any]()
        for term in laid.terms:
            moving = tangent[group.args[:, term.argument]]
            if term.weight != ONE:
                writer.put("azprod", at, (moving, spot.local(term.weight)))
                moving, at = at, at + 1
            terms.append(moving)
        if len(terms) > 1:
            writer.put("add" if len(terms) == 2 else "sum", at, terms)
