"""A recorded function at many points: arguments cut into columns, points sorted by their path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from typedgrad.batch import columns_of
from typedgrad.engines.sweep import Sweep
from typedgrad.errors import BadBatch
from typedgrad.machine import NUMBERS
from typedgrad.numbers import NumberSystem
from typedgrad.paths import Path
from typedgrad.program import Builder
from typedgrad.trees import NUMBER, Form, Point, flatten, is_array

PathAt: TypeAlias = Callable[[Point], Path]


class How(NamedTuple):
    """How a batch is run: by which engine, in how many threads, and who hears of its progress."""

    engine: str = "auto"
    threads: int = 1
    chunk: int = 0
    progress: Callable[[int, int], object] | None = None


class Points(NamedTuple):
    """The arguments of a batch: their form at one point, and a column for each number of it.

    A column is an array as long as there are points, or of length 1 for what they share.
    """

    form: Form
    columns: list[Any]
    shared: list[bool]
    numbers: NumberSystem[Any]

    def size(self) -> int:
        """Return how many points there are."""
        return len(self.columns[self.shared.index(False)])

    def at(self, p: int) -> Point:
        """Return one point."""
        both = zip(self.columns, self.shared, strict=True)
        row = [column[0 if own else p] for column, own in both]
        return Point(self.form, self.numbers, np.array(row, self.numbers.scalar))

    def chosen(self, which: Any) -> Points:
        """Return some of the points."""
        both = zip(self.columns, self.shared, strict=True)
        columns = [column if own else column[which] for column, own in both]
        return self._replace(columns=columns)


def points_of(
    function: str, args: Sequence[Any], shared: Iterable[int], numbers: NumberSystem[Any] | None
) -> Points:
    """Return the arguments of a batch as columns.

    Arrays have one entry a point along their first axis, but for the arguments at the places in
    `shared`; plain numbers are shared. Raises `BadBatch`, `WrongDtype` and `PrecisionMismatch`.
    """
    flat: list[Any] = []
    together = frozenset(shared)
    parts = tuple(
        flatten(arg, flat, function, None if k in together else _columns)
        for k, arg in enumerate(args)
    )
    if not any(map(is_array, flat)):
        hint = "give an array with one entry a point for at least one argument"
        raise BadBatch(problem=f"{function} was given no points", hint=hint)
    kinds: list[Any] = [x.dtype.type if is_array(x) else type(x) for x in flat]
    found = numbers or next((NUMBERS[k] for k in kinds if k in NUMBERS), NUMBERS[np.float64])
    columns = columns_of(Builder(len(flat)).program([0]), found, flat)
    if not columns.points:
        hint = "give at least one point: its path is what is recorded"
        raise BadBatch(problem=f"{function} was given arrays of length 0", hint=hint)
    arrays = [array[:1] if own else array for array, own in zip(*columns[:2], strict=True)]
    return Points(Form("tuple", None, parts), arrays, columns.shared, found)


def _columns(array: Any, flat: list[Any]) -> Form:
    """Append the columns of an array over the points, and return its form at one point."""
    inner = array.shape[1:]
    flat.extend(array.reshape(len(array), -1).T if inner else [array])
    return Form("array", inner) if inner else NUMBER


def run_points(points: Points, what: str, path_at: PathAt, how: How) -> Any:
    """Return the values of a recorded function at all points, and the partials if these are asked.

    The partials by what points share are summed over them.
    """
    path = path_at(points.at(0))
    grad = what != "value"
    summed = [path.results + k for k, own in enumerate(points.shared) if own and grad]
    outputs = all_paths(path, points, what, path_at, how, summed)
    scalar = points.numbers.scalar
    value = restore_points(path.result, iter(outputs[: path.results]), scalar)
    if not grad:
        return value
    partials = restore_points(points.form, iter(outputs[path.results :]), scalar)
    return value, partials[0] if len(partials) == 1 else partials


def all_paths(
    path: Path, points: Points, what: str, path_at: PathAt, how: How, summed: list[int]
) -> list[Any]:
    """Return an array over the points for each output of a derived program, or its total.

    Points that take another path than the first are run on theirs; then totals are added up
    afterwards, in the same order.
    """
    outputs, verdict = one_path(path, points, what, how, summed)
    if verdict is None or bool((verdict == path.agreed).all()):
        return outputs
    if summed:
        outputs, verdict = one_path(path, points, what, how, [])
    waiting = np.flatnonzero(verdict != path.agreed)
    while len(waiting):
        rest = points.chosen(waiting)
        other = path_at(rest.at(0))
        if other.result != path.result:
            problem = "returns other shapes at some of the points"
            raise BadBatch(problem=problem, hint="give these points to a batch of their own")
        found, verdict = one_path(other, rest, what, how, [])
        good = np.ones(len(waiting), np.bool) if verdict is None else verdict == other.agreed
        good[0] = True
        for row, mine in zip(outputs, found, strict=True):
            row[waiting[good]] = mine[good]
        waiting = waiting[~good]
    return totalled(outputs, summed, points.numbers, how)


def one_path(
    path: Path, points: Points, what: str, how: How, totals: list[int]
) -> tuple[list[Any], Any]:
    """Return the outputs of one path at all points, and its verdict on each, None if unguarded."""
    sweep = Sweep(path.derived(what), points.numbers, totals, how.engine)
    size, count = len(sweep.program.outputs), points.size()
    apart = frozenset(totals)
    rows: list[Any] = [
        None if k in apart else np.empty(count, points.numbers.scalar) for k in range(size)
    ]
    sums = np.empty(len(totals), points.numbers.scalar)
    options: dict[str, Any] = dict(threads=how.threads, chunk=how.chunk, progress=how.progress)
    sweep.run(points.columns, rows, sums if totals else None, count, **options)
    for k, value in zip(totals, sums, strict=True):
        rows[k] = value
    return (rows[:-1], rows[-1]) if path.guards else (rows, None)


def totalled(
    outputs: list[Any], totals: Sequence[int], numbers: NumberSystem[Any], how: How
) -> list[Any]:
    """Return the outputs with some of them summed over the points, in the order of a batch."""
    if not totals:
        return outputs
    same = Builder(len(totals)).program(range(len(totals)))
    sums = np.empty(len(totals), numbers.scalar)
    columns = [outputs[k] for k in totals]
    sweep = Sweep(same, numbers, range(len(totals)), how.engine)
    sweep.run(columns, [None] * len(totals), sums, len(columns[0]))
    for k, value in zip(totals, sums, strict=True):
        outputs[k] = value
    return outputs


def restore_points(form: Form, rows: Iterator[Any], scalar: Any) -> Any:
    """Return the tree of a form with an array over the points, or a total, for each number.

    An array of the form gets the points as its first axis; so does a list of numbers.
    """
    if form.kind == "number":
        return next(rows)
    if form.kind == "static":
        return None
    if form.kind == "array" or (form.kind == "list" and set(form.parts) == {NUMBER}):
        shape = form.about if form.kind == "array" else (len(form.parts),)
        items = [next(rows) for _ in range(form.size)]
        if items and is_array(items[0]):
            return np.stack(items, axis=-1).reshape(len(items[0]), *shape)
        return np.array(items, scalar).reshape(shape)
    parts = [restore_points(part, rows, scalar) for part in form.parts]
    if form.kind == "dict":
        return dict(zip(form.about, parts, strict=True))
    if form.kind == "list":
        return parts
    return tuple(parts) if form.about is None else form.about._make(parts)


def places_of(function: str, names: Sequence[str], shared: Iterable[str | int]) -> list[int]:
    """Return the places of arguments given by name or by place."""
    known = {name: k for k, name in enumerate(names)}
    found: list[int] = []
    for one in shared:
        k = known.get(one) if isinstance(one, str) else one
        if k is None or not 0 <= k < len(names):
            hint = f"shared names arguments, or counts them from 0; they are {', '.join(names)}"
            raise BadBatch(problem=f"{function} has no argument for shared={one!r}", hint=hint)
        found.append(k)
    return found
