"""blame: shares that add up to the error, in every precision, for values and partials."""

from __future__ import annotations

import json
import linecache
import math
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import typedgrad
from typedgrad import errors
from typedgrad.blaming.accounts import run_of, scale
from typedgrad.blaming.asking import Blamed
from typedgrad.blaming.linear import linear_ledger
from typedgrad.points import point_of

tg: Any = typedgrad
PRECISIONS = [tg.float32, tg.float64, tg.longdouble]
extended = pytest.mark.skipif(tg.longdouble.bits != 64, reason="longdouble is not 64 bits here")
every_precision = pytest.mark.parametrize("numbers", PRECISIONS, ids=lambda p: p.name)


def loss(x: Any, y: Any) -> Any:
    s = np.sqrt(x * x + y * y)
    d = s - x
    return d * d


def mixed(x: Any, y: Any) -> Any:
    z = tg.exp(x * y) - tg.sin(y) ** 3
    w = max(z, x) + tg.logsumexp([x, y, z]) * tg.prod([x, y, z]) + tg.norm([x, y])
    w = w + tg.var([x, y, z]) + tg.atan2(x, y) + abs(z) + tg.hypot(x, z) / tg.mean([x, y])
    w = w + tg.dot([x, y], [z, x]) + tg.fma(x, y, z) + tg.cbrt(w) + tg.maximum(x, 0.1)
    return tg.where(w > 0, w, x) * 0.1 + tg.logaddexp(x, y) / tg.sum([x, y, z])


def line_of(f: Any, offset: int) -> int:
    return int(f.__code__.co_firstlineno) + offset


def added(found: Any) -> list[float]:
    ways = (found.lines, found.expressions, found.variables, found.operations)
    return [math.fsum(share.signed for share in way) for way in ways]


@every_precision
@pytest.mark.parametrize("of", ["value", "d/dx", "d/dy"])
def test_the_shares_of_all_lines_add_up_to_the_error(numbers: Any, of: str) -> None:
    found = tg.blame(mixed, x="0.7", y="1.3", precision=numbers, of=of)
    assert abs(found.explained - 1) < 1e-9
    if found.unit == "error":
        assert added(found) == pytest.approx([1.0] * 4, abs=1e-9)
        assert found.phases.values + found.phases.sweep == pytest.approx(1)
    else:
        places = found.entry.absolute / float(numbers.ulp(numbers.parse(found.entry.got)))
        assert abs(places) < 0.1 and added(found) == pytest.approx([places] * 4, abs=1e-9)
    assert found.spread >= 1 - 1e-9 or found.unit == "ulp"


@every_precision
def test_the_error_is_the_measured_one(numbers: Any) -> None:
    found = tg.blame(loss, x=3, y="0.1", precision=numbers, of="value")
    kept = tg.compare(loss, x=3, y="0.1").column(numbers.name).entries["value"]
    assert (found.digits, found.entry.got) == (kept.digits, kept.text)
    assert type(found.explained) is float
    assert all(type(share.signed) is float for share in found.lines)


def test_line_5_of_the_example_is_blamed_and_not_the_subtraction() -> None:
    found = tg.blame(loss, x=1000, y="0.001", precision="float32", of="value")
    first, *rest = found.lines
    assert (first.line, first.signed) == (line_of(loss, 1), pytest.approx(1))
    assert all(abs(share.signed) < 1e-6 for share in rest)
    kinds = {share.line: share.cause for share in found.lines}
    assert kinds[line_of(loss, 1)] == "absorption"
    assert kinds[line_of(loss, 2)] == "cancellation"
    assert found.line(line_of(loss, 2)).causes[0].text == (
        f"cancellation: in 1000.0 - 1000.0 the error of line {line_of(loss, 1)}"
        " grows by 12.3 digits"
    )
    assert found.variables[0].label == "s"
    lost, million = found.expressions[0], str(np.float32(1e6))  # 1000000.0 before NumPy 2.3
    assert (lost.text, lost.operands, lost.result) == (
        "x * x + y * y",
        (million, "1.0000001e-06"),
        million,
    )
    source = linecache.getline(__file__, lost.line)
    assert source[lost.column : lost.end] == lost.text


