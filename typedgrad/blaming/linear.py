"""Contributions to first order, for large programs: roundings times adjoints, as arrays.

The adjoints of all values come from one sweep of the program that has every value of constants
and inputs for an input; roundings come from formulas without loss. What they add up to is then
compared with the measured error, which tells how far the first order reaches.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from typedgrad.blaming.ledger import Ledger, Run, Uses
from typedgrad.blaming.lifting import lifter
from typedgrad.blaming.limits import limits
from typedgrad.blaming.roundings import roundings
from typedgrad.blaming.secants import STEPS
from typedgrad.engines.wide import Mpmath, middles
from typedgrad.errors import OutOfRange
from typedgrad.gradient import Reverse
from typedgrad.machine import NUMBERS
from typedgrad.numbers import LOG10_2, NumberSystem
from typedgrad.study import every_value, run


def linear_ledger(told: Run, error: Any, measured: float) -> Ledger:
    """Return the ledger to first order.

    `error` is computed minus exact, or one ulp; `measured` is the error in these units.
    """
    program, first = told.program, told.program.first
    leaves = leaf_roundings(told)
    adjoints, uses = all_adjoints(told, leaves)
    scale = adjoints / adjoints.dtype.type(error)
    local = roundings(told, adjoints[first:] != 0).astype(adjoints.dtype)
    with np.errstate(all="ignore"):
        own = _product(scale[first:], local)
        entered = _product(scale[: program.inputs], leaves[: program.inputs])
        parts = _product(uses[0] / adjoints.dtype.type(error), leaves[uses[2] + program.inputs])
        passed, grown, jumps = passing(told, scale, local)
    own[~np.isfinite(own)] = 0
    unknown = np.flatnonzero(~np.isfinite(told.values[first:]) & (adjoints[first:] != 0))
    total = float(own.sum() + entered.sum() + parts.sum())
    arrays = (own.astype(float), passed, _log2(local), grown, jumps, entered.astype(float))
    booked = Uses(uses[1], uses[2], np.nan_to_num(parts.astype(float))).netted(program.constants)
    explained = total if measured == 1 else 1.0 + abs(total - measured)
    return Ledger(*arrays, booked, explained, tuple(unknown.tolist()), at_most(told, scale, own))


def at_most(told: Run, scale: Any, own: Any) -> Any:
    """Return the size of what each rounding adds at most; with no limit, of what it did."""
    limit = limits(told)
    with np.errstate(all="ignore"):
        most = _product(np.abs(scale[told.program.first :]), limit.astype(scale.dtype))
    open_ends = ~np.isfinite(most)
    most[open_ends] = np.abs(own[open_ends])
    return most.astype(float)


def _product(a: Any, b: Any) -> Any:
    """Return a * b in which every zero is absolute."""
    found = a * b
    found[(a == 0) | (b == 0)] = 0
    return found


def widest(numbers: NumberSystem[Any]) -> NumberSystem[Any]:
    """Return the format in which adjoints are computed: the widest of this machine."""
    return max((numbers, *NUMBERS.values()), key=lambda other: other.bits)


def all_adjoints(told: Run, leaves: Any) -> tuple[Any, tuple[Any, Any, Any]]:
    """Return the adjoint of every value at the computed inputs and constants.

    And for every use of a rounded constant: the adjoint of that use, the instruction, and which
    constant it is. To tell uses apart each of them becomes an input of its own.
    """
    program, first = told.program, told.program.first
    constant = program.args - program.inputs
    inner = (constant >= 0) & (program.args < first)
    rounded = np.flatnonzero(inner & (leaves[np.minimum(program.args, first - 1)] != 0))
    extra = len(rounded)
    args = np.where(program.args < first, program.args, program.args + extra)
    args[rounded] = first + np.arange(extra)
    bare: dict[str, Any] = dict(constants=(), names=(), places=None, sources=())
    root = told.root + extra * (told.root >= first)
    opened = program.replace(inputs=first + extra, args=args, outputs=np.array([root]), **bare)
    wider = widest(told.numbers)
    given = [*told.values[:first], *told.values[program.args[rounded]]]
    swept = Reverse(opened, root).adjoints()
    found = np.array(run(swept, [wider.scalar(x) for x in given], wider), wider.scalar)
    owners = np.repeat(np.arange(len(program)), np.diff(program.starts))[rounded]
    uses = found[first : first + extra], owners, constant[rounded]
    return np.concatenate([found[:first], found[first + extra :]]), uses


def leaf_roundings(told: Run) -> Any:
    """Return computed minus exact of every input and constant, in the widest format."""
    numbers, bits = told.numbers, 4 * told.numbers.bits
    by = middles(bits) or Mpmath(bits)
    found = np.zeros(told.program.first, widest(numbers).scalar)
    with by.working():
        held = lifter(by, numbers)
        exact = [*map(by.number, told.texts), *map(by.constant, told.program.constants)]
        for k, (x, y) in enumerate(zip(told.values[: len(exact)], exact, strict=True)):
            known = np.isfinite(x) and by.is_finite(y)
            found[k] = by.to_float(held(x) - y) if known else 0
    return found


def passing(told: Run, scale: Any, local: Any) -> tuple[Any, Any, Any]:
    """Return what errors of arguments pass through, the digits they grow by, and the jumps."""
    program, first, size = told.program, told.program.first, len(told.program)
    wider = widest(told.numbers)
    if wider.bits < told.numbers.bits + 10 or not size:
        return np.zeros(size), np.full(size, -np.inf), np.zeros(size, np.bool)
    exact = every_value(program, [parsed(text, wider) for text in told.texts], wider)
    shadow = np.array(exact, wider.scalar)
    errors = told.values.astype(wider.scalar) - shadow
    relative = np.minimum(_log2(errors) - _log2_of_largest(told.values, shadow), 0.0)
    change = errors[first:] - local
    passed = scale[first:] * change
    before = np.maximum.reduceat(relative[program.args], program.starts[:-1])
    largest = _log2_of_largest(told.values[first:], shadow[first:])
    grown = (np.minimum(_log2(change) - largest, 0.0) - before) * LOG10_2
    grown[(before == -np.inf) | (change == 0) | np.isnan(grown)] = -np.inf
    steps = np.isin(program.codes, [k for k, op in enumerate(program.ops) if op in STEPS])
    jumps = steps & (np.diff(program.starts) < 3) & (errors[first:] != 0)
    return np.nan_to_num(passed.astype(float)), grown, jumps


def parsed(text: str, numbers: NumberSystem[Any]) -> Any:
    """Return the number of exact text, infinite beyond the range."""
    try:
        return numbers.parse(text)
    except OutOfRange:
        return numbers.from_special("-inf" if text.startswith("-") else "inf")


def _log2(x: Any) -> Any:
    """Return log2 of the sizes as floats; what floats cannot hold counts as 0."""
    with np.errstate(all="ignore"):
        return np.log2(np.abs(x.astype(np.float64)))


def _log2_of_largest(x: Any, y: Any) -> Any:
    return _log2(np.maximum(np.abs(x), np.abs(y)))
