"""The rewrites: each means the same on real numbers, is found as people write it, and is put in."""

from __future__ import annotations

import ast
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typing_extensions import override

import typedgrad
from typedgrad.engines.exact import exact_precision
from typedgrad.points import point_of
from typedgrad.rewriting.patterns import Matcher
from typedgrad.rewriting.replacing import replaced, worded
from typedgrad.rewriting.rows import REWRITES, Rewrite
from typedgrad.study import run, study

tg: Any = typedgrad
WIDE: Any = exact_precision(300)
WORDS: dict[str, Any] = {
    **{name: getattr(tg, name) for name in tg.ops.__all__},
    "square": tg.square,
    "total": sum,
    "average": lambda xs: sum(xs) / len(xs),
    "pow_constant": lambda x, n: x**n,
}


def value_of(text: str, letters: dict[str, Any]) -> Any:
    """An expression of a row on Values; a letter under total or average is a list."""
    lists = set(re.findall(r"(?:total|average)\((?:exp|square)?\(?(\w)\)", text))
    space = {**WORDS, **letters}
    for name in lists:
        text = re.sub(rf"(total|average)\((\w+)\({name}\)\)", rf"\1([\2(t) for t in {name}])", text)
    return eval(text, space)  # rows are ours


def made(row: Rewrite, numbers: Any, rng: random.Random) -> tuple[Any, list[str]]:
    """A function that computes the pattern of a row, and arguments where the row is valid."""
    parts = set(re.findall(r"\b([a-z]) :=", row.pattern))
    names = sorted(set(re.findall(r"\b[a-z]\b", row.pattern)) - parts)
    ranges = dict(row.samples)
    lists = set(re.findall(r"(?:total|average)\((?:\w+\()?(\w)\)", row.pattern))
    points: list[str] = []
    for name in names:
        low, high = ranges.get(name, (0.1, 4))
        points += [str(rng.uniform(low, high)) for _ in range(4 if name in lists else 1)]

    def f(*args: Any) -> Any:
        left, letters = list(args), {}
        for name in names:
            size = 4 if name in lists else 1
            own, left = left[:size], left[size:]
            letters[name] = own if name in lists else own[0]
        text = row.pattern
        if "exp(x)/total" in text:
            letters["xs"] = letters["x"]
            letters["x"] = letters["x"][1]
            text = text.replace("total(exp(x))", "total(exp(s))")
            letters["s"] = letters["xs"]
        if row.pattern.startswith("pow_constant"):
            letters["n"] = 3
        return value_of(text, letters)

    return f, points


def program_of(f: Any, texts: list[str], numbers: Any = tg.float64) -> Any:
    """The program of a function of so many numbers."""
    names = [f"x{k}" for k in range(len(texts))]
    space: dict[str, Any] = {"f": f}
    exec(f"def g({', '.join(names)}): return f({', '.join(names)})", space)
    point = point_of(space["g"], None, dict(zip(names, texts, strict=True)))
    return study(space["g"], point, numbers)


@pytest.mark.parametrize("row", REWRITES, ids=lambda row: row.pattern)
def test_a_row_is_found_and_means_the_same(row: Rewrite) -> None:
    rng = random.Random(row.pattern)
    for _ in range(5):
        f, texts = made(row, tg.float64, rng)
        found = program_of(f, texts)
        matches = [m for m in Matcher(found.value).matches(row.pattern)]
        whole = [m for m in matches if m.value == found.value.outputs[0]]
        assert len(whole) == 1, found.value
        better = replaced(found.value, row.better, whole)
        inputs = [WIDE.parse(text) for text in texts]
        (old,), (new,) = run(found.value, inputs, WIDE), run(better, inputs, WIDE)
        assert abs(old - new) <= abs(old) * WIDE.lift(2.0**-200)


