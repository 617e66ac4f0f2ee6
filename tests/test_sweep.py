"""sweep: digits at many points, whatever runs them, kept in a folder, judged by wider numbers."""

# pyright: basic

from __future__ import annotations

import importlib.util
import io
import json
import math
import os
import re
import shlex
import sys
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

import typedgrad
from typedgrad import cli, errors
from typedgrad.cli.screen import readable
from typedgrad.engines import wide as widths
from typedgrad.numbers import decimal_ratio
from typedgrad.report.swept import table
from typedgrad.sweeping.chunks import MANIFEST
from typedgrad.sweeping.grids import Axis, axis_of, grid_of
from typedgrad.sweeping.swept import STATES, Sweep
from typedgrad.sweeping.tasks import CHUNK
from typedgrad.sweeping.verdicts import Job, judged_block
from typedgrad.sweeping.workers import Workers

tg: Any = typedgrad
ROOT = Path(__file__).resolve().parent.parent
every_precision = pytest.mark.parametrize("p", ["float32", "float64", "longdouble"])
extended = pytest.mark.skipif(tg.longdouble.bits != 64, reason="longdouble is not 64 bits here")


def loss(x: Any, y: Any) -> Any:
    s = tg.sqrt(x * x + y * y)
    return (s - x) ** 2


def branches(x: Any) -> Any:
    return x * 3 if x > 5.1 else tg.sin(x) / 7


def loses(x: Any) -> Any:
    return (x + 1) - x


def raises(x: Any) -> Any:
    if x < 1:
        raise ValueError("below one")
    return tg.log(x - 2)


def steps(x: Any) -> Any:
    """As many paths as there are whole numbers."""
    y = x
    while y > 1:
        y = y / 2
    return y


def same(one: Any, other: Any) -> bool:
    return all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in ("coordinates", "array", "states", "parted")
    )


# Points


def test_equal_steps_are_exact_and_rounded_once() -> None:
    axis = axis_of("x", "0.1:0.7:7")
    assert axis.numbers.dtype == np.float64
    assert axis.numbers.tolist() == [float(f"0.{k}") for k in range(1, 8)]
    assert axis_of("x", "-1:1:3").numbers.tolist() == [-1, 0, 1]


def test_equal_ratios_hit_the_powers_of_ten() -> None:
    assert axis_of("x", "1e-3:1e6:log:10").numbers.tolist() == [
        float(f"1e{k}") for k in range(-3, 7)
    ]
    assert axis_of("x", "-100:-1:log:3").numbers.tolist() == [-100, -10, -1]
    mp = mpmath.MPContext()
    mp.prec = 300
    for k, x in enumerate(axis_of("x", "0.3:7e5:log:40").numbers.tolist()):
        wanted = mp.mpf("0.3") * (mp.mpf("7e5") / mp.mpf("0.3")) ** (mp.mpf(k) / 39)
        assert x == float(wanted)


def test_a_grid_has_every_combination_the_last_axis_fastest() -> None:
    grid = grid_of({"x": "0:1:2", "y": [1, 2, 3]}, None, 0, "f")
    assert grid.size == 6
    x, y = grid.points(0, 6)
    assert x.tolist() == [0, 0, 0, 1, 1, 1] and y.tolist() == [0, 1, 2, 0, 1, 2]
    assert grid.axes[1].column(y).exact(5) == "3"


@given(
    st.integers(0, 2**64),
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
    st.sampled_from(["1:1e6:log", "-2:3", "-1e3:-1e-3:log"]),
)
@settings(max_examples=50, deadline=None)
def test_random_points_do_not_depend_on_the_cuts(seed: int, cuts: list[int], text: str) -> None:
    grid = grid_of({"x": text, "y": "0:1", "z": ["0.1", "7"]}, sum(cuts), seed, "f")
    whole = grid.points(0, sum(cuts))
    ends = np.cumsum(cuts).tolist()
    parts = [grid.points(end - cut, end) for end, cut in zip(ends, cuts, strict=True)]
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()
    low, high = (float(part) for part in text.split(":")[:2])
    assert (whole[0] >= low).all() and (whole[0] <= high).all()
    assert set(whole[2]) <= {0, 1}


def test_random_points_fill_the_range_and_seeds_differ() -> None:
    one, other = (grid_of({"x": "1:1e6:log"}, 4000, seed, "f").points(0, 4000) for seed in (1, 2))
    assert not np.array_equal(one, other)
    logs = np.log10(one[0])
    assert abs(logs.mean() - 3) < 0.1 and logs.min() < 0.1 and logs.max() > 5.9


