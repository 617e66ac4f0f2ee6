"""The one reverse sweep: adjoints from a root to everything it depends on, for any kind of node.

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
from typedgrad.node import MANY, N, Node, arguments, history
from typedgrad.op import TABLE

SWEEPING = RLock()
FIRST = 1  # the oldest serial that may receive an adjoint; constants are 0


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
            primals = [parent.primal for parent in left]
            _scatter(left, node.row.rule(g, node.primal, *primals), since)
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
    if g.primal != 0:
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