def test_a_partial_tells_the_sweep_from_the_values() -> None:
    found = tg.blame(loss, x=1000, y="0.001", precision="float64", of="d/dx")
    assert found.phases.values + found.phases.sweep == pytest.approx(1)
    assert found.phases.sweep > 0.5
    line = found.line(line_of(loss, 1))
    assert line.split.values + line.split.sweep == pytest.approx(line.signed)
    assert "values" in str(found) and "By phase" in str(found)


def test_the_worst_result_is_chosen_or_one_or_all() -> None:
    found = tg.blames(loss, x=1000, y="0.001", precision="float64")
    assert list(found) == ["value", "d/dx", "d/dy"]
    worst = tg.blame(loss, x=1000, y="0.001", precision="float64")
    assert worst.digits == min(one.digits for one in found.values())
    with pytest.raises(errors.NoSuchResult, match="choose from value, d/dx, d/dy"):
        tg.blame(loss, x=1, y=2, of="d/dz")
    with pytest.raises(errors.NoSuchResult, match="choose from value"):
        tg.blame(loss, x=1, y=2, of="all")
    with pytest.raises(errors.Unreadable, match="choose from float32"):
        tg.blame(loss, x=1, y=2, precision="half")


@every_precision
def test_a_right_result_has_shares_of_an_ulp(numbers: Any) -> None:
    found = tg.blame(lambda x: (x + 1) * 2, x=3, precision=numbers, of="value")
    assert (found.unit, found.explained, found.spread) == ("ulp", 1.0, 0.0)
    assert found.is_within_rounding and not found.causes
    assert "All its digits are right." in str(found)
    # 1/3 * 3 rounds back to 1: two roundings that compensate.
    found = tg.blame(lambda x: x / 3 * 3, x=1, precision=numbers, of="value")
    assert found.unit == "ulp" and found.spread > 0.1
    assert added(found) == pytest.approx([0.0] * 4, abs=1e-12)


@every_precision
def test_inputs_and_constants_are_blamed_for_their_rounding(numbers: Any) -> None:
    found = tg.blame(lambda x: (x - 1) * 1, x="1.0000000000000000000001", precision=numbers)
    share = next(x for x in found.lines if x.label == "x")
    assert (share.line, share.signed, share.cause) == (0, pytest.approx(1), "input")
    found = tg.blame(lambda x: x - tg.precision_of(x).lift("0.1") * 1, x="0.1", precision=numbers)
    assert found.entry.truth == "0.0" or found.digits is not None


def constant_loss(x: Any) -> Any:
    y = x * 0.1
    return y - 1


def test_a_constant_of_ten_digits_is_blamed_in_float32() -> None:
    found = tg.blame(constant_loss, x="10.00001", precision="float32", of="value")
    line = found.line(line_of(constant_loss, 1))
    assert "constant" in line.cause
    assert "constant: 0.1 is rounded to float32" in [cause.text for cause in line.causes]
    assert any(share.label == "rounding of constants" for share in found.operations)


def drifting(n: int, h: Any) -> Any:
    x = h * 0
    for _ in range(n):
        x = x + h
    return x


@every_precision
def test_loops_tell_executions_the_worst_and_the_drift(numbers: Any) -> None:
    found = tg.blame(drifting, n=300, h="0.1", precision=numbers, of="value")
    line = found.line(line_of(drifting, 3))
    assert line.executions == 300 and found.loops == (line,)
    assert line.worst is not None and 1 <= line.worst.execution <= 300
    assert line.thirds is not None
    assert sum(line.thirds) == pytest.approx(line.signed)
    assert f"Line {line.line} ran 300 times" in str(found) or abs(line.signed) < 0.1


def planted_pole(x: Any) -> Any:
    e = tg.exp(x)
    return e / (e + 1)


