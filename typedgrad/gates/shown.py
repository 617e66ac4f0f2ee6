"""What the gates found as text: for people, and as the annotations of a GitHub run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from typedgrad.report.text import below, folded

if TYPE_CHECKING:
    from typedgrad.gates.digits import Outcome
    from typedgrad.gates.types import Checked, Mistake

GOOD, NONE = "✓", "✗"


def checked_text(found: Checked) -> str:
    """Return each mistake with its line, carets and cure; a sentence at the end."""
    parts = [line for mistake in found.mistakes for line in _mistake(mistake)]
    return "\n".join([*parts, summary(found)])


def summary(found: Checked) -> str:
    """Return the sentence that a check ends with."""
    count = len(found.errors)
    if not count:
        return f"{GOOD} mypy finds no mixed precision and no other error"
    files = len({mistake.file for mistake in found.errors})
    ours = [mistake.code for mistake in found.errors if mistake.code.startswith("TG")]
    more = f", {len(ours)} with a code of ours: `typedgrad explain {ours[0]}`" if ours else ""
    return f"{NONE} {count} error{'s'[: count != 1]} in {files} file{'s'[: files != 1]}{more}"


def _mistake(mistake: Mistake) -> Iterator[str]:
    place = f"{mistake.file}:{mistake.line}:{mistake.column}"
    code = f"  [{mistake.code}]" if mistake.code else ""
    yield f"{place}: {mistake.severity}: {mistake.message}{code}"
    if mistake.severity == "error" and mistake.source.strip():
        number = f"{mistake.line:5} │ "
        before = "".join(c if c == "\t" else " " for c in mistake.source[: mistake.column - 1])
        yield f"{number}{mistake.source}"
        yield f"{' ' * (len(number) - 2)}│ {before}{'^' * (mistake.end - mistake.column)}"
    if mistake.cure:
        yield f"help: {mistake.cure}"


def checked_github(found: Checked) -> str:
    """Return one annotation for each error, and the sentence at the end."""
    lines = [
        annotation(
            f"{mistake.message}\nhelp: {mistake.cure}" if mistake.cure else mistake.message,
            title=f"typedgrad {mistake.code}".strip(),
            file=mistake.file,
            line=mistake.line,
            col=mistake.column,
            end_column=mistake.end,
        )
        for mistake in found.errors
    ]
    return "\n".join([*lines, summary(found)])


def annotation(
    text: str, *, title: str, file: str, line: int, col: int = 0, end_column: int = 0
) -> str:
    """Return a command of GitHub's runner that shows an error beside a line.

    >>> annotation("50 % lost", title="digits", file="a.py", line=3)
    '::error file=a.py,line=3,title=digits::50 %25 lost'
    """
    facts = {"file": file, "line": line, "col": col, "endColumn": end_column, "title": title}
    given = ",".join(f"{name}={_property(str(x))}" for name, x in facts.items() if x)
    return f"::error {given}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def outcomes_text(outcomes: tuple[Outcome, ...]) -> str:
    """Return one line for each requirement and precision, and a sentence at the end."""
    names = max(len(outcome.requirement.target) for outcome in outcomes)
    lines = [line for outcome in outcomes for line in folded(_outcome(outcome, names))]
    return "\n".join([*lines, *_verdict(outcomes)])


def _outcome(outcome: Outcome, names: int) -> str:
    mark = GOOD if outcome.enough else NONE
    held = "undefined" if outcome.digits is None else f"{_amount(outcome)} digits"
    count = f"; worst of {outcome.points} points" if outcome.points > 1 else ""
    note = f": {outcome.note}" if outcome.note else ""
    wanted = f"{held}, {outcome.requirement.digits:g} required"
    return (
        f"{mark} {outcome.requirement.target:{names}}  {outcome.precision:10}  {wanted}"
        f"  ({outcome.entry} at {outcome.at or 'no arguments'}{count}{note})"
    )


def _amount(outcome: Outcome) -> str:
    digits, bar = outcome.digits or 0.0, outcome.requirement.digits
    return f"{digits:.1f}" if outcome.enough else below(digits, bar)


def _verdict(outcomes: tuple[Outcome, ...]) -> Iterator[str]:
    short = [outcome for outcome in outcomes if not outcome.enough]
    many = "requirement is" if len(outcomes) == 1 else "requirements are"
    if not short:
        yield f"{GOOD} {len(outcomes)} {many} met"
        return
    yield f"{NONE} {len(short)} of {len(outcomes)} {many} not met"
    yield f"Next: {short[0].command}"


def outcomes_github(outcomes: tuple[Outcome, ...]) -> str:
    """Return one annotation for each requirement that is not met, and the text of all."""
    lines = [
        annotation(
            _outcome(outcome, 0).removeprefix(f"{NONE} "),
            title="typedgrad TG435",
            file=outcome.file,
            line=outcome.line,
        )
        for outcome in outcomes
        if not outcome.enough
    ]
    return "\n".join([*lines, outcomes_text(outcomes)])
