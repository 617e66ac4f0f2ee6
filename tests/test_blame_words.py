"""The sentences of a blame where a plain reading of the numbers would be false, or of no use."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

import typedgrad

tg: Any = typedgrad
PRECISIONS = [tg.float32, tg.float64, tg.longdouble]
every_precision = pytest.mark.parametrize("numbers", PRECISIONS, ids=lambda p: p.name)

TEXT = """import typedgrad as tg


def spread(x):
    small = (
        tg.exp(x)
        - 1  # a comment, which is no part of the expression
        - x
    )
    return small * 2


def entropy(z, y):
    p = 1 / (1 + tg.exp(-z))
    return -(y * tg.log(p) + (1 - y) * tg.log(1 - p))


def shifted(z):
    total = tg.exp(z) + 1
    return tg.log(total) - z


def halves(x):
    if x * 3 < 1:
        return x
    return 1 - x


def twice(x):
    y = x * 3
    return y * y - x


def steps(x):
    return tg.floor(x * 10) / 10


def inverse(x):
    return 1 / x


def product(x, y):
    return x * y


def squared_inverse(x):
    return 1 / (x * x)


def softplus(x):
    return tg.log(1 + tg.exp(x))


def tenfold(x):
    return 1000.0 + x - tg.sin(x)


def nothing(x, y):
    return (x + y) ** 2 - x**2 - 2 * x * y


def recurrence(x):
    a, b = tg.sin(x) / x, tg.sin(x) / (x * x) - tg.cos(x) / x
    for n in range(1, 12):
        a, b = b, (2 * n + 1) / x * b - a
    return b
