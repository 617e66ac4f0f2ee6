"""A blame as text of at most 100 columns: the source with what each line costs, and why."""

from __future__ import annotations

import linecache
import math
import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from typedgrad.report.text import WIDTH, folded

if TYPE_CHECKING:
    from typedgrad.culprits import Cause, Culprits, Share

TOP, NEAR, MOST_HINTS = 8, 2, 3
UNDEFINED = ("overflow", "infinite", "undefined")
SMALL = 0.0005  # a share that is printed as 0.0 %
COUNTED = 1e290  # shares are counted up to here
LARGE = 1000  # from so many times the error on, shares are told as multiples of it
PARTED = "in exact arithmetic; shares are on this path"
EIGHTHS = " ▏▎▍▌▋▊▉"


class Layout(NamedTuple):
    """The columns of a listing: those of source, the marks of a bar, and what is told.

    `phases` asks for the parts of values and sweep; not `known` are shares of an infinite error.
    In `places` are shares of an error so small that they are told in units of the last place.
    """

    left: int
    marks: int
    phases: bool
    known: bool
    places: bool

    def head(self, file: str) -> str:
        """Return the line above the listing of a file."""
        split = f"{'values':>10}{'sweep':>10}" if self.phases else ""
        name = f"{clipped(file or 'source', self.left):<{self.left}}"
        parts = "last places" if self.places else "of the error"
        return f"{name}{'digits':>7}{parts:>13}{split}" if self.known else name

    def told(self, part: float) -> str:
        """Return a share as text."""
        return units(part) if self.places else percent(part)

    def row(self, text: str, share: Share) -> str:
        """Return a line of source, or what stands for it, with what it costs."""
        name = f"{clipped(text, self.left):<{self.left}}"
        if not self.known:
            return name
        cost = "" if share.digits < 0.05 else f"−{share.digits:.1f}"
        parts = [share.split.values, share.split.sweep] if self.phases else []
        split = "".join(f"{self.told(part):>10}" for part in parts)
        shown = f"{name}{cost:>7}{self.told(share.signed):>13}{split}"
        return f"{shown}  {bar(share.signed, self.marks)}"


def layout_of(found: Culprits) -> Layout:
    """Return the columns for a value, or those for a partial, which tell the phases apart."""
    phases = found.label != "value"
    left, marks = (52, 6) if phases else (61, 16)
    return Layout(left, marks, phases, is_known(found), found.unit == "ulp")


def is_known(found: Culprits) -> bool:
    """Tell whether the error is known, so that there are parts of it."""
    return not math.isnan(found.explained) and found.entry.stands


def listing(found: Culprits, top: int = TOP) -> str:
    """Return the report: what is wrong, the lines and why, loops, the rest, how it was found."""
    layout = layout_of(found)
    lines = [*header(found), *(x for remark in found.remarks for x in folded(remark.text)), ""]
    lines += sources(found, top, layout)
    lines += unplaced(found, layout)
    helps = [f"help: {hint}" for hint in found.hints[:MOST_HINTS]]
    lines += ["", *(x for text in [*helps, *closing(found)] for x in folded(text))]
    return "\n".join(line.rstrip() for line in lines)


def header(found: Culprits) -> list[str]:
    """Return the verdict: the call, the digits, the error."""
    entry = found.entry
    title = f"{found.point.call} in {found.precision}: {digits(found)}"
    truth = f"exact {entry.truth}" if entry.stands else f"perhaps exact {entry.truth}"
    numbers = f"computed {entry.got}, {truth}"
    return [*folded(title), *folded(numbers + error(found)), *folded(verdict(found))]


def digits(found: Culprits) -> str:
    """Return how many digits of the result are right, in words."""
    entry = found.entry
    if entry.digits is None:
        return f"{entry.label} is undefined (NaN)"
    more = "" if entry.stands else ", or more"
    return f"{entry.label} has {entry.digits:.1f} of {entry.cap:.1f} digits{more}"


def error(found: Culprits) -> str:
    """Return the error of the result, where it has one that is finite."""
    entry = found.entry
    if not math.isfinite(entry.absolute) or not entry.stands:
        return ""
    size = f"{entry.absolute:.2e}" if entry.absolute else "too small to be told"
    error = ": no error" if entry.is_right else f", error {size}"
    if found.unit != "ulp":
        return error
    return f"{error}; shares are in units of the last place"


