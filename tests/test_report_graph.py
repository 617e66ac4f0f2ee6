"""Graphs coloured by loss and differences of reports: as text, as SVG, and by the command."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import typedgrad
from typedgrad import cli, errors
from typedgrad.machine import NUMBERS
from typedgrad.points import point_of
from typedgrad.report.differing import differences, shown
from typedgrad.report.graph import FILLS, picture, to_dot, to_mermaid, to_svg
from typedgrad.report.schema import schema
from typedgrad.study import study

tg: Any = typedgrad
SYSTEMS = {numbers.name: numbers for numbers in NUMBERS.values()}
SOURCE = """\
import numpy as np


def loss(x, y):
    s = np.sqrt(x * x + y * y)
    d = s - x
    return d * d


def better(x, y):
    d = y * y / (np.sqrt(x * x + y * y) + x)
    return d * d


def many(x):
    y = x
    for _ in range(400):
        y = y + x / 3
    return y


loss_twin = better
"""
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: Any) -> Path:
    (tmp_path / "loss.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(line: str, capsys: Any, monkeypatch: Any) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["typedgrad", *line.split()])
    with pytest.raises(SystemExit) as left:
        cli.main()
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


@pytest.fixture
def call(folder: Path, capsys: Any, monkeypatch: Any) -> Any:
    return lambda line: run(line, capsys, monkeypatch)


def loss(x: Any, y: Any) -> Any:
    s = tg.sqrt(x * x + y * y)
    d = s - x
    return d * d


def drawing(f: Any, precision: str = "float64", limit: int = 300, **at: Any) -> Any:
    blame = tg.blame(f, at, precision=precision)
    program = study(f, point_of(f, at, {}), SYSTEMS[precision]).value
    return picture(program, blame, limit), blame


@pytest.mark.parametrize("precision", ["float32", "float64", "longdouble"])
def test_every_value_is_drawn_with_its_share(precision: str) -> None:
    drawn, blame = drawing(loss, precision, x=1000, y="0.001")
    labels = {x.lines[0]: x for x in drawn.vertices}
    assert {"x", "y", "x * x", "y * y", "s - x", "d * d"} <= set(labels)
    assert [x.kind for x in drawn.vertices].count("input") == 2
    assert labels["d * d"].kind == "output"
    hottest = max(drawn.vertices, key=lambda x: x.heat)
    top = blame.expressions[0]
    assert hottest.lines[0] == top.text and hottest.heat == 5
    for edge in drawn.edges:
        source = next(x for x in drawn.vertices if x.name == edge.source)
        assert edge.heat == source.heat
    assert blame.point.call in drawn.title and precision in drawn.title


def test_large_graphs_have_one_box_for_each_line() -> None:
    def f(x: Any) -> Any:
        y = x
        for _ in range(200):
            y = y + x / 3
        return y * 1

    drawn, _ = drawing(f, "float32", x="0.1")
    texts = [" ".join(x.lines) for x in drawn.vertices]
    assert len(drawn.vertices) < 8
    assert any("y = y + x / 3" in text and "× 200" in text for text in texts)
    assert "one box for each line" in drawn.title
    assert not [edge for edge in drawn.edges if edge.source == edge.target]


def test_an_expression_that_runs_often_says_so() -> None:
    def half(x: Any) -> Any:
        return x / 3

    drawn, blame = drawing(lambda x: half(x) + half(x * x), "float32", x="0.7")
    share = next(x for x in blame.expressions if x.text == "x / 3")
    both = [x for x in drawn.vertices if x.lines[0] == "x / 3"]
    assert share.executions == len(both) == 2
    assert all(x.lines[1].endswith(" in 2 runs") for x in both)


def test_shares_of_no_operation_are_named() -> None:
    blame = tg.blame(loss, x=1000, y="0.001", precision="float64", of="d/dx")
    point = point_of(loss, {"x": 1000, "y": "0.001"}, {})
    drawn = picture(study(loss, point, SYSTEMS["float64"]).value, blame)
    rest = sum(share.signed for share in blame.lines if share.line <= 0 and share.label != "y")
    assert ("Not in the picture: " in drawn.title) is (abs(rest) >= 5e-4)


def test_the_text_for_graphviz() -> None:
    drawn, _ = drawing(loss, x=1000, y="0.001")
    text = to_dot(drawn)
    assert text.startswith("digraph program {") and text.endswith("}\n")
    assert f'fillcolor="{FILLS[5]}"' in text and "penwidth=3.6" in text
    assert text.count(" -> ") == len(drawn.edges)


def test_the_text_for_mermaid() -> None:
    drawn, _ = drawing(loss, x=1000, y="0.001")
    lines = to_mermaid(drawn).splitlines()
    assert lines[0] == "flowchart TB"
    assert len([line for line in lines if "-->" in line]) == len(drawn.edges)
    hot = [number for number, edge in enumerate(drawn.edges) if edge.heat]
    assert [int(x.split()[1]) for x in lines if x.startswith("  linkStyle")] == hot


def test_the_picture_as_svg() -> None:
    pytest.importorskip("pygraphviz")
    drawn, _ = drawing(loss, x=1000, y="0.001")
    root = ElementTree.fromstring(to_svg(drawn))
    assert root.tag == f"{SVG}svg" and root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == drawn.title
    texts = [x.text for x in root.iter(f"{SVG}text")]
    assert "s - x" in texts
    assert len([x for x in root.iter(f"{SVG}path") if x.attrib.get("stroke")]) >= len(drawn.edges)


def hostile(folder: Path) -> Any:
    path = folder / "hostile.py"
    text = 'def f(x):\n    """a"""\n    return x[0] + x["]\\"];<b>&#"]\n'
    path.write_text(text, encoding="utf-8")
    space: dict[str, Any] = {}
    exec(compile(text, str(path), "exec"), space)
    return lambda x: space["f"]({0: x, ']"];<b>&#': x + 1})


def test_hostile_labels_stay_labels(tmp_path: Path) -> None:
    drawn, _ = drawing(hostile(tmp_path), x="0.1")
    assert '\\"' in to_dot(drawn)
    for line in to_mermaid(drawn).splitlines():
        assert line.count('"') in (0, 2) and "<b>" not in line
    pytest.importorskip("pygraphviz")
    texts = "".join(ElementTree.fromstring(to_svg(drawn)).itertext())
    assert "];<b>&#" in texts


def test_a_missing_graphviz_names_the_line_that_installs_it(call: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    status, out, err = call("graph loss.py:loss --at x=1,y=2")
    assert (status, out) == (2, "")
    assert "python -m pip install 'typedgrad[graph]'" in err and "[TG407]" in err
    status, out, _ = call("graph loss.py:loss --at x=1,y=2 --format dot")
    assert status == 0 and out.startswith("digraph")


@pytest.mark.parametrize(
    ("name", "start"), [("a.dot", "digraph"), ("a.gv", "digraph"), ("a.mmd", "flowchart")]
)
def test_the_format_is_that_of_the_file(name: str, start: str, call: Any, folder: Path) -> None:
    status, out, _ = call(f"graph loss.py:loss --at x=1000,y=0.001 --of d/dx --out {name}")
    assert (status, out) == (0, "")
    assert (folder / name).read_text(encoding="utf-8").startswith(start)
    assert "d/dx" in (folder / name).read_text(encoding="utf-8")


def test_a_large_graph_by_the_command(call: Any) -> None:
    status, out, _ = call("graph loss.py:many --at x=0.1 --format mermaid")
    assert status == 0 and "one box for each line" in out and len(out.splitlines()) < 30


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("loss.py:loss --at x=1", "TG403"),
        ("loss.py:loss --at x=1,y=2 --of d/dz", "TG450"),
        ("loss.py:loss --at x=1,y=2 --precision float16", "TG404"),
        ("loss.py:loss --at x=1,y=2 --at x=2,y=3", "TG404"),
        ("loss.py:los --at x=1,y=2", "TG402"),
        ("loss.py:loss --at x=1,y=2 --out no/such.dot", "TG467"),
        ("loss.py:loss --at x=1,y=2 --out .", "TG467"),
    ],
)
def test_wrong_use_of_graph(line: str, code: str, call: Any, folder: Path) -> None:
    before = sorted(folder.rglob("*.*"))
    status, out, err = call(f"graph {line} --format dot")
    assert (status, out) == (2, "") and f"[{code}]" in err
    assert [x for x in sorted(folder.rglob("*.*")) if "pycache" not in str(x)] == before


def test_a_file_of_another_kind_is_not_written(call: Any, folder: Path) -> None:
    status, out, err = call("graph loss.py:loss --at x=1,y=2 --out a.png")
    assert (status, out) == (2, "") and "[TG404]" in err and err.count("help: ") == 1
    assert not (folder / "a.png").exists()
    status, _, _ = call("graph loss.py:loss --at x=1,y=2 --out a.txt --format dot")
    assert status == 0 and (folder / "a.txt").read_text(encoding="utf-8").startswith("digraph")


@pytest.fixture
def reports(call: Any, folder: Path) -> Path:
    for name, target, at in (
        ("old", "loss.py:loss", "x=1000,y=0.001"),
        ("again", "loss.py:loss", "x=1000,y=0.001"),
        ("other", "loss.py:loss", "x=1,y=2"),
        ("better", "loss.py:better", "x=1000,y=0.001"),
    ):
        _, out, _ = call(f"compare {target} --at {at} --format json")
        (folder / f"{name}.json").write_text(out, encoding="utf-8")
    data = json.loads((folder / "better.json").read_text(encoding="utf-8"))
    (folder / "new.json").write_text(json.dumps({**data, "function": "loss"}), encoding="utf-8")
    return folder


def test_nothing_changed(reports: Path, call: Any) -> None:
    status, out, _ = call("diff old.json again.json --fail-under-change 0")
    assert status == 0
    assert out.count("nothing changed.") == 3 and "loss(x=1000, y=0.001)" in out


def test_digits_gained_and_lost(reports: Path, call: Any) -> None:
    old, new = (json.loads((reports / f"{x}.json").read_text())["digits"] for x in ("old", "new"))
    found = differences("old.json", "new.json")
    for change in found.changes:
        assert change.old == old[change.precision][change.entry]
        assert change.new == new[change.precision][change.entry]
        assert change.gained == pytest.approx((change.new or 0) - (change.old or 0))
    assert found.worse() == ()
    gained = new["float64"]["value"] - old["float64"]["value"]
    assert f"+{gained:.1f}" in shown(found)
    back = differences("new.json", "old.json")
    assert len(back.worse(0.5)) == 9
    status, out, _ = call("diff new.json old.json --fail-under-change 0.5")
    assert status == 1 and out.count("lost more than 0.5 digits: ") == 9
    assert call("diff new.json old.json")[0] == 0
    assert call("diff new.json old.json --fail-under-change 19.5")[0] == 0
    assert max(map(len, out.splitlines())) <= 100


def test_a_difference_as_json(reports: Path, call: Any) -> None:
    status, out, err = call("diff new.json old.json --format json --fail-under-change 1")
    assert status == 1 and "lost more than 1 digits" in err
    data = json.loads(out)
    assert data == json.loads(json.dumps(differences("new.json", "old.json").to_dict()))
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator(schema("differences")).validate(data)


def test_a_result_that_became_undefined_is_lost(reports: Path, call: Any) -> None:
    data = json.loads((reports / "new.json").read_text())
    data["digits"]["float64"]["d/dx"] = None
    (reports / "nan.json").write_text(json.dumps(data))
    status, out, _ = call("diff new.json nan.json --fail-under-change 19")
    assert status == 1 and "d/dx is undefined now (NaN)" in out
    assert call("diff nan.json nan.json --fail-under-change 0")[0] == 0
    assert "d/dx gained 16.0 digits" in shown(differences("nan.json", "new.json"))


def test_blames_and_pages_can_be_compared(reports: Path, call: Any) -> None:
    for name in ("a", "b"):
        _, out, _ = call("blame loss.py:loss --at x=1000,y=0.001 --of all --format json")
        (reports / f"{name}.json").write_text(out)
    found = differences("a.json", "b.json")
    assert [change.entry for change in found.changes] == ["value", "d/dx", "d/dy"]
    inner = json.loads((reports / "old.json").read_text())
    (reports / "page.json").write_text(json.dumps({"version": 1, "comparison": inner}))
    assert differences("old.json", "page.json").worse() == ()


def test_several_points_are_compared_point_by_point(reports: Path, call: Any) -> None:
    _, out, _ = call("compare loss.py:loss --at x=1,y=2 --at x=3,y=4 --format json")
    (reports / "two.json").write_text(out)
    found = differences("two.json", "two.json")
    assert {change.point for change in found.changes} == {"x=1, y=2", "x=3, y=4"}
    assert "value at x=3, y=4" in shown(found)


def test_precisions_of_one_report_only_are_named(reports: Path) -> None:
    data = json.loads((reports / "old.json").read_text())
    del data["digits"]["longdouble"]
    (reports / "less.json").write_text(json.dumps(data))
    found = differences("old.json", "less.json")
    assert found.only_old == ("longdouble value", "longdouble d/dx", "longdouble d/dy")
    assert "Only in old.json: longdouble value, longdouble d/dx" in shown(found)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1, column 1 is no JSON"),
        ("<!doctype html>", "line 1, column 1 is no JSON"),
        ('{"a": 1,\n  b}', "line 2, column 3 is no JSON"),
        ("[1, 2]", "it is a JSON list"),
        ("{}", "it holds neither digits nor an entry"),
        ('{"digits": {}, "version": 99}', "the versions 1 and 2 can be read"),
        ('{"digits": {}, "version": 2}', "it has no 'point'"),
        ('{"digits": 3, "version": 2, "function": "f", "point": {}}', "its parts do not fit"),
        ('{"digits": {"a": {"b": "c"}}, "version": 2, "function": "f", "point": {}}', "do not fit"),
        ("[" * 100_000, "it is nested too deeply"),
        ("\x00\x01", "line 1, column 1 is no JSON"),
    ],
    ids=lambda x: x[:24],
)
def test_files_that_are_no_report(text: str, why: str, reports: Path, call: Any) -> None:
    (reports / "bad.json").write_text(text)
    for line in ("bad.json old.json", "old.json bad.json"):
        status, out, err = call(f"diff {line}")
        assert (status, out) == (2, "")
        assert why in " ".join(err.split()) and "bad.json" in err and "[TG468]" in err


def test_files_that_cannot_be_read(reports: Path, call: Any) -> None:
    (reports / "raw.json").write_bytes(b"\xff\xfe\x00")
    for name, why in (
        ("none.json", "there is no such file"),
        (".", "it is a folder"),
        ("raw.json", "it is no text in UTF-8"),
    ):
        status, _, err = call(f"diff old.json {name}")
        assert status == 2 and why in err and "[TG468]" in err


def test_reports_about_different_things(reports: Path) -> None:
    for other, what in (("better", "function"), ("other", "point")):
        with pytest.raises(errors.OtherReport, match=what):
            differences("old.json", f"{other}.json")
    data = json.loads((reports / "old.json").read_text())
    (reports / "odd.json").write_text(json.dumps({**data, "digits": {"float16": {"value": 3}}}))
    with pytest.raises(errors.OtherReport, match="no precision and entry is in both"):
        differences("old.json", "odd.json")


@pytest.mark.parametrize("amount", ["-1", "nan", "inf"])
def test_an_allowance_that_is_no_number_of_digits_is_refused(
    reports: Path, call: Any, amount: str
) -> None:
    status, out, err = call(f"diff new.json old.json --fail-under-change {amount}")
    assert (status, out) == (2, "")
    assert err.startswith(f"cannot read --fail-under-change: {amount}\n")


ROOT = Path(__file__).resolve().parent.parent
DOCS = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n\$ typedgrad (.*)\n((?:.*\n)*?)```", DOCS)


@pytest.mark.skipif(tg.longdouble.bits != 64, reason="the page shows a longdouble of 64 bits")
@pytest.mark.parametrize(("line", "said"), BLOCKS, ids=lambda x: x.split()[0] if x else "none")
def test_the_examples_in_the_docs(line: str, said: str, call: Any, folder: Path) -> None:
    """Word for word; digits may differ by one, since NumPy's loops differ between processors."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    for name, function in (("before", "textbook"), ("after", "stable")):
        at = "--at a=1,b=1000,c=0.01 --format json"
        _, out, _ = call(f"compare examples/quadratic_root.py:{function} {at}")
        data = json.dumps({**json.loads(out), "function": "root"})
        (folder / f"{name}.json").write_text(data)
    status, out, _ = call(line)
    assert status == 0
    if "--html" in line:
        assert (folder / "root.html").read_text(encoding="utf-8").startswith("<!doctype html>")
        return
    number = re.compile(r"\d+\.\d(?= )")
    mine, theirs = ([float(x) for x in number.findall(text)] for text in (out, said))
    assert mine == pytest.approx(theirs, abs=1.0) or "flowchart" in out
    assert mine != theirs or out == said


