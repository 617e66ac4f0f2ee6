"""Tangents pushed from inputs to a root along the nodes, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from typedgrad.node import N, arguments, history
from typedgrad.op import TABLE


def tangents(root: N, inputs: Sequence[N], seeds: Sequence[Any], lifted: bool = False) -> Any:
    """Return the derivative of root along the seeds; None where no input reaches it.

    The partials of a node are its rule at adjoint 1. A node that no tangent reaches is left out.
    A zero tangent is absolute, as a zero adjoint is in the reverse sweep, and so is a zero partial:
    a branch that was not chosen has no say.
    """
    found: dict[N, Any] = dict(zip(inputs, seeds, strict=True))
    since = min(node.serial for node in inputs)
    if root.serial < since:
        return None
    with np.errstate(all="ignore"):
        for node in reversed(history([root], since)):
            if node not in found and node.left is not None:
                moving = _push(node, found, lifted)
                if moving is not None:
                    found[node] = moving
    return found.get(root)


def _push(node: N, found: dict[N, Any], lifted: bool) -> Any:
    parents: tuple[Any, ...] = arguments(node)
    if not any(parent in found for parent in parents):
        return None
    total: Any = None
    for parent, partial in zip(parents, _partials(node, parents, lifted), strict=True):
        tangent = found.get(parent)
        if tangent is None or partial is None or not (lifted or (tangent and partial)):
            continue
        term = TABLE["azprod"](tangent, partial) if lifted else partial * tangent
        total = term if total is None else total + term
    source = parents[0].numbers
    if total is None or source is node.numbers:
        return total
    return total.astype(node.numbers) if lifted else node.numbers.convert(total, source)


def _partials(node: Any, parents: tuple[Any, ...], lifted: bool) -> Sequence[Any]:
    found: Sequence[Any]
    if lifted:
        found = node.row.op.rule(node.constant(1), node, *parents)
    else:
        one = node.numbers.lift(1)
        found = node.row.rule(one, node.primal, *[parent.primal for parent in parents])
    return found
