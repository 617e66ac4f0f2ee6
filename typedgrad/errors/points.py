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
    """A loop of a function goes on and on in one arithmetic, though it may end in another.

    Wrong:
        typedgrad compare f.py:root --at a=2             # while abs(x * x - a) > 1e-9
    Right:
        typedgrad compare f.py:root --at a=2 --precisions float64,longdouble
    Why: float32 never gets so near. Exact numbers have no smallest one, so that a loop that waits
    for underflow never ends there.
    """

    code = "TG445"
    says = "{function} makes more than {most} comparisons in {arithmetic}"
    cure = "{hint}"