def verdict(found: Culprits) -> str:
    """Return in one sentence where the digits went."""
    entry = found.entry
    placed = [share for share in found.lines if abs(share.signed) >= 0.1]
    if not entry.stands and entry.digits is not None:
        return "The exact result is not certain, so no line is accused."
    if found.is_within_rounding and entry.lost < 0.05:
        tiny = " The shares below are those of the little error it has."
        path = f" on the path that {found.precision} took" if parted(found) else ""
        return f"All its digits are right{path}.{tiny if told_in_error(found) else ''}"
    if found.is_within_rounding:
        lost = f"{entry.lost:.1f} of its digits are lost, less than one"
        return f"{lost}: that is within rounding, and no line is accused."
    if entry.truth == "nan":
        name = "The function" if entry.label == "value" else entry.label
        return f"{name} has no value here in exact arithmetic either, so no line is accused."
    if entry.digits is None or math.isnan(found.explained):
        made = [x for x in found.lines if any(y.kind in UNDEFINED for y in x.causes)]
        where = f", and that began in {named(made[0])}" if made else ""
        return f"No share of the error can be given: a number is not finite{where}."
    if not placed:
        return "No line makes a tenth of the error: it is spread over all of them."
    if abs(placed[0].signed) >= LARGE:
        return compensating(placed[:3])
    first, *more = placed[:3]
    name, rest = named(first), "".join(f", {named(x)} {percent(x.signed)}" for x in more)
    return f"{name[0].upper()}{name[1:]} makes {percent(first.signed)} of the error{rest}."


def parted(found: Culprits) -> bool:
    """Tell whether exact arithmetic takes another path than the precision did."""
    return any(PARTED in remark.text for remark in found.remarks)


def told_in_error(found: Culprits) -> bool:
    """Tell whether shares are parts of an error much smaller than they are."""
    return found.unit == "error" and found.spread > 10


def compensating(placed: Sequence[Share]) -> str:
    """Return the sentence about lines whose errors are far larger than what they add up to."""
    texts = [f"{named(share)} ({percent(share.signed)})" for share in placed]
    if abs(sum(share.signed for share in placed)) > abs(placed[0].signed) / 2:
        name, part = named(placed[0]), percent(placed[0].signed)
        return f"{name[0].upper()}{name[1:]} makes {part} the error, which others compensate."
    both = f"{', '.join(texts[:-1])} and {texts[-1]}"
    return f"{both[0].upper()}{both[1:]} nearly compensate, and the error is what is left."


def named(share: Share) -> str:
    """Return a line, or an input, by its name."""
    if share.line:
        return f"line {share.line}"
    return f"the rounding of {share.label}" if share.text else share.label


def percent(part: float) -> str:
    """Return a part of the error in percent."""
    if math.isnan(part):
        return "unknown"
    if abs(part) >= LARGE:
        return f"{part:.1e} x" if abs(part) >= 1e6 else f"{part:,.0f} x"
    text = f"{part * 100:.1f}"
    return f"{'0.0' if text == '-0.0' else text} %"


def units(part: float) -> str:
    """Return a share in units of the last place."""
    if math.isnan(part):
        return "unknown"
    if abs(part) >= COUNTED:
        return f"{'<-' if part < 0 else '>'}{COUNTED:.0e}"
    text = f"{part:.2f}" if abs(part) < 1e4 else f"{part:.1e}"
    return "0.00" if text == "-0.00" else text


def sources(found: Culprits, top: int, layout: Layout) -> list[str]:
    """Return the listed lines of each file, each with its costs and its causes."""
    files = list(dict.fromkeys(share.file for share in found.lines if share.line))
    return [line for file in files for line in source(found, file, top, layout)]


def source(found: Culprits, file: str, top: int, layout: Layout) -> list[str]:
    """Return the listed lines of one file."""
    own = {share.line: share for share in found.lines if share.file == file and share.line}
    inner = [x for x in found.expressions if x.file == file and x.line]
    chosen, shown = listed(own, top), [layout.head(file)]
    for before, number in zip([chosen[0], *chosen], chosen, strict=False):
        if number > before + 1:
            shown.append("    ⋮ │")
        if number in own:
            shown.append(layout.row(numbered(number, own[number].source), own[number]))
            parts = told([x for x in inner if x.line == number])
            shown += [line for part in parts for line in carets(part, layout)]
        else:
            shown.append(clipped(numbered(number, between(file, number)), layout.left))
    left = len(own.keys() - set(chosen))
    return [*shown, f"({left} more line{'s'[: left > 1]} with smaller shares)"] if left else shown


def numbered(number: int, source: str) -> str:
    """Return a line of source behind its number."""
    return f"{number:5} │ {source}"


def listed(own: dict[int, Share], top: int) -> list[int]:
    """Return the lines to show: the top ones, those with a cause, and what is between."""
    ranked = list(own.values())
    kept = sorted({x.line for x in ranked[:top]} | {x.line for x in ranked if x.causes})
    gaps = pairwise(kept)
    return sorted({*kept, *(n for a, b in gaps if b - a <= NEAR for n in range(a, b))})


