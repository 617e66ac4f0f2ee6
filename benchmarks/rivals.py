"""Who computes a value and its gradient at new numbers: typedgrad's engines, and its peers.

Each maker takes a problem and returns a `Runner`, ready to be called; building is timed.
"""

from __future__ import annotations

import ctypes
import math
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.models import Problem, Words


@dataclass(frozen=True)
class Runner:
    """Calls that compute, and a look at what they have computed."""

    gradient: Callable[[], Any]
    primal: Callable[[], Any] | None
    read: Callable[[], tuple[float, Any]]  # the value and the flat gradient, after gradient()
    build: float  # seconds


def relu_of(largest: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    def relu(x: Any) -> Any:
        return largest(x, 0.0)

    return relu


# casadi ---------------------------------------------------------------------------------------


def _casadi() -> tuple[Any, Words]:
    ca: Any = import_module("casadi")
    return ca, Words(ca.exp, ca.log, ca.sqrt, ca.tanh, ca.erf, relu_of(ca.fmax))


def buffered(function: Any, inputs: list[Any], outputs: list[Any]) -> Callable[[], Any]:
    """Return a call of a casadi function that works on these arrays."""
    buffer, call = function.buffer()
    for k, x in enumerate(inputs):
        buffer.set_arg(k, memoryview(x))
    for k, y in enumerate(outputs):
        buffer.set_res(k, memoryview(y))
    kept = (buffer, function, inputs, outputs)

    def run(keep: Any = kept) -> None:
        call()

    return run


def _casadi_runner(make: Callable[[Any], tuple[Any, Any]], problem: Problem) -> Runner:
    ca, _ = _casadi()
    before = perf_counter()
    primal, gradient = make(ca)
    build = perf_counter() - before
    x, y, dx = problem.start.copy(), np.zeros(1), np.zeros(len(problem.start))
    return Runner(
        buffered(gradient, [x], [y, dx]),
        buffered(primal, [x], [np.zeros(1)]),
        lambda: (float(y[0]), dx),
        build,
    )


def casadi_sx(problem: Problem) -> Runner:
    """Every scalar operation in casadi's own machine, called with buffers."""

    def make(ca: Any) -> tuple[Any, Any]:
        p = ca.SX.sym("p", len(problem.start))
        y = problem.whole(_casadi()[1], [p[i] for i in range(len(problem.start))])
        return ca.Function("f", [p], [y]), ca.Function("g", [p], [y, ca.gradient(y, p)])

    return _casadi_runner(make, problem)


def casadi_mx(problem: Problem) -> Runner:
    """Rosenbrock's function by casadi's matrices, called with buffers."""

    def make(ca: Any) -> tuple[Any, Any]:
        x = ca.MX.sym("x", len(problem.start))
        a, b = x[1:] - x[:-1] ** 2, 1 - x[:-1]
        y = 100 * ca.dot(a, a) + ca.dot(b, b)
        return ca.Function("f", [x], [y]), ca.Function("g", [x], [y, ca.gradient(y, x)])

    return _casadi_runner(make, problem)


def casadi_map(problem: Problem) -> Runner:
    """A function of one point, mapped over the points, and the rest; called with buffers."""

    def make(ca: Any) -> tuple[Any, Any]:
        assert problem.point is not None
        words, size, count = _casadi()[1], len(problem.start), len(problem.points)
        p, x = ca.SX.sym("p", size), ca.SX.sym("x", problem.points.shape[1])
        numbers = [p[i] for i in range(size)]
        one = problem.point(words, numbers, [x[i] for i in range(x.shape[0])])
        rest = problem.rest(words, numbers)
        f = ca.Function("f1", [p, x], [one]).map(count, [True, False], [True])
        g = ca.Function("g1", [p, x], [one, ca.gradient(one, p)])
        g = g.map(count, [True, False], [True, True])
        h = ca.Function("h", [p], [rest, ca.gradient(rest, p)])
        q, points = ca.MX.sym("q", size), ca.DM(problem.points.T)
        (y, dy), (z, dz) = g(q, points), h(q)
        return ca.Function("F", [q], [f(q, points) + z]), ca.Function("G", [q], [y + z, dy + dz])

    return _casadi_runner(make, problem)


# Array libraries ------------------------------------------------------------------------------


def jax(problem: Problem, kind: str = "float64") -> Runner:
    """jax.jit of the array code and of its gradient."""
    root: Any = import_module("jax")
    root.config.update("jax_enable_x64", kind == "float64")
    np_: Any = import_module("jax.numpy")
    m = SimpleNamespace(exp=np_.exp, log=np_.log, sqrt=np_.sqrt, einsum=np_.einsum)
    m.array, m.relu = partial(np_.array, dtype=kind), relu_of(np_.maximum)
    p = [np_.array(x, kind) for x in problem.parts(problem.start)]
    f = root.jit(partial(problem.arrays, m))
    g = root.jit(root.value_and_grad(partial(problem.arrays, m)))
    before = perf_counter()
    root.block_until_ready(g(p))
    build = perf_counter() - before

    def read() -> tuple[float, Any]:
        y, dy = g(p)
        return float(y), np.concatenate([np.ravel(x) for x in dy])

    def gradient() -> Any:
        return root.block_until_ready(g(p))

    return Runner(gradient, lambda: root.block_until_ready(f(p)), read, build)


def torch(problem: Problem, kind: str = "float64") -> Runner:
    """torch with the array code, without its compiler."""
    root: Any = import_module("torch")
    root.set_num_threads(1)
    dtype = getattr(root, kind)
    m = SimpleNamespace(exp=root.exp, log=root.log, sqrt=root.sqrt, einsum=root.einsum)
    m.array, m.relu = partial(root.tensor, dtype=dtype), root.relu
    parts = problem.parts(problem.start)
    p = [root.tensor(x, dtype=dtype, requires_grad=True) for x in parts]
    found: list[Any] = []

    def gradient() -> None:
        y = problem.arrays(m, p)
        found[:] = y, root.autograd.grad(y, p)

    def primal() -> Any:
        with root.no_grad():
            return problem.arrays(m, p)

    def read() -> tuple[float, Any]:
        return found[0].item(), np.concatenate([x.numpy().ravel() for x in found[1]])

    return Runner(gradient, primal, read, 0.0)


def autograd(problem: Problem) -> Runner:
    """The autograd package with the array code."""
    root: Any = import_module("autograd")
    np_: Any = import_module("autograd.numpy")
    m = SimpleNamespace(exp=np_.exp, log=np_.log, sqrt=np_.sqrt, einsum=np_.einsum)
    m.array, m.relu = np.array, relu_of(np_.maximum)
    p = problem.parts(problem.start)
    g = root.value_and_grad(partial(problem.arrays, m))
    found: list[Any] = []

    def gradient() -> None:
        found[:] = g(p)

    def read() -> tuple[float, Any]:
        return float(found[0]), np.concatenate([np.ravel(x) for x in found[1]])

    return Runner(gradient, lambda: problem.arrays(m, p), read, 0.0)


# Others ---------------------------------------------------------------------------------------


def xad(problem: Problem) -> Runner:
    """XAD's tape, recorded anew in every call."""
    root: Any = import_module("xad.adj_1st")
    m: Any = import_module("xad.math")
    tape: Any = root.Tape()
    tape.activate()
    largest = relu_of(m.max)
    words = Words(m.exp, m.log, m.sqrt, m.tanh, m.erf, largest)
    found: list[Any] = []

    def gradient() -> None:
        tape.clearAll()
        p = [root.Real(x) for x in problem.start.tolist()]
        for x in p:
            tape.registerInput(x)
        tape.newRecording()
        y = problem.whole(words, p)
        tape.registerOutput(y)
        y.derivative = 1.0
        tape.computeAdjoints()
        found[:] = y.value, [x.derivative for x in p]

    return Runner(gradient, None, lambda: (float(found[0]), np.array(found[1])), 0.0)


C = """
double g(const double *x, double *dx, long n) {
  double y = 0.0;
  dx[0] = 0.0;
  for (long i = 0; i + 1 < n; i++) {
    double a = x[i + 1] - x[i] * x[i], b = 1.0 - x[i];
    y += 100.0 * a * a + b * b;
    dx[i] += -400.0 * a * x[i] - 2.0 * b;
    dx[i + 1] = 200.0 * a;
  }
  return y;
}
"""


def by_hand(problem: Problem) -> Runner:
    """Rosenbrock's gradient written in C, by `gcc -O3 -march=native`."""
    before = perf_counter()
    with TemporaryDirectory() as folder:
        source, library = Path(folder, "g.c"), Path(folder, "g.so")
        source.write_text(C)
        flags = ["-O3", "-march=native", "-shared", "-fPIC"]
        try:
            subprocess.run(["gcc", *flags, source, "-o", library], check=True)
        except OSError as error:
            raise ImportError(str(error)) from None
        function: Any = ctypes.CDLL(str(library)).g
    function.restype = ctypes.c_double
    x, dx = problem.start.copy(), np.zeros(len(problem.start))
    args = (*(a.ctypes.data_as(ctypes.c_void_p) for a in (x, dx)), len(x))

    def call() -> Any:
        return function(*args)

    return Runner(call, None, lambda: (call(), dx), perf_counter() - before)


PEERS: dict[str, Callable[[Problem], Runner]] = {
    "casadi SX": casadi_sx,
    "casadi MX": casadi_mx,
    "casadi map": casadi_map,
    "jax": jax,
    "jax float32": lambda problem: jax(problem, "float32"),
    "torch": torch,
    "torch float32": lambda problem: torch(problem, "float32"),
    "autograd": autograd,
    "xad": xad,
    "C by hand": by_hand,
}


def installed(label: str) -> bool:
    """Tell whether a peer is there; say so if it is not."""
    name = label.partition(" ")[0]
    there = name in ("typedgrad", "numpy", "python", "C") or find_spec(name) is not None
    if not there:
        print(f"without {label}: no module named {name}")
    return there


def figures(value: float, gradient: Any) -> dict[str, float]:
    """Return what engines must agree on: the value, the gradient's norm and one projection."""
    g = np.asarray(gradient, float)
    direction = np.cos(np.arange(len(g)))
    return dict(value=value, norm=math.sqrt(g @ g), slope=float(g @ direction) + math.sqrt(g @ g))