def test_overflow_is_blamed_where_it_happens() -> None:
    found = tg.blame(planted_pole, x=100, precision="float32", of="value")
    assert found.digits == 0.0 and found.entry.got == "nan"
    assert math.isnan(found.explained)
    assert [cause.kind for cause in found.line(line_of(planted_pole, 1)).causes] == ["overflow"]
    assert "exp(100.0) is beyond float32" in str(found)
    assert found.remarks[0].kind == "unknown"


def hidden_overflow(x: Any) -> Any:
    e = tg.exp(x)
    return 1 / e * 2


def test_an_overflow_on_the_way_to_a_finite_number_explains_it() -> None:
    found = tg.blame(hidden_overflow, x=95, precision="float32", of="value")
    assert found.entry.got == "0.0" and found.explained == pytest.approx(1, abs=1e-9)
    line = found.line(line_of(hidden_overflow, 1))
    assert line.signed == pytest.approx(1, abs=1e-6) and line.cause == "overflow"


def underflowing(x: Any) -> Any:
    small = x * x
    return small * 1e30


def test_underflow_is_named() -> None:
    found = tg.blame(underflowing, x="1e-22", precision="float32", of="value")
    line = found.line(line_of(underflowing, 1))
    assert line.cause == "underflow" and line.signed > 0.99
    assert "vanishes" in line.causes[0].text or "keeps only some" in line.causes[0].text


def first_nan(x: Any) -> Any:
    bad = tg.log(x)
    return bad * 2 + 1


def test_the_first_nan_is_named() -> None:
    found = tg.blame(first_nan, x=-1, precision="float64", of="value")
    assert found.digits is None
    assert found.line(line_of(first_nan, 1)).cause == "undefined"
    assert found.line(line_of(first_nan, 2)).cause == ""


def stepping(x: Any) -> Any:
    y = (x + 1) - 1
    return tg.heaviside(y, 0) + 1


def test_a_step_that_goes_the_other_way_is_an_unstable_branch() -> None:
    found = tg.blame(stepping, x="1e-10", precision="float32", of="value")
    line = found.line(line_of(stepping, 2))
    assert line.cause == "unstable branch" and line.signed == pytest.approx(1)
    assert found.explained == pytest.approx(1, abs=1e-9)


def branching(x: Any) -> Any:
    y = (x + 1) - 1
    if y > 0:
        return y * 2
    return x * 0


def test_a_test_that_errors_turn_is_the_first_remark() -> None:
    found = tg.blame(branching, x="1e-10", precision="float32", of="value")
    assert found.remarks[0].kind == "unstable branch"
    assert "is False in float32, True in exact arithmetic" in found.remarks[0].text
    assert not tg.blame(branching, x="0.5", precision="float32", of="value").remarks


def test_everything_goes_to_json_and_to_a_hundred_columns() -> None:
    for of in ("value", "d/dx"):
        for f, at in ((loss, (1000, "0.001")), (mixed, ("0.7", "1.3")), (mixed, ("1e30", 3))):
            found = tg.blame(f, at, precision="float32", of=of)
            data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
            assert data["of"] == of and data["version"] == 1
            assert max(map(len, str(found).splitlines())) <= 100
            assert found.__rich__() is not None


def test_a_function_of_nothing_and_one_that_is_its_input() -> None:
    found = tg.blame(lambda x: x, x="0.1", precision="float32", of="value")
    assert found.lines[0].label == "x" and found.lines[0].signed == pytest.approx(1)
    found = tg.blame(lambda x, y: x + y, x="0.1", y=1, precision="float32", of="d/dx")
    assert found.digits == found.entry.cap and found.explained == 1.0


def simpson(n: int, a: Any, b: Any) -> Any:
    def f(x: Any) -> Any:
        return np.pi * tg.sin(np.pi * x)

    h = (b - a) / (2.0 * n)
    x = a
    s = f(a)
    for _ in range(n):
        x = x + h
        s = s + 4 * f(x)
        x = x + h
        s = s + 2 * f(x)
    s = s - f(b)
    return s * h / 3


