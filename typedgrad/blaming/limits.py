"""How large the rounding of every instruction of a run may be, before anything is measured.

Arithmetic and square roots round to the nearest number: half a unit in the last place. Functions
are held to 4 units by the table's tests.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from typedgrad.blaming.ledger import Run
from typedgrad.blaming.roundings import NONE, alike

# In halves of a unit in the last place.
HALVES = {
    **dict.fromkeys(NONE, 0),
    **dict.fromkeys(("add", "sub", "mul", "div", "square", "reciprocal", "sqrt"), 1),
    **dict.fromkeys(("azmul", "azprod", "azdiv"), 1),
    "fma": 2,
    "remainder": 1,
}
OTHERS = 8
# Rows that round more than once, or lose more next to their zeros: no limit is known for them.
OPEN = frozenset(
    (
        *("sum_compensated", "dot_compensated", "var", "prod", "norm", "logsumexp", "logaddexp"),
        *("logaddexp2", "gamma", "gamma_slope", "lgamma", "digamma", "trigamma", "polygamma"),
        *("sinc_slope", "floor_divide"),
    )
)
TINY = frozenset(("add", "sub"))  # a subnormal sum is exact
SUMS, DOTS = frozenset(("sum", "mean")), frozenset(("dot", "azdot"))


def limits(run: Run) -> Any:
    """Return the size that the rounding of each instruction cannot exceed; NaN where none is known.

    It is half a unit in the last place of the computed result, or a multiple of that. For n terms
    that are added one by one, or products, it is nu/(1 - nu) times the sum of their sizes, with
    u = 2**-bits (Higham, Accuracy and Stability of Numerical Algorithms, 2002, chapters 3 and 4).
    """
    program = run.program
    if not len(program):
        return np.zeros(0, run.numbers.scalar)
    results = run.values[program.first :]
    factors = np.array([factor(name) for name in program.ops])[program.codes]
    with np.errstate(all="ignore"):
        half = one_unit(results) / 2
        half[half == 0] = np.finfo(half.dtype).smallest_subnormal
        found = half * factors.astype(half.dtype)
        tiny = np.abs(results) < np.finfo(results.dtype).tiny
        found[tiny & among(run, TINY)] = 0
        folded = among(run, SUMS | DOTS)
        if folded.any():
            _fold(run, folded, found)
    return found


def one_unit(x: Any) -> Any:
    """Return the unit in the last place of each number of an array."""
    return np.spacing(np.abs(x))


def factor(name: str) -> float:
    """Return how many halves of a unit in the last place a row may be off; NaN for no limit."""
    return math.nan if name in OPEN else HALVES.get(name, OTHERS)


def among(run: Run, rows: frozenset[str]) -> Any:
    """Tell of each instruction whether its row is one of these."""
    codes = [k for k, name in enumerate(run.program.ops) if name in rows]
    return np.isin(run.program.codes, codes)


def _fold(run: Run, folded: Any, found: Any) -> None:
    """Put in the limits of sums and dot products."""
    unit, least = 0.5**run.numbers.bits, np.finfo(found.dtype).smallest_subnormal
    for name, nodes, args in alike(run, folded):
        terms = np.abs(run.values[args]).astype(np.longdouble)
        if name in DOTS:
            terms = terms[:, : args.shape[1] // 2] * terms[:, args.shape[1] // 2 :]
        n = terms.shape[1] + 1
        share = 1.01 * n * unit / (1 - n * unit) if n * unit < 1 else math.inf
        total = terms.sum(axis=1) / (n - 1 if name == "mean" else 1)
        found[nodes] = total * share + n * least
