"""The one reverse sweep: adjoints from a root to all it depends on, over nodes or over arrays.

Rule Z: a zero adjoint is not propagated, so that a masked branch cannot spoil the rest with
0 * inf. On bare scalars a zero is skipped; on nodes, where a zero may still depend on something,
the contribution is an absolute-zero product (CppAD's azmul), and only constant zeros are skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import RLock
from typing import Any

import numpy as np

from typedgrad.errors import StaleGraph
from typedgrad.machine import Row
from typedgrad.node import FIRST, MANY, N, Node, arguments, history
from typedgrad.op import TABLE
from typedgrad.operators import is_nonzero

SWEEPING = RLock()


def propagate(order: Sequence[Node[Any]], since: int, lifted: bool) -> None:
    """Hand the adjoint of each node, newest first, to its arguments that are not older than since.

    The adjoints live in the nodes. With `lifted` they are nodes themselves and can be
    differentiated again.
    """
    for node in order:
        left = node.left
        if left is None:
            continue
        g = node.adjoint
        if g is None or not (lifted or g):
            continue
        right = node.right
        if lifted:
            parents = arguments(node)
            _scatter(parents, _terms(node, g, parents), since)
        elif right is MANY:
            row = node.row
            if row.scatter is not None:
                row.scatter(g, left, since)
            else:
                primals = [parent.primal for parent in left]
                _scatter(left, row.rule(g, node.primal, *primals), since)
        elif right is None:
            (s,) = node.row.rule(g, node.primal, left.primal)
            if s is not None and left.serial >= since:
                h = left.adjoint
                left.adjoint = s if h is None else h + s
        else:
            s, t = node.row.rule(g, node.primal, left.primal, right.primal)
            if s is not None and left.serial >= since:
                h = left.adjoint
                left.adjoint = s if h is None else h + s
            if t is not None and right.serial >= since:
                h = right.adjoint
                right.adjoint = t if h is None else h + t


def propagate_arrays(
    rows: Sequence[Row],
    lefts: Sequence[Any],
    rights: Sequence[Any],
    primals: Sequence[Any],
    adjoints: list[Any],
) -> None:
    """Do what `propagate` does on bare scalars, where nodes are positions in arrays.

    The newest node is the last of `rows`. Positions below 0 are constants: their numbers stand at
    the end of `primals`, and what would reach them is dropped.
    """
    ages = range(len(rows) - 1, -1, -1)
    for at, row, left, right in zip(ages, rows[::-1], lefts[::-1], rights[::-1], strict=True):
        if left is None:
            continue
        g = adjoints[at]
        if g is None or not g:
            continue
        if right is MANY:
            terms = row.rule(g, primals[at], *[primals[i] for i in left])
            for i, term in zip(left, terms, strict=True):
                if term is not None and i >= 0:
                    h = adjoints[i]
                    adjoints[i] = term if h is None else h + term
        elif right is None:
            (s,) = row.rule(g, primals[at], primals[left])
            if s is not None and left >= 0:
                h = adjoints[left]
                adjoints[left] = s if h is None else h + s
        else:
            s, t = row.rule(g, primals[at], primals[left], primals[right])
            if s is not None and left >= 0:
                h = adjoints[left]
                adjoints[left] = s if h is None else h + s
            if t is not None and right >= 0:
                h = adjoints[right]
                adjoints[right] = t if h is None else h + t


def reached(lefts: Sequence[Any], rights: Sequence[Any], root: int) -> bytearray:
    """Return 1 for each position on which root depends, itself included, and 0 for the others."""
    under = bytearray(root + 1)
    under[root] = 1
    for at in range(root, -1, -1):
        left = lefts[at]
        if under[at] and left is not None:
            right = rights[at]
            for i in left if right is MANY else (left, left if right is None else right):
                if i >= 0:
                    under[i] = 1
    return under


def _scatter(parents: Sequence[Any], terms: Sequence[Any], since: int) -> None:
    # In a whole sweep nothing but constants is left out, and these have no adjoint yet.
    partly = since > FIRST
    for parent, term in zip(parents, terms, strict=True):
        if term is not None:
            h = parent.adjoint
            if h is not None and not partly:
                parent.adjoint = h + term
            elif parent.serial >= since:
                parent.adjoint = term if h is None else h + term


def _terms(node: Node[Any], g: Any, parents: Sequence[Any]) -> Sequence[Any]:
    row = node.row
    if is_nonzero(g):
        terms: Sequence[Any] = row.op.rule(g, node, *parents)
        return terms
    if g.left is None:
        return (None,) * len(parents)
    partials = row.op.rule(g.constant(1), node, *parents)
    return [None if p is None else TABLE["azmul"](g, p) for p in partials]


def accumulate(root: Node[Any], seed: Any) -> None:
    """Sweep from root; leaves add what arrives to what they had, other nodes hold the latest.

    If anything is raised on the way, an interrupt included, every leaf keeps what it had.
    """
    with SWEEPING, np.errstate(all="ignore"):
        order = history([root], FIRST)
        kept = [(node, node.adjoint) for node in order if node.left is None]
        for leaf, _ in kept:
            if getattr(leaf, "assigned", 0) > root.serial and leaf is not root:
                raise StaleGraph(op=root.row.name, value=leaf.primal)
        try:
            for node in order:
                node.adjoint = None
            root.adjoint = seed
            propagate(order, FIRST, False)
            for node, old in kept:
                if old is not None:
                    new = node.adjoint
                    node.adjoint = old if new is None else old + new
        except BaseException:
            for node in order:
                node.adjoint = None
            for node, old in kept:
                node.adjoint = old
            raise


def adjoints(root: N, inputs: Sequence[N], seed: Any, lifted: bool = False) -> list[Any]:
    """Return d root / d input times seed for each input; None where nothing arrives.

    Only nodes made after the first input take part, so the graph around the inputs is untouched.
    With `lifted` the seed and the results are nodes.
    """
    since = min(node.serial for node in inputs)
    if root.serial < since:
        return [None] * len(inputs)
    with SWEEPING, np.errstate(all="ignore"):
        order = history([root], since)
        for node in (*order, *inputs):  # f itself may have called backward
            node.adjoint = None
        try:
            root.adjoint = seed
            propagate(order, since, lifted)
            return [node.adjoint for node in inputs]
        finally:
            for node in order:
                node.adjoint = None
            for node in inputs:
                node.adjoint = None
