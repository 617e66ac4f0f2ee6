"""Memory: reference counting alone frees every graph, and nothing piles up."""

# pyright: basic

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

import typedgrad

tg: Any = typedgrad


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


SEEN: list[weakref.ref[Any]] = []


def watch(node: Any) -> Any:
    SEEN.append(weakref.ref(node))
    return node


def f(x: Any) -> Any:
    y = watch(tg.sin(watch(x * x)))
    return watch(tg.fma(y, x, 1.0) + tg.where(x > 0, y, x) + tg.sum([x, y, y]))


def boom(x: Any) -> Any:
    watch(x * x)
    raise KeyError


def quietly(act: Callable[[], Any]) -> None:
    with suppress(KeyError, TypeError):
        act()


def eager() -> None:
    x = watch(tg.Value(2.0))
    f(x).backward()
    _ = repr(x), hash(x), x == x, x < 3


def two_roots() -> None:
    x = tg.Value(2.0)
    y = f(x)
    (y + 1).backward()
    (y * 2).backward()


def broken_sweep() -> None:
    x = tg.Value(2.0)
    y = f(x)
    quietly(lambda: y.backward(y))


ACTS: dict[str, Callable[[], Any]] = {
    "backward": eager,
    "two roots": two_roots,
    "grad": lambda: tg.grad(f)(2.0),
    "grad of grad": lambda: tg.grad(tg.grad(f))(2.0),
    "third": lambda: tg.grad(tg.grad(tg.grad(f)))(2.0),
    "hessian": lambda: tg.hessian(lambda x, y: f(x) * f(y))(2.0, 3.0),
    "hvp": lambda: tg.hvp(lambda x, y: f(x) * f(y), (2.0, 3.0), (1.0, 0.0)),
    "jvp": lambda: tg.jvp(f, (2.0,), (1.0,)),
    "vjp": lambda: tg.vjp(f, (2.0,))[1](1.0),
    "jacobian": lambda: tg.jacobian(lambda x: [f(x), x])(2.0),
    "nested": lambda: tg.grad(lambda x: tg.grad(lambda y: f(x * y))(1.0))(2.0),
    "lifted": lambda: tg.grad(f)(tg.Value(2.0)).backward(),
    "astype": lambda: tg.grad(lambda x: f(x.astype(tg.longdouble)).astype(tg.float64))(2.0),
    "object array": lambda: np.sum(np.exp(np.array([f(tg.Value(2.0))] * 3))).backward(),
    "exception in f": lambda: quietly(lambda: tg.grad(boom)(2.0)),
    "exception nested": lambda: quietly(lambda: tg.grad(lambda x: tg.grad(boom)(x * 1))(2.0)),
    "bad result": lambda: quietly(lambda: tg.grad(lambda x: f(x).data)(2.0)),
    "bad operand": lambda: quietly(lambda: f(tg.Value(2.0)) + None),
    "broken sweep": broken_sweep,
}


@pytest.mark.parametrize("name", ACTS)
def test_graphs_die_by_reference_counting_alone(name: str) -> None:
    SEEN.clear()
    ACTS[name]()
    assert SEEN
    alive = [ref() for ref in SEEN]
    assert [node.op for node in alive if node is not None] == []


def test_a_transform_leaves_no_adjoints_in_what_lives_on() -> None:
    w = tg.Value(3.0)
    inner: list[Any] = []

    def g(x: Any) -> Any:
        y = w * x
        inner.append(y)
        return y * y

    tg.grad(g)(2.0)
    tg.grad(tg.grad(g))(2.0)
    tg.hvp(g, (2.0,), (1.0,))
    assert [node.adjoint for node in (w, *inner)] == [None] * (1 + len(inner))


def growth(act: Callable[[], Any], times: int) -> int:
    """The bytes that `times` rounds leave behind, Python's free lists apart."""
    act()
    gc.collect()
    tracemalloc.start()
    act()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(times):
        act()
    assert gc.collect() == 0, "there was a ring of references"
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return after - before


@pytest.mark.parametrize("name", ["backward", "grad of grad", "exception in f", "hvp"])
def test_memory_is_flat_over_many_rounds(name: str) -> None:
    def act() -> None:
        SEEN.clear()
        ACTS[name]()

    assert growth(act, 300) < 2_000


def test_memory_is_flat_over_ten_thousand_rounds() -> None:
    w, b = tg.Value(0.5), tg.Value(0.1)

    def step() -> None:
        loss = (tg.tanh(w * 2 + b) - 1) ** 2
        loss.backward()
        for p in (w, b):
            p.data = p.data - 0.01 * p.grad
            p.zero_grad()

    assert growth(step, 10_000) < 2_000


def test_precisions_made_in_passing_are_the_users() -> None:
    """A strict twin is made once, however often it is asked for."""
    assert growth(lambda: tg.float32.strict(1.0) * 2, 300) < 2_000
