"""The judge: truths at exact inputs, proved by balls where they can, never settled falsely."""

# pyright: basic

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from mpmath import mp

import typedgrad
from tests.test_wide import without_flint
from typedgrad.engines.exact import exact_precision
from typedgrad.engines.wide import Mpmath, wide
from typedgrad.judge import (
    MOST_BALL_BITS,
    MOST_BITS,
    Verdict,
    exact_outputs,
    judged,
    judged_study,
)
from typedgrad.op import constant
from typedgrad.points import point_of
from typedgrad.program import Builder
from typedgrad.study import study

tg: Any = typedgrad
PRECISIONS = [tg.float32, tg.float64, tg.longdouble]
FLINT = wide(128).rigorous
with_flint = pytest.mark.skipif(not FLINT, reason="python-flint is not installed")


@pytest.fixture(params=["python-flint", "mpmath"])
def judge(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both judges in turn: the second one as on a machine without python-flint."""
    if request.param == "mpmath":
        without_flint(monkeypatch)
    elif not FLINT:
        pytest.skip("python-flint is not installed")
    return str(request.param)


def asked(f: Any, *at: Any, numbers: Any = tg.float64) -> Verdict:
    return judged_study(study(f, point_of(f, at, {}), numbers), numbers.bits)


def close(x: Any, text: str, digits: int = 25) -> bool:
    """Tell whether a result agrees with a decimal of 30 digits."""
    with mp.workdps(40):
        wanted = mp.mpf(text)
        return bool(abs(mp.mpf(x.x) - wanted) <= abs(wanted) * mp.mpf(10) ** -digits)


def hard(x: Any, y: Any) -> Any:
    return (np.sqrt(x * x + y * y) - x) ** 2


def rump(a: Any, b: Any) -> Any:
    big = 11 * a**2 * b**2 - b**6 - 121 * b**4 - 2
    return 333.75 * b**6 + a**2 * big + 5.5 * b**8 + a / (2 * b)


def absorbed(x: Any) -> Any:
    return (1 + x) - 1


def nothing(x: Any) -> Any:
    return np.sin(x) ** 2 + np.cos(x) ** 2 - 1


def tie(x: Any, y: Any) -> Any:
    return np.maximum(3 * x, y)


def whole(x: Any, y: Any) -> Any:
    return np.floor(x / y)


@pytest.mark.parametrize("numbers", PRECISIONS, ids=lambda p: p.name)
def test_the_issues_example(judge: str, numbers: Any) -> None:
    found = asked(hard, 1000, "0.001", numbers=numbers)
    assert found.settled
    assert found.proved == (judge == "python-flint")
    assert found.judge == ("python-flint balls" if found.proved else "mpmath")
    assert found.bits == found.numbers.bits >= 2 * numbers.bits
    assert min(found.stands.values()) > numbers.digits + 0.9
    # From h = sqrt(x*x + y*y) by mpmath at 100 digits.
    assert close(found.results["value"], "2.49999999999875000000000078125e-19", 21)
    assert close(found.results["d/dx"], "-4.99999999999500000000000468750e-22", 21)
    assert close(found.results["d/dy"], "9.9999999999925000000000062499999999956e-16", 21)
    assert {type(x) for x in found.results.values()} == {found.numbers.scalar}


def test_rumps_example_is_not_believed_at_any_fixed_width(judge: str) -> None:
    found = asked(rump, 77617, 33096)
    assert found.settled
    assert close(found.results["value"], "-0.827396059946821368141165095479816")


@pytest.mark.parametrize("text", ["1e-20", "1e-200", "1e-300"])
def test_what_is_absorbed_is_found(judge: str, text: str) -> None:
    found = asked(absorbed, text)
    assert found.settled
    assert close(found.results["value"], text, 16)
    assert found.bits > -math.log2(float(text))


@with_flint
def test_balls_find_what_is_absorbed_beyond_the_range_of_float64() -> None:
    found = asked(absorbed, "1e-4000")
    assert found.proved and found.bits == MOST_BITS
    assert close(found.results["value"], "1e-4000")


@with_flint
def test_what_no_width_can_see_is_not_called_settled() -> None:
    found = study(tiny, point_of(tiny, None, dict(x="1e-20000")), tg.float64)
    assert not judged_study(found, 53).settled


def tiny(x: Any) -> Any:
    return ((1 + x) - 1) / x


def test_noise_around_zero_is_zero_and_not_proved(judge: str) -> None:
    found = asked(nothing, "0.3")
    assert found.settled and not found.proved
    assert found.doubts == ("value", "d/dx")
    assert not any(found.results.values())
    assert found.stands == {"value": math.inf, "d/dx": math.inf}


@pytest.mark.parametrize(
    ("f", "at", "wanted"),
    [
        (lambda x: 1 / x, ["0"], ["inf", "-inf"]),
        (lambda x: 1 / x, ["-0.0"], ["-inf", "-inf"]),
        (lambda x: x * 2, ["inf"], ["inf", "2.0"]),
        (lambda x: x + 1, ["nan"], ["nan", "1.0"]),
        (np.sqrt, [0], ["0.0", "inf"]),
        (np.sqrt, [-1], ["nan", "nan"]),
        (np.log, [0], ["-inf", "inf"]),
        (lambda x: -x * 0, [3], ["-0.0", "-0.0"]),
        (np.arctan2, ["-0.0", -1], ["-3.14", "-1.0", "0.0"]),
        (np.copysign, [2, "-0.0"], ["-2.0", "-1.0", "0.0"]),
        (lambda x, y: tg.where(x > 0, x, y / x), [0, 1], ["inf", "-inf", "inf"]),
        (lambda x: 1 / (x - x), ["0.3"], ["inf", "nan"]),
    ],
)
def test_zeros_infinities_and_nan_are_as_arithmetic_says(
    judge: str, f: Any, at: Any, wanted: list[str]
) -> None:
    found = asked(f, *at)
    shown = [x.mp.nstr(x.x, 3) if x else str(x) for x in found.results.values()]
    assert [text.replace("+", "") for text in shown] == wanted
    assert found.settled


@with_flint
def test_one_result_that_balls_leave_open_does_not_spoil_the_others() -> None:
    found = asked(lambda x, y: np.sqrt(x) + y * y, 0, "0.1")
    assert found.judge == "python-flint balls and mpmath"
    assert found.doubts == ("d/dx",)
    assert not found.proved and found.settled
    assert not found.numbers.is_finite(found.results["d/dx"])
    assert close(found.results["value"], "0.01")


@with_flint
@pytest.mark.parametrize(("f", "at"), [(tie, ("0.1", "0.3")), (whole, ("0.3", "0.1"))])
def test_a_result_on_a_jump_does_not_stand(f: Any, at: Any) -> None:
    # The test is a tie of numbers that no binary width holds: every width decides by its noise.
    found = asked(f, *at)
    assert not found.settled and not found.proved
    assert min(found.stands.values()) == 0
    beside = asked(f, at[0] + "1", at[1])
    assert beside.settled and beside.proved


def test_a_number_is_equal_to_itself_at_every_width() -> None:
    # The rule of floor asks x == x, and x is no binary number.
    found = asked(np.floor, "0.3")
    assert found.settled and found.proved == FLINT


def newton(x: Any) -> Any:
    y = x
    for _ in range(1000):
        y = y - (y * y - x) / (2 * y) * 0.875
    return y


def logistic(x: Any, r: Any) -> Any:
    for _ in range(3000):
        x = r * x * (1 - x)
    return x


@pytest.mark.parametrize(("f", "at"), [(newton, ["2"]), (logistic, ["0.3", "3.1"])])
def test_long_recurrences_are_settled_without_proof(judge: str, f: Any, at: Any) -> None:
    found = asked(f, *at)
    assert found.settled and not found.proved
    assert found.judge == judge
    wanted = judged(f, point_of(f, at, {}), 53)
    for name, x in wanted.run.results.items():
        y = found.results[name]
        assert abs(y.x - y.mp.mpf(x.x)) <= abs(y.x) * y.mp.mpf(10) ** -17


@with_flint
def test_a_growing_radius_asks_for_more_bits() -> None:
    def unstable(x: Any) -> Any:
        for _ in range(60):
            x = 4 * x * (1 - x)
        return x

    found = asked(unstable, "0.3")
    assert found.proved
    assert 128 < found.bits <= MOST_BALL_BITS
    with mp.workprec(2000):
        x = mp.mpf("0.3")
        for _ in range(60):
            x = 4 * x * (1 - x)
        assert close(found.results["value"], mp.nstr(x, 35))


def test_both_judges_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    functions = [
        lambda x, y: np.exp(x * y) / (1 + np.hypot(x, y)),
        lambda x, y: np.tanh(x) - np.tanh(y),
        lambda x, y: tg.logsumexp([x, y, x * y]),
        lambda x, y: tg.erfc(x) * tg.gamma(y + 1) + tg.sigmoid(x),
        lambda x, y: tg.where(x > y, x - y, y**3) + np.maximum(x, y),
        lambda x, y: tg.softmax([x, y, x])[1] + tg.norm([x, y]),
    ]
    point = ["0.7", "1.3"]
    ours = [asked(f, *point, numbers=tg.longdouble) for f in functions]
    without_flint(monkeypatch)
    theirs = [asked(f, *point, numbers=tg.longdouble) for f in functions]
    for one, other in zip(ours, theirs, strict=True):
        assert one.settled and other.settled
        assert one.proved == FLINT and not other.proved
        assert list(one.results) == list(other.results) == ["value", "d/dx", "d/dy"]
        for name, x in one.results.items():
            assert close(x, mp.nstr(other.results[name].x, 24), 20), name


@pytest.mark.parametrize("numbers", PRECISIONS, ids=lambda p: p.name)
def test_the_path_is_that_of_the_study(numbers: Any) -> None:
    def far(x: Any) -> Any:
        return x * 2 if (x + 2.0**-140) - x > 0 else x * 3

    def at(path: Any) -> Verdict:
        return judged_study(study(far, point_of(far, ["1"], {}), path), numbers.bits)

    # No precision of the machine sees 2**-140 beside 1; the reference on its own path does.
    assert float(at(numbers).results["value"]) == 3
    assert float(at(exact_precision(400)).results["value"]) == 2


def test_any_program_at_exact_inputs(judge: str) -> None:
    builder = Builder(2, ["1/3"])
    a = builder.emit("mul", [0, 2])
    b = builder.emit("less", [a, 1])
    c = builder.emit("sub", [a, 1])
    found = exact_outputs(builder.program([a, b, c]), ["0.3", "0.1"], 64)
    assert list(found.results) == ["0", "1", "2"]
    assert close(found.results["0"], "0.1")
    # 0.3/3 - 0.1 is zero, but a third has no end: nobody can prove that.
    assert not found.results["2"] and "2" in found.doubts
    exact = exact_outputs(builder.program([a, b]), ["3", "1p-3"], 64)
    assert float(exact.results["0"]) == 1 and float(exact.results["1"]) == 0
    assert exact.settled and exact.proved == (judge == "python-flint")


def test_inputs_and_constants_are_exact_as_written(judge: str) -> None:
    tenth, pi = constant("0.1", "1/10"), constant("3", "pi")

    def f(x: Any) -> Any:
        return (x - tenth) * 2 + (x - Fraction(3, 10)) + pi

    found = asked(f, "0.1", numbers=tg.float32)
    with mp.workdps(50):
        assert close(found.results["value"], mp.nstr(mp.pi - mp.mpf("0.2"), 40))


def test_half_a_million_operations_are_within_reach(judge: str) -> None:
    # Not timed; a judge that was quadratic, or kept every number, would not come to an end here.
    builder = Builder(1, ["0.999", "1/1000"])
    last = 0
    for _ in range(50_000 if judge == "mpmath" else 250_000):
        last = builder.emit("add", [builder.emit("mul", [last, 1]), 2])
    found = exact_outputs(builder.program([last]), ["0.5"], 53)
    assert found.settled
    assert close(found.results["0"], "1", 15)


def test_the_judge_of_trials_still_agrees() -> None:
    old = judged(hard, point_of(hard, [1000, "0.001"], {}), 53)
    new = asked(hard, 1000, "0.001")
    for name, x in old.run.results.items():
        assert close(new.results[name], mp.nstr(x.x, 30), 16)
    assert old.settled


def test_mpmath_runs_where_balls_would_be_of_no_use() -> None:
    assert asked(lambda x: x + 1, "inf").judge == Mpmath.name
