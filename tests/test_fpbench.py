"""FPBench's acceptance on a few points: explained, bounded, below FPTaylor; limits of roundings."""

# pyright: basic

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import typedgrad
from benchmarks import fpbench as bench
from typedgrad.blaming.accounts import ledger_of, run_of
from typedgrad.blaming.asking import Blamed
from typedgrad.blaming.limits import OPEN, factor, limits
from typedgrad.blaming.linear import linear_ledger
from typedgrad.op import TABLE
from typedgrad.points import point_of

tg: Any = typedgrad
PRECISIONS = [tg.float32, tg.float64, tg.longdouble]
each_precision = pytest.mark.parametrize("numbers", PRECISIONS, ids=lambda p: p.name)
fpbench = pytest.mark.skipif(not bench.DATA.is_dir(), reason="FPBench's files are not here")
extended = pytest.mark.skipif(tg.longdouble.bits != 64, reason="longdouble is not 64 bits here")
numbers_of_all_sizes = st.floats(-1e6, 1e6).filter(bool).map(repr)


def blamed(f: Any, numbers: Any, **at: Any) -> Blamed:
    return Blamed(f, point_of(f, None, at), numbers, "all")


def run_and_ledger(f: Any, numbers: Any, label: str = "value", **at: Any) -> Any:
    made = blamed(f, numbers, **at)
    run = run_of(made, label)
    return run, ledger_of(made, run, label)[0], made.entry(label)


def many_rows(x: Any, y: Any) -> Any:
    z = tg.exp(x / 7e5) - tg.sin(y) ** 3 + tg.sqrt(abs(x * y)) / (1 + y * y)
    w = tg.dot([x, y, z], [z, -x, y]) + tg.sum([x, -y, z, x * -1]) + tg.mean([x, z])
    w = w + tg.fma(x, y, -x * y) + tg.atan2(x, y) + tg.hypot(x, z) + tg.log1p(y * y)
    return w + tg.tanh(z / 100) * tg.maximum(x, z) + tg.cos(w) / (2 + tg.square(z))


# The limit of one rounding.


@each_precision
@settings(max_examples=30, deadline=None)
@given(x=numbers_of_all_sizes, y=numbers_of_all_sizes)
def test_no_rounding_exceeds_its_limit(numbers: Any, x: str, y: str) -> None:
    run, ledger, _ = run_and_ledger(many_rows, numbers, x=x, y=y)
    found = limits(run)
    assert found.dtype == run.values.dtype == np.dtype(numbers.scalar)
    known = np.isfinite(ledger.rounding) & np.isfinite(found)
    sizes = np.log2(found[known].astype(np.longdouble))
    assert known.any()
    assert np.all(ledger.rounding[known] <= sizes + 1e-6)


@each_precision
def test_the_bound_is_half_a_unit_for_one_product(numbers: Any) -> None:
    found = tg.blame(lambda x, y: x * y, x="1.1", y="1.3", precision=numbers, of="value")
    assert (type(found.bound), found.unit) == (float, "error")
    half = float(numbers.ulp(1.43)) / 2 / abs(found.entry.absolute)
    inputs = sum(x.absolute for x in found.lines if not x.line)
    assert found.bound == pytest.approx(half + inputs, rel=1e-5)


@each_precision
def test_a_limit_where_numbers_are_tiny(numbers: Any) -> None:
    made = blamed(lambda x, y: x * y - x * x * y, numbers, x="1e-3", y=str(numbers.tiny))
    found = limits(run_of(made, "value"))
    first, *_, last = found[: len(made.study.value)].tolist()
    least = np.finfo(numbers.scalar).smallest_subnormal
    assert first == least
    assert last == 0


@each_precision
def test_a_sum_that_cancels_is_held_to_its_terms(numbers: Any) -> None:
    terms = ["1e7", "0.1", "-1e7", "0.3"]

    def total(a: Any, b: Any, c: Any, d: Any) -> Any:
        return tg.sum([a, b, c, d])

    run, ledger, entry = run_and_ledger(total, numbers, **dict(zip("abcd", terms, strict=True)))
    [limit] = limits(run)[:1]
    unit = 0.5**numbers.bits * 2e7
    assert 3 * unit < limit < 8 * unit
    assert ledger.bound * abs(entry.absolute) >= float(limit)


def test_rows_without_a_limit_are_rows() -> None:
    assert TABLE.keys() >= OPEN
    assert {name for name in TABLE if math.isnan(factor(name))} == OPEN
    assert factor("neg") == factor("where") == 0
    assert factor("mul") == 1 < factor("exp")


def test_a_row_without_a_limit_is_taken_as_measured() -> None:
    found = tg.blame(tg.lgamma, x="3.3", precision="float32", of="value")
    assert found.bound >= found.spread == pytest.approx(found.bound)


# The bound of the whole.


