"""`typedgrad blame`: reports, wrong use, and the examples of its page."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from typedgrad.cli import main

ROOT = Path(__file__).resolve().parent.parent
QUADRATIC = "examples/quadratic_root.py:textbook --at a=1,b=1000,c=0.01"
flint = pytest.mark.skipif(not importlib.util.find_spec("flint"), reason="the page shows flint")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(ROOT)

    def call(line: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["typedgrad", *shlex.split(line)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        code = left.value.code
        return (code if isinstance(code, int) else 0), out, err

    return call


def console_blocks() -> list[tuple[str, str]]:
    text = (ROOT / "docs" / "blame.md").read_text(encoding="utf-8")
    return re.findall(r"```console\n\$ typedgrad (.*)\n((?:.*\n)*?)```", text)


@flint
@pytest.mark.parametrize(("line", "shown"), console_blocks(), ids=lambda x: x.split("--at")[0][:60])
def test_the_reports_in_the_docs_are_what_is_printed(line: str, shown: str, run: Any) -> None:
    """Word for word where only + - * / and sqrt are used; sin differs between processors."""
    status, out, _ = run(line)
    assert status == 0
    if "kepler" not in line:
        assert out == shown
        return
    parted = [text for text in shown.splitlines() if text.startswith("unstable branch")]
    assert parted and parted[0] in out


def test_json_holds_one_or_all(run: Any) -> None:
    status, out, _ = run(f"blame {QUADRATIC} --precision float64 --format json")
    assert status == 0 and json.loads(out)["of"] == "d/da"
    status, out, _ = run(f"blame {QUADRATIC} --of all --format json")
    assert list(json.loads(out)) == ["value", "d/da", "d/db", "d/dc"]


def test_of_all_prints_one_listing_each(run: Any) -> None:
    _, out, _ = run(f"blame {QUADRATIC} --of all --precision float64")
    assert out.count("Explained:") == 4 and out.count("\nNext:") == 1
    assert max(map(len, out.splitlines())) <= 100


def test_the_next_command_runs(run: Any) -> None:
    _, out, _ = run(f"blame {QUADRATIC}")
    following = out.partition("Next: typedgrad ")[2].replace("\\\n", " ")
    assert run(following)[0] == 0


def test_a_page_is_written(run: Any, tmp_path: Path) -> None:
    page = tmp_path / "blame.html"
    assert run(f"blame {QUADRATIC} --html {page}")[0] == 0
    assert "textbook" in page.read_text(encoding="utf-8")
    status, out, err = run(f"blame {QUADRATIC} --html {tmp_path}")
    assert (status, out) == (2, "") and "[TG467]" in err


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("blame examples/quadratic_root.py:textbok --at a=1", "TG402"),
        ("blame examples/none.py:textbook --at a=1", "TG401"),
        ("blame examples/quadratic_root.py:textbook --at a=1,b=2", "TG403"),
        ("blame examples/quadratic_root.py:textbook --at a=one,b=2,c=3", "TG404"),
        (f"blame {QUADRATIC} --precision float16", "TG404"),
        (f"blame {QUADRATIC} --of d/dz", "TG450"),
        (f"blame {QUADRATIC} --of ''", "TG450"),
        (f"blame {QUADRATIC} --at a=2,b=3,c=4", "TG404"),
    ],
)
def test_wrong_use_is_one_error(line: str, code: str, run: Any) -> None:
    status, out, err = run(line)
    assert (status, out) == (2, "")
    assert err.count("[TG") == 1 and f"[{code}]" in err and "help: " in err
