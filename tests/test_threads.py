"""Threads: graphs of their own, a leaf they share, and first use from all sides at once."""

# pyright: basic

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

import typedgrad

tg: Any = typedgrad
THREADS = 8


def together(act: Callable[[int], Any]) -> list[Any]:
    """Run act in all threads, started at the same moment."""
    gate = threading.Barrier(THREADS)

    def run(k: int) -> Any:
        gate.wait()
        return act(k)

    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(run, range(THREADS)))
    finally:
        sys.setswitchinterval(switch)


def f(x: Any) -> Any:
    y = x
    for _ in range(20):
        y = tg.tanh(y * x) + tg.logaddexp(y, 1.0) * 0.5
    return y


def test_graphs_of_their_own() -> None:
    expected = [tg.grad(f)(0.1 * k) for k in range(THREADS)]

    def act(k: int) -> list[Any]:
        found: list[Any] = []
        for _ in range(10):
            x = tg.Value(0.1 * k)
            f(x).backward()
            found += [x.grad, tg.grad(f)(0.1 * k)]
        return found

    for number, found in zip(expected, together(act), strict=True):
        assert found == [number] * 20


def test_transforms_in_threads_do_not_see_each_other() -> None:
    def act(k: int) -> list[Any]:
        found: list[Any] = []
        for _ in range(20):
            found.append(tg.grad(lambda x: tg.grad(lambda y: x * y * y)(float(k)) * x)(3.0))
            found.append(type(tg.grad(lambda y: y * y)(2.0)))
        return found

    for k, found in enumerate(together(act)):
        assert found == [12.0 * k, np.float64] * 20


def test_a_shared_leaf_adds_up_exactly() -> None:
    w = tg.Value(3.0)
    rounds = 100

    def act(k: int) -> None:
        for _ in range(rounds):
            (w * (k + 1) * 2).backward()

    together(act)
    assert w.grad == rounds * 2 * sum(range(1, THREADS + 1))


def test_a_shared_graph_adds_up_exactly() -> None:
    x = tg.Value(2.0)
    y = x * x * x
    together(lambda k: [y.backward() for _ in range(50)])
    assert x.grad == 12.0 * THREADS * 50


FIRST_USE = """
import sys, threading
import typedgrad as tg
sys.setswitchinterval(1e-6)
gate, found, failed = threading.Barrier(8), [], []
def act(k):
    gate.wait()
    try:
        p = (tg.float32, tg.float64, tg.longdouble, tg.float64.strict)[k % 4]
        x = p(0.75)
        y = tg.erf(x) + tg.gelu(x) + tg.lgamma(x) + tg.logaddexp(x, 1) + tg.atan2(x, 2)
        y.backward()
        found.append((p.name, str(y), str(x.grad), str(tg.asinh(p.scalar(1)))))
    except BaseException as error:
        failed.append(repr(error))
threads = [threading.Thread(target=act, args=(k,)) for k in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(len(found), len(set(found)), failed)
"""


def test_first_use_from_all_sides_at_once() -> None:
    """Rows are bound to a precision when they are first used."""
    for _ in range(3):
        run = subprocess.run(
            [sys.executable, "-c", FIRST_USE], capture_output=True, check=True, text=True
        )
        assert run.stdout.strip() == "8 4 []"
