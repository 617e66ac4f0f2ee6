"""The sweep on Values: what backward adds where, rule Z, errstate, interrupts, deep graphs."""

# pyright: basic

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import typedgrad
from typedgrad.errors import PrecisionMismatch, StaleGraph
from typedgrad.node import depth_first, history, levels

tg: Any = typedgrad
PRECISIONS = (tg.float32, tg.float64, tg.longdouble)
each = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)


def same(x: Any, y: Any) -> bool:
    return type(x) is type(y) and str(x) == str(y)


@each
def test_the_first_screen(p: Any) -> None:
    x, y = p(2), p(3)
    z = (x + y) * x
    z.backward()
    assert same(z.data, p.scalar(10))
    assert same(x.grad, p.scalar(7))
    assert same(y.grad, p.scalar(2))


@each
def test_a_second_call_doubles_the_leaves(p: Any) -> None:
    x = p(3)
    y = x * x
    z = y * 2
    z.backward()
    z.backward()
    assert x.grad == 24
    assert y.grad == 2
    assert z.grad == 1
    x.zero_grad()
    assert x.grad == 0
    z.backward()
    assert x.grad == 12


@each
def test_two_roots_share_a_leaf(p: Any) -> None:
    x = p(3)
    (x * x).backward()
    (x * 2).backward()
    assert x.grad == 8


@each
def test_backward_from_an_intermediate_node(p: Any) -> None:
    x, w = p(3), p(5)
    y = x * x
    z = y * w
    z.backward()
    grads = w.grad, z.grad
    y.backward()
    assert x.grad == 5 * 6 + 6
    assert (w.grad, z.grad) == grads
    assert y.grad == 1


@each
def test_seeds(p: Any) -> None:
    for seed in (3, 3.0, p.scalar(3), np.int64(3), "3"):
        x = p(2)
        (x * x).backward(seed)
        assert same(x.grad, p.scalar(12))
    x = p(2)
    for q in PRECISIONS:
        if q is not p:
            with pytest.raises(PrecisionMismatch):
                (x * x).backward(q.scalar(1))
    with pytest.raises(TypeError):
        (x * x).backward(x)
    assert x.grad == 0


@each
def test_a_leaf_may_be_the_root(p: Any) -> None:
    x = p(2)
    x.backward()
    x.backward(3)
    assert x.grad == 4


@each
def test_every_adjoint_has_the_type(p: Any) -> None:
    x, y = p("0.3"), p("0.7")
    z = tg.exp(x * 2) / (y + 1) - tg.hypot(x, 3.0) * tg.where(x > y, x, 0.5) + 2**x
    z.backward()
    for node in history([z]):
        assert type(node.primal) is p.scalar
        assert type(node.grad) is p.scalar


def test_unused_leaves_keep_what_they_have() -> None:
    x, y = tg.Value(1.0), tg.Value(2.0)
    (y * 3).backward()
    (x * 2).backward()
    assert y.grad == 3.0


@each
def test_a_masked_branch_has_no_say(p: Any) -> None:
    for start, slope in ((0, 0), (-1, 0), (4, "0.25")):
        x = p(start)
        with np.errstate(all="ignore"):
            y = tg.where(x > 0, tg.sqrt(x), 0)
        y.backward()
        assert same(x.grad, p.scalar(slope))
    x = p(0)
    (0 * tg.sqrt(x)).backward()
    assert same(x.grad, p.scalar(0))


def test_an_infinite_adjoint_meets_a_zero_partial_honestly() -> None:
    x = tg.Value(0.0)
    tg.sqrt(x * x).backward()
    assert np.isnan(x.grad)


@each
def test_nan_arrives(p: Any) -> None:
    x = p("nan")
    (x * 2 + x * x).backward()
    assert np.isnan(x.grad)


SETTINGS = ("ignore", "warn", "raise", "call", "print", "log")


def program(x: Any) -> Any:
    return tg.exp(x) / x + tg.log(x) * tg.tanh(x * 300) - tg.sqrt(x)


@each
@pytest.mark.parametrize("setting", SETTINGS[:4])
def test_errstate_changes_no_result(p: Any, setting: Any) -> None:
    x = p("1.5")
    z = program(x)
    z.backward()
    heard: list[object] = []
    with np.errstate(all=setting, call=lambda *facts: heard.append(facts)):
        y = p("1.5")
        w = program(y)
        w.backward()
    assert same(w.data, z.data)
    assert same(y.grad, x.grad)
    assert not heard


