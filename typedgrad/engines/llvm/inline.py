"""Rows that are a few instructions: arithmetic, comparisons, choices, and folds of any length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from typedgrad.engines.llvm.text import Lines

Write: TypeAlias = Callable[..., str]


def _arithmetic(word: str) -> Write:
    def write(f: Lines, *args: str) -> str:
        return f.arithmetic(word, *args)

    return write


def _intrinsic(name: str) -> Write:
    def write(f: Lines, *args: str) -> str:
        return f.intrinsic(name, *args)

    return write


RELATIONS = {
    "less": "olt",
    "less_equal": "ole",
    "greater": "ogt",
    "greater_equal": "oge",
    "equal": "oeq",
    "not_equal": "une",
}


def _comparison(relation: str) -> Write:
    def write(f: Lines, a: str, b: str) -> str:
        return f.choose(f.test(relation, a, b), f.one, f.zero)

    return write


def _square(f: Lines, x: str) -> str:
    return f.arithmetic("fmul", x, x)


def _reciprocal(f: Lines, x: str) -> str:
    return f.arithmetic("fdiv", f.one, x)


def azmul(f: Lines, a: str, b: str) -> str:
    """Write a * b, but a where a is zero."""
    return f.choose(f.test("oeq", a, f.zero), a, f.arithmetic("fmul", a, b))


def azdiv(f: Lines, a: str, b: str) -> str:
    """Write a / b, but a where a is zero."""
    return f.choose(f.test("oeq", a, f.zero), a, f.arithmetic("fdiv", a, b))


def azprod(f: Lines, a: str, b: str) -> str:
    """Write a * b, but zero where one of them is zero."""
    inner = f.choose(f.test("oeq", b, f.zero), b, f.arithmetic("fmul", a, b))
    return f.choose(f.test("oeq", a, f.zero), a, inner)


def where(f: Lines, c: str, a: str, b: str) -> str:
    """Write b where c is zero, c where it is NaN, and a elsewhere."""
    return f.choose(f.test("oeq", c, f.zero), b, f.choose(f.test("ord", c, c), a, c))


def relu(f: Lines, x: str) -> str:
    """Write x above zero, NaN for NaN, else zero."""
    rest = f.choose(f.test("ord", x, x), f.zero, x)
    return f.choose(f.test("ogt", x, f.zero), x, rest)


def leaky_relu(f: Lines, x: str, slope: str) -> str:
    """Write x above zero, else slope * x."""
    return f.choose(f.test("ogt", x, f.zero), x, f.arithmetic("fmul", slope, x))


# Rows by name, and those whose forward is a ufunc by that ufunc. (arguments, what to write)
ROWS: dict[str, tuple[int, Write]] = {
    "azmul": (2, azmul),
    "azdiv": (2, azdiv),
    "azprod": (2, azprod),
    "where": (3, where),
    "relu": (1, relu),
    "leaky_relu": (2, leaky_relu),
    **{name: (2, _comparison(relation)) for name, relation in RELATIONS.items()},
}
UFUNCS: dict[Any, tuple[str, int, Write]] = {
    np.add: ("add", 2, _arithmetic("fadd")),
    np.subtract: ("sub", 2, _arithmetic("fsub")),
    np.multiply: ("mul", 2, _arithmetic("fmul")),
    np.divide: ("div", 2, _arithmetic("fdiv")),
    np.negative: ("neg", 1, _arithmetic("fneg")),
    np.absolute: ("abs", 1, _intrinsic("fabs")),
    np.sqrt: ("sqrt", 1, _intrinsic("sqrt")),
    np.copysign: ("copysign", 2, _intrinsic("copysign")),
    np.square: ("square", 1, _square),
    np.reciprocal: ("reciprocal", 1, _reciprocal),
}


def fold(f: Lines, name: str, count: str, term: Callable[[str], str], word: str) -> str:
    """Write a loop over terms, left to right, beginning with the first term; four at a time."""

    def some(k: str, total: list[str], terms: int) -> list[str]:
        places = [k, *(f.let(f"add i64 {k}, {j}") for j in range(1, terms))]
        y = total[0]
        for x in [term(place) for place in places]:
            y = f.arithmetic(word, y, x)
        return [y]

    rest = f.let(f"sub i64 {count}, 1")
    fours = f.let(f"and i64 {rest}, -4")
    begun = f.let(f"or i64 {fours}, 1")
    first = [(f.type, term("0"))]
    total = f.loop(f"{name}.4", ("1", begun), first, lambda k, y: some(k, y, 4), 4)
    carried = [(f.type, total[0])]
    return f.loop(name, (begun, count), carried, lambda k, y: some(k, y, 1))[0]


def element(f: Lines, base: str) -> Callable[[str], str]:
    """Return what loads argument k."""
    return lambda k: f.load("%R", f.index(base, k))


def pair(f: Lines, base: str, count: str, absolute: bool) -> Callable[[str], str]:
    """Return what writes the product of pair k; all left factors come first."""
    right = f.at(base, count, "i32")

    def product(k: str) -> str:
        left = f.at("%R", f.index(base, k))
        other = f.at("%R", f.index(right, k))
        a = f.let(f"load {f.type}, ptr {left}")
        if absolute and f.type == "x86_fp80":
            other = _or_one(f, left, other)
        b = f.let(f"load {f.type}, ptr {other}")
        plain = not absolute or f.type == "x86_fp80"
        return f.arithmetic("fmul", a, b) if plain else azmul(f, a, b)

    return product


def by_address(f: Lines, name: str, places: list[str]) -> str:
    """Write azmul, azdiv or where on the addresses of their arguments; '' for other rows."""
    if f.type != "x86_fp80" or name not in ("azmul", "azdiv", "where"):
        return ""
    a = f.let(f"load {f.type}, ptr {places[0]}")
    if name == "where":
        chosen = f.let(f"select i1 {_is_zero(f, places[0])}, ptr {places[2]}, ptr {places[1]}")
        final = f.let(f"select i1 {f.test('ord', a, a)}, ptr {chosen}, ptr {places[0]}")
        return f.let(f"load {f.type}, ptr {final}")
    b = f.let(f"load {f.type}, ptr {_or_one(f, places[0], places[1])}")
    return f.arithmetic("fmul" if name == "azmul" else "fdiv", a, b)


def chosen(f: Lines, name: str, places: list[str]) -> str:
    """Write which address holds the result of a row of 80 bits that chooses; '' for other rows.

    `%unit` and `%nought` are the addresses of 1 and 0.
    """
    if f.type != "x86_fp80" or name not in ("where", "relu", *RELATIONS):
        return ""
    first = places[0]
    if name in RELATIONS:
        a, b = (f.let(f"load {f.type}, ptr {place}") for place in places)
        return _either(f, f.test(RELATIONS[name], a, b), "%unit", "%nought")
    if name == "where":
        rest = _either(f, _is_zero(f, first), places[2], places[1])
    else:
        sign = f.let(f"icmp slt i16 {_exponent(f, first)}, 0")
        rest = _either(f, f.let(f"or i1 {sign}, {_is_zero(f, first)}"), "%nought", first)
    return _either(f, _is_nan(f, first), first, rest)


def _either(f: Lines, test: str, a: str, b: str) -> str:
    return f.let(f"select i1 {test}, ptr {a}, ptr {b}")


def _or_one(f: Lines, left: str, other: str) -> str:
    """Write the address of 1 where the left factor is zero, else of the other."""
    return f.let(f"select i1 {_is_zero(f, left)}, ptr %unit, ptr {other}")


def _is_zero(f: Lines, place: str) -> str:
    """Write whether a number of 80 bits is zero: it is where the 64 bits of its digits are.

    The unit that computes with 80 bits compares slowly.
    """
    digits = f.let(f"load i64, ptr {place}")
    return f.let(f"icmp eq i64 {digits}, 0")


def _exponent(f: Lines, place: str) -> str:
    """Write the sign and the exponent of a number of 80 bits."""
    return f.let(f"load i16, ptr {f.let(f'getelementptr i8, ptr {place}, i64 8')}")


def _is_nan(f: Lines, place: str) -> str:
    exponent = f.let(f"or i16 {_exponent(f, place)}, {-1 << 15}")
    full = f.let(f"icmp eq i16 {exponent}, -1")
    digits = f.let(f"load i64, ptr {place}")
    return f.let(f"and i1 {full}, {f.let(f'icmp ne i64 {digits}, {-1 << 63}')}")


def sum_of(f: Lines, name: str, base: str, count: str) -> str:
    """Write the sum."""
    return fold(f, name, count, element(f, base), "fadd")


def prod_of(f: Lines, name: str, base: str, count: str) -> str:
    """Write the product."""
    return fold(f, name, count, element(f, base), "fmul")


def mean_of(f: Lines, name: str, base: str, count: str) -> str:
    """Write the sum over the number of terms."""
    total = sum_of(f, name, base, count)
    return f.arithmetic("fdiv", total, f.let(f"uitofp i64 {count} to {f.type}"))


def dot_of(f: Lines, name: str, base: str, count: str, absolute: bool = False) -> str:
    """Write the sum of products."""
    return fold(f, name, count, pair(f, base, count, absolute), "fadd")


def azdot_of(f: Lines, name: str, base: str, count: str) -> str:
    """Write the sum of products in which zeros on the left are absolute."""
    return dot_of(f, name, base, count, True)


def extreme(f: Lines, name: str, count: str, term: Callable[[str], str], relation: str) -> str:
    """Write the first of the largest or smallest terms; the sum of all if one is NaN."""
    first = term("0")
    carried = [(f.type, first), (f.type, first), ("i1", f.test("uno", first, first))]

    def step(k: str, seen: list[str]) -> list[str]:
        x = term(k)
        best = f.choose(f.test(relation, x, seen[0]), x, seen[0])
        nan = f.let(f"or i1 {seen[2]}, {f.test('uno', x, x)}")
        return [best, f.arithmetic("fadd", seen[1], x), nan]

    best, total, nan = f.loop(name, ("1", count), carried, step)
    return f.choose(nan, total, best)


def max_of(f: Lines, name: str, base: str, count: str) -> str:
    """Write the largest."""
    return extreme(f, name, count, element(f, base), "ogt")


def min_of(f: Lines, name: str, base: str, count: str) -> str:
    """Write the smallest."""
    return extreme(f, name, count, element(f, base), "olt")


FOLDS: dict[str, Callable[[Lines, str, str, str], str]] = {
    "sum": sum_of,
    "prod": prod_of,
    "mean": mean_of,
    "dot": dot_of,
    "azdot": azdot_of,
    "max": max_of,
    "min": min_of,
}
