"""FPBench: is every error of its straight-line cores explained, bounded, and below FPTaylor's?

`python -m benchmarks.fpbench [--points N] [--cores TEXT] [--processes N] [--each]` blames the value
of each core at points of its precondition, in three precisions, and counts the right digits of
value and gradient; `--each` lists them. FPBench's files are looked for where `--data` or FPBENCH
says. It exits with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

import typedgrad as tg
from typedgrad import fpcore
from typedgrad.blaming.asking import Blamed
from typedgrad.points import Point, point_of, system
from typedgrad.study import every_value

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("FPBENCH", ROOT.parent / "shared" / "data" / "fpbench"))
PRECISIONS = ("float32", "float64", "longdouble")
CORES, STRAIGHT = 136, 110
NEAR, SHARE = 0.01, 0.999
HAIR = 1e-9  # the sums of a blame are floats
# Rigorous bounds of the absolute error in float64, from FPTaylor's results for Real2Float.
FPTAYLOR = {
    **{"doppler1": 1.58e-13, "doppler2": 2.89e-13, "rigidBody1": 3.86e-13, "rigidBody2": 5.23e-11},
    **{"verhulst": 3.51e-16, "carbonGas": 1.06e-8, "kepler0": 1.04e-13, "kepler2": 2.09e-12},
    "sqroot": 7.12e-16,
}
# A value with all its digits and a partial with next to none, each within half a digit.
SHOWCASE, SHOWN_AT, SHOWN = "NMSE problem 3.4.2", dict(a=5, b="7.125", eps="4.625"), (15.9, 1.7)


@dataclass
class Looked:
    """What one core showed in one precision, over its points.

    `off` is |explained - 1|, `ratios` are bound over error, `errors` absolute errors, `value` the
    right digits of the value and `gradient` those of the worst partial at the same points.
    """

    core: str
    precision: str
    points: int = 0
    right: int = 0
    unsettled: int = 0
    off: list[float] = field(default_factory=list[float])
    ratios: list[float] = field(default_factory=list[float])
    errors: list[float] = field(default_factory=list[float])
    value: list[float] = field(default_factory=list[float])
    gradient: list[float] = field(default_factory=list[float])

    @property
    def valid(self) -> int:
        """At how many points both the computed and the exact value are finite."""
        return len(self.off)

    def add(self, blamed: Blamed) -> None:
        """Take in one point."""
        found = blamed.blame("value")
        entry = found.entry
        self.points += 1
        self.unsettled += not entry.stands
        if math.isnan(entry.absolute):
            return
        self.off.append(abs(found.explained - 1))
        self.errors.append(abs(entry.absolute))
        self.right += entry.is_right
        if not entry.is_right:
            self.ratios.append(found.bound)
        partials = [blamed.entry(label).digits for label in blamed.study.labels[1:]]
        known = [digits for digits in partials if digits is not None]
        if known and entry.digits is not None:
            self.value.append(entry.digits)
            self.gradient.append(min(known))


@cache
def suite(data: Path = DATA) -> list[fpcore.Core]:
    """Return all cores of a folder."""
    return [core for path in sorted(data.glob("*.fpcore")) for core in fpcore.load(path)]


def look(core: fpcore.Core, precision: str, points: Iterable[dict[str, float]]) -> Looked:
    """Blame the value of a straight-line core at some points in one precision."""
    found, first = Looked(core.name, precision), None
    for given in points:
        point = point_of(core.function, given, {})
        blamed = Again(first, point) if first else Blamed(core.function, point, system(precision))
        first = first or blamed
        found.add(blamed)
    return found


class Again(Blamed):
    """The same run at another point: what has no branch is one program everywhere."""

    def __init__(self, first: Blamed, point: Point) -> None:
        self.numbers, self.program = first.numbers, first.program
        self.study = replace(first.study, point=point)
        vars(self.study).update(vars(first.study) | {"point": point})
        self.verdict = self.judged(None)
        inputs = self.study.inputs(self.numbers)
        found = every_value(self.program, inputs, self.numbers)
        self.values = np.array(found, self.numbers.scalar)


def looks(job: tuple[Path, int, int]) -> list[Looked]:
    """Return what a core of the suite, by its number, shows in every precision."""
    data, number, count = job
    core = suite(data)[number]
    points = core.sample(count)
    return [look(core, precision, points) for precision in PRECISIONS]


def every_look(data: Path, chosen: Sequence[int], count: int, processes: int) -> Iterator[Looked]:
    """Yield what all chosen cores show, and tell on stderr how far it is."""
    with ProcessPoolExecutor(processes) as pool:
        jobs = [(data, number, count) for number in chosen]
        for done, found in enumerate(pool.map(looks, jobs), 1):
            print(f"{done}/{len(jobs)} {found[0].core}", file=sys.stderr, flush=True)
            yield from found


def joined(found: Sequence[Looked]) -> Looked:
    """Return the looks at several cores as one."""
    total = Looked("all", found[0].precision)
    for one in found:
        total.points += one.points
        total.right += one.right
        total.unsettled += one.unsettled
        for name in ("off", "ratios", "errors", "value", "gradient"):
            getattr(total, name).extend(getattr(one, name))
    return total


def under(found: Looked) -> int:
    """Return at how many points the error is above its bound."""
    return sum(ratio < 1 - HAIR for ratio in found.ratios)


def share(found: Looked) -> float:
    """Return the share of valid points whose error is explained within 1 %."""
    return sum(off <= NEAR for off in found.off) / max(found.valid, 1)


def totals(found: dict[str, list[Looked]]) -> Iterator[str]:
    """Yield the table of all precisions."""
    yield "| precision | points | finite | no error | explained within 1 % | farthest off |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, looked in found.items():
        all_of = joined(looked)
        cells = (name, all_of.points, all_of.valid, all_of.right)
        worst = f"{max(all_of.off, default=0):.1e}"
        yield f"| {' | '.join(map(str, cells))} | {100 * share(all_of):.3f} % | {worst} |"
    yield ""
    yield "| precision | bound below error | bound over error: 10 % | median | 90 % | 99 % |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, looked in found.items():
        ratios = joined(looked).ratios or [math.nan]
        parts = " | ".join(f"{x:.3g}" for x in np.quantile(ratios, (0.1, 0.5, 0.9, 0.99)))
        yield f"| {name} | {sum(map(under, looked))} | {parts} |"


def beside_fptaylor(looked: Sequence[Looked]) -> Iterator[str]:
    """Yield the table of errors in float64 beside FPTaylor's bounds."""
    yield "| core | largest error | FPTaylor's bound |"
    yield "| --- | --- | --- |"
    for one in looked:
        if one.core in FPTAYLOR:
            yield f"| {one.core} | {max(one.errors, default=0):.2e} | {FPTAYLOR[one.core]:.2e} |"


