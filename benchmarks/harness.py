"""Runs in turn (A B C A B C ...), each engine in a process of its own, and their medians."""

from __future__ import annotations

import gc
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import get_context
from statistics import median
from time import perf_counter, process_time
from typing import Any, TypeAlias

import numpy as np

Times: TypeAlias = dict[str, float]
PEERS = ("micrograd", "microgpt-like")
RATIOS = tuple(f"x {peer}" for peer in PEERS)


def interleaved(
    job: Callable[..., Times], names: Sequence[str], rounds: int, *args: Any
) -> dict[str, Times]:
    """Return the medians of job(name, *args) for each name.

    Every engine has a process of its own, so that nobody collects the garbage of another; the
    collector is on, as a user has it. The first run of each is a warm-up.
    """
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    context = get_context("spawn")
    pools = {name: context.Pool(1, _prepare) for name in names}
    try:
        runs: dict[str, list[Times]] = {name: [] for name in names}
        for turn in range(rounds + 1):
            for name, pool in pools.items():
                times = pool.apply(job, (name, *args))
                if turn:
                    runs[name].append(times)
    finally:
        for pool in pools.values():
            pool.terminate()
    return {name: _medians(each) for name, each in runs.items()}


def _prepare() -> None:
    # The peers sort recursively.
    sys.setrecursionlimit(10_000_000)
    gc.enable()


def _medians(runs: Sequence[Times]) -> Times:
    return {key: median(run[key] for run in runs) for key in runs[0]}


def timed(call: Callable[[], object], least: float = 0.02) -> float:
    """Return the seconds of processor time of a call, repeated for a while."""
    call()
    before = perf_counter()
    call()
    count = max(1, int(least / max(perf_counter() - before, 1e-7)))
    start = process_time()
    for _ in range(count):
        call()
    return (process_time() - start) / count


def machine() -> str:
    """Return one line about where this runs, and how busy it was."""
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    load = f"load {os.getloadavg()[0]:.1f}"
    return f"{platform.machine()}, {os.cpu_count()} cores, {versions}, collector on, {load}"


def bar(what: str, measured: float, limit: float, least: bool = False) -> None:
    """Print a figure beside its bar: at most the limit, or at least."""
    met = measured >= limit if least else measured <= limit
    word, verdict = (">=" if least else "<="), ("met" if met else "MISSED")
    print(f"{what}: {measured:.3g} (bar {word} {limit:g}): {verdict}", flush=True)


def show(title: str, rows: Mapping[str, Sequence[str]], head: Sequence[str]) -> None:
    """Print a table in Markdown."""
    print(f"\n{title}\n")
    lines = [["engine", *head], *([name, *cells] for name, cells in rows.items())]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for number, line in enumerate(lines):
        print("| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |")
        if not number:
            print("|" + "|".join("-" * (w + 2) for w in widths) + "|")
    sys.stdout.flush()


def ratios(found: dict[str, Times], name: str) -> list[str]:
    """Return how many times faster an engine is than each peer of the same run."""
    mine = found[name]["total"]
    return [f"{found[peer]['total'] / mine:.1f}" if peer in found else "-" for peer in PEERS]


def agreed(found: dict[str, Times], keys: Sequence[str], judge: str = "") -> None:
    """Stop if the engines did not compute the same thing, those of float32 within 2e-3."""
    reference = found[judge or next(iter(found))]
    for name, times in found.items():
        allowed = 2e-3 if "float32" in name else 1e-8
        for key in keys:
            if not abs(times[key] - reference[key]) <= allowed * abs(reference[key]):
                raise SystemExit(f"{name}: {key} {times[key]!r} is not {reference[key]!r}")


def show_steps(title: str, found: dict[str, Times]) -> None:
    """Print the table of a training step."""
    rows = {
        name: [f"{1e3 * t[k]:.1f}" for k in ("forward", "backward", "rest", "total")]
        + ratios(found, name)
        for name, t in found.items()
    }
    show(title, rows, ["forward", "backward", "rest", "total ms", *RATIOS])
