"""NumPy and a Value: unmodified ufuncs, object arrays, arrays as operands, and what is refused."""

# pyright: basic

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import typedgrad
from typedgrad.errors import NoPlainFloat, NoSuchLoop, PrecisionMismatch
from typedgrad.interop import TESTS

tg: Any = typedgrad
PRECISIONS = (tg.float32, tg.float64, tg.longdouble)
each = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)
others = pytest.mark.parametrize(
    ("p", "q"),
    [(p, q) for p in PRECISIONS for q in PRECISIONS if p is not q],
    ids=lambda p: p.name,
)
TABLE: dict[str, Any] = typedgrad.ops.TABLE


def ufuncs() -> dict[str, Any]:
    """Every NumPy ufunc that a row answers to, by its name."""
    found = {name: getattr(np, name, None) for name in vars(np)}
    from typedgrad.op import BY_UFUNC

    known = {n: f for n, f in found.items() if isinstance(f, np.ufunc)}
    return {n: f for n, f in known.items() if f.__name__ in BY_UFUNC and f.__name__ not in TESTS}


def same(x: Any, y: Any) -> bool:
    return type(x) is type(y) and str(x) == str(y)


def test_the_common_ufuncs_are_all_there() -> None:
    wanted = [
        "add",
        "subtract",
        "multiply",
        "divide",
        "negative",
        "absolute",
        "power",
        "remainder",
        "floor_divide",
        "square",
        "reciprocal",
        "sign",
        "copysign",
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "sqrt",
        "cbrt",
        "logaddexp",
        "logaddexp2",
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "arctan",
        "arctan2",
        "sinh",
        "cosh",
        "tanh",
        "arcsinh",
        "arccosh",
        "arctanh",
        "hypot",
        "degrees",
        "radians",
        "deg2rad",
        "rad2deg",
        "maximum",
        "minimum",
        "clip",
        "floor",
        "ceil",
        "trunc",
        "rint",
        "heaviside",
    ]
    assert set(wanted) <= set(ufuncs()) | {"clip"}


@each
@pytest.mark.parametrize("name", ufuncs())
def test_unmodified_ufuncs(p: Any, name: str) -> None:
    ufunc: Any = getattr(np, name)
    first = "1.5" if ufunc is np.arccosh else "0.5"
    xs = [p(x) for x in (first, "0.25", "0.75")[: ufunc.nin]]
    with np.errstate(all="ignore"):
        got = ufunc(*xs)
        assert isinstance(got, tg.Value)
        assert type(got.data) is p.scalar
        assert got.numbers is p
        bare = ufunc(*[x.data for x in xs])
        assert abs(got.data - bare) <= 2 * p.ulp(bare)
        got.backward()
        if ufunc is np.sign:
            pass  # on an object array NumPy compares and gives plain integers
        elif ufunc.nin == 1:  # an object array calls the method of that name
            pair = ufunc(np.array([xs[0], xs[0]]))
            assert [same(y.data, got.data) for y in pair] == [True, True]
            assert same(getattr(xs[0], name if name != "abs" else "absolute")().data, got.data)
        else:
            assert same(ufunc(xs[0], *[x.data for x in xs[1:]]).data, got.data)
            assert same(ufunc(*[x.data for x in xs[:-1]], xs[-1]).data, got.data)
            array = ufunc(xs[0], *[np.array([x.data]) for x in xs[1:]])
            assert array.dtype == object
            assert same(array[0].data, got.data)


@each
def test_np_exp_is_differentiable(p: Any) -> None:
    v, w = p("0.5"), p(2)
    np.exp(v * w).backward()
    assert same(v.grad, 2 * np.exp(p.scalar(1)))
    pair = np.exp(np.array([v, w]))
    assert pair.dtype == object
    assert [same(y.data, np.exp(x.data)) for x, y in zip((v, w), pair, strict=True)] == [True] * 2


@others
def test_ufuncs_refuse_mixing(p: Any, q: Any) -> None:
    for ufunc in (np.add, np.multiply, np.hypot, np.arctan2, np.maximum, np.power, np.less):
        for stranger in (q(1), q.scalar(1), np.array([1], dtype=q.scalar), np.array(1, q.scalar)):
            for pair in ((p(1), stranger), (stranger, p(1))):
                with pytest.raises(PrecisionMismatch):
                    ufunc(*pair)


