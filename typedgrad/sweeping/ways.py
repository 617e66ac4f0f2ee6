"""The ways through a function that a sweep knows: recorded at home, sent out as programs."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from typedgrad.errors import FunctionRaised
from typedgrad.gradient import value_and_gradient
from typedgrad.numbers import NumberSystem
from typedgrad.paths import smaller
from typedgrad.points import Input, Point
from typedgrad.study import study
from typedgrad.sweeping.grids import Column
from typedgrad.sweeping.verdicts import (
    RAISED,
    UNKNOWN,
    Job,
    Way,
    followed,
    system,
    unpacked,
    with_taken,
)
from typedgrad.tracing import Guard

MOST_SENT = 64
BUGS = ("NameError", "UnboundLocalError", "AttributeError", "ImportError", "ModuleNotFoundError")


class Ways:
    """The ways that were recorded, by precision, and what else must be said about the points."""

    def __init__(
        self,
        f: Callable[..., Any],
        inputs: Sequence[Input],
        point: Point,
        precisions: tuple[str, ...],
    ) -> None:
        self.f = f
        self.inputs = inputs
        self.point = point
        self.precisions = precisions
        self.known: list[list[bytes]] = [[] for _ in precisions]
        self.guards: dict[bytes, tuple[Guard, ...]] = {}
        self.failure: FunctionRaised | None = None

    def job(self, columns: tuple[Column, ...], points: int) -> Job:
        """Return a block of points as a job, with the ways that were recorded last."""
        ways = tuple(tuple(own[-MOST_SENT:]) for own in self.known)
        return Job(self.precisions, 1 + len(self.inputs), columns, points, ways)

    def completed(self, job: Job, taken: Any) -> tuple[Job, dict[str, tuple[int, str]]]:
        """Record what points of a block need, and return the job again with a way for each.

        With it the first point, by precision, at which the function raised, and what.
        """
        taken = taken.copy()
        raised: dict[str, tuple[int, str]] = {}
        ways = [list(own) for own in job.ways]
        for name, own, known, row in zip(self.precisions, ways, self.known, taken, strict=True):
            numbers = system(name)
            for way in reversed(known[-MOST_SENT:]):  # recorded since the block was sent
                if way not in own and (row == UNKNOWN).any():
                    self._follow(way, own, numbers, job, row)
            while (row == UNKNOWN).any():
                p = int(np.argmax(row == UNKNOWN))
                try:
                    way = self.recorded(job.columns, p, numbers)
                except FunctionRaised as error:
                    if str(error.facts["error"]).split(":")[0] in BUGS:
                        raise
                    self.failure = self.failure or error
                    raised.setdefault(name, (p, str(error.facts["error"])))
                    row[p] = RAISED
                    continue
                self._follow(way, own, numbers, job, row)
                row[p] = own.index(way) if way in own else self._added(way, own)
                if way not in known:
                    known.append(way)
        return with_taken(job, tuple(map(tuple, ways)), taken), raised

    def _follow(
        self, way: bytes, own: list[bytes], numbers: NumberSystem[Any], job: Job, row: Any
    ) -> None:
        """Note the points that take a way, and add it to those of the block if there are any."""
        rest = np.flatnonzero(row == UNKNOWN)
        some = tuple(x if x.is_shared else chosen(x, rest) for x in job.columns)
        alone = np.full(len(rest), UNKNOWN, np.int32)
        followed([unpacked(way)], numbers, replace(job, columns=some, points=len(rest)), alone)
        if (alone == 0).any():
            row[rest[alone == 0]] = self._added(way, own)

    def _added(self, way: bytes, own: list[bytes]) -> int:
        own.append(way)
        return len(own) - 1

    def recorded(self, columns: Sequence[Column], p: int, numbers: NumberSystem[Any]) -> bytes:
        """Run the function at one point and return the way that it takes, pickled."""
        texts = [column.exact(p) for column in columns]
        pairs = zip(self.inputs, texts, strict=True)
        at = self.point.with_inputs([Input(x.name, text, text) for x, text in pairs])
        found = study(self.f, at, numbers)
        size = len(found.trace.program.outputs)
        full = value_and_gradient(found.trace.program)
        order = [0, *range(size, len(full.outputs)), *range(1, size)]
        program = smaller(full.select(order).replace(places=None, sources=()))
        outcomes = tuple(guard.outcome for guard in found.guards)
        way = pickle.dumps(Way(program, outcomes))
        self.guards[way] = found.guards
        return way


def chosen(column: Column, which: Any) -> Column:
    """Return an input at some of the points."""
    if column.values is not None:
        return column._replace(values=column.values[which])
    return column._replace(index=column.index[which])
