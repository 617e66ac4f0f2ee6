"""tune: estimates propose, runs in mixed precision decide, and every sentence is true."""

from __future__ import annotations

import json
import math
import re
from fractions import Fraction
from typing import Any

import pytest

import typedgrad
from examples import arclength, simpson
from typedgrad import errors
from typedgrad.engines.mix import Formats
from typedgrad.engines.mixed import mixed_kernel
from typedgrad.points import point_of
from typedgrad.program import Program
from typedgrad.study import study
from typedgrad.tuning import asking, demotion
from typedgrad.tuning.advice import Budget, Candidate, Outcome
from typedgrad.tuning.asking import tune
from typedgrad.tuning.demotion import Site
from typedgrad.tuning.wording import Facts, reason

tg: Any = typedgrad
extended = pytest.mark.skipif(tg.longdouble.bits != 64, reason="longdouble is not 64 bits here")
PAIRS = [("float64", "float32"), ("longdouble", "float64"), ("longdouble", "float32")]
PAIRS = [pair for pair in PAIRS if getattr(tg, pair[0]).bits > getattr(tg, pair[1]).bits]

every_pair = pytest.mark.parametrize("pair", PAIRS, ids="-".join)


def total(x: Any, y: Any) -> Any:
    z = x + y
    return z


def smooth(x: Any, y: Any) -> Any:
    a = x * y + 1
    b = tg.exp(a / 3) / x
    c = tg.sin(b) * a
    d = c * c + b
    return d / (1 + y)


def flat(x: Any, h: Any) -> Any:
    t = x * 1.1
    u = x * 1.1
    step = t - u
    return tg.sqrt(h * h + step * step)


def crossing(x: Any) -> Any:
    limit = x / 3
    if limit * 3 < x * (1 + 1e-12):
        return limit * x
    return limit


def huge(x: Any) -> Any:
    big = x * 1e200
    return big / 1e200


def vectors(w: Any, x: Any) -> Any:
    squares = [v * v for v in w]
    return tg.sum(squares) * tg.exp(x) + tg.log(x)


def test_chef_fps_example_to_all_printed_digits() -> None:
    found = tune(total, x="1.95e-5", y="1.37e-7", digits=3)
    assert f"{sum(x.estimate for x in found.candidates):.5e}" == "8.25584e-13"
    assert found.accepted == ("x", "y", "z") and found.passed


@every_pair
def test_signed_estimates_are_what_a_run_measures(pair: tuple[str, str]) -> None:
    wide, narrow = (getattr(tg, name) for name in pair)
    found = tune(smooth, x=1.37, y=0.61, from_=pair[0], to=pair[1], digits=3)
    assert [x.name for x in found.candidates] == ["x", "y", "a", "b", "c", "d", "smooth()"]
    for x in found.candidates:
        assert x.measured is not None
        assert x.measured == pytest.approx(x.signed, rel=1e-3, abs=8 * float(wide.eps))
        assert x.signed <= x.estimate * (1 + 1e-12)
        assert x.estimate < 20 * float(narrow.eps)
    assert sum(x.estimate > float(narrow.eps) / 100 for x in found.candidates) >= 5


@every_pair
def test_the_run_with_all_is_judged_by_exact_arithmetic(pair: tuple[str, str]) -> None:
    wide, narrow = (getattr(tg, name) for name in pair)
    found = tune(total, x=0.1, y=0.7, from_=pair[0], to=pair[1], digits=4)
    exact = Fraction(0.1) + Fraction(0.7)
    x, y = wide.scalar(narrow.scalar(0.1)), wide.scalar(narrow.scalar(0.7))
    kept = narrow.scalar(x + y)
    error = abs(Fraction(*kept.as_integer_ratio()) - exact)
    assert found.together.error == pytest.approx(float(error), rel=1e-12)
    assert found.together.digits == pytest.approx(-math.log10(error / exact))
    assert found.accepted == ("x", "y", "z")


def test_arclength_in_few_pieces() -> None:
    found = tune(arclength.length, end=math.pi, n=200, absolute=1e-10)
    assert found.accepted == ("d1", "d2")
    wider = tune(arclength.length, end=math.pi, n=200, absolute=1e-5)
    assert {x.name for x in wider.candidates if x.proposed == "safe"} >= {"h", "t2", "t3"}
    assert wider.passed and {"h", "t2", "t3"} <= set(wider.accepted)


def test_a_run_rejects_what_the_estimate_proposes() -> None:
    """Where both arguments of a difference are equal, the adjoint is 0, and a rounding is not."""
    found = tune(flat, x=1.3, h=1e-9, absolute=1e-9)
    t = found.candidate("t")
    assert t.proposed == "safe" and not t.accepted and t.estimate == 0
    assert t.measured is not None and t.measured > 1e-9 and t.ratio == math.inf
    assert t.reason.endswith("rejected; the linear estimate is 0 here")
    assert "the run changed the result by" in t.reason
    assert found.candidate("step").accepted and found.passed