def digits(found: dict[str, list[Looked]]) -> Iterator[str]:
    """Yield how digits of the gradient compare with those of the value."""
    for name, looked in found.items():
        kept = [one for one in looked if one.value]
        least = sum(min(one.gradient) < min(one.value) - 1 for one in kept)
        median = sum(np.median(one.gradient) < np.median(one.value) - 1 for one in kept)
        yield (
            f"{name}: in {least} of {len(kept)} cores the gradient's worst digits are more than one"
            f" below the value's worst, in {median} those at the median."
        )
    yield ""
    yield "| core (float64) | value, worst | gradient, worst | value, median | gradient, median |"
    yield "| --- | --- | --- | --- | --- |"
    kept = [one for one in found["float64"] if one.value]
    ranked = sorted(kept, key=lambda one: np.median(one.gradient) - np.median(one.value))
    for one in ranked[:10]:
        parts = (min(one.value), min(one.gradient), np.median(one.value), np.median(one.gradient))
        yield f"| {one.core} | {' | '.join(f'{x:.1f}' for x in parts)} |"


def each(found: dict[str, list[Looked]]) -> Iterator[str]:
    """Yield the fewest digits of value and gradient of every core in every precision."""
    yield f"| core | {' | '.join(f'{name}: value | gradient' for name in found)} |"
    yield f"| --- |{' --- |' * 2 * len(found)}"
    for row in zip(*found.values(), strict=True):
        least = [min(x, default=math.nan) for one in row for x in (one.value, one.gradient)]
        yield f"| {row[0].core} | {' | '.join(f'{x:.1f}' for x in least)} |"


def misses(found: dict[str, list[Looked]]) -> Iterator[str]:
    """Yield a sentence for each bar that is missed."""
    for name, looked in found.items():
        for one in looked:
            if under(one):
                yield f"{name}, {one.core}: the bound is below the error at {under(one)} points"
        if share(joined(looked)) < SHARE:
            yield f"{name}: {100 * share(joined(looked)):.3f} % of the points are explained"
    for one in found["float64"]:
        if max(one.errors, default=0) > FPTAYLOR.get(one.core, math.inf):
            yield f"{one.core}: {max(one.errors):.2e} is above FPTaylor's bound"


def showcase(core: fpcore.Core) -> tuple[str, bool]:
    """Return what compare says of a core whose gradient loses its digits, and if that is SHOWN."""
    found = tg.compare(core.function, SHOWN_AT, precisions=("float64",)).digits["float64"]
    digits = {name: math.nan if x is None else x for name, x in found.items()}
    value, worst = digits.pop("value"), min(digits.values())
    near = abs(value - SHOWN[0]) <= 0.5 and abs(worst - SHOWN[1]) <= 0.5
    place = ", ".join(f"{name}={x}" for name, x in SHOWN_AT.items())
    parts = ", ".join(f"{name} {x:.1f}" for name, x in digits.items())
    return f"{core.name} at {place} in float64: digits of value {value:.1f}, {parts}", near


def main(*args: str) -> int:
    """Print all tables; return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fpbench")
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--cores", default="", help="only those with this text in their names")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--each", action="store_true", help="the digits of every core")
    asked = parser.parse_args(args)
    if min(asked.points, asked.processes) < 1:
        parser.error("--points and --processes must be at least 1")
    cores = suite(asked.data)
    straight = [k for k, core in enumerate(cores) if core.is_straight]
    chosen = [k for k in straight if asked.cores in cores[k].name]
    print(f"{len(cores)} cores read, {len(straight)} straight-line, {len(chosen)} run\n")
    if not chosen:
        lacks = f"no straight-line core has {asked.cores!r} in its name" if cores else "no .fpcore"
        parser.error(f"{asked.data}: {lacks}")
    found: dict[str, list[Looked]] = {name: [] for name in PRECISIONS}
    for one in every_look(asked.data, chosen, asked.points, asked.processes):
        found[one.precision].append(one)
    tables = [totals(found), beside_fptaylor(found["float64"]), digits(found)]
    for lines in [*tables, each(found)] if asked.each else tables:
        print("\n".join(lines), end="\n\n")
    missed = list(misses(found))
    for core in (cores[k] for k in chosen if cores[k].name == SHOWCASE):
        text, near = showcase(core)
        print(text, end="\n\n")
        missed += [] if near else [f"{SHOWCASE}: value {SHOWN[0]}, gradient {SHOWN[1]} are wanted"]
    if (len(cores), len(straight)) != (CORES, STRAIGHT):
        missed.append(f"{CORES} cores and {STRAIGHT} straight-line ones are wanted")
    print("\n".join(f"MISSED: {text}" for text in missed) or "All bars are met.")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
