"""Pages: complete in themselves, safe, readable by everybody; their data fits the schema."""

from __future__ import annotations

import base64
import dataclasses
import importlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

import typedgrad
from typedgrad import errors
from typedgrad.report.carried import capped
from typedgrad.report.html import comparison_page, fragment, page, write_page
from typedgrad.report.schema import schema
from typedgrad.report.shares import percent
from typedgrad.report.svg import Axis, Band, bar, curve, round_numbers
from typedgrad.report.views import split_digits

tg: Any = typedgrad
ROOT = Path(__file__).resolve().parent.parent
STYLE = (ROOT / "typedgrad/report/pages/style.css").read_text(encoding="utf-8")
EMPTY = {"meta", "link", "br", "img", "input"}
HOSTILE = "</script></style><script>alert(1)</script>\"'<img src=x onerror=alert(1)>&amp;"
CHROMIUM = shutil.which("chromium")


def loss(x: Any, y: Any) -> Any:
    s = tg.sqrt(x * x + y * y)
    return (s - x) ** 2


class Node:
    """An element of a page: its tag, its attributes, what is in it, and the text of that."""

    def __init__(self, tag: str, attributes: dict[str, str], parent: Node | None) -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.parts: list[Node | str] = []

    @property
    def children(self) -> list[Node]:
        return [part for part in self.parts if isinstance(part, Node)]

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)

    def all(self, *tags: str) -> Iterator[Node]:
        for child in self.children:
            if not tags or child.tag in tags:
                yield child
            yield from child.all(*tags)

    def inside(self, tag: str) -> bool:
        return self.parent is not None and (self.parent.tag == tag or self.parent.inside(tag))