ACTS = (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow)


@each
@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_arrays_take_over_and_never_end_up_inside(p: Any, act: Callable[[Any, Any], Any]) -> None:
    v = p(2)
    for array in (np.array([1, 2], p.scalar), np.array([[1, 2]]), np.array([True, False])):
        for pair in ((v, array), (array, v)):
            with np.errstate(divide="ignore"):
                found = act(*pair)
            assert type(found) is np.ndarray
            assert found.dtype == object
            assert found.shape == array.shape
            for x in found.flat:
                assert isinstance(x, tg.Value)
                assert type(x.data) is p.scalar


@each
def test_0d_arrays_are_scalars(p: Any) -> None:
    v = p(2)
    for zero_d in (np.array(3, p.scalar), np.array(3)):
        for z in (v * zero_d, zero_d * v):
            assert isinstance(z, tg.Value)
            assert same(z.data, p.scalar(6))


@each
def test_arrays_of_strangers_are_refused(p: Any) -> None:
    for array in (np.array([1j]), np.array([None]), np.array([np.nan], np.float16)):
        with pytest.raises(TypeError):
            _ = p(2) * array


@each
def test_comparisons_with_arrays(p: Any) -> None:
    v = p(2)
    array = np.array([1, 2, 3], p.scalar)
    for found in (v < array, array > v, np.less(v, array)):
        assert found.dtype == np.bool_
        assert found.tolist() == [False, False, True]
    assert (v == array).tolist() == [False, True, False]
    assert (np.array([v, None], dtype=object) == v).tolist() == [True, False]
    assert (v != np.array([v, None], dtype=object)).tolist() == [False, True]
    less: Any = np.less
    with pytest.raises(TypeError):
        less(v, None)


@each
def test_ufuncs_that_change_nothing(p: Any) -> None:
    v = p(-2)
    assert np.positive(v) is v
    assert np.conjugate(v) is v
    assert np.conj(np.array([v]))[0] is v


@each
def test_predicates(p: Any) -> None:
    for name, text in (("isnan", "nan"), ("isinf", "-inf"), ("isfinite", "1"), ("signbit", "-0.0")):
        ufunc: Any = getattr(np, name)
        assert ufunc(p(text)) is True
        assert ufunc(p("2" if name != "isfinite" else "inf")) is False


def vector(p: Any, *xs: Any) -> Any:
    return np.array([p(x) for x in xs])


@each
def test_object_arrays(p: Any) -> None:
    a, b = vector(p, 1, 2, 3), vector(p, 4, 5, 6)
    matrix = np.array([[p(1), p(2)], [p(3), p(4)]])

    def numbers(found: Any) -> list[float]:
        flat = np.ravel(np.asarray(found, dtype=object))
        assert all(isinstance(x, tg.Value) and type(x.data) is p.scalar for x in flat)
        return [float(x.data) for x in flat]

    assert numbers(a + b) == [5, 7, 9]
    assert numbers(a * 2) == [2, 4, 6]
    assert numbers(2 * a) == [2, 4, 6]
    assert numbers(a * p(2)) == [2, 4, 6]
    assert numbers(p(2) * a) == [2, 4, 6]
    assert numbers(a * p.scalar(2)) == [2, 4, 6]
    assert numbers(-a) == [-1, -2, -3]
    assert numbers(a**2) == [1, 4, 9]
    assert numbers(abs(-a)) == [1, 2, 3]
    assert numbers(a @ b) == [32]
    assert numbers(matrix @ matrix) == [7, 10, 15, 22]
    assert numbers(np.dot(a, b)) == [32]
    assert numbers(np.vdot(a, b)) == [32]
    assert numbers(np.inner(a, b)) == [32]
    assert numbers(np.outer(a, b))[:3] == [4, 5, 6]
    assert numbers(np.einsum("i,i->", a, b)) == [32]
    assert numbers(np.sum(a)) == [6]
    assert numbers(np.sum(matrix, axis=0)) == [4, 6]
    assert numbers(np.prod(a)) == [6]
    assert numbers(np.cumsum(a)) == [1, 3, 6]
    assert numbers(np.mean(a)) == [2]
    assert numbers(np.var(a)) == [pytest.approx(2 / 3)]
    assert numbers(np.std(a)) == [pytest.approx((2 / 3) ** 0.5)]
    assert numbers(np.maximum(a, b[::-1])) == [6, 5, 4]
    assert numbers(np.minimum(a, b[::-1])) == [1, 2, 3]
    assert numbers(np.max(a)) == [3]
    assert numbers(np.min(a)) == [1]
    assert numbers(np.sort(a[::-1])) == [1, 2, 3]
    assert np.argsort(a[::-1]).tolist() == [2, 1, 0]
    assert int(np.argmax(a)) == 2
    assert numbers(np.clip(a, p(2), p(5))) == [2, 2, 3]
    assert numbers(np.where(a > 1, a, b)) == [4, 2, 3]
    assert numbers(np.linalg.norm(vector(p, 3, 4))) == [5]
    assert numbers(np.diff(a)) == [1, 1]
    assert numbers(np.trace(matrix)) == [5]
    assert numbers(np.concatenate([a, b]))[-1] == 6
    assert numbers(np.hypot(vector(p, 3), vector(p, 4))) == [5]
    assert numbers(np.arctan2(vector(p, 0), vector(p, 4))) == [0]
    assert numbers(np.polyval(list(a), p(2))) == [11]