@each
@pytest.mark.parametrize("setting", SETTINGS[:4])
def test_backward_is_silent_in_all_settings(p: Any, setting: Any) -> None:
    heard: list[object] = []
    with np.errstate(all="ignore"):
        x, y = p(0), p(p.huge)
        z = tg.log(x) + tg.sqrt(x) * y * y + x / x
    with np.errstate(all=setting, call=lambda *facts: heard.append(facts)):
        z.backward()
    assert not heard
    assert np.isnan(x.grad)


@each
def test_an_operation_that_raises_leaves_the_graph_usable(p: Any) -> None:
    x = p(2)
    y = x * 3
    before = [(node, node.primal) for node in history([y])]
    acts: list[Callable[[], Any]] = [
        lambda: y / 0,
        lambda: tg.log(y - 6),
        lambda: y * p.huge,
        lambda: tg.exp(y * 10000),
        lambda: tg.where(True, y, None),
    ]
    for act in acts:
        with np.errstate(all="raise"), pytest.raises((FloatingPointError, TypeError)):
            act()
    z = y * y
    z.backward()
    assert x.grad == 36
    assert [(node, node.primal) for node in history([y])] == before


@each
def test_warnings_of_the_forward_pass_are_numpys(p: Any) -> None:
    with pytest.warns(RuntimeWarning, match="overflow"):
        _ = p(p.huge) * 10
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
        _ = p(p.huge) * 10


class Broken(Exception):
    pass


@pytest.mark.parametrize("error", [Broken, KeyboardInterrupt, MemoryError])
def test_a_sweep_that_is_stopped_leaves_every_leaf_as_it_was(error: type[BaseException]) -> None:
    countdown = [0]

    def rule(g: Any, y: Any, x: Any) -> tuple[Any]:
        countdown[0] -= 1
        if not countdown[0]:
            raise error
        return (g,)

    row: Any = typedgrad.primitive("fuse_in_a_test", lambda x: x + 0, rule, doc="May blow.")
    try:
        x, y = tg.Value(2.0), tg.Value(3.0)
        a = row(x) * row(y)
        z = row(a) + row(a * x)
        z.backward()
        kept = x.grad, y.grad
        for stop in range(1, 5):
            countdown[0] = stop
            with pytest.raises(error):
                z.backward()
            assert (x.grad, y.grad) == kept
            countdown[0] = stop
            with pytest.raises(error):
                tg.grad(lambda x, y: row(row(row(row(x * y)))))(1.0, 2.0)
        countdown[0] = 0
        z.backward()
        assert (x.grad, y.grad) == (2 * kept[0], 2 * kept[1])
    finally:
        forget("fuse_in_a_test")


def forget(name: str) -> None:
    from typedgrad.op import BY_UFUNC, TABLE, RowMethods

    del TABLE[name], BY_UFUNC[name]
    delattr(RowMethods, name)


def test_a_chain_of_a_million_nodes() -> None:
    """Built, walked, swept, printed, copied and freed without recursion."""
    import copy

    size = 1_000_000
    start = time.perf_counter()
    x = tg.Value(1.0)
    y = x
    for _ in range(size):
        y = -y
    y.backward()
    assert x.grad == 1.0
    assert repr(y) == "Value(np.float64(1.0), grad=np.float64(1.0))"
    assert copy.deepcopy(y).op == "leaf"
    assert len(depth_first(y)) == size + 1
    assert len(levels(y)) == size + 1
    assert len(history([y])) == size + 1
    del y
    assert time.perf_counter() - start < 60


def test_wide_and_many_armed_graphs_are_freed_without_recursion() -> None:
    x = tg.Value(1.0)
    y = x
    for _ in range(100_000):
        y = tg.fma(y, 1, x)
    y.backward()
    assert x.grad == 100_001.0
    del y


def test_a_deep_graph_of_second_order() -> None:
    def f(x: Any) -> Any:
        y = x
        for _ in range(20_000):
            y = y + x * 0.5
        return y * x

    assert tg.grad(tg.grad(f))(1.0) == pytest.approx(20_002.0)


def test_a_leaf_assigned_after_the_result_is_refused_and_loses_nothing() -> None:
    x = tg.Value(2.0)
    y = x * x
    y.backward()
    x.data = 3.0
    with pytest.raises(StaleGraph):
        y.backward()
    assert x.grad == 4.0
    (x * x).backward()
    assert x.grad == 10.0


def test_an_assigned_leaf_stays_outside_a_transform_that_closes_over_it() -> None:
    w = tg.Value(2.0)
    (w * 3).backward()

    def f(x: Any) -> Any:
        w.data = 5.0
        return x * w

    assert tg.grad(f)(1.0) == 5.0
    assert w.grad == 3.0
    w.data = 4.0
    w.backward()
    assert w.grad == 4.0