class Reader(HTMLParser):
    """Reads a page and fails where an element is not closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = self.at = Node("", {}, None)
        self.feed(text)
        self.close()
        assert self.at is self.root, f"{self.at.tag} is not closed"

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.parts.append(node)
        if tag not in EMPTY:
            self.at = node

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.parts.append(node)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.at.tag == tag, f"</{tag}> closes {self.at.tag}"
        assert self.at.parent is not None
        self.at = self.at.parent

    @override
    def handle_data(self, data: str) -> None:
        self.at.parts.append(data)


def tree(text: str) -> Node:
    return Reader(text).root


@pytest.fixture(scope="module")
def found() -> Any:
    return tg.compare(loss, x=1000, y="0.001")


@pytest.fixture(scope="module")
def blames() -> list[Any]:
    return [
        tg.blame(loss, x=1000, y="0.001", precision=name, of=of)
        for name in ("float32", "float64")
        for of in ("value", "d/dx", "d/dy")
    ]


@pytest.fixture(scope="module")
def whole(found: Any, blames: list[Any]) -> str:
    return page(comparison=found, blames=blames, command="typedgrad compare <here>")


def simpson(x: Any) -> Any:
    h = x / 3
    t = h * h + 1
    return tg.sqrt(t) - 1


@pytest.fixture(scope="module")
def others(found: Any) -> dict[str, str]:
    """Pages of every other kind, and of records that are odd."""
    points = [{"x": 1000, "y": "0.001"}, {"x": 1, "y": 2}, {"x": 0, "y": 1}]
    many = tg.compare(loss, points=points)
    swept = tg.sweep(loss, {"x": "1:1e5:log:20", "y": "-1:1:5"})
    listed = tg.sweep(lambda x: 1 / x, {"x": "0,1,2.5"})
    tuning = tg.tune(simpson, x="0.1", digits=5)
    shut = tg.tune(simpson, x="0.1", digits=12)
    drawn = tg.blame(loss, x=1000, y="0.001", precision="float32", of="value")
    picture = '<svg role="img" aria-label="A graph" viewBox="0 0 1 1"><g><title>n</title></g></svg>'
    return {
        "several": page(comparison=many),
        "sweep": page(sweep=swept),
        "list": page(sweep=listed),
        "tune": page(tuning=tuning),
        "shut": page(tuning=shut),
        "all": page(found, [drawn], tuning, swept, "typedgrad", [picture]),
        "exact": page(blames=[tg.blame(lambda x: x * 1, x=2)]),
        "overflow": page(blames=[tg.blame(lambda x: x * x, x="1e300", of="value")]),
        "undefined": page(tg.compare(odd, x=1), [tg.blame(odd, x=1, of="value")]),
        "empty": page(),
    }


def odd(x: Any) -> Any:
    return (x - x) / (x - x)


KINDS = ["several", "sweep", "list", "tune", "shut", "all", "exact", "overflow", "undefined"]


@pytest.fixture(params=["whole", *KINDS, "empty"])
def any_page(request: Any, whole: str, others: dict[str, str]) -> str:
    return whole if request.param == "whole" else others[request.param]


def test_a_page_needs_nothing_else(any_page: str) -> None:
    top = tree(any_page)
    assert not [x for x in top.all("link", "img", "iframe", "object", "embed", "base")]
    for node in top.all():
        assert not {"src", "srcset", "style"} & set(node.attributes)
        assert not [name for name in node.attributes if name.startswith("on")]
        assert node.attributes.get("href", "#").startswith(("#", "data:application/json"))
    assert "url(" not in STYLE and "@import" not in STYLE
    scripts = list(top.all("script"))
    assert [x.attributes["type"] for x in scripts] == ["application/json"]


def test_the_policy_lets_in_only_its_own_style(any_page: str) -> None:
    top = tree(any_page)
    policy = next(
        x.attributes["content"]
        for x in top.all("meta")
        if "content" in x.attributes and "default-src" in x.attributes["content"]
    )
    assert "default-src 'none'" in policy
    (style,) = top.all("style")
    digest = base64.b64encode(sha256(style.text.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy


def test_the_sections_are_in_order(whole: str) -> None:
    heads = [x.text for x in tree(whole).all("h2")]
    parts = ["Verdict", "What keeps the digits", "Digits right", "Where the digits go"]
    assert heads == [*parts, "How this page was made"]
    assert "typedgrad compare <here>" in tree(whole).text


def test_headings_tables_and_pictures_are_said_by_a_screen_reader(any_page: str) -> None:
    top = tree(any_page)
    (html,) = top.all("html")
    assert html.attributes["lang"] == "en"
    levels = [int(x.tag[1]) for x in top.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    for table in top.all("table"):
        assert [x.text for x in table.all("caption") if x.text.strip()]
    for cell in top.all("th"):
        assert cell.attributes.get("scope") in ("col", "row", "rowgroup")
        assert cell.text.strip()
    for picture in top.all("svg"):
        assert picture.attributes["role"] == "img" and picture.attributes["aria-label"]
    for region in top.all("div"):
        if "tabindex" in region.attributes:
            assert region.attributes["role"] == "region" and region.attributes["aria-label"]


def test_controls_have_labels_and_links_have_targets(any_page: str) -> None:
    top = tree(any_page)
    names = [x.attributes["id"] for x in top.all() if "id" in x.attributes]
    assert len(names) == len(set(names))
    for field in top.all("input"):
        assert field.attributes["type"] == "radio"
        assert field.parent is not None and field.parent.tag == "label"
        assert field.parent.text.strip() and field.inside("fieldset")
    assert len(list(top.all("legend"))) == len(list(top.all("fieldset")))
    for link in top.all("a"):
        target = link.attributes["href"]
        assert link.text.strip()
        assert not target.startswith("#") or target[1:] in names
    for section in top.all("section"):
        assert section.attributes["aria-labelledby"] in names
    assert all(list(x.all("summary")) for x in top.all("details"))
    assert ":focus-visible" in STYLE


def palettes() -> dict[str, dict[str, str]]:
    colours = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part))
        for part in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    ]
    light, dark = colours[0], colours[1]
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    r, g, b = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


TEXTS = [
    *((name, ground) for name in ("ink", "quiet") for ground in ("page", "card", "soft")),
    *((name, ground) for name in ("link",) for ground in ("page", "card")),
    *((name, "card") for name in ("good", "few", "none", "nan")),
    *((name, "card") for name in ("one", "two", "three", "four", "five")),
    *(("heat-ink", f"heat-{k}") for k in range(1, 6)),
    ("page", "ink"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_stands_out(scheme: str, text: str, ground: str) -> None:
    colours = palettes()[scheme]
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("shape", ["up", "down", "rule", "focus"])
def test_shapes_stand_out(scheme: str, shape: str) -> None:
    colours = palettes()[scheme]
    assert contrast(colours[shape], colours["card"]) >= 3


def test_the_contrast_of_black_on_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_the_digits_are_in_the_grid(found: Any, whole: str) -> None:
    table = next(x for x in tree(whole).all("table") if x.attributes.get("class") == "digits")
    rows = [[y.text.split()[0] for y in x.all("th", "td")] for x in table.all("tr")][1:]
    for label, *cells in rows:
        shown = [f"{found.digits[name][label]:.1f}" for name in found.digits]
        assert cells == shown


def test_each_line_shows_its_share_as_text(blames: list[Any], whole: str) -> None:
    panels = [x for x in tree(whole).all("div") if "panel" in x.attributes.get("class", "").split()]
    assert len(panels) == len(blames)
    for blame, panel in zip(blames, panels, strict=True):
        rows = {}
        for row in panel.all("summary", "li"):
            if "row" in row.attributes.get("class", "").split():
                spans = {
                    x.attributes.get("class", "").split()[0]: x.text
                    for x in row.all("span")
                    if x.attributes.get("class")
                }
                rows[spans["at"].removeprefix("line ")] = spans["heat"]
        for share in blame.lines:
            if share.line > 0:
                assert rows[str(share.line)] == percent(share.signed, blame.unit)


def test_the_waterfall_adds_up_to_the_measured_error(blames: list[Any], whole: str) -> None:
    tables = [x for x in tree(whole).all("table") if x.attributes.get("class") == "waterfall"]
    assert len(tables) == len([blame for blame in blames if blame.unit == "error"])
    for table in tables:
        rows = [[y.text for y in x.all("td")] for x in table.all("tr")][1:]
        shares = [float(row[0].removesuffix(" %").replace("−", "-")) for row in rows]
        sums = [float(row[1].removesuffix(" %").replace("−", "-")) for row in rows[:-1]]
        assert sum(shares[:-1]) == pytest.approx(shares[-1], abs=0.05 * len(shares))
        assert shares[-1] == pytest.approx(100, abs=0.1)
        assert sums[-1] == pytest.approx(shares[-1], abs=0.1)


def test_the_data_are_in_the_page_and_can_be_taken_away(found: Any, whole: str) -> None:
    top = tree(whole)
    (script,) = top.all("script")
    link = next(x for x in top.all("a") if "download" in x.attributes)
    inside = json.loads(script.text)
    taken = json.loads(base64.b64decode(link.attributes["href"].partition(",")[2]))
    assert inside == taken
    assert inside["comparison"] == json.loads(json.dumps(found.to_dict()))


def hostile_function(folder: Path) -> Any:
    """A function whose lines, name and file try to end whatever they are put into."""
    path = folder / "a&b<c>'d.py"
    source = f"def f(x):\n    y = x + 1  # {HOSTILE}\n    return y - x  # {HOSTILE}\n"
    path.write_text(source, encoding="utf-8")
    space: dict[str, Any] = {}
    exec(compile(source, str(path), "exec"), space)
    space["f"].__name__ = space["f"].__qualname__ = HOSTILE
    return space["f"]


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    f = hostile_function(tmp_path)
    pairs = [
        [make(g, x=x) for make in (tg.compare, tg.blame)] for g, x in ((f, "1e9"), (calm, "1e9"))
    ]
    for hostile, harmless in zip(*map(texts_of, pairs), strict=True):
        top = tree(hostile)
        assert "<script>alert" not in hostile and "<img" not in hostile
        assert len(list(top.all("script"))) == hostile.count('id="data"')
        assert HOSTILE in top.text
        assert {x.tag for x in top.all()} <= {x.tag for x in tree(harmless).all()}


def calm(x: Any) -> Any:
    y = x + 1
    return y - x


def texts_of(records: list[Any]) -> list[str]:
    found, blame = records
    whole = page(comparison=found, blames=[blame], command=HOSTILE)
    return [whole, fragment(found), fragment(blame)]


def test_characters_that_cannot_be_seen_are_shown_as_such(found: Any) -> None:
    text = page(comparison=found, command="a\x00b\x1b[31mc\u202ed")
    assert "a\ufffdb\ufffd[31mc\ufffdd" in text


def many(blame: Any, count: int) -> Any:
    """The blame as if it had so many lines and expressions."""
    first = blame.lines[0]
    lines = tuple(
        dataclasses.replace(first, label=f"{first.file}:{k}", line=k, signed=1 / count, column=-1)
        for k in range(1, count + 1)
    )
    return dataclasses.replace(blame, lines=lines, expressions=lines, size=count)


def test_large_programs_are_cut_to_the_largest_shares(blames: list[Any]) -> None:
    blame = many(blames[3], 100_000)
    text = page(blames=[blame] * 3)
    assert len(text.encode()) < 1_000_000
    left = "99,800 more lines with the smallest shares together take +99.8 %"
    assert text.count(left) == 3
    assert "99,988 more lines together" in text
    assert len(capped(blame).lines) == 200


def test_many_blamed_results_are_cut(blames: list[Any]) -> None:
    text = page(blames=blames * 5)
    assert text.count('<div class="panel ') == 24
    assert "6 more blamed results are not shown." in text


def test_many_partials_are_cut_to_those_with_the_fewest_digits() -> None:
    found = tg.compare(lambda w: tg.sum([x * x * k for k, x in enumerate(w)]), {"w": ["0.1"] * 300})
    text = comparison_page(found)
    (table,) = (x for x in tree(text).all("table") if x.attributes.get("class") == "digits")
    assert len(list(table.all("tr"))) == 201
    assert "101 more partials are not shown; in no precision" in text


def test_data_too_large_for_a_page_are_left_out(found: Any, monkeypatch: Any) -> None:
    module = importlib.import_module("typedgrad.report.html")
    monkeypatch.setattr(module, "MOST_DATA", 100)
    text = comparison_page(found)
    assert "is too large for a page; --format json has it." in text
    assert "download" not in text.partition("<footer>")[2]


def test_a_page_of_nothing_is_still_a_page() -> None:
    assert [x.text for x in tree(page()).all("h1")] == ["Nothing was asked"]


def test_each_record_has_its_section(others: dict[str, str]) -> None:
    heads = {name: [x.text for x in tree(text).all("h2")][:-1] for name, text in others.items()}
    tune, sweep = "What may be narrower", "Digits along the inputs"
    better, why = "What keeps the digits", "Where the digits go"
    assert heads["several"] == ["Verdict", "Digits right"]
    assert heads["sweep"] == heads["list"] == [sweep] and heads["tune"] == [tune, better]
    assert heads["all"] == ["Verdict", better, "Digits right", why, tune, sweep]
    assert heads["empty"] == []


def test_several_points_show_the_fewest_digits_and_where(others: dict[str, str]) -> None:
    text = others["several"]
    assert [x.text for x in tree(text).all("h1")] == ["loss(x=1000, y=0.001) and 2 more points"]
    assert "at loss(x=1000, y=0.001)" in text
    assert [x.text for x in tree(text).all("summary")][2] == "loss(x=0, y=1)"


def test_a_tuning_shows_what_was_run(others: dict[str, str]) -> None:
    found = tg.tune(simpson, x="0.1", digits=5)
    top = tree(others["tune"])
    table = next(x for x in top.all("table") if x.attributes.get("class") == "advice")
    rows = [x.text for x in table.all("tr")][1:]
    assert len(rows) == len(found.candidates)
    for candidate, row in zip(found.candidates, rows, strict=True):
        assert row.startswith(candidate.name) and candidate.reason in row
        assert ("✓" in row) is candidate.accepted
    assert top.text.count("PASS") == 1 and "FAIL" not in others["tune"]
    assert "Nothing may be float32." in others["shut"]


def test_rewritings_are_shown_once_with_both_forms_and_what_they_gain(
    blames: list[Any], whole: str
) -> None:
    hints = [hint for blame in blames for hint in blame.hints]
    best = max(hints, key=lambda hint: hint.after - hint.before)
    forms = [x.text for x in tree(whole).all("code") if x.attributes.get("class") == "new"]
    assert forms[0] == best.new and len(set(forms)) == len(forms)
    tables = [x for x in tree(whole).all("table") if x.attributes.get("class") == "gains"]
    rows = [x.text for x in tables[0].all("tr")]
    assert any(
        row.startswith(best.label) and f"{best.before:.1f}" in row and f"{best.after:.1f}" in row
        for row in rows
    )
    harmless = tg.blame(lambda x, y: x * y + 1, x=3, y=2, precision="float32")
    assert "What keeps the digits" not in page(blames=[harmless])


def test_the_first_numbers_are_the_fewest_digits(
    found: Any, whole: str, others: dict[str, str]
) -> None:
    def tiles(text: str) -> list[str]:
        return [x.text for x in tree(text).all("span") if x.attributes.get("class") == "huge"]

    assert tiles(whole) == [f"{column.worst[1]:.1f}" for column in found.columns]
    assert len(tiles(others["several"])) == len(found.columns)
    tuning = tg.tune(simpson, x="0.1", digits=5)
    assert tiles(others["tune"])[1] == f"{tuning.together.digits:.1f}"
    assert "if the value must keep 5 digits?" in tree(others["tune"]).text


def test_an_undefined_result_is_not_said_to_keep_digits() -> None:
    found = tg.tune(odd, x=2, digits=5)
    text = tree(page(tuning=found)).text
    assert not found.passed and found.accepted == ()
    assert "is undefined (NaN): there are no digits to keep" in text
    assert "PASS" not in text and "May be" not in text


def test_tuning_fits_the_schema() -> None:
    for f, digits in ((simpson, 5), (simpson, 14), (odd, 5), (lambda x: x * 1e200 / 1e200, 5)):
        data = plain(tg.tune(f, x="0.1", digits=digits).to_dict())
        validator("tuning").validate(data)
        assert not validator("tuning").is_valid({**data, "more": 1})


def test_a_sweep_shows_curves_and_counts(others: dict[str, str]) -> None:
    found = tg.sweep(loss, {"x": "1:1e5:log:20", "y": "-1:1:5"})
    top = tree(others["sweep"])
    kinds = [x.attributes["class"].split()[0] for x in top.all("svg")]
    assert kinds == ["bar", "bar", "bar", "curve", "curve", "columns", "columns", "columns"]
    worst, middle = found.summary("float32").worst, found.summary("float32").median
    assert f"half of the points have {middle:.1f} or more" in top.text
    assert f"float32: at least {worst:.1f} of 7.2 digits" in top.text
    bars = [x for x in top.all("svg") if x.attributes["class"].startswith("columns")]
    for name, picture in zip(found.precisions, bars, strict=True):
        titles = [x.text for x in picture.all("title")]
        counts = [int(text.rpartition(": ")[2]) for text in titles]
        assert counts == [n for n in found.summary(name).histogram if n]
    assert "1 infinite" in others["list"] or "1 NaN" in others["list"]


def test_an_exact_result_has_no_waterfall(others: dict[str, str]) -> None:
    for name in ("exact", "overflow", "undefined"):
        assert 'class="waterfall"' not in others[name]
    assert 'class="waterfall"' in others["all"] and "The computation as a graph" in others["all"]


def test_paths_that_part_come_first() -> None:
    def f(x: Any) -> Any:
        return x * 2 if (x + 1) - x > 0.5 else x * 3

    text = comparison_page(tg.compare(f, x="1e9"))
    assert text.index("takes another path than the reference") < text.index('class="verdicts')


def test_notebooks_get_a_fragment(found: Any, blames: list[Any]) -> None:
    for text in (found._repr_html_(), fragment(blames[0])):
        top = tree(text)
        assert not list(top.all("script", "html", "body", "link"))
        assert [x.tag for x in top.children] == ["div"]
        assert list(top.all("table"))
    assert "d/dx" in found._repr_html_()


def test_records_without_a_table_are_their_text_in_a_notebook() -> None:
    records: list[Any] = [
        tg.tune(lambda x: x + 1, 1, digits=3),
        tg.sweep(tg.exp, {"x": "0:1:3"}),
        tg.compare(tg.exp, points=[1, 2]),
    ]
    for record in records:
        top = tree(record._repr_html_())
        assert [x.tag for x in top.children] == ["pre"]
        assert top.text == str(record)


def test_a_page_is_written_whole_or_not_at_all(
    found: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    target = tmp_path / "page.html"
    write_page(target, comparison=found)
    before = target.read_text(encoding="utf-8")
    assert before == comparison_page(found)

    def fails(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(errors.FileNotWritten, match="No space left on device"):
        write_page(target, comparison=found, command="again")
    assert target.read_text(encoding="utf-8") == before
    assert os.listdir(tmp_path) == ["page.html"]


def test_a_page_is_not_written_over_a_folder(found: Any, tmp_path: Path) -> None:
    with pytest.raises(errors.FileNotWritten, match="it is a folder"):
        write_page(tmp_path, comparison=found)
    with pytest.raises(errors.FileNotWritten, match="there is no folder"):
        write_page(tmp_path / "no" / "page.html", comparison=found)
    assert os.listdir(tmp_path) == []


def test_permissions_and_links_of_a_page_that_is_there_stay(found: Any, tmp_path: Path) -> None:
    target, link = tmp_path / "page.html", tmp_path / "link.html"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_page(link, comparison=found)
    assert link.is_symlink() and target.stat().st_mode & 0o777 == 0o640
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (1.0, "+100.0 %"),
        (-0.33, "−33.0 %"),
        (0.0, "0.0 %"),
        (-1e-9, "0.0 %"),
        (3e7, "+3.00e+09 %"),
        (-9999.0, "−999900.0 %"),
        (float("nan"), "unknown"),
    ],
)
def test_shares_as_text(x: float, text: str) -> None:
    assert percent(x) == text


@pytest.mark.parametrize(
    ("text", "right", "cut"),
    [
        ("4.759422392", 4, ("4.759", "422392")),
        ("-1.25e-07", 2, ("-1.2", "5e-07")),
        ("0.000123", 0, ("", "0.000123")),
        ("120", None, ("120", "")),
        ("0.0", 3, ("", "0.0")),
        ("nan", 0, ("", "nan")),
    ],
)
def test_right_digits_are_cut_off(text: str, right: int | None, cut: tuple[str, str]) -> None:
    assert split_digits(text, right) == cut


def test_bars_and_curves_say_what_they_show() -> None:
    assert 'aria-label="3 of 7 &lt;digits&gt;"' in bar([("fill", 3 / 7)], "3 of 7 <digits>")
    points = [(1.0, 2.0, 3.0), (10.0, None, None), (100.0, 1.0, 2.5), (1000.0, 0.0, 1.0)]
    text = curve([Band("float32", 7.2, points)], Axis("x", 1, 1000, True), "A curve")
    top = tree(text)
    assert len(list(top.all("polyline"))) == 1 and len(list(top.all("circle"))) == 1
    assert "float32" in top.text and "1000" in top.text


def test_round_numbers_of_an_axis() -> None:
    assert round_numbers(0, 19.3) == [0, 5, 10, 15]
    assert round_numbers(-1, 1) == pytest.approx([-1, -0.5, 0, 0.5, 1])
    assert round_numbers(3, 3) == [3]


def strict(x: Any) -> Any:
    """The schema without room for names that it does not describe."""
    if isinstance(x, list):
        return [strict(part) for part in x]
    if not isinstance(x, dict):
        return x
    found = {name: strict(part) for name, part in x.items()}
    closed = "properties" in x and isinstance(x["properties"], dict) and x.get("type") == "object"
    return {**found, "additionalProperties": False} if closed else found


def validator(kind: str = "") -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema(kind))
    return jsonschema.Draft202012Validator(strict(schema(kind)))


def plain(data: Any) -> Any:
    return json.loads(json.dumps(data))


def test_real_reports_fit_the_schema(found: Any, blames: list[Any], whole: str) -> None:
    validator("comparison").validate(plain(found.to_dict()))
    for blame in blames:
        validator("blame").validate(plain(blame.to_dict()))
    (script,) = tree(whole).all("script")
    validator("page").validate(json.loads(script.text))
    for data in (found.to_dict(), blames[0].to_dict(), json.loads(script.text)):
        validator().validate(plain(data))


def test_odd_reports_fit_the_schema() -> None:
    cases = [
        (lambda x: x * x, "1e300"),
        (lambda x: (x - x) / (x - x), "1"),
        (lambda x: x * 0, "2"),
        (lambda x: x * 2 if (x + 1) - x > 0.5 else x * 3, "1e9"),
        (lambda x: x * 1, "2"),
    ]
    for f, x in cases:
        validator("comparison").validate(plain(tg.compare(f, x=x).to_dict()))
        validator("blame").validate(plain(tg.blame(f, x=x).to_dict()))


def test_the_schema_refuses_what_is_no_report(found: Any, blames: list[Any]) -> None:
    data = plain(found.to_dict())
    wrongs: list[Any] = [{}, []]
    for wrong in (*wrongs, {**data, "version": 99}, {**data, "digits": 3}, {**data, "more": 1}):
        assert not validator("comparison").is_valid(wrong)
    blame = plain(blames[0].to_dict())
    for name in blame:
        fewer = {key: x for key, x in blame.items() if key != name}
        assert not validator("blame").is_valid(fewer)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        open_one = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield open_one
        open_one.close()


def shown_in(browser: Any, text: str, folder: Path, **look: Any) -> tuple[Any, list[str]]:
    """The page in a browser without scripts, and all that the browser complained about."""
    (folder / "page.html").write_text(text, encoding="utf-8")
    sheet = browser.new_context(java_script_enabled=False, **look).new_page()
    said: list[str] = []
    sheet.on("console", lambda message: said.append(message.text))
    sheet.on("request", lambda asked: said.append(asked.url) if "page.html" not in asked.url else 0)
    sheet.goto((folder / "page.html").as_uri())
    return sheet, said


@pytest.mark.parametrize("width", [400, 1080])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_without_a_word(
    browser: Any, whole: str, tmp_path: Path, width: int, scheme: Any
) -> None:
    look = dict(viewport={"width": width, "height": 900}, color_scheme=scheme)
    sheet, said = shown_in(browser, whole, tmp_path, **look)
    assert said == []
    assert sheet.locator("main").bounding_box()["width"] <= width
    assert (
        sheet.locator("body").evaluate("x => x.ownerDocument.documentElement.scrollWidth") == width
    )
    ground = sheet.locator("body").evaluate("x => getComputedStyle(x).backgroundColor")
    wanted = palettes()[scheme]["page"]
    assert ground == f"rgb({', '.join(str(int(wanted[k : k + 2], 16)) for k in (1, 3, 5))})"


def test_keys_choose_the_result_without_scripts(browser: Any, whole: str, tmp_path: Path) -> None:
    sheet, _ = shown_in(browser, whole, tmp_path)
    panels = [sheet.locator(f".panel-{k}") for k in range(6)]
    assert [x.is_visible() for x in panels] == [True, False, False, False, False, False]
    sheet.locator("#pick-0").focus()
    sheet.keyboard.press("ArrowRight")
    assert [x.is_visible() for x in panels] == [False, True, False, False, False, False]
    outline = sheet.locator("#pick-1 + span").evaluate("x => getComputedStyle(x).outlineStyle")
    assert outline == "solid"
    line = sheet.locator(".panel-1 summary.row").first
    line.focus()
    assert not sheet.locator(".panel-1 .parts").first.is_visible()
    sheet.keyboard.press("Enter")
    assert sheet.locator(".panel-1 .parts").first.is_visible()


def test_a_printed_page_shows_every_result(browser: Any, whole: str, tmp_path: Path) -> None:
    sheet, _ = shown_in(browser, whole, tmp_path)
    sheet.emulate_media(media="print")
    assert all(sheet.locator(f".panel-{k}").is_visible() for k in range(6))
    assert not sheet.locator("nav").is_visible() and not sheet.locator("fieldset").is_visible()


def test_the_tree_that_a_screen_reader_gets_has_names(
    browser: Any, whole: str, tmp_path: Path
) -> None:
    sheet, _ = shown_in(browser, whole, tmp_path)
    tool = sheet.context.new_cdp_session(sheet)
    nodes = tool.send("Accessibility.getFullAXTree")["nodes"]
    roles: dict[str, list[str]] = {}
    for node in nodes:
        if not node.get("ignored"):
            role = node["role"]["value"]
            roles.setdefault(role, []).append(node.get("name", {}).get("value", "").strip())
    for role in ("image", "radio", "link", "region", "table", "heading", "navigation"):
        assert roles[role] and all(roles[role]), role
    assert roles["radio"][0] == "value, float32"
    assert {"main", "banner", "contentinfo"} <= set(roles)


def decays(x: Any) -> Any:
    """Return a sum whose roundings compensate at x = 11/7 in float32."""
    for _ in range(40):
        x = (x + 0.1) * 0.97
    return x - 0.1


def test_shares_in_last_places_are_told_in_last_places(tmp_path: Path) -> None:
    found: Any = typedgrad.blame(
        decays, at={"x": str(11 / 7)}, precision=typedgrad.float32, of="value"
    )
    assert found.unit == "ulp"
    path = tmp_path / "decays.html"
    found.to_html(path)
    text = path.read_text(encoding="utf-8")
    assert f"contributions of {found.spread:.2f} last places, which compensate" in text
    thirds = re.findall(r"by thirds ([^<]*)", text)
    assert thirds and all(part.count("ulp") == 3 and "%" not in part for part in thirds)
