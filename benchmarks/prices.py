"""Black and Scholes's price and its five partial derivatives at many points, and at one.

`python -m benchmarks.prices [--points N] [--by erf tanh] [--rounds N]`. All write into buffers of
the caller where they can; jax runs at all points and in chunks of 50,000. The formula takes the
normal distribution by erf, or by the tanh formula that approximates it.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from importlib import import_module
from time import perf_counter
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np

import typedgrad as tg
from benchmarks.harness import Times, agreed, bar, interleaved, machine, show, timed
from benchmarks.models import ONE_POINT, markets, price
from benchmarks.ours import ENGINES, PRECISIONS, ROWS, labels, same
from benchmarks.rivals import buffered, installed
from typedgrad.batch import run_batch
from typedgrad.gradient import value_and_gradient
from typedgrad.simplify import simplify

CHUNK = 50_000
PEERS = (
    *("jax", "jax float32", "jax 50k", "jax float32 50k"),
    *("numpy", "numpy float32", "torch", "torch float32", "casadi map"),
)
SINGLE = ["casadi", "casadi buffer", "jax", "python floats, value only"]
LEAST = {  # million points a second
    "llvm": {"float32": 250.0, "float64": 90.0, "longdouble": 5.0},
    "numpy": {"float32": 70.0, "float64": 35.0},
}
Sums: TypeAlias = tuple[float, float, float]
Made: TypeAlias = tuple[Callable[[], Any], Callable[[], Sums]]
READY: dict[tuple[Any, ...], Made] = {}
BUILT: dict[tuple[Any, ...], float] = {}
VALUES: dict[tuple[Any, ...], Callable[[], Any]] = {}  # the same without derivatives, of ours


def sums(rows: Any) -> Sums:
    """Return the mean price, the mean of all partials and their mean square."""
    y, *dy = (np.asarray(row, float) for row in rows)
    slopes = np.concatenate(dy)
    return float(y.mean()), float(slopes.mean()), float((slopes * slopes).mean())


def ours(label: str, points: int, by: str) -> Made:
    """Return a batch of typedgrad's into one buffer, compared with the reference engine."""
    _, engine, name = label.split()
    numbers = PRECISIONS[name]

    def f(*x: Any) -> Any:
        return price(ROWS, x, by == "tanh")

    one = tg.record(f).at(*ONE_POINT)
    program = simplify(value_and_gradient(one))
    columns = [x.astype(numbers.scalar) for x in markets(points)]
    out = np.empty((6, points), numbers.scalar)

    def call() -> None:
        run_batch(program, numbers, columns, out=out, engine=engine)

    call()

    def value() -> None:
        run_batch(one, numbers, columns, out=out[:1], engine=engine)

    VALUES[label, points, by] = value
    few = [x[:200] for x in columns]
    wanted, _ = run_batch(program, numbers, few, engine="python")
    same(out[:, :200], wanted, f"{label} and python")
    return call, lambda: sums(out)


def jax(label: str, points: int, by: str) -> Made:
    """Return jax's vmap of value and gradient, at all points or in chunks."""
    root: Any = import_module("jax")
    kind = "float32" if "float32" in label else "float64"
    root.config.update("jax_enable_x64", kind == "float64")
    m: Any = import_module("jax.numpy")
    erf: Any = root.scipy.special.erf
    words = SimpleNamespace(log=m.log, exp=m.exp, sqrt=m.sqrt, tanh=m.tanh, erf=erf)
    size = CHUNK if "50k" in label else points
    parts = [
        [m.array(x[k : k + size], kind) for x in markets(points)] for k in range(0, points, size)
    ]

    def f(*x: Any) -> Any:
        return price(words, x, by == "tanh")

    g = root.jit(root.vmap(root.value_and_grad(f, argnums=(0, 1, 2, 3, 4))))

    def call() -> Any:
        for part in parts:
            root.block_until_ready(g(*part))

    def read() -> Sums:
        found = [g(*part) for part in parts]
        return sums([np.concatenate([(y, *dy)[k] for y, dy in found]) for k in range(6)])

    return call, read