@extended
def test_simpson_has_two_large_contributors() -> None:
    given = dict(a=0, b=1, n=300)
    found = tune(simpson.integral, given, from_="longdouble", to="float64", absolute=1e-12)
    large = {x.name for x in found.candidates if x.estimate > 1e-15}
    assert large == {"x", "s"}
    x = found.candidate("x")
    assert x.measured is not None and x.measured > 10 * x.signed and x.reason.count("fits") == 1


def test_what_takes_another_path_is_rejected() -> None:
    found = tune(crossing, x=1.0, digits=3)
    limit = found.candidate("limit")
    assert limit.proposed == "safe" and not limit.accepted
    assert limit.alone is not None and "limit * 3 < x * (1 + 1e-12)" in limit.alone.parting
    assert re.search(r"takes another path at .*test_tune.py:\d+", limit.reason)
    assert found.accepted == ("x", "crossing()")


def test_overflow_is_infinite_and_rejected() -> None:
    found = tune(huge, x=2.0, digits=5)
    big = found.candidate("big")
    assert big.estimate == math.inf and not big.accepted
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["candidates"][1]["estimate"] == "inf"


def power(x: Any, y: Any) -> Any:
    a = tg.exp(y)
    return a * a * x


@pytest.mark.parametrize("y", [-400, 400])
def test_a_result_that_float64_does_not_reach_has_no_digits(y: int) -> None:
    for found in (tune(power, x=1, y=y, digits=6), tune(power, x=1, y=y, relative=1e-3)):
        whole = found.whole
        assert not whole.fits and whole.digits == 0 and whole.error > 0
        assert (whole.tolerance > 0) is (y > 0)
    whole = tune(power, x=1, y=y, absolute=1e-9).whole
    assert whole.fits is (y < 0) and whole.digits == 0


def test_digits_of_a_subnormal_are_those_that_it_holds() -> None:
    found = tune(power, x=1, y=-360, absolute=1e-300).whole
    held = tg.compare(power, x=1, y=-360).digits["float64"]["value"]
    assert found.digits == pytest.approx(held, abs=0.01) and found.digits < 12


@extended
@pytest.mark.parametrize("y", [-400, 400])
def test_a_result_beyond_float_is_refused_where_the_precision_holds_it(y: int) -> None:
    with pytest.raises(errors.BadBudget, match=r"below 2\.2e-308 or above 1\.8e308"):
        tune(power, x=1, y=y, digits=6, from_="longdouble", to="float64")
    found = tune(power, x=1, y=y, absolute=1e-9, from_="longdouble", to="float64").whole
    assert found.fits is (y < 0) and found.digits > 15


def test_the_worst_is_dropped_until_all_together_fit() -> None:
    found = tune(smooth, x=1.37, y=0.61, absolute=2e-8)
    gone = [x for x in found.candidates if "dropped" in x.reason]
    assert found.passed and found.together.error <= 2e-8
    for x in gone:
        assert x.alone is not None and x.alone.fits and not x.accepted


@pytest.mark.parametrize("digits", [3, 5, 6, 6.8, 7.5, 8, 9, 12])
def test_every_accepted_set_was_run_and_fits(digits: float) -> None:
    found = tune(smooth, x=1.37, y=0.61, digits=digits)
    assert found.passed and found.together.digits >= digits
    for x in found.candidates:
        assert x.accepted == x.reason.split("; the linear")[0].endswith(("accepted", "looked at"))
        assert x.measured is not None and x.alone is not None
        assert not x.accepted or (x.alone.fits and x.proposed)
    stage = found.stages[len(found.accepted)]
    assert stage.outcome == found.together and stage.share == found.share
    assert {x.added for x in found.stages[1:]} == {x.name for x in found.candidates}
    assert [x.share for x in found.stages] == sorted(x.share for x in found.stages)
    assert found.stages[-1].stored == 1


def test_partials_have_the_budget_too() -> None:
    value = tune(smooth, x=1.37, y=0.61, digits=7)
    both = tune(smooth, x=1.37, y=0.61, digits=7, of="all")
    assert both.labels == ("value", "d/dx", "d/dy")
    for x in both.candidates:
        alone = value.candidate(x.name)
        assert alone.alone is not None and x.alone is not None
        used = [y.error / y.tolerance for y in (alone.alone, x.alone)]
        assert used[1] >= used[0] * (1 - 1e-12)
    spots = {x.spot.split(" of ")[0] for x in both.candidates}
    assert spots <= set(both.labels) and len(spots) > 1


