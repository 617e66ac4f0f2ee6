"""What a sweep is to do: a function at points, checked against its parameters, as plain data."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from typedgrad.errors import BadSweep
from typedgrad.points import Input, Point, name_of, parameters, point_of
from typedgrad.sweeping.chunks import FORMAT
from typedgrad.sweeping.grids import Column, Grid
from typedgrad.sweeping.verdicts import Job, Wanted, judged_block, system, unpacked
from typedgrad.sweeping.ways import Ways

CHUNK, WORK, LEAST = 1000, 200_000, 16  # points of a chunk; fewer where the program is long


class Task(NamedTuple):
    """One sweep to be done: the function at its points, and the ways through it."""

    function: str
    grid: Grid
    point: Point
    ways: Ways

    def columns(self, begin: int, end: int) -> tuple[tuple[Column, ...], Any]:
        """Return the inputs at some points, and these as an array with a row for each axis."""
        rows = self.grid.points(begin, end)
        pairs = zip(self.grid.axes, rows, strict=True)
        running = {axis.name: axis.column(row) for axis, row in pairs}
        inputs = self.point.inputs
        columns = (running.get(x.name, Column(None, (x.exact,))) for x in inputs)
        return tuple(columns), rows

    def job(self, begin: int, end: int) -> Job:
        """Return a block of points."""
        return self.ways.job(self.columns(begin, end)[0], end - begin)

    def manifest(self, f: Callable[..., Any], chunk: int | None) -> dict[str, Any]:
        """Return what this sweep is, as plain data; the function is recorded at the first point."""
        job = self.job(0, 1)
        answer = judged_block(job)
        if isinstance(answer, Wanted):
            self.ways.completed(job, answer.taken)
        programs = [unpacked(own[0]).program if own else None for own in self.ways.known]
        length = max((len(program) for program in programs if program is not None), default=0)
        digests = [program.digest if program is not None else "" for program in programs]
        grid, names = self.grid, {axis.name for axis in self.grid.axes}
        return {
            "format": FORMAT,
            "version": _version(),
            "function": self.function,
            "source": _digest(_source(f)),
            "program": _digest(" ".join(digests)),
            "ranges": {axis.name: axis.to_dict() for axis in grid.axes},
            "fixed": _fixed(self.point, names),
            "samples": grid.samples,
            "seed": grid.seed,
            "precisions": {name: system(name).bits for name in self.ways.precisions},
            "entries": ["value", *self.point.partials],
            "points": grid.size,
            "chunk": int(chunk or max(LEAST, min(CHUNK, WORK // (length + 1)))),
        }


def _fixed(point: Point, running: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for argument in point.arguments:
        if argument.name not in running:
            texts = [x.shown for x in argument.inputs]
            found[argument.name] = argument.shown if len(texts) <= 1 else f"[{', '.join(texts)}]"
    return found


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("typedgrad")
    except PackageNotFoundError:
        return "source"


def _digest(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()[:16]


def _source(f: Callable[..., Any]) -> str:
    """Return the text of a function; of one without, what identifies it."""
    try:
        return inspect.getsource(f)
    except (OSError, TypeError):
        code = getattr(f, "__code__", None)
        return name_of(f) if code is None else code.co_code.hex()


def task_of(
    f: Callable[..., Any], grid: Grid, fixed: dict[str, Any], names: tuple[str, ...]
) -> Task:
    """Return what is to be done, the inputs checked against the function's parameters."""
    function = name_of(f)
    axes = {axis.name: axis for axis in grid.axes}
    for name in axes.keys() & fixed.keys():
        hint = f"give {name} a range, or fix it, not both"
        raise BadSweep(function=function, problem=f"{name} is given twice", hint=hint)
    starts = {x.name: x.start for x in grid.axes if not x.name.endswith("]")}
    wanted = parameters(f)
    known = [p.name for p in wanted]
    for name in (x for x in (*starts, *fixed) if x not in known):
        hint = f"it takes {', '.join(known) or 'no arguments'}"
        raise BadSweep(function=function, problem=f"it has no parameter {name}", hint=hint)
    for p in wanted:
        if p.default is p.empty and p.name not in starts and p.name not in fixed:
            hint = f"give it a range, --range {p.name}=1:10:50, or a number, --fix {p.name}=1"
            raise BadSweep(function=function, problem=f"nothing is given for {p.name}", hint=hint)
    point = point_of(f, None, {**fixed, **starts})
    _require_inputs(function, point.inputs, axes)
    return Task(function, grid, point, Ways(f, point.inputs, point, names))


def _require_inputs(function: str, inputs: Sequence[Input], axes: Mapping[str, Any]) -> None:
    """Raise `BadSweep` for a range over what is no number of the function."""
    names = [x.name for x in inputs]
    for name in axes:
        if name not in names:
            hint = f"the numbers that may run are {', '.join(names[:8]) or 'none'}"
            what = "counts with whole numbers" if name.isidentifier() else "is no number of it"
            raise BadSweep(function=function, problem=f"{name} {what}", hint=hint)