@every_precision
def test_points_of_a_range_are_exact_and_listed_ones_as_written(p: str) -> None:
    def near(x: Any) -> Any:
        return x - 0.1

    at_floats = tg.sweep(near, {"x": "0.1:0.3:3"}, precisions=[p])
    listed = tg.sweep(near, {"x": ["0.1", "0.2"]}, precisions=[p])
    assert at_floats.digits[p]["value"].dtype == np.float32
    cap = np.float32(at_floats.caps[p])
    assert at_floats.digits[p]["value"][0] == cap  # 0.1 less the same double
    # As text it is 1/10, of which a precision holds the nearest number, so the rest is lost.
    assert listed.digits[p]["value"][0] < (4 if p == "longdouble" else 1e-3)


def test_exact_text_of_a_point_reads_back_as_the_point() -> None:
    for axis, x in [
        (axis_of("x", "0:1:7"), 1 / 3),
        (axis_of("x", "0:1:7"), 0.5),
        (axis_of("x", [0.1]), 0.0),
        (axis_of("x", ["0.1"]), 0.0),
    ]:
        wanted = decimal_ratio(axis.listed[0].exact) if axis.listed else x.as_integer_ratio()
        (a, b), (c, d) = decimal_ratio(axis.exact(x)), wanted
        assert a * d == b * c
    assert axis_of("x", "0:1:7").exact(0.5) == "0.5" and axis_of("x", ["1/3"]).shown(0) == "1/3"


def test_an_axis_is_plain_data_and_back() -> None:
    for text in ("1:1e6:log:20", "0:1", [0.1, "1/3", 2]):
        axis = axis_of("x", text)
        assert Axis.of("x", json.loads(json.dumps(axis.to_dict()))) == axis


# Digits


@every_precision
def test_the_digits_are_those_of_a_comparison(p: str) -> None:
    found = tg.sweep(loss, {"x": "1:1e5:log:7", "y": "-1:1:5"}, precisions=[p])
    for k in range(found.size):
        at = {name: row[k] for name, row in found.points.items()}
        wanted = tg.compare(loss, at, precisions=[p]).digits[p]
        for entry in found.entries:
            assert found.digits[p][entry][k] == pytest.approx(wanted[entry], abs=0.01)


@every_precision
def test_the_digits_are_those_of_the_formula(p: str) -> None:
    numbers = getattr(tg, p)
    found = tg.sweep(loses, {"x": "1:1e12:log:40"}, precisions=[p])
    for x, digits in zip(found.points["x"], found.digits[p]["value"], strict=True):
        held = numbers.scalar(x)
        error = abs((held + numbers.scalar(1)) - held - 1)
        wanted = min(numbers.digits, -math.log10(float(error))) if error else numbers.digits
        assert digits == pytest.approx(max(0, wanted), abs=1e-3)
    assert (found.digits[p]["d/dx"] == np.float32(numbers.digits)).sum() >= 0


