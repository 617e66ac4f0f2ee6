"""typedgrad's engines as runners of problems, checked bit by bit before they are timed."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from typing_extensions import override

import typedgrad as tg
from benchmarks.models import Problem, Words
from benchmarks.rivals import Runner
from typedgrad.engines.sweep import Sweep
from typedgrad.gradient import value_and_gradient
from typedgrad.simplify import simplify

PRECISIONS: dict[str, Any] = {p.name: p for p in (tg.float32, tg.float64, tg.longdouble)}
ENGINES = ("llvm", "numpy")
FEW = 70


DOT: Any = tg.dot
SUM: Any = tg.sum


class Rows(Words):
    """The words of typedgrad, with its rows for products and sums."""

    @override
    def dot(self, a: Any, b: Any) -> Any:
        return DOT(a, b)

    @override
    def sum(self, terms: Any) -> Any:
        return SUM(terms)


SCALARS = Words(tg.exp, tg.log, tg.sqrt, tg.tanh, tg.erf, tg.relu)
ROWS = Rows(tg.exp, tg.log, tg.sqrt, tg.tanh, tg.erf, tg.relu)


def labels(*more: str, engines: tuple[str, ...] = ENGINES) -> list[str]:
    """Return the labels of all engines in all precisions."""
    suffixes = more or ("",)
    return [f"typedgrad {e} {p}{m}" for m in suffixes for e in engines for p in PRECISIONS]


def runner(label: str, problem: Problem) -> Runner:
    """Return what a label names: 'typedgrad ENGINE PRECISION', and maybe ', WAY'."""
    name, _, way = label.partition(", ")
    _, engine, precision = name.split()
    numbers = PRECISIONS[precision]
    if way in ("batch", "pairs"):
        return (batched if way == "batch" else pairs)(problem, numbers, engine)
    return recorded(problem, numbers, engine, SCALARS if way == "scalars" else ROWS)


def same(found: Any, wanted: Any, what: str) -> None:
    """Stop unless two arrays have the same bits; a NaN is like any other."""
    a, b = np.asarray(found), np.asarray(wanted)
    signs = np.signbit(a) == np.signbit(b)
    if a.dtype != b.dtype or not (np.array_equal(a, b, equal_nan=True) and signs.all()):
        wrong = np.flatnonzero((a != b) | ~signs)
        raise SystemExit(f"{what}: {len(wrong)} of {a.size} differ in their bits, at {wrong[:5]}")


def recorded(problem: Problem, numbers: Any, engine: str, words: Words) -> Runner:
    """Return bound calls of the whole problem."""

    def f(p: list[Any]) -> Any:
        return problem.whole(words, p)

    start = problem.start.astype(numbers.scalar)
    before = perf_counter()
    made = tg.record(f).using(numbers, engine=engine)
    call = made.bind(list(start))
    build = perf_counter() - before
    primal = made.bind(list(start), grad=False)
    leaves = [numbers(x) for x in start]
    y = f(leaves)
    y.backward()
    call()
    primal()
    eager = np.array([y.data, *(p.grad for p in leaves)], numbers.scalar)
    same(call.out, eager, f"{engine} {numbers.name} and eager")
    same(primal.out, eager[:1], f"{engine} {numbers.name} and eager, value")
    return Runner(call, primal, lambda: (float(call.out[0]), call.out[1:]), build)


def batched(problem: Problem, numbers: Any, engine: str) -> Runner:
    """Return sweeps over the points with sums, and bound calls of the rest."""
    assert problem.point is not None
    point, size = problem.point, len(problem.start)
    start, points = (x.astype(numbers.scalar) for x in (problem.start, problem.points))
    before = perf_counter()
    one = tg.record(partial(point, ROWS)).at(list(start), list(points[0]))
    full = value_and_gradient(one)
    value, gradient = (simplify(full.select(range(k))) for k in (1, 1 + size))
    rest = tg.record(partial(problem.rest, ROWS)).using(numbers, engine=engine)
    call, rest_value = rest.bind(list(start)), rest.bind(list(start), grad=False)
    sweeps = [Sweep(p, numbers, range(len(p.outputs)), engine) for p in (value, gradient)]
    columns = [start[k : k + 1] for k in range(size)] + list(points.T.copy())
    sums = [np.empty(len(s.totals), numbers.scalar) for s in sweeps]
    rows = [[None] * len(s.totals) for s in sweeps]
    total = np.empty(1 + size, numbers.scalar)

    def run(k: int) -> None:
        sweeps[k].run(columns, rows[k], sums[k], len(points))

    def run_gradient() -> None:
        run(1)
        call()
        np.add(sums[1], call.out, total)

    def run_primal() -> Any:
        run(0)
        rest_value()
        return sums[0] + rest_value.out

    run_gradient()
    build = perf_counter() - before
    _check_batch(gradient, numbers, engine, columns)
    return Runner(run_gradient, run_primal, lambda: (float(total[0]), total[1:]), build)


def pairs(problem: Problem, numbers: Any, engine: str) -> Runner:
    """Return Rosenbrock's function as a sweep over neighbours, and the sum of their shares."""
    x = problem.start.astype(numbers.scalar)

    def term(x: Any, y: Any) -> Any:
        a, b = y - x * x, 1.0 - x
        return a * a * 100.0 + b * b

    before = perf_counter()
    one = tg.record(term).at(x[0], x[1])
    programs = one, simplify(value_and_gradient(one))
    sweeps = [Sweep(p, numbers, [0], engine) for p in programs]
    columns, value, dx = [x[:-1], x[1:]], np.empty(1, x.dtype), np.empty(len(x), x.dtype)
    left, right = np.empty((2, len(x) - 1), x.dtype)
    shares: list[Any] = [None, left, right]

    def run_gradient() -> None:
        sweeps[1].run(columns, shares, value, len(x) - 1)
        dx[0], dx[-1] = left[0], right[-1]
        np.add(left[1:], right[:-1], dx[1:-1])

    def run_primal() -> None:
        sweeps[0].run(columns, [None], value, len(x) - 1)

    run_gradient()
    build = perf_counter() - before
    found = value.copy(), dx.copy()
    sweeps[1] = Sweep(programs[1], numbers, [0], "python")
    run_gradient()
    same(found[0], value, f"{engine} {numbers.name} and python")
    same(found[1], dx, f"{engine} {numbers.name} and python")
    sweeps[1] = Sweep(programs[1], numbers, [0], engine)
    return Runner(run_gradient, run_primal, lambda: (float(value[0]), dx), build)


def _check_batch(program: Any, numbers: Any, engine: str, columns: list[Any]) -> None:
    """Compare the totals of a few points with those of the reference engine."""
    few = [x[:FEW] for x in columns]
    found: list[Any] = []
    for name in (engine, "python"):
        sweep = Sweep(program, numbers, range(len(program.outputs)), name)
        sums = np.empty(len(sweep.totals), numbers.scalar)
        sweep.run(few, [None] * len(sums), sums, FEW)
        found.append(sums)
    same(found[0], found[1], f"{engine} {numbers.name} and python")
