"""Records as one HTML page that needs no script and no network, and as fragments for notebooks."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import zip_longest
from os import PathLike
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from typedgrad.report.along import along, called
from typedgrad.report.carried import MOST_DATA, Records, json_text
from typedgrad.report.doctor import installed
from typedgrad.report.files import check_place, write_text
from typedgrad.report.helps import helps
from typedgrad.report.shares import panel
from typedgrad.report.surveys import several_verdict, survey
from typedgrad.report.tuned import tuned
from typedgrad.report.views import Section, grid_view, printable, verdict_view

if TYPE_CHECKING:
    from typedgrad.culprits import Culprits
    from typedgrad.findings import Findings
    from typedgrad.several import Several
    from typedgrad.sweeping.swept import Sweep
    from typedgrad.tuning.advice import Tuning

MOST_PANELS = 24


def page(
    comparison: Findings | Several[Any] | None = None,
    blames: Sequence[Culprits] = (),
    tuning: Tuning | None = None,
    sweep: Sweep | None = None,
    command: str = "",
    pictures: Sequence[str] = (),
) -> str:
    """Return one HTML page of what was found, complete in itself.

    It reads without scripts, opens from disk, and carries its data as JSON. There is a section for
    each record that is given. A picture is the graph of the blame at the same place, as the SVG
    that `report.graph.to_svg` returns.
    """
    records = Records(comparison, tuple(blames), tuning, sweep)
    return _rendered(records, _sections(records, pictures), command)


def _sections(records: Records, pictures: Sequence[str]) -> list[Section]:
    found = [*_compared(records.comparison), *_blamed(records.blames, pictures)]
    if records.tuning is not None:
        advice = tuned(records.tuning)
        found.append(Section("tune", "What may be narrower", "tuning.html", advice))
    better = helps(records)
    if better is not None:
        found.insert(1, Section("help", "What keeps the digits", "helps.html", better))
    if records.sweep is not None:
        survey = along(records.sweep)
        found.append(Section("sweep", "Digits along the inputs", "sweep.html", survey))
    return found


def _rendered(records: Records, sections: list[Section], command: str) -> str:
    panels = max([len(s.view) for s in sections if s.anchor == "why"], default=0)
    style = _style("style.css") + _tabs(panels)
    text = json_text(records.to_dict())
    kept = len(text) <= MOST_DATA
    too_large = f"The data ({_size(len(text))}) is too large for a page; --format json has it."
    return (
        environment()
        .get_template("page.html")
        .render(
            title=_title(records),
            sections=sections,
            style=Markup(style),
            style_hash=f"sha256-{_base64(sha256(style.encode()).digest())}",
            footer=_footer(records, command),
            left_out=_left_out(records) + ([] if kept else [too_large]),
            data=Markup(text if kept else "null"),
            data_link=f"data:application/json;base64,{_base64(text.encode())}" if kept else "",
            data_size=_size(len(text)),
        )
    )


def write_page(path: str | PathLike[str], **records: Any) -> None:
    """Write the page of some records, as `page` takes them, to a file, whole or not at all.

    Raises `FileNotWritten` for a folder and for a place that cannot be written to.
    """
    check_place(path)
    write_text(path, page(**records))


def comparison_page(found: Findings | Several[Any]) -> str:
    """Return the page of a comparison alone, at one point or at several."""
    return page(comparison=found)


def fragment(found: Findings | Culprits) -> str:
    """Return what a notebook shows of a record: its tables, in the notebook's own colours."""
    from typedgrad.findings import Findings

    template = environment().get_template("fragment.html")
    style, title = Markup(_style("fragment.css")), found.point.call
    if isinstance(found, Findings):
        parts = dict(verdict=verdict_view(found), grid=grid_view(found), panel=None)
        return template.render(title=title, style=style, **parts)
    return template.render(title=title, style=style, grid=None, panel=panel(found))


def plain(found: object) -> str:
    """Return the text of a record for a notebook."""
    return str(Markup("<pre>{}</pre>").format(printable(str(found))))


@cache
def environment() -> Environment:
    """Return the templates; whatever they put into a page is escaped."""
    loader = PackageLoader("typedgrad.report", "pages")
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )


def _visible(x: Any) -> Any:
    """Return what goes into a page, with a mark for each character that cannot be seen."""
    return printable(x) if isinstance(x, str) and not isinstance(x, Markup) else x


def _compared(found: Findings | Several[Any] | None) -> list[Section]:
    if found is None:
        return []
    from typedgrad.several import Several

    if isinstance(found, Several):
        verdict, table = several_verdict(found), survey(found)
        digits = Section("digits", "Digits right", "several.html", table)
    else:
        verdict = verdict_view(found)
        digits = Section("digits", "Digits right", "digits.html", grid_view(found))
    return [Section("verdict", "Verdict", "verdict.html", verdict), digits]


def _blamed(blames: Sequence[Culprits], pictures: Sequence[str]) -> list[Section]:
    pairs = zip_longest(blames[:MOST_PANELS], pictures[: len(blames)], fillvalue="")
    panels = [panel(blame, picture) for blame, picture in pairs if not isinstance(blame, str)]
    return [Section("why", "Where the digits go", "blame.html", panels)] if panels else []


def _left_out(records: Records) -> list[str]:
    hidden = len(records.blames) - MOST_PANELS
    return [f"{hidden} more blamed results are not shown."] if hidden > 0 else []


def _title(records: Records) -> str:
    if records.comparison is not None:
        points = records.points
        return _first([point.point.call for point in points])
    if records.blames:
        return records.blames[0].point.call
    if records.sweep is not None:
        return called(records.sweep)
    if records.tuning is not None:
        return _first(records.tuning.points)
    return "Nothing was asked"


def _first(calls: Sequence[str]) -> str:
    more = len(calls) - 1
    return calls[0] + (f" and {more} more point{'s'[: more > 1]}" if more else "")


def _footer(records: Records, command: str) -> list[tuple[str, str]]:
    facts = [("Judge", records.judge)] if records.judge else []
    facts += [("Seed", str(seed)) for seed in [records.seed] if seed is not None]
    facts += [("Command", command)] if command else []
    return [*facts, ("typedgrad", installed("typedgrad") or "run from its source")]


def _style(name: str) -> str:
    return files("typedgrad.report").joinpath("pages", name).read_text(encoding="utf-8")


def _tabs(count: int) -> str:
    """Return the rules by which a radio button shows its panel; without them all are shown."""
    if count < 2:
        return ""
    rules = "".join(
        f".views:has(#pick-{k}:checked) .panel-{k}{{display:block}}" for k in range(count)
    )
    return f"@supports selector(:has(*)){{@media screen{{.panel{{display:none}}{rules}}}}}"


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _size(count: int) -> str:
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"