@pytest.mark.parametrize("most", [0, 10**6], ids=["linear", "exact"])
def test_in_simpsons_rule_s_and_x_are_the_large_contributors(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("typedgrad.blaming.accounts.MOST_EXACT", most)
    found = tg.blame(simpson, n=300, a=0, b=1, precision="float64", of="value")
    assert found.mode == ("exact" if most else "linear")
    assert abs(found.explained - 1) < (1e-9 if most else 1e-4)
    sizes = {share.label: share.absolute for share in found.variables}
    assert sorted(sizes, key=lambda name: -sizes[name])[:2] in (["x", "s"], ["s", "x"])
    rest = [size for name, size in sizes.items() if name not in ("x", "s")]
    assert max(rest) < 0.2 * min(sizes["x"], sizes["s"])


@every_precision
@pytest.mark.parametrize("of", ["value", "d/dx", "d/dy"])
def test_the_first_order_agrees_with_exact_differences(numbers: Any, of: str) -> None:
    blamed = Blamed(mixed, point_of(mixed, None, dict(x="0.7", y="1.3")), numbers)
    exact = blamed.blame(of)
    run, entry = run_of(blamed, of), blamed.entry(of)
    if exact.unit == "ulp":
        return
    wide = blamed.verdict.numbers
    error = float(wide.convert(blamed.got(of), numbers) - blamed.verdict.results[of])
    ledger = linear_ledger(run, error, 1.0)
    near = 1e-3 if numbers.bits < 64 else 1e-2
    assert ledger.explained == pytest.approx(1, abs=near)
    total = float(np.abs(ledger.own).sum() + np.abs(ledger.uses.fraction).sum())
    entered = float(np.abs(ledger.inputs).sum())
    assert total + entered == pytest.approx(exact.spread, rel=1e-2)
    assert scale(blamed, run, entry).size < 0


LEAVES = st.sampled_from(["x", "y", "0.3", "3", "1e-3"])
OPS = st.sampled_from(["+", "-", "*", "/", "exp", "sin", "sqrt", "tanh", "log1p", "max", "dot"])


@st.composite
def trees(draw: Any, depth: int = 5) -> str:
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return str(draw(LEAVES))
    op = draw(OPS)
    a = draw(trees(depth=depth - 1))
    if op in ("exp", "sin", "tanh"):
        return f"tg.{op}({a} * one)"
    if op in ("sqrt", "log1p"):
        return f"tg.{op}(abs({a} * one))"
    b = draw(trees(depth=depth - 1))
    if op == "max":
        return f"tg.maximum({a} * one, {b})"
    if op == "dot":
        return f"tg.dot([{a} * one, {b} * one], [{b} * one, x])"
    return f"({a} * one {op} {b})"


@settings(max_examples=60, deadline=None)
@given(trees(), st.sampled_from(PRECISIONS), st.sampled_from(["value", "d/dx"]))
def test_random_functions_are_explained(text: str, numbers: Any, of: str) -> None:
    space = dict(tg=typedgrad)
    exec(f"def f(x, y):\n    one = x * 0 + 1\n    return {text} * one\n", space)
    found = tg.blame(space["f"], x="1.7", y="0.01", precision=numbers, of=of)
    if math.isnan(found.explained):
        right = found.digits == found.entry.cap
        assert right or any(share.causes for share in found.lines) or found.remarks
    else:
        assert abs(found.explained - 1) < 1e-9


def test_without_flint_the_shares_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with_flint = tg.blame(mixed, x="0.7", y="1.3", precision="float64", of="d/dx")
    monkeypatch.setitem(sys.modules, "flint", None)
    for name in [name for name in sys.modules if name.startswith("typedgrad.engines.ball")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("typedgrad.engines.balls", raising=False)
    without = tg.blame(mixed, x="0.7", y="1.3", precision="float64", of="d/dx")
    assert without.judge == "mpmath"
    assert [x.label for x in without.lines] == [x.label for x in with_flint.lines]
    shares = [x.signed for x in without.lines]
    assert shares == pytest.approx([x.signed for x in with_flint.lines], abs=1e-9)
