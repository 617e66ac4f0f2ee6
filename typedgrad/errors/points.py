"""Errors of points: lists of them, files that hold them, paths from there: TG443 to TG445."""

from __future__ import annotations

from typedgrad.errors.base import TypedgradError


class NoPoints(TypedgradError, ValueError):
    """A question about several points was given none, or one point in the place of a list.

    Wrong:
        tg.compare(f, points=[])
    Right:
        tg.compare(f, points=[{"x": 1}, {"x": "0.001"}])
    """

    code = "TG443"
    says = "{problem}"
    cure = "{hint}"


class BadPoints(TypedgradError, ValueError):
    """A file of points cannot be read, or a number in it is none.

    Wrong:
        typedgrad compare loss.py:loss --at @points.csv      # a row is '1000,abc'
    Right:
        typedgrad compare loss.py:loss --at @points.csv      # x,y then 1000,0.001
    Why: a CSV file has the names in its first row and one point a row; a JSON file is a list of
    objects, [{"x": 1, "w": [1, 2]}].
    """

    code = "TG444"
    says = "cannot use the points in {path}{spot}: {problem}"
    cure = "{hint}"


class EndlessPath(TypedgradError, RuntimeError):
    """A loop that ends in a precision goes on and on in exact numbers.

    Wrong:
        typedgrad compare f.py:f --at x=1 --path own     # while x > 0: x = x / 2
    Right:
        typedgrad compare f.py:f --at x=1                # on the path that each precision took
    Why: exact numbers have no smallest one, so a loop that waits for underflow never ends there.
    """

    code = "TG445"
    says = "{function} makes more than {most} comparisons on the path of exact numbers"
    cure = 'judge it on the path of each precision: path="run"; by the command --path run'