@each
def test_gradients_flow_through_object_arrays(p: Any) -> None:
    weights = np.array([[p(1), p(2)], [p(3), p(4)]])
    x = vector(p, 5, 6)
    loss = np.sum(np.tanh(weights @ x / 100) ** 2) + np.mean(x) + np.max(x)
    loss.backward()
    assert all(type(w.grad) is p.scalar and w.grad != 0 for w in weights.flat)
    assert x[1].grad > 1


def test_np_functions_on_one_value() -> None:
    v = tg.Value(2.0)
    for found in (np.asarray(v), np.array(v)):
        assert found.dtype == object
        assert found.shape == ()
        assert found[()] is v
    assert np.dot(v, v).data == 4.0
    assert np.mean(v).data == 2.0
    assert np.clip(v, 0, 1) == 1
    assert np.clip(v, 0, 3).data == 2.0
    assert np.where(True, v, 0)[()] is v


REFUSED: dict[str, Callable[[Any], Any]] = {
    "out": lambda v: np.exp(v, out=np.zeros(1)),
    "out two": lambda v: np.add(v, v, out=np.zeros(1)),
    "where": lambda v: np.exp(v, where=np.array([True])),
    "dtype": lambda v: np.exp(v, dtype=np.float64),
    "reduce": np.add.reduce,
    "accumulate": np.add.accumulate,
    "outer": lambda v: np.add.outer(v, v),
    "at": lambda v: np.add.at(np.zeros(2), [0], v),
    "sum of one": np.sum,
    "frexp": np.frexp,
    "nextafter": lambda v: np.nextafter(v, v),
    "gcd": lambda v: np.gcd(v, v),
    "in place": lambda v: np.zeros(2).__iadd__(v),
}


@each
@pytest.mark.parametrize("name", REFUSED)
def test_refused_ways_of_calling(p: Any, name: str) -> None:
    with pytest.raises(NoSuchLoop, match=r"\[TG106\]"):
        REFUSED[name](p(2))


@each
def test_values_do_not_slip_into_float_arrays(p: Any) -> None:
    v = p(2)
    for act in (
        lambda: np.array([v], dtype=np.float32),
        lambda: np.zeros(2).__setitem__(0, v),
        lambda: np.full(2, v, dtype=np.float64),
        lambda: np.linspace(0, v, 3, dtype=np.float64),
        lambda: np.array([v]).astype(np.longdouble),
    ):
        with pytest.raises((NoPlainFloat, NoSuchLoop)):
            act()


@each
def test_object_arrays_with_plain_arrays(p: Any) -> None:
    """NumPy hands the items of a float array over as Python floats: they count as literals."""
    a = vector(p, 1, 2)
    found = a * np.array([2.0, 3.0])
    assert [type(x.data) for x in found] == [p.scalar] * 2
    assert [float(x.data) for x in found] == [2, 6]


def test_quiet_functions_raise_no_flags_in_arrays() -> None:
    v = tg.Value(1000.0)
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        found = np.logaddexp(v, np.array([1.0, 2000.0]))
        assert [x.data for x in found] == [1000.0, 2000.0]
        assert (v < np.array([np.nan])).tolist() == [False]
