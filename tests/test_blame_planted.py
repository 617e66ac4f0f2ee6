"""blame on planted losses: the planted line is named, in true words, and the innocent are not."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import typedgrad

tg: Any = typedgrad
PRECISIONS = [tg.float32, tg.float64, tg.longdouble]

# Lines that lose no digit where all variables are between 1/4 and 4; some stay so only roughly.
HARMLESS = [
    "{0} * {1} / 2",
    "({0} + {1}) / 2",
    "2 * {0} / ({0} + {1})",
    "tg.sqrt({0} * {1})",
    "1 / (1 + {0})  + 0.5",
    "tg.exp(-{0} / 4) + {1} / 2",
    "tg.log1p({0}) + {1} / 4",
    "tg.tanh({0}) + {1} / 4",
    "tg.hypot({0}, {1}) / 2",
]
# What is planted: lines that lose digits in {big}, a power of two that swallows most of a number.
# The first line that `$` ends is guilty, and its cause; `%` ends a line that only reveals.
PLANTED = {
    "absorption": ["p = {0} + {big}  # $", "q = p - {big}  # %"],
    "absorption before a logarithm": ["p = {0} / {big} + 1  # $", "q = tg.log(p)  # %"],
    "rounding before a difference": [
        "p = {0} * 0.7 + {big} / 3  # $",
        "q = p - {big} / 3  # %",
    ],
}

harmless = st.lists(
    st.tuples(st.sampled_from(HARMLESS), st.integers(0, 30), st.integers(0, 30)), max_size=5
)
settled = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def lines_of(given_lines: list[tuple[str, int, int]], start: int) -> list[str]:
    names = ["x", "y", *(f"t{k}" for k in range(start))]
    made: list[str] = []
    for number, (line, i, j) in enumerate(given_lines, start):
        made.append(f"t{number} = " + line.format(names[i % len(names)], names[j % len(names)]))
        names.append(f"t{number}")
    return made


def loaded(folder: Path, body: list[str], result: str) -> Any:
    text = "\n    ".join(["def f(x, y):", *body, f"return {result}"])
    path = folder / f"planted_{abs(hash(text))}.py"
    path.write_text(f"import typedgrad as tg\n\n\n{text}\n", encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.f


@settled
@given(harmless, st.sampled_from(PRECISIONS), st.sampled_from(["value", "d/dx"]))
def test_a_function_without_loss_is_not_accused(
    tmp_path: Path, given_lines: list[Any], numbers: Any, of: str
) -> None:
    body = lines_of(given_lines, 0)
    f = loaded(tmp_path, body, f"t{len(body) - 1} * x" if body else "x * y")
    found = tg.blame(f, x=1.25, y=0.75, precision=numbers, of=of)
    assert not [x for x in found.causes if x.kind not in ("cancellation", "constant")]
    if found.is_within_rounding:
        assert not found.causes
        assert "no line is accused" in str(found) or "All its digits" in str(found)
    if of == "value":
        assert found.entry.lost < 1.5 and not found.causes


@settled
@given(harmless, harmless, st.sampled_from(sorted(PLANTED)), st.sampled_from(PRECISIONS))
def test_the_planted_line_is_blamed_first(
    tmp_path: Path, before: list[Any], after: list[Any], plant: str, numbers: Any
) -> None:
    head = lines_of(before, 0)
    last = f"t{len(head) - 1}" if head else "x"
    big = 2 ** (numbers.bits - 4)
    planted = [line.format(last, big=big) for line in PLANTED[plant]]
    tail = lines_of(after, len(head))
    body = [*head, *planted, *tail]
    f = loaded(tmp_path, body, f"q * {f't{len(head) + len(tail) - 1}' if tail else 'x'}")
    found = tg.blame(f, x=1.3125, y=0.8125, precision=numbers, of="value")
    guilty = 5 + next(k for k, line in enumerate(body) if line.endswith("$"))
    reveals = 5 + next(k for k, line in enumerate(body) if line.endswith("%"))
    assert abs(found.explained - 1) < 1e-9
    if found.entry.lost < 1:
        return
    assert found.lines[0].line == guilty
    named = {share.line: share.cause for share in found.lines if share.causes}
    assert named.keys() <= {guilty, reveals}
    assert named.get(reveals) == ("magnification" if "log" in plant else "cancellation")
    assert f"the error of line {guilty}" in found.line(reveals).causes[0].text
    for share in found.expressions:
        for cause in share.causes:
            assert is_true(cause, share, numbers)


def is_true(cause: Any, share: Any, numbers: Any) -> bool:
    """Whether a sentence about the sum or difference of two numbers holds for them."""
    if cause.kind in ("cancellation", "magnification"):
        *args, y = (numbers.parse(text) for text in (*share.operands, share.result))
        grown = float(re.findall(r"by ([\d.]+) digits", cause.text)[0])
        top = max(map(abs, args))
        room = float(np.log10(top / abs(y))) if y else 99.0
        return bool(1 <= grown <= room + 1.5)
    if cause.kind == "absorption":
        small, large = re.findall(r"absorption: (\S+) .* beside (\S+)$", cause.text)[0]
        a, b, y = numbers.parse(small), numbers.parse(large), numbers.parse(share.result)
        if "is lost" in cause.text:
            return bool(abs(y) == abs(b))
        kept = float(re.findall(r"keeps ([\d.]+) of", cause.text)[0])
        lost = abs(abs(float(y - b)) - abs(float(a))) / abs(float(a))
        return lost > 0.003 and abs(kept + np.log10(lost)) < 0.1
    return False


ONE_LINERS = [
    ("(x + 1e12) - 1e12", dict(x="0.1"), "absorption"),
    ("tg.exp(x * 100) / tg.exp(x * 100 - 1)", dict(x="2"), "overflow"),
    ("x * x * 1e38 * 1e38", dict(x="1e-30"), "underflow"),
    ("tg.log(x)", dict(x="1.000001"), "magnification"),
    ("tg.sin(x * 1e6)", dict(x="1.2345678"), "magnification"),
    ("tg.sqrt(-x)", dict(x="2"), "undefined"),
    ("1 / (x - 2)", dict(x="2.00000001"), "infinite"),
    ("tg.floor(x * 10) / 7", dict(x="0.69999999"), "unstable branch"),
]


@pytest.mark.parametrize(("text", "point", "kind"), ONE_LINERS, ids=lambda x: str(x)[:24])
def test_causes_by_their_kinds(tmp_path: Path, text: str, point: Any, kind: str) -> None:
    f = loaded(tmp_path, ["y = y"], text)
    found = tg.blame(f, **point, y=1, precision="float32", of="value")
    assert kind in [cause.kind for cause in found.causes], str(found)