def test_estimates_of_partials_are_what_a_run_measures() -> None:
    point = point_of(smooth, None, dict(x=1.37, y=0.61))
    site = Site(study(smooth, point, tg.float64), tg.float32, Budget("digits", 3), "all")
    groups = site.groups("variable", False)
    for group, found in zip(groups, site.estimates(groups, False), strict=True):
        changes = site.changes(site.run([group]))
        assert found.signed == pytest.approx(changes, rel=1e-3, abs=1e-14)
    computed = site.groups("call", True)
    for group, found in zip(computed, site.estimates(computed, True), strict=True):
        changes = site.changes(site.run([group], True))
        sizes = zip(found.sizes, changes, strict=True)
        assert all(change <= 2 * size + 1e-14 for size, change in sizes), group.name


@pytest.mark.parametrize("by", ["variable", "line", "call"])
@pytest.mark.parametrize("stored", [True, False])
def test_the_kinds_of_candidates(by: str, stored: bool) -> None:
    found = tune(vectors, w=[1, 2, 0.3], x=0.7, digits=5, by=by, stored=stored)
    names = [x.name for x in found.candidates]
    first = vectors.__code__.co_firstlineno
    if by == "variable":
        assert names == ["w", "x", "squares", "vectors()"]
        assert [x.values for x in found.candidates] == [3, 1, 3, 1 if stored else 5]
    elif by == "line":
        assert [name.split(":")[1] for name in names] == [str(first + 1), str(first + 2)]
        assert found.candidates[0].source == "squares = [v * v for v in w]"
    else:
        assert names == ["mul", "sum", "exp", "log", "add"]
    assert found.passed and len(found.accepted) == len(names)


def test_python_and_llvm_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    one = tune(smooth, x=1.37, y=0.61, digits=7, of="all", stored=False)

    def slow(program: Program, formats: Formats) -> Any:
        return mixed_kernel(program, formats, "python")

    monkeypatch.setattr(demotion, "mixed_kernel", slow)
    assert tune(smooth, x=1.37, y=0.61, digits=7, of="all", stored=False) == one


def test_several_points_and_random_ones() -> None:
    many = tune(smooth, points=[(1.37, 0.61), dict(x="0.9", y="2.2")], digits=6.9)
    assert len(many.points) == 2 and many.seed is None
    for x in many.candidates:
        assert x.alone is not None and x.alone.spot.split(" of ")[1] in many.points
    drawn = tune(smooth, ranges={"x": "1:2"}, y="0.61", samples=5, seed=3, digits=5)
    again = tune(smooth, {"y": "0.61"}, ranges={"x": "1:2"}, samples=5, seed=3, digits=5)
    assert drawn == again and len(set(drawn.points)) == 5 and drawn.seed == 3
    assert "seed 3" in str(drawn) and "; and 2 more" in " ".join(str(drawn).split())
    other = tune(smooth, ranges={"x": "1:2"}, y="0.61", samples=5, seed=4, digits=5)
    assert not set(other.points) & set(drawn.points)


def test_a_budget_that_the_wide_precision_misses() -> None:
    found = tune(lambda x: (x + 0.1) - x, x=1e9, digits=12)
    assert not found.passed and not found.accepted
    assert all(x.measured is None for x in found.candidates)
    assert "float64 itself misses the budget" in str(found) and str(found).endswith("FAIL")
    assert len(found.stages) == 1


def test_without_source_only_inputs_are_candidates() -> None:
    space: dict[str, Any] = {}
    exec("def f(x):\n    y = x * 3\n    return y\n", space)
    found = tune(space["f"], x=0.1, digits=4)
    assert [x.name for x in found.candidates] == ["x"]
    nothing = tune(tg.exp, x=1, digits=3, by="line")
    assert "No line was found" in str(nothing) or nothing.candidates


def test_an_undefined_result_has_no_tolerance() -> None:
    found = tune(tg.log, x=-1, digits=3)
    assert found.whole.tolerance == 0 and found.whole.is_undefined and found.whole.digits == 0
    assert not found.passed and found.accepted == ()
    assert "The value of log(x=-1) is undefined (NaN): there are no digits to keep" in str(found)
    assert Budget("digits", 6).tolerance(math.inf) == 0
    assert Budget("relative", 0.5).tolerance(4) == 2


def test_wrong_use_is_one_clear_error() -> None:
    with pytest.raises(errors.BadBudget, match="no error budget was given"):
        tune(total, x=1, y=2)
    with pytest.raises(errors.BadBudget, match="absolute and digits were given"):
        tune(total, x=1, y=2, digits=3, absolute=1)
    amounts: list[Any] = [0, -1, math.nan, math.inf, "6"]
    for amount in amounts:
        with pytest.raises(errors.BadBudget, match="is no positive number"):
            tune(total, x=1, y=2, digits=amount)
    with pytest.raises(errors.NotNarrower, match="float64 has 53 significand bits here"):
        tune(total, x=1, y=2, digits=3, from_="float32", to="float64")
    for wrong in (dict(of="d/dx"), dict(by="file"), dict(to="float16")):
        options: dict[str, Any] = {**wrong}
        with pytest.raises(errors.Unreadable):
            tune(total, x=1, y=2, digits=3, **options)
    with pytest.raises(errors.ParameterMismatch):
        tune(total, x=1, digits=3)
    with pytest.raises(errors.TypedgradError):
        tune(total, ranges={"x": "2:1"}, y=2, digits=3)