@pytest.mark.parametrize("f", [loses, branches, raises, steps, tg.exp])
def test_without_flint_the_digits_are_the_same(f: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ranges = {"x": "-3:9:25"}
    with_flint = tg.sweep(f, ranges)
    monkeypatch.setattr("typedgrad.sweeping.truths.wide", lambda bits, rows=(): widths.Mpmath(bits))
    from typedgrad.sweeping.truths import loops

    loops.cache_clear()
    without = tg.sweep(f, ranges)
    loops.cache_clear()
    assert "python-flint balls" not in without.judges
    assert np.array_equal(with_flint.states, without.states)
    assert np.allclose(with_flint.array, without.array, atol=0.01, equal_nan=True)


def test_states_and_undefined_points_are_counted() -> None:
    found = tg.sweep(raises, {"x": "0:4:5"})
    for name in found.precisions:
        assert found.counts(name) == {"valid": 2, "NaN": 1, "infinite": 1, "raised": 1}
        value = found.digits[name]["value"]
        assert np.isnan(value[:2]).all() and (value[2:] > 6).all()
        assert found.summary(name).undefined == 2
        assert found.raised[name] == ({"x": "0"}, "ValueError: below one")
        assert not found.enough(name, 1)
    assert STATES == ("valid", "NaN", "infinite", "raised")


@pytest.mark.parametrize(
    ("f", "x", "digits"),
    [
        (lambda x: x - x, "0.3", "all"),
        (lambda x: 1 / (x - x), "0.3", "all"),
        (tg.log, "-1", "nan"),
        (lambda x: tg.exp(-x), "1e5", 0),
        (tg.exp, "1e5", 0),
        (lambda x: ((1 + x) - 1) * 1e300, "1e-300", 0),
    ],
)
def test_special_numbers(f: Any, x: str, digits: Any) -> None:
    found = tg.sweep(f, {"x": [x]}, precisions=["float64"])
    [value] = found.digits["float64"]["value"]
    if digits == "nan":
        assert np.isnan(value)
    else:
        assert value == (np.float32(tg.float64.digits) if digits == "all" else digits)


def test_numbers_outside_the_range_of_float64_are_judged() -> None:
    found = tg.sweep(tg.exp, {"x": "-2000:2000:9"})
    for k, x in enumerate(found.points["x"]):
        wanted = tg.compare(tg.exp, x=x).digits
        for name in found.precisions:
            assert found.digits[name]["value"][k] == pytest.approx(wanted[name]["value"], abs=0.01)


@extended
def test_ways_that_part_are_counted_and_told_first() -> None:
    found = tg.sweep(branches, {"x": ["5.1", "5.10000001", "5", "6"]})
    assert (
        found.parted.tolist()
        == [
            [True, True, False, False],
            [True, False, False, False],
            [False] * 4,
        ]
        or found.parted[0, 0]
    )
    assert found.apart["float32"].points == 2 and found.apart["float32"].where == {"x": "5.1"}
    first = str(found).splitlines()[0]
    assert first.startswith(
        "float32 takes another path than the reference at 2 points, first at x="
    )
    assert (
        "test_sweep.py" in found.apart["float32"].place and "x > 5.1" in found.apart["float32"].test
    )
    # The judge follows the path of each run, so the wrong side is still computed well.
    assert (found.least["float32"] > 5).all()


def test_many_paths() -> None:
    found = tg.sweep(steps, {"x": "1:1e9:log:60"}, chunk=7)
    assert (found.least["float64"] == np.float32(tg.float64.digits)).all()
    assert found.counts("float32")["valid"] == 60


def test_a_function_may_use_its_precision() -> None:
    def f(x: Any) -> Any:
        return x * (1 + tg.precision_of(x).eps)

    found = tg.sweep(f, {"x": "1:2:3"})
    assert all((found.least[name] > 6).all() for name in found.precisions)


def test_vectors_defaults_ints_and_single_elements() -> None:
    def f(x: Any, n: int, w: Any, b: Any = 2) -> Any:
        return tg.dot(w, w) * x**n + b

    found = tg.sweep(f, {"x": "1:2:3", "w[1]": "0:1:2"}, n=3, w=[1, "0.5", 3])
    assert found.entries == ("value", "d/dx", "d/dw[0]", "d/dw[1]", "d/dw[2]")
    assert found.size == 6 and found.fixed == {"n": "3", "w": "[1, 0.5, 3]"}
    assert (found.digits["float64"]["value"] > 15).all()


def test_parameters_may_be_called_like_options() -> None:
    found = tg.sweep(lambda seed, out: seed * out, {"seed": "1:2:3", "out": 3})
    assert found.size == 3 and found.entries == ("value", "d/dseed", "d/dout")


# The record


def test_the_record() -> None:
    found = tg.sweep(loss, {"x": "1:1e6:log:30", "y": "-1:1:4"})
    assert isinstance(found, Sweep) and found.is_complete and found.size == 120
    least = np.fmin.reduce([found.digits["float64"][x] for x in found.entries])
    assert np.array_equal(found.least["float64"], least)
    whole = found.summary("float64")
    assert whole.worst == least.min() and whole.median == np.median(least)
    assert sum(whole.histogram) == 120 and whole.histogram[int(least[0])] > 0
    k = found.worst_point("float64")
    assert k is not None
    assert found.where(k) == whole.where and least[k] == least.min()
    curve = found.curve("x", bins=10)
    assert len(curve.starts) == 10 and curve.starts[0] == 1 and curve.ends[-1] == 1e6
    assert np.nanmin(np.array(curve.worst["float64"], float)) == least.min()
    entry = found.curve("y", "d/dy")
    assert len(entry.starts) == 4 and entry.starts == entry.ends
    data = json.loads(json.dumps(found.to_dict()))
    assert data["version"] == 1 and data["digits"]["float64"]["least"]["worst"] == whole.worst
    assert "arrays" not in data and len(json.dumps(data)) < 40_000
    full = json.loads(json.dumps(found.to_dict(arrays=True)))["arrays"]
    assert full["digits"]["float32"]["value"] == found.digits["float32"]["value"].tolist()
    assert repr(found) == "<sweep of loss over x, y: 120 of 120 points>"


@pytest.mark.parametrize(
    "act",
    [
        lambda found: found.summary("float16"),
        lambda found: found.summary("float32", "d/dq"),
        lambda found: found.curve("q"),
    ],
)
def test_unknown_names_are_refused(act: Any) -> None:
    with pytest.raises(errors.Unreadable, match=r"swept were|entries are|inputs that run"):
        act(tg.sweep(loses, {"x": "1:2:3"}))


def test_the_report_holds_100_columns_and_no_escapes() -> None:
    def many(x: Any, w: Any) -> Any:
        return tg.dot(w, w) * x

    for found in (
        tg.sweep(loss, {"x": "1:1e6:log:200", "y": "-1:1:3"}),
        tg.sweep(many, {"x": "0.123456789:1e300:log:9"}, w=[*range(30)]),
        tg.sweep(raises, {"x": "0:4:5"}),
        tg.sweep(tg.log, {"x": "-2:-1:5"}),
        tg.sweep(loses, {"x": "1:9"}, samples=20, seed=5),
    ):
        text = table(found)
        assert max(map(len, text.splitlines())) <= 100 and "\x1b" not in text
    assert "random with seed 5" in str(tg.sweep(loses, {"x": "1:9"}, samples=2, seed=5))
    assert "(16 more partials have no" in str(tg.sweep(many, {"x": "1:2:3"}, w=[*range(30)]))


def test_sentences_of_the_report() -> None:
    found = tg.sweep(lambda x: (x + 0.1) - x, {"x": "1:1e12:log:13"})
    text, worst = str(found).replace("\n    ", " "), found.summary("float64").worst
    assert "float32: no digit of value is right at x=" in text and 2 < worst < 6
    assert f"float64 holds {worst:.1f} of 16.0 digits at every point (least: value at x=" in text
    nothing = str(tg.sweep(tg.log, {"x": "-2:-1:5"}, precisions=["float64"]))
    assert "float64 has no digits anywhere: every point is undefined or raised." in nothing
    assert "float64: 0 points valid, 5 NaN; at 5 the reference is NaN too." in nothing
    fine = str(tg.sweep(lambda x: x * 2, {"x": "1:2:3"}, precisions=["float64"]))
    assert "float64 holds all of its 16.0 digits at every point." in fine


@given(st.integers(0, 10**6), st.sampled_from(["1:1e8:log", "-3:3", "1e-8:1:log"]))
@settings(max_examples=25, deadline=None)
def test_every_sentence_about_the_worst_is_true(seed: int, text: str) -> None:
    def f(x: Any, y: Any) -> Any:
        return (tg.sqrt(x * x + 1) - x) * y + tg.exp(-x) / 3

    found = tg.sweep(f, {"x": text, "y": "0.1:1"}, samples=12, seed=seed)
    shape = (
        r"^(\w+)(?: holds ([\d.]+) of .*least:|: no digit of) (\S+) (?:is right )?"
        r"at x=(.*), y=(.*?)\)?\.$"
    )
    lines = str(found).replace("\n    ", " ").splitlines()
    told = [match for line in lines if (match := re.search(shape, line))]
    assert len(told) + sum("holds all" in line for line in lines) == 3
    for match in told:
        name, digits, entry, x, y = match.groups()
        at = {"x": float(x), "y": float(y)}
        wanted = tg.compare(f, at, precisions=[name]).digits[name]
        assert wanted[entry] == pytest.approx(float(digits or 0.5), abs=0.06 if digits else 0.5)
        assert wanted[entry] == pytest.approx(min(wanted.values()), abs=1e-5)


# Who runs it


@pytest.fixture(scope="module")
def here() -> Any:
    return tg.sweep(loss, RANGES)


RANGES = {"x": "1:1e6:log:40", "y": "-1:1:6"}


@pytest.mark.parametrize("chunk", [1, 7, 100, 1000])
def test_chunks_change_nothing(here: Sweep, chunk: int) -> None:
    assert same(here, tg.sweep(loss, RANGES, chunk=chunk))


def test_processes_change_nothing(here: Sweep) -> None:
    assert same(here, tg.sweep(loss, RANGES, jobs=2, chunk=50))


def test_a_lambda_and_many_paths_run_in_processes() -> None:
    f = lambda x: steps(x) * 0.1  # noqa: E731
    one = tg.sweep(f, {"x": "1:1e6"}, samples=60, seed=9)
    assert same(one, tg.sweep(f, {"x": "1:1e6"}, samples=60, seed=9, jobs=2, chunk=10))
    assert not same(one, tg.sweep(f, {"x": "1:1e6"}, samples=60, seed=10))


def test_threads_change_nothing(here: Sweep) -> None:
    with ThreadPoolExecutor(3) as pool:
        assert same(here, tg.sweep(loss, RANGES, executor=pool, chunk=30))


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="dask is not there")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("processes", [False, True])
def test_a_dask_cluster_changes_nothing(here: Sweep, processes: bool, tmp_path: Path) -> None:
    import dask.distributed

    distributed: Any = dask.distributed
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=processes,
            dashboard_address=None,
            local_directory=str(tmp_path),
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        found = tg.sweep(loss, RANGES, executor=client.get_executor(), chunk=40)
        assert same(here, found)
        paths = tg.sweep(steps, {"x": "1:1e6:log:30"}, executor=client.get_executor(), chunk=5)
        assert same(paths, tg.sweep(steps, {"x": "1:1e6:log:30"}))
        with pytest.raises(errors.BadSweep, match="get_executor"):
            tg.sweep(loss, RANGES, executor=client)


