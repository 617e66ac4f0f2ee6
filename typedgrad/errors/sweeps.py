"""Errors of `sweep`: TG46."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from typedgrad.errors.base import TypedgradError


class BadRange(TypedgradError, ValueError):
    """A range of a sweep cannot be read, or holds no points.

    Wrong:
        typedgrad sweep loss.py:loss --range x=1e6:1:log:200
    Right:
        typedgrad sweep loss.py:loss --range x=1:1e6:log:200
    """

    code = "TG460"
    says = "cannot use the range {text} of {name}: {problem}"
    cure = "{hint}"


class TooManyPoints(TypedgradError, ValueError):
    """A sweep would have more points than memory can hold digits for.

    Wrong:
        typedgrad sweep loss.py:loss --range x=0:1:1000000 --range y=0:1:1000000
    Right:
        typedgrad sweep loss.py:loss --range x=0:1 --range y=0:1 --random 100000
    """

    code = "TG461"
    says = "the sweep would have {points} points ({how}); {most} are the most"
    cure = "{hint}"


class BadSweep(TypedgradError, ValueError):
    """A sweep was called with inputs or options that do not fit the function or each other.

    Wrong:
        typedgrad sweep loss.py:loss --range x=1:10          # loss(x, y)
    Right:
        typedgrad sweep loss.py:loss --range x=1:10 --fix y=2
    """

    code = "TG462"
    says = "cannot sweep {function}: {problem}"
    cure = "{hint}"


class OtherSweep(TypedgradError, ValueError):
    """The folder given as out holds another sweep, which is not gone on with.

    Wrong:
        typedgrad sweep loss.py:loss --range x=1:9:50 --out sweep/    # begun with x=1:10:50
    Right:
        typedgrad sweep loss.py:loss --range x=1:9:50 --out sweep-to-9/
    Why: digits of two questions in one folder would answer neither.
    """

    code = "TG463"
    says = "{path} holds another sweep, with {what} {there} where this one has {here}"
    cure = "give another folder, or the sweep that was begun there to go on"


class BadFolder(TypedgradError, OSError):
    """The folder of a sweep cannot be read or written.

    Wrong:
        typedgrad sweep loss.py:loss --range x=1:9:50 --out /proc/sweep
    Right:
        typedgrad sweep loss.py:loss --range x=1:9:50 --out sweep/
    """

    code = "TG464"
    says = "cannot {action} {path}: {why}"
    cure = "{hint}"

    @override
    def __str__(self) -> str:
        return self.text()


class BrokenSweep(TypedgradError, ValueError):
    """A folder holds no sweep, or its manifest is damaged.

    Wrong:
        tg.Sweep.load("results/")       # holds no manifest.json
    Right:
        tg.Sweep.load("sweep/")         # the folder that was given as out
    """

    code = "TG465"
    says = "{path} is not the folder of a sweep: {why}"
    cure = "{hint}"


class SweepStopped(TypedgradError, KeyboardInterrupt):
    """A sweep was interrupted; what was finished is kept.

    Wrong:
        typedgrad sweep loss.py:loss --range x=1:9:100000                 # and Ctrl-C
    Right:
        typedgrad sweep loss.py:loss --range x=1:9:100000 --out sweep/    # goes on if repeated
    Why: `partial` of the error is the sweep of the finished points, None where there are none.
    """

    code = "TG466"
    says = "the sweep of {function} was stopped after {done} of {points} points"
    cure = "{hint}"
    partial: Any = None
