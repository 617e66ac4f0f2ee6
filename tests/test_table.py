"""Every row of the table in every precision against the judge, and the edges of the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest

from tests import oracle
from tests.edges import EDGES, LARGE_EDGES, LINEAR, QUIET_PLACES
from tests.oracle import MP, PRECISIONS
from typedgrad.errors import TypedgradError
from typedgrad.op import TABLE, Op
from typedgrad.reverse import adjoints
from typedgrad.value import Value, leaf

COUNT = {"float32": 80, "float64": 80, "longdouble": 50}
BAR = 4.0
# Rows that may miss the bar, and by how much.
ALLOWED: dict[str, tuple[float, str]] = {
    "gamma": (8, "the bar of the gamma family"),
    "lgamma": (8, "the bar of the gamma family"),
    "digamma": (8, "the bar of the gamma family"),
    "trigamma": (64, "its derivative is a polygamma function"),
    "polygamma": (1e6, "its zeros are not searched for"),
    "logaddexp": (1e6, "NumPy's own: the value loses digits next to its zeros"),
    "logaddexp2": (1e6, "NumPy's own: the value loses digits next to its zeros"),
    "sinc": (1e6, "its derivative has zeros where terms cancel"),
}
# Rows that are derivatives of others: their own partials are second derivatives, which have zeros
# anywhere and leave the range early; test_second_derivatives judges them at ordinary points.
SLOPES = {name for name in TABLE if name.endswith("_slope")}
SLOPES |= {"share", "share2", "direction", "inversion", "exp_sub", "portion"}
SLOPES |= {"polygamma", "trigamma"}

CONSTANT_FORMS = {op.constant_form for op in TABLE.values()}
rows = pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
precisions = pytest.mark.parametrize("numbers", PRECISIONS, ids=lambda numbers: numbers.name)


def differentiable_places(op: Op, args: Sequence[Any]) -> range:
    """Return the places whose partials have a truth; constant orders and exponents have none."""
    return range("a constant" in op.domain, len(args) - (op in CONSTANT_FORMS))


def errors(op: Op, numbers: Any, args: tuple[Any, ...]) -> Iterator[tuple[float, str]]:
    """Yield the error in ulps of the value and of each partial, with a line about it."""
    value, *partials = oracle.found_partials(op, numbers, args)
    truth = oracle.true_value(op, numbers, args)
    if truth is None:
        return
    yield oracle.ulps(numbers, value, truth), f"{op.name}{args} = {value!r}"
    for place in differentiable_places(op, args) if op.name not in SLOPES else ():
        outside = MP.isnan(truth)
        slope = MP.nan if outside else oracle.true_partial(op, numbers, args, place)
        if slope is not None:
            line = f"partial {place} of {op.name}{args} = {partials[place]!r}"
            yield oracle.ulps(numbers, partials[place], slope), line


def measured(op: Op, numbers: Any) -> list[tuple[float, str]]:
    """Return the errors over the nasty points of a row, the largest last."""
    found: list[tuple[float, str]] = []
    for args in oracle.nasty_points(op, numbers, COUNT[numbers.name]):
        try:
            found += errors(op, numbers, args)
        except (TypedgradError, oracle.Unjudged):
            continue
    return sorted(found)


@precisions
@rows
def test_values_and_partials(op: Op, numbers: Any) -> None:
    found = measured(op, numbers)
    assert found
    bar = ALLOWED.get(op.name, (BAR, ""))[0]
    worst, line = found[-1]
    assert worst <= oracle.FAR, f"far wrong, {worst:.3g} ulp: {line}"
    missed = [(u, line) for u, line in found if u > bar]
    assert len(missed) <= 1 + len(found) // 200, "\n".join(f"{u:.3g} ulp: {s}" for u, s in missed)


def ordinary(op: Op, numbers: Any, count: int) -> Iterator[tuple[Any, ...]]:
    return oracle.nasty_points(op, numbers, count, tame=True)


def second_partials(op: Op, numbers: Any, args: tuple[Any, ...]) -> list[list[Any]]:
    """Return the Hessian of a row by a sweep over the nodes of the first sweep."""
    leaves: list[Any] = [leaf(numbers, x) for x in args]
    first = adjoints(_call(op, leaves), leaves, leaf(numbers, 1), lifted=True)
    zero = numbers.scalar(0)
    table: list[list[Any]] = []
    for g in first:
        again = [None] * len(leaves) if g is None else adjoints(g, leaves, numbers.scalar(1))
        table.append([zero if h is None else h for h in again])
    return table


def _call(op: Op, args: Sequence[Any]) -> Any:
    """Apply a row to flat arguments, cut into its sequences."""
    if not op.sequences:
        return op(*args)
    size = len(args) // op.sequences
    return op(*[args[k : k + size] for k in range(0, len(args), size)])


@precisions
@rows
def test_second_derivatives(op: Op, numbers: Any) -> None:
    for args in ordinary(op, numbers, 4):
        table = second_partials(op, numbers, args)
        for i, j in product(differentiable_places(op, args), repeat=2):
            truth, scale = oracle.true_second(op, numbers, args, i, j)
            if truth is None:
                continue
            assert np.isfinite(table[i][j]), (op.name, args, i, j)
            miss = oracle.distance(numbers, table[i][j], truth)
            unit = oracle.to_exact(numbers, numbers.eps) * scale
            assert miss <= 64 * unit, (op.name, args, i, j, table[i][j], MP.nstr(truth, 20))


def mixes(size: int) -> Iterator[tuple[bool, ...]]:
    """Yield every choice of variables among the arguments, but not none at all."""
    return (mix for mix in product((True, False), repeat=size) if any(mix))


@precisions
@rows
def test_types_for_every_mix_of_constants(op: Op, numbers: Any) -> None:
    (args,) = ordinary(op, numbers, 1)
    for mix, plain in product(mixes(len(args)), (False, True)):
        plain_args = [_as_plain(x) if plain else x for x in args]
        triples = zip(args, plain_args, mix, strict=True)
        given = [leaf(numbers, x) if variable else p for x, p, variable in triples]
        y: Value[Any] = _call(op, given)
        assert type(y.data) is numbers.scalar
        y.backward()
        for x in given:
            if isinstance(x, Value):
                assert type(x.grad) is numbers.scalar


def _as_plain(x: Any) -> int | float:
    return int(x) if x == np.trunc(x) else float(x)


@precisions
@rows
def test_bare_scalars_keep_their_type(op: Op, numbers: Any) -> None:
    (args,) = ordinary(op, numbers, 1)
    assert type(_call(op, args)) is numbers.scalar
    for found in oracle.found_partials(op, numbers, args):
        assert type(found) is numbers.scalar


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    """Let NumPy overflow in silence: these tests go there on purpose."""
    with np.errstate(all="ignore"):
        yield


def run(name: str, numbers: Any, args: Sequence[str]) -> list[Any]:
    """Return the value of a row and its gradients at arguments given as text."""
    leaves = [leaf(numbers, numbers.parse(x)) for x in args]
    y = _call(TABLE[name], leaves)
    y.backward()
    return [y.data, *(x.grad for x in leaves)]


def same(numbers: Any, found: Any, text: str) -> bool:
    """Tell whether a result is what an edge says; a zero's sign counts where it is written."""
    wanted = numbers.parse(text.lstrip("+"))
    if np.isnan(wanted) or np.isinf(wanted) or text in ("+0", "-0"):
        return bool(np.isnan(found) == np.isnan(wanted)) and bool(
            np.isnan(found) or (found == wanted and np.signbit(found) == np.signbit(wanted))
        )
    return bool(abs(found - wanted) <= 8 * numbers.ulp(wanted))


