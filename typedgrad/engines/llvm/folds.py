"""Folds with more than a sum inside, as functions of IR over any number of registers.

Each follows the text of its row in typedgrad/ops/folds.py or reductions.py step by step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from typedgrad.engines.llvm.bodies import format_of, literal
from typedgrad.engines.llvm.inline import element, extreme, fold
from typedgrad.engines.llvm.text import Lines
from typedgrad.numbers import NumberSystem

N, BASE = "%n", "%args"


class Folded(NamedTuple):
    """What writes a fold, and the rows and inner loops that it calls."""

    write: Callable[[Lines, NumberSystem[Any]], str]
    rows: tuple[str, ...] = ()


def call(f: Lines, function: str, *args: str) -> str:
    """Write a call."""
    passed = ", ".join(f"{f.type} {x}" for x in args)
    return f.let(f"call {f.type} @{function}({passed})")


def square(f: Lines, x: str) -> str:
    """Write x * x."""
    return f.arithmetic("fmul", x, x)


def two_sum_error(f: Lines, a: str, b: str, s: str) -> str:
    """Write a + b - s."""
    v = f.arithmetic("fsub", s, a)
    left = f.arithmetic("fsub", a, f.arithmetic("fsub", s, v))
    return f.arithmetic("fadd", left, f.arithmetic("fsub", b, v))


def two_product_error(f: Lines, a: str, b: str, p: str, splitter: str) -> str:
    """Write a * b - p."""

    def halves(x: str) -> tuple[str, str]:
        c = f.arithmetic("fmul", x, splitter)
        high = f.arithmetic("fsub", c, f.arithmetic("fsub", c, x))
        return high, f.arithmetic("fsub", x, high)

    (ah, al), (bh, bl) = halves(a), halves(b)
    found = f.arithmetic("fsub", f.arithmetic("fmul", ah, bh), p)
    for x, y in ((ah, bl), (al, bh), (al, bl)):
        found = f.arithmetic("fadd", found, f.arithmetic("fmul", x, y))
    return found


def with_error(f: Lines, s: str, c: str) -> str:
    """Write s + c; s alone where c has no say or an overflow has spoilt it."""
    r = f.arithmetic("fadd", s, c)
    better = f.choose(f.test("ord", r, r), r, s)
    return f.choose(f.test("oeq", c, f.zero), s, better)


def sum_compensated(f: Lines, numbers: NumberSystem[Any]) -> str:
    """Write the sum with the rounding errors of all steps added at the end."""
    term = element(f, BASE)

    def step(k: str, now: list[str]) -> list[str]:
        x = term(k)
        t = f.arithmetic("fadd", now[0], x)
        return [t, f.arithmetic("fadd", now[1], two_sum_error(f, now[0], x, t))]

    s, c = f.loop("sum", ("1", N), [(f.type, term("0")), (f.type, f.zero)], step)
    return with_error(f, s, c)


def dot_compensated(f: Lines, numbers: NumberSystem[Any]) -> str:
    """Write the sum of products with the errors of all products and sums added at the end."""
    fmt = format_of(numbers)
    assert fmt is not None
    splitter = literal(numbers.lift(2 ** ((numbers.bits + 1) // 2) + 1), fmt)
    count = f.let(f"lshr i64 {N}, 1")
    left, right = element(f, BASE), element(f, f.at(BASE, count, "i32"))

    def step(k: str, now: list[str]) -> list[str]:
        a, b = left(k), right(k)
        p = f.arithmetic("fmul", a, b)
        t = f.arithmetic("fadd", now[0], p)
        error = two_sum_error(f, now[0], p, t)
        error = f.arithmetic("fadd", error, two_product_error(f, a, b, p, splitter))
        return [t, f.arithmetic("fadd", now[1], error)]

    s, c = f.loop("sum", ("0", count), [(f.type, f.zero)] * 2, step)
    return with_error(f, s, c)


def var(f: Lines, numbers: NumberSystem[Any]) -> str:
    """Write the mean square of the distances from the mean, corrected by their own mean."""
    term, count = element(f, BASE), f.let(f"uitofp i64 {N} to {f.type}")
    m = f.arithmetic("fdiv", fold(f, "total", N, term, "fadd"), count)

    def near(k: str) -> str:
        return f.arithmetic("fsub", term(k), m)

    rest = f.arithmetic("fdiv", fold(f, "near", N, near, "fadd"), count)

    def squared(k: str) -> str:
        return square(f, f.arithmetic("fsub", near(k), rest))

    return f.arithmetic("fdiv", fold(f, "squares", N, squared, "fadd"), count)


def finite(f: Lines, m: str, inside: Callable[[], tuple[str, str]]) -> str:
    """Write `inside`, which returns a number and its last block, where m is finite; else m."""
    f.do("br label %largest")
    f.label("largest")
    test = f.test("oeq", f.arithmetic("fsub", m, m), f.zero)
    f.do(f"br i1 {test}, label %finite, label %done")
    f.label("finite")
    y, block = inside()
    f.do("br label %done")
    f.label("done")
    return f.let(f"phi {f.type} [ {m}, %largest ], [ {y}, %{block} ]")


def norm(f: Lines, numbers: NumberSystem[Any]) -> str:
    """Write the Euclidean norm, scaled by a power of two."""
    term = element(f, BASE)
    m = extreme(f, "sizes", N, lambda k: f.intrinsic("fabs", term(k)), "ogt")

    def inside() -> tuple[str, str]:
        s = call(f, "row_ufp.b", m)

        def squared(k: str) -> str:
            return square(f, f.arithmetic("fdiv", term(k), s))

        total = fold(f, "squares", N, squared, "fadd")
        y = f.arithmetic("fmul", f.intrinsic("sqrt", total), s)
        return f.choose(f.test("oeq", m, f.zero), m, y), "squares.end"

    return finite(f, m, inside)


def logsumexp(f: Lines, numbers: NumberSystem[Any]) -> str:
    """Write m + log1p of the sum of the others' exp(x - m), with m the largest."""
    term = element(f, BASE)
    m = extreme(f, "tops", N, term, "ogt")

    def step(k: str, now: list[str]) -> list[str]:
        x = term(k)
        is_top = f.test("oeq", x, m)
        skipped = f.let(f"and i1 {is_top}, {now[1]}")
        longer = f.arithmetic("fadd", now[0], call(f, "row_exp_sub.b", x, m))
        waits = f.let(f"xor i1 {is_top}, true")
        return [f.choose(skipped, now[0], longer), f.let(f"and i1 {waits}, {now[1]}")]

    def inside() -> tuple[str, str]:
        start = [(f.type, f.arithmetic("fsub", m, m)), ("i1", "true")]
        total = f.loop("others", ("0", N), start, step)[0]
        return f.arithmetic("fadd", m, call(f, "row_log1p.b", total)), "others.end"

    return finite(f, m, inside)


FUNCTIONS: dict[str, Folded] = {
    "sum_compensated": Folded(sum_compensated),
    "dot_compensated": Folded(dot_compensated),
    "var": Folded(var),
    "norm": Folded(norm, ("ufp",)),
    "logsumexp": Folded(logsumexp, ("exp_sub", "log1p")),
}