WRITTEN: list[tuple[Any, str, int, str]] = [
    (lambda x, y: tg.log(x + 1), "log(1 + x)", 1, "tg.log1p(x)"),
    (lambda x, y: np.exp(x) + (-1), "exp(x) - 1", 0, ""),
    (lambda x, y: 1 - tg.exp(x), "exp(x) - 1", 1, "-tg.expm1(x)"),
    (lambda x, y: np.sqrt(x * x + y * y) - x, "(s := sqrt(square(v) + r)) - v", 1, ""),
    (lambda x, y: -x + tg.sqrt(y**2 + x**2), "(s := sqrt(square(v) + r)) - v", 1, ""),
    (lambda x, y: -x - tg.sqrt(x**2 + 4 * y), "(s := sqrt(square(v) + r)) + v", 1, ""),
    (lambda x, y: 1 - tg.sqrt(1 - x), "(s := sqrt(square(v) + r)) - v", 1, ""),
    (lambda x, y: tg.square(x) - y**2, "square(a) - square(b)", 1, "(x - y) * (x + y)"),
    (lambda x, y: 1.0 - tg.cos(x), "1 - cos(x)", 1, "2 * tg.square(tg.sin(x / 2))"),
    (lambda x, y: tg.sqrt(x + 1) - tg.sqrt(x), "(s := sqrt(x + e)) - (t := sqrt(x))", 1, ""),
    (lambda x, y: x / (y * y), "x/square(y)", 1, "x / y / y"),
    (lambda x, y: x * x - x, "square(a) - square(b)", 0, ""),
    (lambda x, y: tg.log(2 + x), "log(1 + x)", 0, ""),
    (lambda x, y: tg.log(tg.exp(y) + tg.exp(x)), "log(exp(x) + exp(y))", 1, ""),
    (lambda x, y: x + y, "total(x)", 0, ""),
    (lambda x, y: sum([x, y, x * y]), "total(x)", 1, ""),
]


@pytest.mark.parametrize(("f", "pattern", "count", "words"), WRITTEN)
def test_patterns_are_found_as_people_write_them(
    f: Any, pattern: str, count: int, words: str
) -> None:
    point = point_of(f, None, dict(x="0.3", y="0.7"))
    found = study(f, point, tg.float64)
    matches = list(Matcher(found.value).matches(pattern))
    assert len(matches) == count
    row = next(row for row in REWRITES if row.pattern == pattern)
    if words:
        names = found.value.names
        assert worded(row.better, matches[0], names.__getitem__) == words
    for match in matches:
        new = replaced(found.value, row.better, [match])
        inputs = found.inputs(WIDE)
        (old,), (got,) = run(found.value, inputs, WIDE), run(new, inputs, WIDE)
        assert abs(old - got) <= abs(old) * WIDE.lift(2.0**-200)


def test_the_lists_of_a_softmax_and_a_variance_are_told_apart() -> None:
    def softmax(w: Any) -> Any:
        e = [tg.exp(z) for z in w]
        return e[1] / sum(e)

    def variance(w: Any) -> Any:
        return sum(z * z for z in w) / len(w) - (sum(w) / len(w)) ** 2

    for f, row in (
        (softmax, "exp(x)/total(exp(x))"),
        (variance, "average(square(x)) - square(average(x))"),
    ):
        point = point_of(f, None, dict(w=["1.5", "2", "-3"]))
        found = study(f, point, tg.float64)
        (match,) = Matcher(found.value).matches(row)
        better = next(r.better for r in REWRITES if r.pattern == row)
        said = worded(better, match, found.value.names.__getitem__)
        assert said in ("tg.exp(w[1] - tg.logsumexp(w))", "tg.var(w)")


def letters_put_in(row: Rewrite) -> tuple[str, str]:
    """Both forms of a row as a reader wants them, parts that have a letter written out."""
    parts: dict[str, ast.expr] = {}

    class Out(ast.NodeTransformer):
        @override
        def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
            parts[node.target.id] = self.visit(node.value)
            return parts[node.target.id]

        @override
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return parts.get(node.id, node)

    pattern = ast.unparse(Out().visit(ast.parse(row.pattern, mode="eval").body))
    return pattern, ast.unparse(Out().visit(ast.parse(row.better, mode="eval").body))


def test_the_table_in_the_docs_is_that_of_the_rows() -> None:
    text = (Path(__file__).parent.parent / "docs" / "tune.md").read_text(encoding="utf-8")
    rows = [[f"`{x}`" for x in letters_put_in(row)] + [row.where] for row in REWRITES]
    shown = re.findall(r"^\| (`.*`) \| (`.*`) \|(?: (.*))? \|$", text, re.MULTILINE)
    assert [list(row) for row in shown if "--" not in row[0]] == rows