def check_edge(numbers: Any, name: str, args: str, wanted: str) -> None:
    if name not in TABLE:
        pytest.skip(f"no row {name}")
    found = run(name, numbers, args.split())
    pairs = zip(found, wanted.split(), strict=False)  # what is left out is not judged
    line = f"{name}({args}): {[str(x) for x in found]}, not {wanted}"
    assert all(text == "?" or same(numbers, x, text) for x, text in pairs), line


@precisions
@pytest.mark.parametrize(("name", "args", "wanted"), EDGES)
def test_edges(numbers: Any, name: str, args: str, wanted: str) -> None:
    check_edge(numbers, name, args, wanted)


@pytest.mark.parametrize("numbers", PRECISIONS[1:], ids=lambda numbers: numbers.name)
@pytest.mark.parametrize(("name", "args", "wanted"), LARGE_EDGES)
def test_edges_at_size(numbers: Any, name: str, args: str, wanted: str) -> None:
    check_edge(numbers, name, args, wanted)


@precisions
@rows
def test_nan_in_nan_out(op: Op, numbers: Any) -> None:
    (args,) = ordinary(op, numbers, 1)
    for place in differentiable_places(op, args):
        if (op.name, place) in QUIET_PLACES or (op.name, None) in QUIET_PLACES:
            continue
        texts = [numbers.to_text(x) for x in args]
        texts[place] = "nan"
        value, *partials = run(op.name, numbers, texts)
        assert np.isnan(value), (op.name, place)
        assert np.isnan(partials[place]) or op.name in LINEAR, (op.name, place, partials)