def test_a_block_that_a_worker_cannot_read_is_done_at_home(here: Sweep) -> None:
    class Foreign(Executor):
        @override
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_result(None)
            return future

    assert same(here, tg.sweep(loss, RANGES, executor=Foreign(), chunk=100))
    broken = b"\x80\x04\x95"
    with pytest.raises(Exception, match=r"."):
        judged_block(Job(("float32",), 1, (), 1, ((broken,),)))


def test_what_a_worker_raises_is_raised_here_and_a_dead_one_is_named() -> None:
    workers = Workers(1)
    assert workers.submit(divmod, 7, 2).result() == (3, 1)
    with pytest.raises(ZeroDivisionError):
        workers.submit(divmod, 7, 0).result()
    with pytest.raises(ChildProcessError):
        workers.submit(os._exit, 3).result()
    workers.shutdown()


def test_progress_is_told_in_points() -> None:
    told: list[tuple[int, int]] = []
    tg.sweep(loses, {"x": "1:2:25"}, chunk=10, progress=lambda *now: told.append(now))
    assert told == [(0, 25), (10, 25), (20, 25), (25, 25)]


# The folder


def stopping(after: int) -> Any:
    def progress(done: int, _points: int) -> None:
        if done >= after:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_sweep_is_valid_and_goes_on(here: Sweep, tmp_path: Path, jobs: int) -> None:
    out = tmp_path / "sweep"
    with pytest.raises(KeyboardInterrupt) as caught:
        tg.sweep(loss, RANGES, chunk=50, out=out, jobs=jobs, progress=stopping(100))
    error = caught.value
    assert isinstance(error, errors.SweepStopped) and error.partial.size == 100
    part = Sweep.load(out)
    assert part.size == 100 and not part.is_complete and not part.enough("longdouble", 0)
    assert np.array_equal(part.array, here.array[..., :100], equal_nan=True)
    assert "Not finished: 100 of 240 points are done." in str(part)
    asked: list[int] = []
    whole = tg.sweep(loss, RANGES, out=out, progress=lambda done, _: asked.append(done))
    assert same(here, whole) and asked[0] == 100 and not whole.notes
    assert same(here, Sweep.load(out)) and str(whole) == str(here)
    assert not [path for path in out.iterdir() if path.suffix == ".tmp"]


