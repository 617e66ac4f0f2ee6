"""Errors of points: lists of them, and files that hold them: TG443, TG444."""

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