@each_precision
@pytest.mark.parametrize("label", ["value", "d/dx", "d/dy"])
def test_the_bound_is_never_below_the_error(numbers: Any, label: str) -> None:
    for x, y in (("1e3", "1e-3"), ("0.7", "-1.3"), ("-25", "1e5"), ("1e-9", "3")):
        found = tg.blame(many_rows, x=x, y=y, precision=numbers, of=label)
        assert found.bound >= found.spread * (1 - 1e-9)
        assert found.unit == "ulp" or found.bound >= 1 - 1e-9


@each_precision
def test_first_order_has_the_same_bound(numbers: Any) -> None:
    run, exact, entry = run_and_ledger(many_rows, numbers, x="0.7", y="1.3")
    linear = linear_ledger(run, entry.absolute, False)
    assert linear.bound == pytest.approx(exact.bound, rel=1e-2)
    assert np.all(linear.most >= np.abs(linear.own) * (1 - 1e-5))


def test_what_is_not_finite_has_no_bound() -> None:
    found = tg.blame(lambda x: tg.exp(x) * 0.5, x=1000, precision="float32", of="value")
    assert math.isnan(found.bound)
    assert found.to_dict()["bound"] == "nan"


def test_a_branch_that_turns_is_in_the_bound() -> None:
    def turned(x: Any) -> Any:
        return tg.where(tg.greater(x + 1e-9, 1), 5 * x, x)

    found = tg.blame(turned, x=1, precision="float32", of="value")
    assert found.entry.got == "1.0"
    assert found.bound >= 1 - 1e-9


# FPBench itself, at a few points: benchmarks/fpbench.py does it at 200.


@cache
def straight() -> list[Any]:
    return [core for core in bench.suite() if core.is_straight]


def named(name: str) -> Any:
    return next(core for core in straight() if core.name == name)


@fpbench
@each_precision
def test_errors_of_straight_cores_are_explained_and_bounded(numbers: Any) -> None:
    assert (len(bench.suite()), len(straight())) == (bench.CORES, bench.STRAIGHT)
    for core in straight():
        [point] = core.sample(1, seed=7)
        found = tg.blame(core.function, point, precision=numbers, of="value")
        assert abs(found.explained - 1) < 1e-9, core.name
        assert found.unit == "ulp" or found.bound >= 1 - bench.HAIR, core.name


@fpbench
@pytest.mark.parametrize("name", bench.FPTAYLOR)
def test_errors_are_below_fptaylors_bounds(name: str) -> None:
    core = named(name)
    looked = bench.look(core, "float64", core.sample(8, seed=1))
    assert (looked.points, looked.valid) == (8, 8)
    assert 0 < max(looked.errors) < bench.FPTAYLOR[name]
    assert not list(bench.misses({"float64": [looked]}))


@fpbench
def test_a_gradient_loses_what_its_value_keeps() -> None:
    text, near = bench.showcase(named(bench.SHOWCASE))
    assert near, text
    assert text.startswith("NMSE problem 3.4.2 at a=5, b=7.125, eps=4.625 in float64: digits of ")


@fpbench
def test_the_benchmark_runs_and_says_so(capsys: Any) -> None:
    assert bench.main("--points", "1", "--cores", "sqroot", "--processes", "1") == 0
    out = capsys.readouterr().out
    assert out.startswith("136 cores read, 110 straight-line, 1 run\n")
    assert "| sqroot | " in out and out.endswith("All bars are met.\n")
    with pytest.raises(SystemExit, match="2"):
        bench.main("--cores", "no core is called so")


@fpbench
@each_precision
def test_one_program_serves_all_points(numbers: Any) -> None:
    core = named("kepler0")
    points = core.sample(3, seed=2)
    together = bench.look(core, numbers.name, points)
    alone = bench.joined([bench.look(core, numbers.name, [point]) for point in points])
    assert (together.ratios, together.gradient) == (alone.ratios, alone.gradient)


def looked(**given: Any) -> dict[str, list[bench.Looked]]:
    facts: dict[str, Any] = dict(off=[0.0], ratios=[2.0], errors=[1e-20], value=[9.0])
    return {"float64": [bench.Looked("sqroot", "float64", 1, **facts | given)]}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (dict(ratios=[2.0, 0.9]), "float64, sqroot: the bound is below the error at 1 points"),
        (dict(off=[0.0, 0.02]), "float64: 50.000 % of the points are explained"),
        (dict(off=[math.nan]), "float64: 0.000 % of the points are explained"),
        (dict(errors=[1e-15]), "sqroot: 1.00e-15 is above FPTaylor's bound"),
    ],
)
def test_a_bar_that_is_missed_is_named(given: dict[str, Any], said: str) -> None:
    assert list(bench.misses(looked())) == []
    assert list(bench.misses(looked(**given))) == [said]