def test_a_finished_sweep_is_read_and_not_run(tmp_path: Path) -> None:
    calls: list[int] = []

    def f(x: Any) -> Any:
        calls.append(1)
        return x * 2

    tg.sweep(f, {"x": "1:2:5"}, out=tmp_path)
    begun = len(calls)
    tg.sweep(f, {"x": "1:2:5"}, out=tmp_path, resume=True)
    assert len(calls) == begun + 3  # once in each precision, to see that it is the same function


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text", "other"])
def test_a_damaged_chunk_is_computed_again_and_told(tmp_path: Path, damage: str) -> None:
    found = tg.sweep(loses, {"x": "1:2:30"}, chunk=10, out=tmp_path / "a")
    files = sorted((tmp_path / "a").glob("chunk-*.npz"))
    data = files[1].read_bytes()
    tg.sweep(loses, {"x": "1:3:30"}, chunk=10, out=tmp_path / "b")
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    bad = {"cut": data[:-400], "flip": bytes(flipped), "empty": b"", "text": b"hello"}
    bad["other"] = (tmp_path / "b" / files[1].name).read_bytes()
    files[1].write_bytes(bad[damage])
    part = Sweep.load(tmp_path / "a")
    assert part.size == 20 and part.notes == (
        f"{files[1].name} is damaged, and its points are left out.",
    )
    again = tg.sweep(loses, {"x": "1:2:30"}, out=tmp_path / "a")
    assert same(found, again)
    assert again.notes == (f"{files[1].name} was damaged, and its points were computed again.",)
    assert tg.sweep(loses, {"x": "1:2:30"}, out=tmp_path / "a").notes == ()


def other(x: Any) -> Any:
    return (x + 1) - x


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (dict(ranges={"x": "1:3:30"}), "the ranges x=1:2:30 where this one has x=1:3:30"),
        (dict(f=other), "the function loses where this one has other"),
        (dict(precisions=["float32"]), "the precisions"),
        (dict(chunk=11), "the chunk size 10 where this one has 11"),
        (dict(samples=30, ranges={"x": "1:2"}), "the ranges"),
    ],
)
def test_another_sweeps_folder_is_refused(tmp_path: Path, change: Any, what: str) -> None:
    tg.sweep(loses, {"x": "1:2:30"}, chunk=10, out=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    change = {"f": loses, "ranges": {"x": "1:2:30"}, **change}
    f, ranges = change.pop("f"), change.pop("ranges")
    with pytest.raises(errors.OtherSweep) as caught:
        tg.sweep(f, ranges, out=tmp_path, **change)
    assert what in str(caught.value)
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_other_seeds_are_refused(tmp_path: Path) -> None:
    tg.sweep(loses, {"x": "1:2"}, samples=5, seed=1, out=tmp_path)
    with pytest.raises(errors.OtherSweep, match="the seed 1 where this one has 2"):
        tg.sweep(loses, {"x": "1:2"}, samples=5, seed=2, out=tmp_path)


def test_another_text_of_the_function_is_refused(tmp_path: Path) -> None:
    code = "def f(x):\n    if x > 9:\n        return x * {}\n    return x * 2\n"
    made: list[Any] = []
    for k in (3, 4):
        path = tmp_path / f"m{k}.py"
        path.write_text(code.format(k))
        space: dict[str, Any] = {}
        exec(compile(path.read_text(), str(path), "exec"), space)
        made.append(space["f"])
    tg.sweep(made[0], {"x": "1:2:3"}, out=tmp_path / "out")
    with pytest.raises(errors.OtherSweep, match="the source text of the function"):
        tg.sweep(made[1], {"x": "1:2:3"}, out=tmp_path / "out")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"format": 2}', "[" * 100_000, "\x00\xff"],
    ids=["empty", "open", "list", "nothing", "format", "deep", "binary"],
)
def test_a_broken_manifest_is_one_clear_error(tmp_path: Path, text: str) -> None:
    tmp_path.joinpath(MANIFEST).write_text(text)
    for act in (lambda: Sweep.load(tmp_path), lambda: tg.sweep(loses, {"x": "1:2"}, out=tmp_path)):
        with pytest.raises(errors.BrokenSweep, match="not the folder of a sweep"):
            act()