def by_hand(label: str, points: int, by: str) -> Made:
    """Return the partial derivatives as NumPy's arrays, in blocks; erf is SciPy's."""
    kind: Any = np.float32 if "float32" in label else np.float64
    columns = [x.astype(kind) for x in markets(points)]
    out = np.empty((6, points), kind)
    ndtr: Any = import_module("scipy.special").ndtr
    scale = 1 / math.sqrt(2 * math.pi)

    def block(k: int) -> None:
        spot, strike, rate, spread, time = (x[k : k + CHUNK] for x in columns)
        root = np.sqrt(time)
        deviation = spread * root
        drift = rate + spread * spread * 0.5
        a = (np.log(spot / strike) + drift * time) / deviation
        b = a - deviation
        if by == "tanh":
            (p, dp), (q, dq) = tanh_phi(a), tanh_phi(b)
        else:
            p, q = ndtr(a), ndtr(b)
            dp, dq = (scale * np.exp(z * z * -0.5) for z in (a, b))
        discount = np.exp(-rate * time)
        due = strike * discount
        up, down = spot * dp, due * dq
        slope = up - down  # by a, with b moving along
        rows = out[:, k : k + CHUNK]
        rows[0] = spot * p - due * q
        rows[1] = p + slope / (spot * deviation)
        rows[2] = -discount * q - slope / (strike * deviation)
        rows[3] = time * due * q + slope * root / spread
        by_deviation = down - slope * a / deviation
        rows[4] = by_deviation * root + slope * spread * time / deviation
        rows[5] = rate * due * q + by_deviation * spread / (2.0 * root)
        rows[5] += slope * drift / deviation

    def call() -> None:
        for k in range(0, points, CHUNK):
            block(k)

    return call, lambda: sums(out)


def tanh_phi(z: Any) -> tuple[Any, Any]:
    """Return the tanh formula of the normal distribution and its derivative."""
    scale = 0.7978845608028654
    square = z * z
    t = np.tanh((z * square * 0.044715 + z) * scale)
    return (t + 1.0) * 0.5, (1.0 - t * t) * (square * 0.134145 + 1.0) * (0.5 * scale)


def torch(label: str, points: int, by: str) -> Made:
    """Return torch's arrays, without its compiler."""
    root: Any = import_module("torch")
    root.set_num_threads(1)
    dtype = root.float32 if "float32" in label else root.float64
    columns = [root.tensor(x, dtype=dtype, requires_grad=True) for x in markets(points)]
    found: list[Any] = []

    def call() -> None:
        y = price(root, columns, by == "tanh")
        found[:] = y.detach(), *root.autograd.grad(y.sum(), columns)

    return call, lambda: sums([x.numpy() for x in found])


def casadi(label: str, points: int, by: str) -> Made:
    """Return casadi's map of one point, with buffers, in chunks."""
    ca: Any = import_module("casadi")
    x = ca.SX.sym("x", 5)
    y = price(ca, [x[k] for k in range(5)], by == "tanh")
    size = min(10_000, points)
    one = ca.Function("g", [x], [ca.vertcat(y, ca.gradient(y, x))]).map(size)
    inputs, out = np.stack(markets(points), axis=1), np.empty((points, 6))
    calls = [
        buffered(one, [inputs[k : k + size].ravel()], [out[k : k + size].reshape(-1)])
        for k in range(0, points, size)
    ]

    def call() -> None:
        for run in calls:
            run()

    return call, lambda: sums(out.T)


MAKERS = dict(typedgrad=ours, jax=jax, numpy=by_hand, torch=torch, casadi=casadi)


def one_batch(label: str, points: int, by: str) -> Times:
    """Time value and gradient at all points."""
    key = (label, points, by)
    if key not in READY:
        before = perf_counter()
        READY[key] = MAKERS[label.split()[0]](label, points, by)
        READY[key][0]()
        BUILT[key] = perf_counter() - before
    call, read = READY[key]
    primal = timed(VALUES[key], 0.1) if key in VALUES else math.nan
    seconds = timed(call, 0.1)
    value, mean, square = read()
    times = dict(seconds=seconds, primal=primal, build=BUILT[key])
    return times | dict(value=value, mean=mean, square=square)


# One point ------------------------------------------------------------------------------------


def one_point(label: str) -> Times:
    """Time value and gradient at one point, and check what comes out."""
    if (label,) not in READY:
        READY[label,] = _single(label)
    call, read = READY[label,]
    value, mean, square = read()
    return dict(seconds=timed(call), value=value, mean=mean, square=square)