def test_what_would_take_too_long_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_SECONDS", 0)
    found = tune(smooth, x=1.37, y=0.61, digits=7.5)
    left = [x for x in found.candidates if not x.proposed]
    assert left and found.passed and len(found.stages) == 1
    for x in left:
        assert x.measured is None and x.ratio is None and x.reason.endswith("not run, rejected")
    assert "not run" in str(found)
    monkeypatch.setattr(asking, "MOST_SECONDS", 8)
    monkeypatch.setattr(asking, "MOST_STAGES", 2)
    cut = tune(smooth, x=1.37, y=0.61, digits=7.5)
    assert len(cut.stages) == 3 and "(5 more were not added)" in str(cut)


def test_the_report_is_painted() -> None:
    found = tune(smooth, x=1.37, y=0.61, digits=7.5)
    assert str(found.__rich__()) == str(found)
    assert max(map(len, str(found).splitlines())) <= 100


def candidate(**parts: Any) -> Candidate:
    usual: dict[str, Any] = dict(
        name="t", where="", source="", values=1, spot="value", estimate=1e-8, signed=1e-9,
        noise=1e-16, measured=1e-8, alone=Outcome("value", 1e-8, 1e-6, 8.0), proposed="safe",
        accepted=True, reason="",
    )  # fmt: skip
    return Candidate(**(usual | parts))


BAD = Outcome("value", 2e-3, 1e-6, 3.0)
NONE = Outcome("value", 0.0, 1e-6, 16.0)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (
            {},
            "the estimate 1.0e-08 fits the budget, the run changed the result by 1.0e-08: accepted",
        ),
        (
            dict(estimate=0.0, measured=0.0),
            "exact in float32 here, the run changed nothing: accepted",
        ),
        (
            dict(proposed="optimistic", estimate=2e-6),
            "the estimate 2.0e-06 does not fit the budget 1.0e-06, the signed sum 1.0e-09 does, and"
            " the run changed the result by 1.0e-08: accepted for what was looked at",
        ),
        (
            dict(accepted=False, estimate=5.4e-7, measured=1.3e-4, alone=BAD),
            "the estimate 5.4e-07 fits the budget, the run changed the result by 1.3e-04: rejected;"
            " the linear estimate is 2.4e+02 times too small here",
        ),
        (
            dict(accepted=False, measured=1e-7, alone=BAD),
            "the estimate 1.0e-08 fits the budget, the run had error 2.0e-03 > 1.0e-06: rejected",
        ),
        (
            dict(accepted=False, proposed="", estimate=2e-6),
            "the estimate 2.0e-06 does not fit the budget 1.0e-06; alone the run changed the result"
            " by 1.0e-08, which fits, but no estimate says so: rejected",
        ),
        (
            dict(accepted=False, proposed="", estimate=8e-7),
            "the estimate 8.0e-07 does not fit what is left of the budget, 5.0e-07; alone the run"
            " changed the result by 1.0e-08, which fits, but no estimate says so: rejected",
        ),
        (
            dict(accepted=False, proposed="", estimate=2e-6, measured=None, alone=None),
            "the estimate 2.0e-06 does not fit the budget 1.0e-06: not run, rejected",
        ),
    ],
)
def test_the_reasons(parts: dict[str, Any], said: str) -> None:
    exact = "float32" if parts.get("estimate") == 0 else ""
    facts = Facts(result="the result", whole=NONE, tolerance=1e-6, left=5e-7, exact=exact)
    assert reason(candidate(**parts), facts) == said


def test_a_rounding_that_does_not_count_is_not_called_exact() -> None:
    found = tune(lambda x: x * 0 + 1, x=0.1, digits=6)
    assert found.candidate("x").reason == (
        "the estimate 0 fits the budget, the run changed nothing: accepted"
    )
    assert found.candidate("<lambda>()").reason.startswith("exact in float32 here")


def test_sentences_name_the_result_where_there_are_more() -> None:
    one = tune(smooth, x=1.37, y=0.61, digits=6, of="all")
    said = [x.reason for x in one.candidates]
    assert all(re.search(r"changed (the value|d/dx|d/dy) by", text) for text in said)
    assert "run with all accepted, at the worst of 3 results: " in str(one)
    two = tune(smooth, points=[(1.37, 0.61), (0.4, 2)], digits=6)
    assert "changed the value of smooth(x=" in two.candidates[2].reason