COMMANDS = {
    "compare": ("compare loss.py:loss --at x=1000,y=0.001", "Where the digits go"),
    "several": ("compare loss.py:loss --at x=1,y=2 --at x=3,y=4", "loss(x=3, y=4)"),
    "blame": ("blame loss.py:loss --at x=1000,y=0.001 --of all", "d/dy in float32"),
    "tune": ("tune loss.py:loss --at x=1,y=2 --digits 3", "What may be narrower"),
    "sweep": ("sweep loss.py:loss --range x=1:10:4 --fix y=2", "Digits along the inputs"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_question_can_be_a_page(name: str, call: Any, folder: Path) -> None:
    line, part = COMMANDS[name]
    status, out, _ = call(f"{line} --html page.html")
    assert status == 0 and out
    text = (folder / "page.html").read_text(encoding="utf-8")
    assert part in text and f"typedgrad {line} --html page.html" in text


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("path", [".", "no/page.html"])
def test_a_page_that_cannot_be_written_stops_before_the_work(
    name: str, path: str, call: Any, folder: Path
) -> None:
    status, out, err = call(f"{COMMANDS[name][0]} --html {path}")
    assert (status, out) == (2, "") and "[TG467]" in err
    assert sorted(x.name for x in folder.iterdir() if x.suffix) == ["loss.py"]


def test_the_page_of_a_comparison_blames_what_was_lost(call: Any, folder: Path) -> None:
    call("compare loss.py:loss --at x=1000,y=0.001 --precisions float32 --html page.html")
    text = (folder / "page.html").read_text(encoding="utf-8")
    assert text.count('<div class="panel ') == 3
    call("compare loss.py:better --at x=1000,y=0.001 --precisions float64 --html page.html")
    assert '<div class="panel ' not in (folder / "page.html").read_text(encoding="utf-8")
