"""What a sweep finds, as records: digits at every point, the worst, the median, the curve."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from typing_extensions import override

from typedgrad.errors import Unreadable
from typedgrad.findings import Digits
from typedgrad.numbers import LOG10_2
from typedgrad.report.swept import table
from typedgrad.report.text import painted
from typedgrad.sweeping.chunks import ARRAYS, Chunk, broken, opened
from typedgrad.sweeping.grids import Axis
from typedgrad.sweeping.spreads import Apart, Curve, Summary

STATES = ("valid", "NaN", "infinite", "raised")
LEAST = "least"
BINS = 64


@dataclass(frozen=True, eq=False)
class Sweep:
    """What `tg.sweep` found.

    `digits["float32"]["d/dx"]` is an array with the right digits at each point that is done, NaN
    where there are none; `points["x"]` an array of the numbers there (of a list, their places in
    it). `states` and `parted` have a row for each precision: how the numbers came out, by their
    place in `STATES`, and whether another path was taken than the reference takes.
    """

    version: ClassVar[int] = 1
    function: str
    axes: tuple[Axis, ...]
    fixed: dict[str, str]
    samples: int | None
    seed: int
    precisions: tuple[str, ...]
    bits: dict[str, int]
    caps: dict[str, float]
    entries: tuple[str, ...]
    total: int
    coordinates: Any
    array: Any
    states: Any
    parted: Any
    judges: dict[str, int]
    unsettled: int = 0
    apart: dict[str, Apart] = field(default_factory=dict[str, Apart])
    raised: dict[str, tuple[dict[str, str], str]] = field(
        default_factory=dict[str, tuple[dict[str, str], str]]
    )
    notes: tuple[str, ...] = ()

    @staticmethod
    def of(manifest: Mapping[str, Any], chunks: Sequence[Chunk], notes: tuple[str, ...]) -> Sweep:
        """Return the sweep that a manifest describes, of the chunks that are there, in order."""
        axes = tuple(Axis.of(name, given) for name, given in manifest["ranges"].items())
        bits: dict[str, int] = manifest["precisions"]
        entries, names = tuple(manifest["entries"]), tuple(bits)
        arrays = joined(chunks, len(axes), len(names), len(entries))
        texts = Texts(axes, chunks)
        return Sweep(
            **{key: manifest[key] for key in ("function", "fixed", "samples", "seed")},
            axes=axes,
            precisions=names,
            bits=bits,
            caps={name: size * LOG10_2 for name, size in bits.items()},
            entries=entries,
            total=manifest["points"],
            coordinates=arrays["points"],
            array=arrays["digits"],
            states=arrays["states"],
            parted=arrays["parted"],
            judges=counted(chunk.about["judges"] for chunk in chunks),
            unsettled=sum(chunk.about["unsettled"] for chunk in chunks),
            apart=texts.apart(arrays["parted"], names),
            raised=texts.raised(),
            notes=notes,
        )

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Sweep:
        """Return the sweep in a folder that was given as `out`, as far as it is done.

        Raises `BrokenSweep` for what is no such folder, and `BadFolder` where it cannot be read.
        """
        folder = opened(path)
        found = [folder.read(*span) for span in folder.spans()]
        chunks = [chunk for chunk in found if chunk is not None]
        notes = [f"{name} is damaged, and its points are left out." for name in folder.damaged]
        try:
            return Sweep.of(folder.manifest, chunks, tuple(notes))
        except (TypeError, KeyError, ValueError, AttributeError):
            raise broken(path) from None

    @property
    def size(self) -> int:
        """How many points are done."""
        return int(self.array.shape[-1])

    @property
    def is_complete(self) -> bool:
        """Tell whether all points are done."""
        return self.size == self.total

    @property
    def points(self) -> dict[str, Any]:
        """The numbers of each input that runs, an array over the points."""
        return {x.name: row for x, row in zip(self.axes, self.coordinates, strict=True)}

    @property
    def digits(self) -> dict[str, dict[str, Any]]:
        """Digits right by precision, then by 'value', 'd/dx', ...: arrays over the points."""
        return {
            name: dict(zip(self.entries, rows, strict=True))
            for name, rows in zip(self.precisions, self.array, strict=True)
        }

    @cached_property
    def least(self) -> dict[str, Any]:
        """The least digits of value and partials at each point, by precision."""
        return dict(zip(self.precisions, np.fmin.reduce(self.array, axis=1), strict=True))

    def row(self, precision: str, entry: str = LEAST) -> Any:
        """Return the digits of one entry, or the least of all, over the points."""
        names = ", ".join(self.precisions)
        if precision not in self.precisions:
            hint = f"swept were: {names}"
            raise Unreadable(what="a precision", text=precision, hint=hint)
        if entry == LEAST:
            return self.least[precision]
        if entry not in self.entries:
            hint = f"the entries are {', '.join(self.entries)} and {LEAST}"
            raise Unreadable(what="an entry", text=entry, hint=hint)
        return self.digits[precision][entry]

    def where(self, point: int, exact: bool = False) -> dict[str, str]:
        """Return one point as text by input; `exact` text reads back as the same number."""
        pairs = zip(self.axes, self.coordinates[:, point].tolist(), strict=True)
        return {axis.name: axis.exact(x) if exact else axis.shown(x) for axis, x in pairs}

    def worst_point(self, precision: str, entry: str = LEAST) -> int | None:
        """Return the first point with the fewest digits; None if no point has digits."""
        row = self.row(precision, entry)
        return None if np.isnan(row).all() else int(np.nanargmin(row))

    def summary(self, precision: str, entry: str = LEAST) -> Summary:
        """Return the worst, the median and the spread of one entry, or of the least of all."""
        row, worst = self.row(precision, entry), self.worst_point(precision, entry)
        known = row[~np.isnan(row)]
        whole = np.floor(known).astype(np.intp)
        counts = np.bincount(whole, minlength=int(self.caps[precision]) + 1).tolist()
        if worst is None:
            return Summary(None, None, {}, tuple(counts), len(row))
        middle = float(np.median(known))
        missing = len(row) - len(known)
        return Summary(float(row[worst]), middle, self.where(worst), tuple(counts), missing)

    def counts(self, precision: str) -> dict[str, int]:
        """Return how many points are valid, NaN, infinite and raised in a precision."""
        found = np.bincount(self.states[self.precisions.index(precision)], minlength=len(STATES))
        return dict(zip(STATES, found.tolist(), strict=True))

    def enough(self, precision: str, digits: float = 6) -> bool:
        """Tell whether value and partials have so many digits at every point of the sweep.

        A point that is undefined, raised or not done is not enough; nor is one where the
        precision took another path than exact numbers, for there it may have every digit of a
        wrong result.
        """
        row = self.row(precision)
        whole = self.is_complete and precision not in self.apart
        return whole and bool((row >= digits).all())

    def curve(self, name: str, entry: str = LEAST, bins: int = BINS) -> Curve:
        """Return the digits along one input, in at most so many bins with equally many numbers."""
        known = {axis.name: k for k, axis in enumerate(self.axes)}
        if name not in known:
            hint = f"the inputs that run are {', '.join(known)}"
            raise Unreadable(what="an input", text=name, hint=hint)
        column = self.coordinates[known[name]]
        values, places = np.unique(column, return_inverse=True)
        count = min(bins, len(values))
        bin_of = (np.arange(len(values)) * count // max(len(values), 1))[places]
        order = np.argsort(bin_of, kind="stable")
        cuts = np.searchsorted(bin_of[order], np.arange(1, count))
        groups = np.split(column[order], cuts)
        rows = {p: np.split(self.row(p, entry)[order], cuts) for p in self.precisions}
        return Curve(
            name,
            tuple(float(x.min()) for x in groups if len(x)),
            tuple(float(x.max()) for x in groups if len(x)),
            {p: tuple(_known(x, np.min) for x in own) for p, own in rows.items()},
            {p: tuple(_known(x, np.median) for x in own) for p, own in rows.items()},
        )

    def to_dict(self, arrays: bool = False) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold; the arrays only where asked for."""
        names = self.precisions
        data: dict[str, Any] = {
            "version": self.version,
            "kind": "sweep",
            "function": self.function,
            "ranges": {axis.name: axis.text for axis in self.axes},
            "fixed": self.fixed,
            "samples": self.samples,
            "seed": None if self.samples is None else self.seed,
            "points": {"asked": self.total, "done": self.size, "unsettled": self.unsettled},
            "judges": self.judges,
            "bits": self.bits,
            "caps": self.caps,
            "states": {name: self.counts(name) for name in names},
            "digits": {
                name: {x: self.summary(name, x).to_dict() for x in (*self.entries, LEAST)}
                for name in names
            },
            "curves": {axis.name: self.curve(axis.name).to_dict() for axis in self.axes},
            "apart": {name: found.to_dict() for name, found in self.apart.items()},
            "raised": {k: {"at": at, "error": what} for k, (at, what) in self.raised.items()},
            "notes": list(self.notes),
        }
        if arrays:
            data["arrays"] = {
                "points": {name: row.tolist() for name, row in self.points.items()},
                "digits": {
                    name: {entry: _plain(row) for entry, row in rows.items()}
                    for name, rows in self.digits.items()
                },
            }
        return data

    @override
    def __str__(self) -> str:
        return table(self)

    @override
    def __repr__(self) -> str:
        running = ", ".join(axis.name for axis in self.axes)
        return f"<sweep of {self.function} over {running}: {self.size} of {self.total} points>"

    def _repr_html_(self) -> str:
        """Return the report as a notebook shows it."""
        from typedgrad.report.html import plain

        return plain(self)

    def __rich__(self) -> object:
        """Return the report with colours, for rich."""
        return painted(str(self))