def between(file: str, number: int) -> str:
    """Return the source of a line that has no share of its own."""
    return linecache.getline(os.path.abspath(file), number).rstrip("\n")


def told(parts: Sequence[Share]) -> list[Share]:
    """Return the expressions of a line to point at: the leading one, and those with causes."""
    leads = len(parts) > 1 and abs(parts[0].signed) >= 0.1
    chosen = [x for k, x in enumerate(parts) if x.causes or (leads and not k)]
    return sorted(chosen, key=lambda part: (part.column, -part.end))


def carets(part: Share, layout: Layout) -> list[str]:
    """Return carets under an expression, or itself where it is out of sight; its share, causes."""
    causes = [line for cause in part.causes for line in why(cause)]
    share = f"  {layout.told(part.signed)}" if layout.known else ""
    if not part.source.strip():
        return causes
    whole = part.source[max(part.column, 0) : part.end].strip() == part.text
    if not whole or part.column < 0 or part.end > layout.left - 9:
        return [f"      │   {clipped(part.text, WIDTH - 28)}{share}", *causes]
    width = max(1, part.end - part.column)
    return [f"      │ {' ' * part.column}{'^' * width}{share}", *causes]


def why(cause: Cause) -> list[str]:
    """Return the lines of a cause."""
    return [f"      │   {line}" for line in wrap(cause.text, WIDTH - 12) or [""]]


def clipped(text: str, width: int) -> str:
    """Return a text of at most so many columns."""
    return text if len(text) <= width else text[: width - 1] + "…"


def bar(part: float, marks: int) -> str:
    """Return a bar of at most so many marks."""
    if math.isnan(part) or abs(part) < SMALL:
        return ""
    eighths = min(marks * 8, round(abs(part) * marks * 8))
    full, rest = divmod(max(eighths, 1), 8)
    return "█" * full + EIGHTHS[rest].strip()


def unplaced(found: Culprits, layout: Layout) -> list[str]:
    """Return the shares that no line has: roundings of inputs, sums of the sweep."""
    shown: list[str] = []
    for share in found.lines:
        if share.line or (abs(share.signed) < SMALL and not share.causes):
            continue
        text = f"rounding of {share.label} = {share.operands[0]}" if share.text else share.label
        shown.append(layout.row(text, share))
        shown += [line for cause in share.causes for line in why(cause)]
    return shown


def closing(found: Culprits) -> list[str]:
    """Return what holds of the whole: loops, variables, phases, how much is explained, by whom."""
    known, told = is_known(found), layout_of(found).told
    loops = found.loops[:3] if known else ()
    texts = [loop(share, told) for share in loops if abs(share.signed) >= 0.1]
    ranked = [x for x in found.variables if abs(x.signed) >= 0.01 and x.label][:6]
    if ranked and known:
        names = ", ".join(f"{x.label} {told(x.signed)}" for x in ranked)
        texts.append(f"By variable: {names}.")
    if found.label != "value" and known:
        values, sweep = told(found.phases.values), told(found.phases.sweep)
        texts.append(
            f"By phase: {values} from roundings of the function's values, {sweep} from those of the"
            " reverse sweep."
        )
    if known:
        texts.append(explained(found))
    texts.append(f"Model: {found.model}. Judge: {found.judge}, {found.judge_bits} bits.")
    return texts


def explained(found: Culprits) -> str:
    """Return how much of the error the shares add up to, and how much they compensate."""
    if not found.spread:
        return "Explained: no rounding reaches the result."
    if found.unit == "ulp":
        left = "no error" if found.entry.is_right else "the error"
        parts = [x.signed for x in found.lines if x.signed]
        opposed = found.entry.is_right or found.spread > 1.01 * abs(math.fsum(parts))
        told = f"contributions of {units(found.spread)} last places"
        return f"Explained: {told} {'compensate' if opposed else 'add up'} to {left}."
    more = f"; their sizes add up to {found.spread:.3g} times it" if found.spread > 1.05 else ""
    return f"Explained: {100 * found.explained:.1f} % of the error{more}."


def loop(share: Share, told: Callable[[float], str]) -> str:
    """Return what is to be said of a line that ran more than once."""
    text = f"Line {share.line} ran {share.executions} times"
    if share.worst is not None and abs(share.worst.signed) >= SMALL:
        text += (
            f"; execution {share.worst.execution} was the worst, with {told(share.worst.signed)}"
        )
    if share.thirds is not None:
        first, middle, last = map(told, share.thirds)
        text += f"; its first, middle and last third make {first}, {middle} and {last}"
    return f"{text}."
