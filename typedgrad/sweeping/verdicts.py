"""The digits of a block of points: what a sweep asks of a worker, in this process or in another.

A worker never sees the user's function, only programs: one for each way through it that is known.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from typedgrad.engines.sweep import Sweep as Replay
from typedgrad.errors import BadProgram
from typedgrad.machine import NUMBERS
from typedgrad.numbers import NumberSystem
from typedgrad.program import Program
from typedgrad.sweeping.grids import Column
from typedgrad.sweeping.truths import Truth, digits_right, truths

UNKNOWN, RAISED = -1, -2
VALID, NAN, INFINITE, FAILED = range(4)
STATES = ("valid", "NaN", "infinite", "raised")


def weakness(judge: str) -> tuple[bool, str]:
    """Return a key by which, of two judges of a point, the weaker is the greater."""
    return "mpmath" in judge, judge


@dataclass(frozen=True)
class Way:
    """One way through a function in one precision: value, partials and a 0 or 1 for each guard."""

    program: Program
    outcomes: tuple[bool, ...]

    @property
    def results(self) -> int:
        """How many outputs are the value and the partials."""
        return len(self.program.outputs) - len(self.outcomes)


@dataclass(frozen=True)
class Job:
    """A block of points and the ways that are known, pickled, for each precision.

    `entries` is how many numbers each way gives: the value and the partials.
    `taken` tells for each precision and point which way is taken there, if that is known.
    """

    precisions: tuple[str, ...]
    entries: int
    columns: tuple[Column, ...]
    points: int
    ways: tuple[tuple[bytes, ...], ...]
    taken: Any = None


class Wanted(NamedTuple):
    """The answer to a block with points that take no known way: they need recording."""

    taken: Any


class Found(NamedTuple):
    """The answer to a block.

    `digits` has the shape (precisions, entries, points), `states` and `parted` (precisions,
    points): how the numbers came out, and the first guard, counted from 1, at which the way that
    was taken is not that of the reference. `taken` is as in the job, `unsettled` for each point.
    """

    digits: Any
    states: Any
    parted: Any
    taken: Any
    unsettled: Any
    judges: dict[str, int]


def system(name: str) -> NumberSystem[Any]:
    """Return a precision of NumPy by its name."""
    return next(numbers for numbers in NUMBERS.values() if numbers.name == name)


@lru_cache(maxsize=512)
def unpacked(way: bytes) -> Way:
    """Return a way that was pickled."""
    found: Way = pickle.loads(way)
    return found


def judged_block(job: Job) -> Found | Wanted | None:
    """Return the digits at all points of a block, or which points need recording first.

    None where a program cannot be rebuilt here: a row of the user's own is known only at home.
    """
    try:
        ways = [[unpacked(way) for way in some] for some in job.ways]
    except BadProgram:
        return None
    size = (len(job.precisions), job.points)
    taken = np.full(size, UNKNOWN, np.int32) if job.taken is None else job.taken.copy()
    results = [
        followed(own, system(name), job, row)
        for name, own, row in zip(job.precisions, ways, taken, strict=True)
    ]
    if (taken == UNKNOWN).any():
        return Wanted(taken)
    return _judged(job, ways, taken, results)


def followed(ways: Sequence[Way], numbers: NumberSystem[Any], job: Job, taken: Any) -> Any:
    """Return the results along the ways, an array (entries, points), and note the ways in `taken`.

    What is UNKNOWN in `taken` is tried on every way; where none fits it stays so.
    """
    arrays = [column.rounded(numbers) for column in job.columns]
    results = np.full((job.entries, job.points), np.nan, numbers.scalar)
    for k, way in enumerate(ways):
        which = np.flatnonzero((taken == UNKNOWN) | (taken == k))
        if not len(which):
            continue
        rows = replayed(way.program, numbers, arrays, which)
        fits = (rows[job.entries :] == np.array(way.outcomes, np.bool)[:, None]).all(axis=0)
        fits |= taken[which] == k
        results[:, which[fits]] = rows[: job.entries, fits]
        taken[which[fits]] = k
    return results


def replayed(
    program: Program, numbers: NumberSystem[Any], arrays: Sequence[Any], which: Any
) -> Any:
    """Return the outputs of a program at some of the points, an array (outputs, points)."""
    some = [x if len(x) == 1 else x[which] for x in arrays]
    rows = np.empty((len(program.outputs), len(which)), numbers.scalar)
    Replay(program, numbers).run(some, list(rows), None, len(which))
    return rows


def _judged(job: Job, ways: Sequence[Sequence[Way]], taken: Any, results: Sequence[Any]) -> Found:
    systems = [system(name) for name in job.precisions]
    bits = max(numbers.bits for numbers in systems)
    shape = (len(systems), job.entries, job.points)
    digits = np.full(shape, np.nan, np.float32)
    parted = np.zeros((len(systems), job.points), np.int32)
    unsettled = np.zeros(job.points, np.bool)
    judges: dict[int, str] = {}
    for way, shares in _groups(ways, taken).items():
        points = np.unique(np.concatenate([which for _, which in shares]))
        truth = truths(way.program, job.columns, points.tolist(), bits)
        for p, name in zip(points.tolist(), truth.judges, strict=True):
            judges[p] = max(judges.get(p, ""), name, key=weakness)
        unsettled[points] |= truth.unsettled
        turned = _first_turned(way, truth)
        place = {p: k for k, p in enumerate(points.tolist())}
        for k, which in shares:
            places = np.array([place[p] for p in which.tolist()], np.intp)
            parted[k, which] = turned[places]
            for row in range(job.entries):
                own, cap = results[k][row, which], systems[k].digits
                digits[k, row, which] = digits_right(own, truth, row, places, cap)
    states = np.array([_states(*pair) for pair in zip(results, taken, strict=True)])
    return Found(digits, states, parted, taken, unsettled, dict(Counter(judges.values())))


def _groups(ways: Sequence[Sequence[Way]], taken: Any) -> dict[Way, list[tuple[int, Any]]]:
    """Return for each way the precisions that take it, and at which points."""
    found: dict[Way, list[tuple[int, Any]]] = {}
    for k, own in enumerate(ways):
        used: list[int] = np.unique(taken[k][taken[k] >= 0]).tolist()
        for number in used:
            found.setdefault(own[number], []).append((k, np.flatnonzero(taken[k] == number)))
    return found


def _first_turned(way: Way, truth: Truth) -> Any:
    """Return for each point the first guard that the truth turns, from 1; 0 for none."""
    if not way.outcomes:
        return np.zeros(truth.high.shape[1], np.int32)
    other = (truth.high[way.results :] != 0) != np.array(way.outcomes, np.bool)[:, None]
    return np.where(other.any(axis=0), other.argmax(axis=0) + 1, 0)


def _states(results: Any, taken: Any) -> Any:
    """Return for each point whether value and partials are finite, NaN, infinite or missing."""
    undefined, infinite = np.isnan(results).any(axis=0), np.isinf(results).any(axis=0)
    states = np.where(undefined, NAN, np.where(infinite, INFINITE, VALID))
    return np.where(taken == RAISED, FAILED, states).astype(np.uint8)


def with_taken(job: Job, ways: tuple[tuple[bytes, ...], ...], taken: Any) -> Job:
    """Return the job again, with all ways that its points take."""
    return replace(job, ways=ways, taken=taken)