"""


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path: Path = tmp_path_factory.mktemp("words") / "user_of_blame.py"
    path.write_text(TEXT, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@every_precision
def test_an_expression_over_several_lines_is_told_as_one(numbers: Any, user: Any) -> None:
    found = tg.blame(user.spread, x="0.01", precision=numbers, of="value")
    texts = {share.text: share for share in found.expressions}
    whole = ["tg.exp(x)", "tg.exp(x) - 1", "tg.exp(x) - 1 - x", "small * 2"]
    assert texts.keys() >= {*whole} and len(texts) <= 5
    assert {texts[text].line for text in whole[:3]} == {6}
    revealed = [text for text, share in texts.items() if share.cause == "cancellation"]
    assert revealed and {*revealed} <= {*whole[1:3]}
    assert {x.label for x in found.variables} <= {"small", "spread()", "x"}
    carets = re.findall(r"│ ( +)(\^+)", str(found))
    assert {(len(left), len(marks)) for left, marks in carets} == {(8, 9)}
    assert all(f"│   {text}  " in str(found) for text in revealed)


@every_precision
def test_an_error_far_below_the_last_place_is_told_in_last_places(numbers: Any, user: Any) -> None:
    seen: set[bool] = set()
    for k in range(1, 200):
        found = tg.blame(user.product, x=1 + k / 64, y=k / 1024, precision=numbers, of="value")
        if k % 2:
            at = dict(x=f"1.{k}7", y=f"0.9{k}")
            found = tg.blame(user.product, **at, precision=numbers, of="value")
        places = found.entry.absolute / float(numbers.ulp(numbers.parse(found.entry.got)))
        assert (found.unit == "ulp") == (abs(places) < 0.1)
        if found.unit == "ulp":
            seen.add(found.entry.is_right)
            assert abs(sum(share.signed for share in found.lines) - places) < 1e-9
            assert "%" not in str(found) and "units of the last place" in str(found)
            assert max(abs(share.signed) for share in found.lines) < 2
            assert found.bound >= 1 or found.entry.is_right
    assert seen == {True, False}


@every_precision
def test_parts_many_times_the_error_are_told_as_multiples(numbers: Any, user: Any) -> None:
    found = tg.blame(user.shifted, z=int(numbers.bits * 1.2), precision=numbers, of="value")
    assert found.digits == 0 and abs(found.lines[0].signed) > 1000
    assert "nearly compensate, and the error is what is left." in str(found)
    assert not re.search(r"e\+\d+ %", str(found)) and " x) and line " in str(found)


@every_precision
def test_behind_a_pole_the_line_that_made_the_zero_is_named(numbers: Any, user: Any) -> None:
    found = tg.blame(user.entropy, z=60, y=0, precision=numbers, of="value")
    exact = "8.76e-27"  # exp(-60) / (1 + exp(-60))
    said = f"log(0.0): 0.0 would be {exact} in exact arithmetic; line 14 makes 100 % of that error."
    assert [remark.text for remark in found.remarks] == [said]
    assert found.line(15).cause == "infinite"


def test_inputs_that_a_precision_does_not_reach_are_the_culprits(user: Any) -> None:
    found = tg.blame(user.inverse, x="1e400", precision="float32", of="value")
    assert found.lines[0].label == "x" and found.explained == 1
    assert found.lines[0].causes[0].text == "input: x = 1e400 becomes inf in float32"
    assert "error too small to be told" in str(found)
    found = tg.blame(user.inverse, x="1e-60", precision="float32", of="value")
    assert found.remarks[0].text == "x = 1e-60 becomes 0.0 in float32."


def test_without_a_certain_reference_no_line_is_accused(user: Any) -> None:
    found = tg.blame(user.steps, x="0.7", precision="float32", of="value")
    if found.entry.stands:
        assert found.entry.is_right
        return
    assert not found.causes and not found.hints
    assert "The exact result is not certain, so no line is accused." in str(found)
    assert "%" not in str(found) and "digits, or more" in str(found)


def test_a_result_is_right_on_its_path_only(user: Any) -> None:
    found = tg.blame(user.halves, x="0.333333333333", precision="float32", of="value")
    assert "All its digits are right on the path that float32 took." in str(found)
    found = tg.blame(user.halves, x="0.4", precision="float32", of="value")
    assert "All its digits are right." in str(found)


def test_a_function_without_a_value_is_not_accused(user: Any) -> None:
    found = tg.blame(user.entropy, z="nan", y=0, precision="float32", of="value")
    assert "no value here in exact arithmetic either" in str(found)


def test_tests_too_long_to_be_looked_at_are_told(
    user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("typedgrad.blaming.accounts.MOST_EXACT", 0)
    found = tg.blame(user.halves, x="0.3", precision="float32", of="value")
    (remark,) = found.remarks
    assert remark.kind == "tests" and "more than 0." in remark.text


@every_precision
def test_the_sum_of_an_inputs_uses_is_named_by_the_partial(numbers: Any, user: Any) -> None:
    found = tg.blame(user.twice, x="0.7", precision=numbers, of="d/dx")
    (added,) = [share for share in found.lines if not share.line and not share.text]
    assert added.label == "adding up d/dx" and added.split.values == 0
    assert abs(sum(share.signed for share in found.lines) - 1) < 1e-9


def test_a_cause_tells_in_how_many_executions_it_holds(user: Any) -> None:
    found = tg.blame(user.recurrence, x=1, precision="float32", of="value")
    texts = [cause.text for cause in found.causes if cause.kind == "cancellation"]
    assert any(re.search(r"likewise in \d+ more of its runs$", text) for text in texts)


def test_a_pole_is_no_overflow_and_a_partial_no_function(user: Any) -> None:
    found = tg.blame(user.squared_inverse, x=0, precision="float64", of="d/dx")
    assert str(found).splitlines()[2].startswith("d/dx has no value here in exact arithmetic")
    assert "infinite: 1.0 / 0.0 has no finite value" in str(found)
    assert "overflow" not in str(found)


def test_parts_of_one_sign_do_not_compensate(user: Any) -> None:
    found = tg.blame(user.softplus, x=-30, precision="float32", of="d/dx")
    assert found.unit == "ulp" and found.spread < 1.01 * abs(found.lines[0].signed)
    assert "last places add up to the error." in str(found)
    found = tg.blame(user.tenfold, x="0.001", precision="float64", of="value")
    if found.unit == "ulp" and found.spread > 2 * abs(sum(x.signed for x in found.lines)):
        assert "last places compensate to the error." in str(found)


def test_places_beyond_counting_are_not_given_a_number(user: Any) -> None:
    found = tg.blame(user.nothing, x=1e8, y="0.001", precision="float64", of="d/dx")
    if found.unit != "ulp" or found.spread < 1e290:
        return
    assert "contributions of >1e+290 last places compensate to no error." in str(found)
    assert "<-1e+290" in str(found) and max(map(len, str(found).splitlines())) <= 100