def _known(digits: Any, measure: Any) -> Digits:
    """Return a measure of the digits that are there, None if none are."""
    known = digits[~np.isnan(digits)]
    return float(measure(known)) if len(known) else None


def _plain(row: Any) -> list[Digits]:
    found: list[float] = row.tolist()
    return [None if x != x else x for x in found]


def joined(chunks: Sequence[Chunk], axes: int, precisions: int, entries: int) -> dict[str, Any]:
    """Return the arrays of all chunks, one behind the other."""
    shapes = {
        "points": (axes, 0),
        "digits": (precisions, entries, 0),
        "states": (precisions, 0),
        "parted": (precisions, 0),
    }
    return {
        name: np.concatenate(
            [np.empty(shapes[name], ARRAYS[name]), *(getattr(x, name) for x in chunks)], -1
        )
        for name in ARRAYS
    }


def counted(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sums of counts by name."""
    whole = Counter[str]()
    for part in parts:
        whole.update(part)
    return dict(sorted(whole.items()))


class Texts:
    """What chunks say in words about their first points, by precision."""

    def __init__(self, axes: Sequence[Axis], chunks: Sequence[Chunk]) -> None:
        self.axes = axes
        self.chunks = chunks

    def first(self, kind: str) -> dict[str, tuple[dict[str, str], list[Any]]]:
        """Return what the first chunk that says anything says, with the point."""
        found: dict[str, tuple[dict[str, str], list[Any]]] = {}
        for chunk in self.chunks:
            for name, (index, *rest) in chunk.about[kind].items():
                if name not in found:
                    row = chunk.points[:, index - chunk.begin].tolist()
                    pairs = zip(self.axes, row, strict=True)
                    found[name] = {axis.name: axis.shown(x) for axis, x in pairs}, rest
        return found

    def apart(self, parted: Any, precisions: Sequence[str]) -> dict[str, Apart]:
        """Return how often and where first each precision left the path of the reference."""
        counts = dict(zip(precisions, parted.sum(axis=-1).tolist(), strict=True))
        return {
            name: Apart(counts[name], where, *rest)
            for name, (where, rest) in self.first("apart").items()
        }

    def raised(self) -> dict[str, tuple[dict[str, str], str]]:
        """Return where the function raised first in each precision, and what."""
        return {name: (where, rest[0]) for name, (where, rest) in self.first("raised").items()}
