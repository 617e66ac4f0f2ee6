"""Which values are looked at for zeros, so that absolute products can be computed as plain ones.

A plain product differs from the absolute one only where the first factor is zero: it is NaN, or a
zero of another sign. What is computed from it is NaN too, or zero, or not wrong at all, as long as
it is added, multiplied or chosen. So it is enough to look at the end of such a chain: if no number
there is zero or NaN, nothing on the way was wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from typedgrad.engines.slots import SHARED, Layout
from typedgrad.program import Program

PRODUCTS = frozenset({"azmul", "azdiv"})
PASSING = frozenset(
    {"add", "sub", "sum", "mul", "azmul", "dot", "azdot", "neg", "abs", "square", "sqrt"}
)
SEVERAL = 2  # so many products to look at, and their common factor is looked at instead


def zero_tests(program: Program, plan: Layout, known: dict[int, Any]) -> dict[int, bool]:
    """Return the values to be looked at for zeros, and of each whether for NaN too.

    `known` holds the constants and what follows from them.
    """
    risky = {i: _risky(program, i, plan, known) for i in plan.each}
    needed = set(plan.wanted)
    for i in plan.each:
        needed.update(_split(program.op(i), program.arguments(i))[1])
    suspects = _suspects(program, risky, needed.__contains__)
    uses = Counter(a for v in suspects & needed for a in risky.get(v - program.first, ()))
    tested = {a for a, count in uses.items() if count >= SEVERAL}
    suspects = _suspects(program, risky, (needed | tested).__contains__, tested)
    return {v: v in suspects for v in sorted((suspects & needed) | tested)}


def _suspects(
    program: Program,
    risky: dict[int, frozenset[int]],
    looked_at: Callable[[int], bool],
    tested: set[int] | None = None,
) -> set[int]:
    """Return the values that may be wrong where they are zero or NaN."""
    found: set[int] = set()
    for i, factors in risky.items():
        passed = _split(program.op(i), program.arguments(i))[0]
        if factors - (tested or set()) or any(k in found and not looked_at(k) for k in passed):
            found.add(program.first + i)
    return found


def _split(op: str, args: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """Part the arguments: where these are zero or NaN, the result is too, or is right; the rest."""
    if op in PASSING:
        return args, ()
    if op in ("div", "azdiv"):
        return args[:1], args[1:]
    return (args[1:], args[:1]) if op == "where" else ((), args)


def _risky(program: Program, i: int, plan: Layout, known: dict[int, Any]) -> frozenset[int]:
    """Return the first factors of an instruction whose zeros may matter."""
    op, args = program.op(i), program.arguments(i)
    if op not in PRODUCTS and op != "azdot":
        return frozenset()
    half = len(args) // 2
    return frozenset(
        a
        for a, b in zip(args[:half], args[half:], strict=True)
        if plan.places[a].kind != SHARED and not is_harmless(known.get(b))
    )


def is_harmless(x: Any) -> bool:
    """Tell whether a zero times x, or over x, is that zero for sure; None is not known."""
    return x is not None and bool(x > 0) and bool(x - x == 0)
