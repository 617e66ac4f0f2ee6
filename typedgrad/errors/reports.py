"""Errors of pages and files of reports: TG467 to TG469."""

from __future__ import annotations

from typing_extensions import override

from typedgrad.errors.base import TypedgradError


class FileNotWritten(TypedgradError, OSError):
    """A page or a picture cannot be written where it was asked for.

    Wrong:
        typedgrad compare loss.py:loss --at x=1 --html reports/
    Right:
        typedgrad compare loss.py:loss --at x=1 --html reports/loss.html
    Why: a file is written whole or not at all, so its folder must be there and open to writing.
    """

    code = "TG467"
    says = "cannot write {path}: {why}"
    cure = "give a file in a folder that exists, may be written to and has room"

    @override
    def __str__(self) -> str:
        return self.text()


class NoReport(TypedgradError, ValueError):
    """A file that should hold a report as JSON holds something else.

    Wrong:
        typedgrad diff old.html new.html
    Right:
        typedgrad diff old.json new.json
    Why: `diff` reads what `typedgrad compare` or `typedgrad blame` prints with --format json.
    """

    code = "TG468"
    says = "{path} is not a report that diff can read: {why}"
    cure = "make it again: typedgrad compare FILE.py:FUNCTION --at ... --format json > report.json"


class OtherReport(TypedgradError, ValueError):
    """Two reports do not ask the same question, so that their digits cannot be compared.

    Wrong:
        typedgrad diff loss-at-1.json loss-at-2.json
    Right:
        typedgrad diff loss-before.json loss-after.json
    """

    code = "TG469"
    says = "{old} and {new} are about different things: {what}"
    cure = "give two reports of one function at one point, made before and after a change"