def _single(label: str) -> Made:
    if label.startswith("typedgrad"):
        return _bound(label)
    if label.startswith("casadi"):
        return _single_casadi("buffer" in label)
    if label.startswith("python"):
        return lambda: price(math, ONE_POINT), lambda: (math.nan, math.nan, math.nan)
    root: Any = import_module("jax")
    root.config.update("jax_enable_x64", True)
    m: Any = import_module("jax.numpy")
    words = SimpleNamespace(log=m.log, exp=m.exp, sqrt=m.sqrt, erf=root.scipy.special.erf)

    def f(*x: Any) -> Any:
        return price(words, x)

    g = root.jit(root.value_and_grad(f, argnums=(0, 1, 2, 3, 4)))

    def read() -> Sums:
        y, dy = g(*ONE_POINT)
        return sums([[y], *([x] for x in dy)])

    return lambda: root.block_until_ready(g(*ONE_POINT)), read


def _single_casadi(by_buffer: bool) -> Made:
    ca: Any = import_module("casadi")
    x = ca.SX.sym("x", 5)
    y = price(ca, [x[k] for k in range(5)])
    function = ca.Function("g", [x], [y, ca.gradient(y, x)])
    value, slopes = np.zeros(1), np.zeros(5)
    run = buffered(function, [np.array(ONE_POINT)], [value, slopes])
    run()
    found = sums([value, *slopes.reshape(5, 1)])
    return run if by_buffer else lambda: function(ONE_POINT), lambda: found


def _bound(label: str) -> Made:
    _, engine, name = label.split()
    numbers = PRECISIONS[name]

    def f(*x: Any) -> Any:
        return price(ROWS, x)

    call = tg.record(f).using(numbers, engine=engine).bind(*map(numbers.scalar, ONE_POINT))
    call()
    leaves = [numbers(numbers.scalar(x)) for x in ONE_POINT]
    y = f(*leaves)
    y.backward()
    eager = np.array([y.data, *(x.grad for x in leaves)], numbers.scalar)
    same(call.out, eager, f"{label} and eager")
    return call, lambda: sums(call.out.reshape(6, 1))


# Tables ---------------------------------------------------------------------------------------


def many(points: int, by: str, rounds: int) -> None:
    """Print the table of batches with one formula, and the bars."""
    names = [*labels(), *filter(installed, PEERS)]
    found = interleaved(one_batch, names, rounds, points, by)
    agreed(found, ("value", "mean", "square"), "typedgrad llvm float64")
    rate = {name: points / t["seconds"] / 1e6 for name, t in found.items()}
    rows = {
        name: [
            f"{rate[name]:.1f}",
            f"{1e3 / rate[name]:.1f}",
            f"{t['seconds'] / t['primal']:.2f}",
            f"{t['build']:.2f}",
        ]
        for name, t in found.items()
    }
    head = ["Mpoints/s", "ns/point", "over the value alone", "set up and first call, s"]
    show(f"price by {by}, {points} points", rows, head)
    print()
    for engine in ENGINES:
        for name, least in LEAST[engine].items():
            label = f"typedgrad {engine} {name}"
            bar(f"{by}: {label}, Mpoints/s", rate[label], least, least=True)
    for label in labels():
        t = found[label]
        bar(f"{by}: {label}, gradient over value", t["seconds"] / t["primal"], 4.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--by", nargs="*", default=["tanh", "erf"])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(machine())
    names = [*labels(), *filter(installed, SINGLE)]
    found = interleaved(one_point, names, 7)
    compared = {name: t for name, t in found.items() if t["value"] == t["value"]}
    agreed(compared, ("value", "mean", "square"), "typedgrad llvm float64")
    rows = {name: [f"{1e6 * t['seconds']:.2f}"] for name, t in found.items()}
    show("value and gradient at one point", rows, ["us"])
    print()
    for precision in PRECISIONS:
        label = f"typedgrad llvm {precision}"
        bar(f"one point, {label}, us", 1e6 * found[label]["seconds"], 1.0)
    for by in options.by:
        many(options.points, by, options.rounds)


if __name__ == "__main__":
    main()
