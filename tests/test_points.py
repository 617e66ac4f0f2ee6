"""Points: numbers exact as written, several points in one comparison, files of points."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import typedgrad
from typedgrad import cli, errors
from typedgrad.comparison import Comparison, Comparisons
from typedgrad.points import input_of, point_of
from typedgrad.several import spread

tg: Any = typedgrad
PRECISIONS = [tg.float32, tg.float64, tg.longdouble]


def loss(x: Any, y: Any) -> Any:
    s = np.sqrt(x * x + y * y)
    return (s - x) ** 2


def test_a_point_knows_its_call_and_its_partials() -> None:
    def f(x: Any, w: Any, n: int, *, scale: Any = 1) -> Any:
        return x * tg.sum(w) ** n * scale

    point = point_of(f, (1, ["0.5", 2]), dict(n=3))
    assert point.call == "f(x=1, w=[0.5, 2], n=3)"
    assert point.partials == ("d/dx", "d/dw[0]", "d/dw[1]")
    assert point.arguments[2].plain == 3


@pytest.mark.parametrize("numbers", PRECISIONS, ids=lambda p: p.name)
def test_each_precision_rounds_a_number_once(numbers: Any) -> None:
    third, half = input_of("x", "1/3"), input_of("x", "0.5")
    assert type(third.lifted(numbers)) is numbers.scalar
    assert third.lifted(numbers) == numbers.scalar(1) / numbers.scalar(3)
    assert half.fits(numbers) and not third.fits(numbers)
    assert not np.isfinite(input_of("x", "1e40000").lifted(numbers))


def test_several_points_are_one_record() -> None:
    found = tg.compare(loss, points=[(3, 4), {"x": 1000, "y": "0.001"}, {"y": 1, "x": 1}])
    assert type(found) is Comparisons and [type(p) for p in found.points] == [Comparison] * 3
    entry, worst = found.worst("float64")
    assert (entry, worst.at, worst.points) == ("d/dx", 1, 3)
    each = [point.digits["float64"]["d/dx"] or 0.0 for point in found.points]
    assert worst.worst == min(each) and worst.median == sorted(each)[1]
    assert found.digits["float64"]["d/dx"] == min(each)
    assert found.enough("float64", digits=3) and not found.enough("float64", digits=6)
    assert found.short("float64", 6) == 1 and found.short("longdouble", 25) == 3
    with pytest.raises(errors.Unreadable, match="compared were: float32, float64, longdouble"):
        found.worst("half")


def test_several_points_print_as_one_table_with_the_worst_point() -> None:
    found = tg.compare(loss, points=[(3, 4), (1000, "0.001")], precisions=("float64",))
    lines = str(found).splitlines()
    assert lines[0].startswith("loss at 2 points; reference: ") and lines[0].endswith("of 16.0")
    assert [line.split()[0] for line in lines[2:5]] == ["value", "d/dx", "d/dy"]
    assert lines[2].split()[1] == f"{found.digits['float64']['value']:.1f}"
    least = found.digits["float64"]["d/dx"]
    assert lines[-1] == (
        f"float64: d/dx has {least:.1f} of 16.0 digits at loss(x=1000, y=0.001); fewer than 6 at 1"
        " of 2 points."
    )
    assert max(map(len, lines)) <= 100
    many = tg.compare(lambda w: tg.dot(w, w), points=[[[1] * 40], [["0.1"] * 40]])
    assert "(17 more partials are not shown" in str(many)


def test_several_points_are_plain_data() -> None:
    found = tg.compare(tg.log, points=[1, -1, 2], precisions=("float64",))
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["version"] == 2 and [p["point"] for p in data["points"]] == [
        {"x": "1"},
        {"x": "-1"},
        {"x": "2"},
    ]
    worst = data["worst"]["float64"]["value"]
    assert (worst["worst"], worst["at"], worst["undefined"], worst["points"]) == (None, 1, 1, 3)
    assert worst["median"] > 15 and not found.enough("float64", digits=0)
    assert "float64: value is undefined (NaN) at log(x=-1); fewer than 6 at 1 of 3" in str(found)


def test_spread_of_nothing_defined() -> None:
    assert spread([(0, None), (1, None)]).median is None


def test_numbers_by_name_hold_for_all_points() -> None:
    found = tg.compare(loss, points=[{"x": 1}, {"x": 2}], y="0.5", precisions=("float32",))
    assert [p.point.call for p in found.points] == ["loss(x=1, y=0.5)", "loss(x=2, y=0.5)"]


def test_paths_that_part_are_the_first_lines_with_the_first_point() -> None:
    def near(x: Any) -> Any:
        return x * x if x > 0.1 else x

    at = [1, "0.10000000000000001", "0.10000000000000002"]
    found = tg.compare(near, points=at, precisions=("float32",))
    text = " ".join(str(found).split())
    assert text.startswith("float32 takes another path than the reference: ")
    assert "at near(x=0.10000000000000001) and at 1 more near at 3 points; reference" in text
    assert "at every point, on the paths that it took; fewer than 6 on the path of exact" in text
    assert text.endswith("numbers at 2 of 3 points.")


def test_vectors_of_different_lengths_share_a_table() -> None:
    found = tg.compare(lambda w: tg.sum(w) * 1, points=[[[1, 2]], [["0.1", 2, 3]]])
    assert list(found.digits["float32"]) == ["value", "d/dw[0]", "d/dw[1]", "d/dw[2]"]
    assert found.spreads["float32"]["d/dw[2]"].points == 1


def test_wrong_lists_of_points_are_one_clear_error() -> None:
    with pytest.raises(errors.NoPoints, match="has no point in it"):
        tg.compare(loss, points=[])
    with pytest.raises(errors.NoPoints, match="both at= and points="):
        tg.compare(loss, (1, 2), points=[(1, 2)])
    with pytest.raises(errors.NoPoints, match="is one point"):
        tg.compare(loss, points={"x": 1, "y": 2})
    with pytest.raises(errors.ParameterMismatch, match="but x was given"):
        tg.compare(loss, points=[(1, 2), {"x": 1}])

    def raises(x: Any) -> Any:
        return 1 / 0 if x > 1 else x

    with pytest.raises(errors.FunctionRaised, match=r"raises\(x=2\), run in float32, raised Zero"):
        tg.compare(raises, points=[1, 2])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "f.py").write_text(
        "def f(x, y):\n    return x * x - y\n\n"
        "def g(w, b=1):\n    return w[0] * w[1] * b\n\n"
        "def h(x):\n    return 1 // 0 if x > 1 else x\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def called(line: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["typedgrad", *shlex.split(line)])
        monkeypatch.setattr(sys, "path", list(sys.path))
        with pytest.raises(SystemExit) as left:
            cli.main()
        streams = capsys.readouterr()
        return int(left.value.code or 0), streams.out, streams.err

    return called


def calls_of(out: str) -> list[dict[str, Any]]:
    return [point["point"] for point in json.loads(out)["points"]]


FILES: list[tuple[str, str, str, list[dict[str, Any]]]] = [
    ("p.csv", "f", "x,y\n1,0.1\n\n2 , 1/3\n", [{"x": "1", "y": "0.1"}, {"x": "2", "y": "1/3"}]),
    (
        "q.csv",
        "f",
        '\ufeffy, x\r\n"0.1","1e-3"\r\n2,3',
        [{"x": "1e-3", "y": "0.1"}, {"x": "3", "y": "2"}],
    ),
    ("w.csv", "g", "w[0],w[1]\n1,2\n3,4\n", [{"w": ["1", "2"]}, {"w": ["3", "4"]}]),
    (
        "v.csv",
        "g",
        "w,b\n1;2,3\n3;4,5\n",
        [{"w": ["1", "2"], "b": "3"}, {"w": ["3", "4"], "b": "5"}],
    ),
    (
        "p.json",
        "f",
        '[{"x": 1, "y": 0.10000000000000000000001}, {"x": "1/3", "y": -2e-3}]',
        [{"x": "1", "y": "0.10000000000000000000001"}, {"x": "1/3", "y": "-2e-3"}],
    ),
    (
        "p.txt",
        "g",
        ' [{"w": [1, 2.0]}, {"w": ["3", 4], "b": 5}]',
        [{"w": ["1", "2.0"]}, {"w": ["3", "4"], "b": "5"}],
    ),
]


@pytest.mark.parametrize(("name", "function", "text", "points"), FILES)
def test_points_are_read_from_files_as_they_are_written(
    folder: Path, run: Any, name: str, function: str, text: str, points: list[dict[str, Any]]
) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    line = f"compare f.py:{function} --at @{name} --precisions float64 --format json"
    status, out, err = run(line)
    assert (status, err) == (0, "") and calls_of(out) == points


def test_at_again_goes_on_with_a_point_or_begins_the_next(folder: Path, run: Any) -> None:
    start = "compare f.py:f --precisions float64 --format json"
    one = json.loads(run(f"{start} --at x=1 --at y=2")[1])
    assert one["point"] == {"x": "1", "y": "2"}
    two = run(f"{start} --at x=1,y=2 --at x=3 --at y=4")[1]
    assert calls_of(two) == [{"x": "1", "y": "2"}, {"x": "3", "y": "4"}]
    (folder / "p.csv").write_text("x,y\n5,6\n")
    three = run(f"{start} --at x=1,y=2 --at @p.csv --at x=7,y=8")[1]
    assert [point["x"] for point in calls_of(three)] == ["1", "5", "7"]
    status, _, err = run(f"{start} --at x=1,y=2 --at x=3")
    assert status == 2 and "f takes x, y, but x was given" in err


def test_a_file_of_one_point_is_a_comparison(folder: Path, run: Any) -> None:
    (folder / "p.json").write_text('{"x": 1, "y": 2}')
    status, out, _ = run("compare f.py:f --at @p.json --values")
    assert status == 0 and out.startswith("f(x=1, y=2)") and "Values; the digits" in out
    assert out.splitlines()[-1] == "Next: typedgrad compare f.py:f --at @p.json --fail-under 6"


def test_fail_under_holds_for_every_point(folder: Path, run: Any) -> None:
    line = "compare f.py:f --at x=3,y=1 --at x=1.01,y=1.02 --precisions float32 --fail-under"
    assert run(f"{line} 2")[0] == 0
    status, out, _ = run(f"{line} 5")
    assert status == 1
    assert "below 5 digits: value in float32 (" in out and "at f(x=1.01, y=1.02)" in out


WRONG: list[tuple[str, bytes | str | None, str, str]] = [
    ("none.csv", None, "cannot use the points in none.csv: there is no such file", "behind the @"),
    (".", None, "points in .: it is a folder", ""),
    ("p.csv", b"\x00\xff\x00", "it is no text in UTF-8", ""),
    ("p.csv", b"x,y\n1,\x00\n", "it is no text", ""),
    ("p.csv", "x,y\n" + " " * 4_000_001, "it has more than 4 MB", "split"),
    ("p.csv", "x,y\n" + "1,2\n" * 1001, "there are more than 1000", "sweep"),
    ("p.csv", "", "there is none", "at least one"),
    ("p.csv", "x,y\n", "there is none", ""),
    ("p.csv", "x,z\n1,2\n", "column 2 of the first row: 'z' is no name of an argument", "x, y"),
    ("p.csv", "x\n1\n", "row 2: f takes x, y, but x is there", ""),
    ("p.csv", "x,x\n1,2\n", "column 2 of the first row: x is there twice", ""),
    ("p.csv", "x,y\n1,2\n1,abc\n", "row 3, column y: 'abc' is no number", "1e-3"),
    ("p.csv", "x,y\n1,\n", "row 2, column y: '' is no number", ""),
    ("p.csv", "x,y\n1,1/0\n", "row 2, column y: '1/0' is no number", ""),
    ("p.csv", "x,y\n1,2,3\n", "row 2: 3 numbers for 2 names", ""),
    ("p.csv", 'x,y\n1,"2\n', "it is no CSV", ""),
    ("g:p.csv", "w[1],b\n1,2\n", "column 1 of the first row: w[1] without the place", "[0]"),
    ("g:p.csv", "w[0],w\n1,2\n", "w[0] beside w", ""),
    ("g:p.csv", "w[0],w[1]\n1;2,3\n", "row 2, column w[0]: several numbers in one place", ""),
    ("p.json", "[", "line 1: it is no JSON", ""),
    ("p.json", "[" * 100_000, "in p.json: its brackets are nested too deeply", ""),
    ("p.json", "[1, 2]", "point 1: it is no object", ""),
    ("p.json", "[]", "there is none", ""),
    ("p.json", '[{"x": 1, "y": true}]', "point 1, y: a truth value is no number", ""),
    ("p.json", '[{"x": 1, "y": null}]', "point 1, y: null is no number", ""),
    ("p.json", '[{"x": 1, "y": {}}]', "point 1, y: an object is no number", ""),
    ("p.json", '[{"x": 1, "y": [[1]]}]', "point 1, y: a list in a list is no number", ""),
    ("p.json", '[{"x": 1, "y": "two"}]', "point 1, y: 'two' is no number", ""),
    ("p.json", '[{"x": 1, "x": 2, "y": 3}]', "in p.json: x is there twice in one point", "once"),
    ("p.json", '[{"x": 1, "y": 2}, {"x": 1}]', "point 2: f takes x, y, but x is there", ""),
    ("p.json", '[{"x": 1, "q": 2}]', "point 1: f takes x, y, but x, q is there", ""),
]


@pytest.mark.parametrize(("name", "content", "what", "cure"), WRONG, ids=lambda x: str(x)[:20])
def test_wrong_files_are_one_clear_error(
    folder: Path, run: Any, name: str, content: bytes | str | None, what: str, cure: str
) -> None:
    function, _, path = name.rpartition(":")
    if content is not None:
        data = content.encode() if isinstance(content, str) else content
        (folder / path).write_bytes(data)
    status, out, err = run(f"compare f.py:{function or 'f'} --at @{path}")
    said = " ".join(err.split())
    assert (status, out) == (2, "") and what in said and cure in said.partition("help: ")[2]
    assert err.splitlines()[-1] == "[TG444]" and err.count("help: ") == 1
    assert max(map(len, err.splitlines())) <= 100 and "Traceback" not in err


def test_an_at_sign_without_a_file(folder: Path, run: Any) -> None:
    status, out, err = run("compare f.py:f --at @")
    assert (status, out) == (2, "") and err.startswith("cannot read --at: @ without a file\nhelp: ")


def test_an_unreadable_file_is_one_clear_error(
    folder: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "p.csv").write_text("x,y\n1,2\n")

    def closed(*_: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", closed)
        status, out, err = run("compare f.py:f --at @p.csv")
    assert (status, out) == (2, "") and "p.csv: Permission denied" in err


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("compare f.py:f --at x=1,y=2 --html .", "[TG467]"),
        ("compare f.py:f --at x=1,y=2 --html no/p.html", "[TG467]"),
        ("compare f.py:f --at x=1,y=2 --path mine", "Invalid value for '--path'"),
        ("compare f.py:f --at x=1,y=2 --fail-under many", "Invalid value for '--fail-under'"),
        ("compare f.py:h --at x=1 --at x=2", "h(x=2), run in float32, raised ZeroDivisionError"),
    ],
)
def test_wrong_options_are_one_clear_error(folder: Path, run: Any, line: str, what: str) -> None:
    status, out, err = run(line)
    assert (status, out) == (2, "") and what in err and "Traceback" not in err
    assert not (folder / "p.html").exists()


def test_a_page_is_written_when_asked(folder: Path, run: Any) -> None:
    status, out, _ = run("compare f.py:f --at x=1,y=2 --html p.html")
    assert status == 0 and out.startswith("f(x=1, y=2)")
    assert "f(x=1, y=2)" in (folder / "p.html").read_text(encoding="utf-8")


def test_the_path_option(folder: Path, run: Any) -> None:
    (folder / "b.py").write_text("def b(x):\n    return x * x if x > 0.1 else x\n")
    line = "compare b.py:b --at x=0.10000000000000001 --precisions float32 --path"
    assert "float32 is not enough" in run(f"{line} own")[1]
    assert "float32 holds all of its 7.2 digits everywhere on the path" in run(f"{line} run")[1]