@pytest.mark.parametrize("key", ["ranges", "precisions", "fixed"])
def test_a_hostile_manifest_is_one_clear_error(tmp_path: Path, key: str) -> None:
    tg.sweep(loses, {"x": "1:2:3"}, out=tmp_path)
    path = tmp_path / MANIFEST
    data = json.loads(path.read_text())
    data[key] = {"x": 7, "y": {"listed": 3}}
    path.write_text(json.dumps(data))
    with pytest.raises(errors.TypedgradError):
        print(Sweep.load(tmp_path))
        tg.sweep(loses, {"x": "1:2:3"}, out=tmp_path)


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    for place, why in [
        ("file", "it is a file"),
        ("file/sub", "Not a directory|it is a file"),
        ("full", "it holds other files"),
    ]:
        with pytest.raises(errors.BadFolder, match=why) as caught:
            tg.sweep(loses, {"x": "1:2:3"}, out=tmp_path / place)
        assert "[TG464]" in str(caught.value)
    with pytest.raises(errors.BrokenSweep, match="no such folder"):
        tg.sweep(loses, {"x": "1:2:3"}, out=tmp_path / "none", resume=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full"]


def test_nothing_is_written_where_something_is_wrong(tmp_path: Path) -> None:
    for ranges in ({"x": "2:1"}, {"q": "1:2"}, {"x": "0:1:1000000", "y": "0:1:1000000"}):
        with pytest.raises(errors.TypedgradError):
            tg.sweep(loss, ranges, out=tmp_path / "out")
    with pytest.raises(errors.BadResult):
        tg.sweep(lambda x: 3.0, {"x": "1:2"}, out=tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_full_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("typedgrad.sweeping.chunks.os.fsync", full)
    with pytest.raises(errors.BadFolder, match="No space left"):
        tg.sweep(loses, {"x": "1:2:3"}, out=tmp_path)
    assert not list(tmp_path.iterdir())


# Wrong use


@pytest.mark.parametrize(
    ("ranges", "part"),
    [
        ({"x": "2:1:5"}, "begins above its end"),
        ({"x": "1:1:5"}, "begins where it ends"),
        ({"x": "0:1:log:5"}, "cannot reach 0"),
        ({"x": "-1:1:log"}, "cannot reach 0"),
        ({"x": "1e-400:1:log"}, "cannot reach 0"),
        ({"x": "0:1:0"}, "not a number of points"),
        ({"x": "0:1:1"}, "not a number of points"),
        ({"x": "0:1:2.5"}, "not a number of points"),
        ({"x": "0:1:-5"}, "not a number of points"),
        ({"x": "0:1:5:6"}, "too many parts"),
        ({"x": "a:1"}, "'a' is not a number"),
        ({"x": ":1"}, "'' is not a number"),
        ({"x": "0:inf"}, "inf is no point"),
        ({"x": "0:nan:5"}, "nan is no point"),
        ({"x": "0:1e400"}, "beyond float64"),
        ({"x": ""}, "holds no points"),
        ({"x": []}, "holds no points"),
        ({"x": [1, "b"]}, "'b' is not a number"),
        ({"x": [1, np.inf]}, "is no point"),
        ({"x": None}, "is not a number"),
        ({"x": [0.0] * 100_001}, "too long"),
    ],
)
def test_bad_ranges(ranges: Any, part: str) -> None:
    with pytest.raises(errors.BadRange) as caught:
        tg.sweep(loses, ranges)
    assert part in str(caught.value) and "help: " in str(caught.value)


@pytest.mark.parametrize(
    ("ranges", "options", "part"),
    [
        ({}, {}, "there are no ranges"),
        (None, {}, "there are no ranges"),
        ({"y": "0:1"}, {}, "it has no parameter y"),
        ({"x": "0:1"}, {"q": 1}, "it has no parameter q"),
        ({"x": "0:1"}, {"x": 1}, "x is given twice"),
        ({"x": "0:1"}, {"samples": 0}, "samples is 0"),
        ({"x": "0:1"}, {"samples": 2.5}, "samples is 2.5"),
        ({"x": "0:1"}, {"seed": -1}, "seed is -1"),
        ({"x": "0:1"}, {"jobs": 0}, "jobs is 0"),
        ({"x": "0:1"}, {"chunk": 0}, "chunk is 0"),
        ({"x": "0:1"}, {"executor": 3}, "the executor is a int"),
        ({"x": "0:1"}, {"precisions": ["float16"]}, "'float16' is no precision"),
        ({"x": "0:1"}, {"precisions": []}, "there are no precisions"),
        ({"x[0]": "0:1"}, {"x": 1}, "x[0] is no number of it"),
    ],
)
def test_bad_options(ranges: Any, options: Any, part: str) -> None:
    with pytest.raises(errors.BadSweep) as caught:
        tg.sweep(loses, ranges, **options)
    assert part in str(caught.value)


def test_missing_inputs_and_counting_ones() -> None:
    with pytest.raises(errors.BadSweep, match="nothing is given for y"):
        tg.sweep(loss, {"x": "0:1"})

    def power(x: Any, n: int) -> Any:
        return x**n

    with pytest.raises(errors.BadSweep, match="n counts with whole numbers"):
        tg.sweep(power, {"x": "1:2", "n": "1:3:3"})
    with pytest.raises(errors.BadRange, match="random points have no number of steps"):
        tg.sweep(loses, {"x": "1:2:9"}, samples=4)


def test_too_many_points_are_refused_with_the_number() -> None:
    with pytest.raises(errors.TooManyPoints, match=r"1,000,000,000,000 points \(1,000,000 × 1,000"):
        tg.sweep(loss, {"x": "0:1:1000000", "y": "0:1:1000000"})
    with pytest.raises(errors.TooManyPoints, match="10,000,001 points"):
        tg.sweep(loses, {"x": "0:1"}, samples=10_000_001)
    with pytest.raises(errors.TooManyPoints, match="x alone"):
        tg.sweep(loses, {"x": "0:1:1000001"})


def test_a_function_that_raises_everywhere_and_one_with_a_bug() -> None:
    def bad(x: Any) -> Any:
        raise ValueError("never")

    def bug(x: Any) -> Any:
        return x + tg.no_such_function(x)

    with pytest.raises(errors.FunctionRaised, match="never"):
        tg.sweep(bad, {"x": "1:2:3"})
    with pytest.raises(errors.FunctionRaised, match="no_such_function"):
        tg.sweep(bug, {"x": "1:2:1000"})


# The command


@pytest.fixture
def run(capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    (tmp_path / "loss.py").write_text(
        "import numpy as np\n\nprint('loading')\n\ndef loss(x, y):\n"
        "    s = np.sqrt(x * x + y * y)\n    return (s - x) ** 2\n"
    )
    monkeypatch.chdir(tmp_path)

    def call(line: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["typedgrad", *shlex.split(line)])
        monkeypatch.setattr(sys, "path", list(sys.path))
        with pytest.raises(SystemExit) as left:
            cli.main()
        shown = capsys.readouterr()
        return int(left.value.code or 0), shown.out, shown.err

    return call


GIVEN = "sweep loss.py:loss --range x=1:1e6:log:20 --range y=-1:1:4"


def test_the_command(run: Any) -> None:
    status, out, err = run(GIVEN)
    lines = out.splitlines()
    assert status == 0 and lines[0] == "loss(x=1:1e6:log:20, y=-1:1:4): 80 points"
    assert err == "loading\n" and "\x1b" not in out
    assert lines[-2].startswith("    --at x=") or lines[-1].startswith("Next: typedgrad compare")
    command = out[out.index("Next: ") + 6 :].replace("\\\n", "").strip()
    status, report, _ = run(command.removeprefix("typedgrad "))
    assert status == 0 and "float32 is not enough" in report


def test_the_command_in_json_random_and_under_a_bar(run: Any) -> None:
    line = "sweep loss.py:loss --range x=1:1e6:log --fix y=0.5 --random 30 --seed 4"
    status, out, err = run(f"{line} --format json --fail-under 9 --precisions float32,longdouble")
    data = json.loads(out)
    assert status == 1 and data["seed"] == 4 and data["samples"] == 30
    assert list(data["digits"]) == ["float32", "longdouble"]
    assert "below 9 digits: float32 (0.0)" in err
    assert run(f"{line} --fail-under 0")[0] == 0
    again = line.replace("--fix", "--at").replace("--random", "--samples")
    assert json.loads(run(f"{again} --format json")[1])["seed"] == 4


def test_another_path_is_not_enough() -> None:
    def wrong_branch(x: Any) -> Any:
        return x * x if x + 0.2 > 0.3 else x + 100

    found = tg.sweep(wrong_branch, {"x": ["0.1", "0.5"]}, precisions=("float32", "float64"))
    assert found.summary("float32").worst > 6 and found.apart.keys() == {"float32"}
    assert not found.enough("float32", digits=1) and found.enough("float64", digits=15)
    from typedgrad.cli.sweeping import shortfalls

    told = "below 5 digits: float32 (another path than exact numbers at 1 point)"
    assert shortfalls(found, 5) == [told]


def test_the_command_goes_on(run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from contextlib import contextmanager

    from typedgrad.cli import sweeping

    whole = run(f"{GIVEN} --chunk 10")[1]

    @contextmanager
    def stopped() -> Any:
        yield stopping(30)

    with monkeypatch.context() as patched:
        patched.setattr(sweeping, "bar", stopped)
        status, out, err = run(f"{GIVEN} --chunk 10 --out 'my sweep'")
    assert status == 130 and "Not finished: 30 of 80 points are done." in out
    assert "stopped after 30 of 80 points" in err
    [again] = [line for line in err.splitlines() if line.startswith("Go on: typedgrad ")]
    status, out, _ = run(again.removeprefix("Go on: typedgrad ") + " --resume")
    assert status == 0 and out == whole
    with monkeypatch.context() as patched:
        patched.setattr(sweeping, "bar", stopped)
        status, out, err = run(f"{GIVEN} --chunk 10")
    assert status == 130 and "give out= " in err and "Go on" not in err


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("sweep loss.py:loss", "TG462"),
        ("sweep loss.py:loss --range x=1:2", "nothing is given for y"),
        ("sweep loss.py:loss --range 1:2", "it has no name"),
        ("sweep loss.py:loss --range x=1:2 --range x=1:3", "it is given twice"),
        ("sweep loss.py:loss --range x=1:2 --fix y=a", "cannot read"),
        ("sweep loss.py:loss --range x=1:2 --fix y", "--fix"),
        ("sweep loss.py:loss --range x=1:2 --fix y=1 --precisions float16", "float16"),
        ("sweep loss.py:loss --range x=1:2 --fix y=1 --resume", "--out"),
        ("sweep loss.py:loss --range x=1:2 --fix y=1 --resume --out new", "no such folder"),
        ("sweep loss.py:loss --range x=1:2 --fix y=1 --out loss.py", "it is a file"),
        ("sweep loss.py:los --range x=1:2", "did you mean loss?"),
        ("sweep loss.py:loss --range x=1:2 --fix y=1 --jobs 0", "jobs is 0"),
        ("sweep loss.py:loss --range x=1:2 --fix y=1 --random none", "not a valid integer"),
    ],
)
def test_wrong_use_of_the_command(run: Any, line: str, part: str) -> None:
    status, out, err = run(line)
    assert status == 2 and out == "" and part in err
    assert "Traceback" not in err


def test_a_narrow_encoding_gets_plain_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    text = readable(table(tg.sweep(loss, {"x": "1:1e6:log:70", "y": "-1:1:4"})))
    assert text.encode("ascii") and "####" in text


def test_a_path_is_recorded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def f(x: Any) -> Any:
        calls.append(1)
        return steps(x)

    with ThreadPoolExecutor(2) as pool:
        tg.sweep(f, {"x": "1:1000:400"}, executor=pool, chunk=10, precisions=["float64"])
    assert len(calls) == 10  # 0 halvings to 10, but for 1: no point is between 1 and 2


def test_the_bar_is_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from typedgrad.cli import sweeping

    with sweeping.bar() as progress:
        assert progress is None


def console_blocks() -> list[tuple[str, str]]:
    text = (ROOT / "docs" / "sweep.md").read_text(encoding="utf-8")
    return re.findall(r"```console\n\$ typedgrad (.*)\n((?:.*\n)*?)```", text)


@extended
@pytest.mark.parametrize(("line", "shown"), console_blocks(), ids=lambda x: x[:40])
def test_the_reports_in_the_docs_are_what_is_printed(
    line: str, shown: str, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line for line but for digits, which differ a little between processors."""
    monkeypatch.chdir(ROOT)
    out = run(line)[1]
    number = re.compile(r"[\d▁▂▃▄▅▆▇█░.,<>]+")
    plain = [re.sub(r"\s+", " ", number.sub("#", text)) for text in (shown, out)]
    heads = [text.splitlines()[:4] for text in plain]
    assert heads[0] == heads[1] and len(shown.splitlines()) == len(out.splitlines())


def test_the_default_chunk() -> None:
    assert CHUNK == 1000


def test_ranges_may_be_named_as_in_tune() -> None:
    ranges = {"x": "1:2:5"}
    named, placed = tg.sweep(tg.exp, ranges=ranges), tg.sweep(tg.exp, ranges)
    assert named.summary("float32") == placed.summary("float32")
