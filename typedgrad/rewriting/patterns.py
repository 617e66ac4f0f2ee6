"""Patterns: expressions as text, found again in programs whatever way they were written there.

A pattern is an expression such as `log(1 + x)`. A small letter stands for any value, the same one
each time; `r` in a sum stands for all the other terms. `square(p)` is p*p, p**2 and square(p);
`total(p)` is a sum of at least three terms that all are p, and `average(p)` such a sum over its
number of terms: their letters stand for one value a term. `(s := p)` names the value of a part.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import islice, permutations
from typing import Any, TypeAlias

from typedgrad.errors import TypedgradError
from typedgrad.numbers import decimal_ratio
from typedgrad.points import input_of
from typedgrad.program import Program

Term: TypeAlias = tuple[int, int]  # a sign and a value
Bound: TypeAlias = Mapping[str, int | tuple[int, ...] | tuple[Term, ...]]

MOST_TERMS, LEAST_TERMS, MOST_AMONG = 4096, 3, 12
COMMUTATIVE = ("add", "mul", "hypot", "maximum", "minimum")
BINARY: dict[type, str] = {ast.Mult: "mul", ast.Div: "div", ast.Add: "add", ast.Sub: "sub"}
REST = "r"


@dataclass(frozen=True)
class Match:
    """A pattern found: the value that it makes, its sign, and what the letters stand for.

    `others` are further terms of the sum that makes the value, where the pattern is two of them.
    """

    value: int
    sign: int
    bound: Bound
    others: tuple[Term, ...] = ()


@cache
def parsed(text: str) -> ast.expr:
    """Return a pattern as a tree."""
    return ast.parse(text, mode="eval").body


class Matcher:
    """A program with its equal values numbered alike, in which patterns are looked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.first: int = program.first
        self.rows: list[str] = [program.ops[code] for code in program.codes.tolist()]
        self.args: list[list[int]] = [args for _, args in program.instructions()]
        self.numbers: list[Fraction | None] = [_fraction(x) for x in program.constants]
        self.same: list[int] = self._same()
        sums = zip(self.rows, self.args, strict=True)
        self.summands: set[int] = {
            v for row, args in sums if row in ("add", "sub", "sum") for v in args
        }
        self.uses: Counter[int] = Counter(v for args in self.args for v in args)

    def _same(self) -> list[int]:
        """Return for each value the first one that is equal to it by its making."""
        same: list[int] = list(range(self.program.inputs))
        known: dict[Any, int] = {}
        for k, x in enumerate(self.numbers, self.program.inputs):
            same.append(k if x is None else known.setdefault(x, k))
        for i, (row, args) in enumerate(zip(self.rows, self.args, strict=True), self.first):
            taken = [same[k] for k in args]
            if row in COMMUTATIVE:
                taken.sort()
            squared = (row == "pow_constant" and self.literal(args[1]) == 2) or (
                row == "mul" and taken[0] == taken[1]
            )
            key = ("square", taken[0]) if squared else (row, *taken)
            same.append(known.setdefault(key, i))
        return same

    def literal(self, value: int) -> Fraction | None:
        """Return the number that a value is written as, or None."""
        place = value - self.program.inputs
        return self.numbers[place] if 0 <= place < len(self.numbers) else None

    def row(self, value: int) -> str:
        """Return the row that makes a value, '' for inputs and constants."""
        return self.rows[value - self.first] if value >= self.first else ""

    def taken(self, value: int) -> list[int]:
        """Return what the instruction of a value takes."""
        return self.args[value - self.first]

    def matches(self, pattern: str) -> Iterator[Match]:
        """Yield each value that a pattern makes, once, with what its letters stand for."""
        tree = parsed(pattern)
        for value in range(self.first, self.program.values):
            found = next(self._signed(tree, value, {}), None)
            if found is not None:
                yield Match(value, *found)
            elif isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub):
                yield from islice(self._among(tree, value), 1)

    def _among(self, tree: ast.BinOp, value: int) -> Iterator[Match]:
        """Yield the pairs of terms that are a pattern, in a sum of a few more that ends here."""
        if value in self.summands or self.row(value) not in ("add", "sub", "sum"):
            return
        terms = self.terms(value)
        second = -1 if isinstance(tree.op, ast.Sub) else 1
        if not 2 < len(terms) <= MOST_AMONG:
            return
        for i, j in permutations(range(len(terms)), 2):
            (s, a), (t, b) = terms[i], terms[j]
            if t == s * second:
                others = tuple(term for k, term in enumerate(terms) if k not in (i, j))
                for found in self._at(tree.left, a, {}):
                    for whole in self._at(tree.right, b, found):
                        yield Match(value, s, whole, others)

    def _signed(self, tree: ast.expr, value: int, bound: Bound) -> Iterator[tuple[int, Bound]]:
        """Yield the ways in which a value is a pattern, or minus it."""
        for sign in (1, -1) if isinstance(tree, ast.BinOp | ast.UnaryOp) else (1,):
            for found in self._at(tree, value, bound, sign):
                yield sign, found

    def _at(self, tree: ast.expr, value: int, bound: Bound, sign: int = 1) -> Iterator[Bound]:
        """Yield what the letters stand for where a value is a pattern times the sign."""
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub):
            yield from self._sum(tree, value, bound, sign)
        elif isinstance(tree, ast.UnaryOp):
            if self.row(value) == "neg":
                yield from self._at(tree.operand, self.taken(value)[0], bound, sign)
            elif sign == -1:
                yield from self._at(tree.operand, value, bound)
        elif sign == -1:
            if self.row(value) == "neg":
                yield from self._at(tree, self.taken(value)[0], bound)
        elif isinstance(tree, ast.NamedExpr):
            for found in self._at(tree.value, value, bound):
                yield {**found, tree.target.id: value}
        elif isinstance(tree, ast.Name):
            yield from self._letter(tree.id, value, bound)
        elif isinstance(tree, ast.Constant):
            if self.literal(value) == tree.value:
                yield bound
        elif isinstance(tree, ast.BinOp):
            yield from self._row(BINARY[type(tree.op)], [tree.left, tree.right], value, bound)
        elif isinstance(tree, ast.Call):
            yield from self._call(ast.unparse(tree.func), tree.args, value, bound)

    def _letter(self, name: str, value: int, bound: Bound) -> Iterator[Bound]:
        known = bound.get(name)
        if known is None:
            yield {**bound, name: value}
        elif isinstance(known, int) and self.same[known] == self.same[value]:
            yield bound

    def _row(
        self, row: str, trees: Sequence[ast.expr], value: int, bound: Bound
    ) -> Iterator[Bound]:
        if self.row(value) != row or len(self.taken(value)) != len(trees):
            return
        taken = self.taken(value)
        orders = [taken, taken[::-1]] if row in COMMUTATIVE else [taken]
        for order in orders:
            yield from self._each(list(zip(trees, order, strict=True)), bound)

    def _each(self, pairs: list[tuple[ast.expr, int]], bound: Bound) -> Iterator[Bound]:
        if not pairs:
            yield bound
            return
        for found in self._at(*pairs[0], bound):
            yield from self._each(pairs[1:], found)

    def _call(
        self, name: str, trees: Sequence[ast.expr], value: int, bound: Bound
    ) -> Iterator[Bound]:
        if name == "total":
            yield from self._total(trees[0], value, bound)
        elif name == "average":
            yield from self._average(trees[0], value, bound)
        elif name == "square":
            inner = self.squared(value)
            if inner is not None:
                yield from self._at(trees[0], inner, bound)
        elif name == "sqrt" and self.row(value) == "pow_constant":
            base, power = self.taken(value)
            if self.literal(power) == Fraction(1, 2):
                yield from self._at(trees[0], base, bound)
        else:
            yield from self._row(name, trees, value, bound)

    def squared(self, value: int) -> int | None:
        """Return what a value is the square of, or None; 1 is that of itself."""
        row, taken = self.row(value), self.taken(value) if value >= self.first else []
        if row == "square" or (row == "pow_constant" and self.literal(taken[1]) == 2):
            return taken[0]
        if row == "mul" and self.same[taken[0]] == self.same[taken[1]]:
            return taken[0]
        return value if self.literal(value) == 1 else None

    def _sum(self, tree: ast.BinOp, value: int, bound: Bound, sign: int) -> Iterator[Bound]:
        """Match the two terms of a pattern with those of a value, in either order."""
        if self.row(value) not in ("add", "sub", "neg", "sum"):
            return
        second = -1 if isinstance(tree.op, ast.Sub) else 1
        if isinstance(tree.right, ast.Name) and tree.right.id == REST:
            yield from self._rest(tree.left, second, self.terms(value), bound, sign)
            return
        terms = self.terms(value, 1)
        if len(terms) != 2:
            return
        for (s, a), (t, b) in (terms, terms[::-1]):
            if s == sign and t == sign * second:
                for found in self._at(tree.left, a, bound):
                    yield from self._at(tree.right, b, found)

    def _rest(
        self, tree: ast.expr, second: int, terms: list[Term], bound: Bound, sign: int
    ) -> Iterator[Bound]:
        for k, (s, value) in enumerate(terms):
            if s == sign and 1 < len(terms) <= LEAST_TERMS * 4:
                others = tuple((t * sign * second, v) for t, v in terms[:k] + terms[k + 1 :])
                for found in self._at(tree, value, bound):
                    yield {**found, REST: others}

    def terms(self, value: int, depth: int = MOST_TERMS, is_shared: bool = True) -> list[Term]:
        """Return the terms of a sum with their signs, opened so many levels deep; no zeros.

        Without `is_shared` a partial sum that is used elsewhere too is a term.
        """
        done: list[Term] = []
        todo: list[tuple[int, int, int]] = [(1, value, 0)]
        while todo and len(done) + len(todo) <= MOST_TERMS:
            sign, v, level = todo.pop()
            row = self.row(v)
            if row == "neg":
                todo.append((-sign, self.taken(v)[0], level))
            elif (
                row in ("add", "sub", "sum")
                and level < depth
                and (is_shared or not level or self.uses[v] == 1)
            ):
                taken = self.taken(v)
                signs = [sign, -sign] if row == "sub" else [sign] * len(taken)
                todo += [(s, k, level + 1) for s, k in zip(signs, taken, strict=True)][::-1]
            elif self.literal(v) != 0:
                done.append((sign, v))
        return done if not todo else []

    def _total(self, tree: ast.expr, value: int, bound: Bound) -> Iterator[Bound]:
        """Match every term of a sum; the letter of the pattern then stands for all of them."""
        terms = self.terms(value, is_shared=False) if self.row(value) in ("add", "sum") else []
        if len(terms) < LEAST_TERMS or any(sign < 0 for sign, _ in terms):
            return
        found: list[Bound] = []
        for _, term in terms:
            one = next(self._at(tree, term, {}), None)
            if one is None or len(one) != 1:
                return
            found.append(one)
        name = next(iter(found[0]))
        parts = [x for one in found if isinstance(x := one[name], int)]
        known = bound.get(name)
        if known is None:
            yield {**bound, name: tuple(parts)}
        elif isinstance(known, int):
            if self.same[known] in {self.same[x] for x in parts}:
                yield {**bound, f"{name}s": tuple(parts)}
        elif sorted(self._all(known)) == sorted(self._all(tuple(parts))):
            yield bound

    def _all(self, values: tuple[Any, ...]) -> list[int]:
        return [self.same[x] for x in values if isinstance(x, int)]

    def _average(self, tree: ast.expr, value: int, bound: Bound) -> Iterator[Bound]:
        row = self.row(value)
        if row == "mean":
            taken = self.taken(value)
            nothing: Bound = {}
            whole: list[Bound] = [next(self._at(tree, x, {}), nothing) for x in taken]
            if len(taken) >= LEAST_TERMS and all(len(one) == 1 for one in whole):
                name = next(iter(whole[0]))
                parts = tuple(x for one in whole if isinstance(x := one[name], int))
                known = bound.get(name)
                if known is None:
                    yield {**bound, name: parts}
                elif isinstance(known, tuple) and sorted(self._all(known)) == sorted(
                    self._all(parts)
                ):
                    yield bound
        elif row == "div":
            sum_of, count = self.taken(value)
            for found in self._total(tree, sum_of, bound):
                size = next(len(x) for x in found.values() if isinstance(x, tuple))
                if self.literal(count) == size:
                    yield found


def _fraction(x: Any) -> Fraction | None:
    """Return a constant as an exact fraction; None for what is none, such as an infinity."""
    try:
        return Fraction(*decimal_ratio(input_of("constant", x).exact))
    except (TypedgradError, ValueError, OverflowError):
        return None
