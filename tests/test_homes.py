"""Homes: in which variable the result of an expression is kept."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

import typedgrad
from typedgrad.homes import NOWHERE, Home, homes, names
from typedgrad.points import point_of
from typedgrad.study import study

tg: Any = typedgrad
TEXT = """
import numpy as np

def g(x):
    t = x * 2
    return t + np.sin(t)

def f(x):
    a, b = x * x, x + 1
    a += g(a) * b
    r = [k * a for k in range(1, 3)]
    r[1] = r[0] - b
    c = (x / a if x > 0 else
         x - a)
    q: object = (lambda u: u * u * u)(c)
    if (z := q + 1) > 0:
        z = z - 1
    (one, two), three = (z * 3, z / 3), z
    both, *rest = z + 5, z + 6, z + 7
    return sum(r) + q * one + two + both + rest[0]
"""


def places(path: Path) -> dict[str, list[tuple[str, str, bool]]]:
    path.write_text(TEXT)
    spec = importlib.util.spec_from_file_location("user_of_homes", path)
    assert spec is not None and spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = study(module.f, point_of(module.f, None, dict(x=2)), tg.float64).value
    found: dict[str, list[tuple[str, str, bool]]] = {}
    assert made.places is not None
    known = homes(made.sources)
    for (op, _), place in zip(made.instructions(), made.places.tolist(), strict=True):
        _, line, left, right = made.sources[place]
        home = known[place]
        text = TEXT.splitlines()[line - 1].encode()[left:right].decode()
        found.setdefault(text, []).append((home.function, home.variable, home.kept))
        assert op
    return found


@pytest.mark.parametrize(
    ("text", "home"),
    [
        ("x * 2", ("g", "t", True)),
        ("np.sin(t)", ("g", "g()", False)),
        ("t + np.sin(t)", ("g", "g()", True)),
        ("x * x", ("f", "a", True)),
        ("x + 1", ("f", "b", True)),
        ("g(a) * b", ("f", "a", False)),
        ("a += g(a) * b", ("f", "a", True)),
        ("k * a", ("f", "r", True)),
        ("r[0] - b", ("f", "r", True)),
        ("x / a", ("f", "c", True)),
        ("u * u", ("<lambda>", "<lambda>()", False)),
        ("u * u * u", ("<lambda>", "<lambda>()", True)),
        ("q + 1", ("f", "z", True)),
        ("z * 3", ("f", "one", True)),
        ("z / 3", ("f", "two", True)),
        ("z + 5", ("f", "both, rest", True)),
        ("q * one", ("f", "f()", False)),
        ("sum(r) + q * one + two + both + rest[0]", ("f", "f()", True)),
    ],
)
def test_where_a_result_is_kept(tmp_path: Path, text: str, home: tuple[str, str, bool]) -> None:
    assert set(places(tmp_path / "user.py")[text]) == {home}


def test_what_cannot_be_read_has_no_home(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("def f(x:\n")
    wrong = [("<string>", 1, 0, 3), (str(broken), 1, 0, 3), (str(tmp_path / "none.py"), 1, 0, 3)]
    assert homes(tuple(wrong)) == [NOWHERE] * 3


def test_a_name_in_two_functions_is_told_apart() -> None:
    found = [Home("f", "x", True), Home("g", "x", True), Home("f", "y", False), NOWHERE]
    assert names(found) == ["f.x", "g.x", "y", ""]
