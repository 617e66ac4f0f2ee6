"""Transforms: each in every precision, at any order, pure, exact zeros where nothing arrives."""

# pyright: basic

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest

import typedgrad
from typedgrad.errors import BadArguments, BadResult, NotANumber, PrecisionMismatch

tg: Any = typedgrad
mp: Any = mpmath
PRECISIONS = (tg.float32, tg.float64, tg.longdouble)
each = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)


def same(x: Any, y: Any) -> bool:
    return type(x) is type(y) and str(x) == str(y)


def weighted(*xs: Any) -> Any:
    """x1 * 1 + x2 * 2 + ... plus all products of neighbours."""
    total = xs[0] * 1
    for k, (x, before) in enumerate(zip(xs[1:], xs, strict=False), 2):
        total = total + x * k + x * before
    return total


def weighted_gradient(xs: list[float]) -> list[float]:
    around = [0.0, *xs, 0.0]
    return [k + around[k - 1] + around[k + 1] for k in range(1, len(xs) + 1)]


@each
@pytest.mark.parametrize("arity", range(1, 9))
def test_grad_of_every_arity(p: Any, arity: int) -> None:
    xs = [float(k) for k in range(2, 2 + arity)]
    found = p.grad(weighted)(*xs)
    rows = found if arity > 1 else (found,)
    assert [float(g) for g in rows] == weighted_gradient(xs)
    assert all(type(g) is p.scalar for g in rows)
    value, again = p.value_and_grad(weighted)(*xs)
    assert same(value, p.scalar(weighted(*xs)))
    assert (again if arity > 1 else (again,)) == rows


@each
def test_grad_of_a_vector(p: Any) -> None:
    def f(xs: Any) -> Any:
        return weighted(*xs)

    xs = [float(k) for k in range(12)]
    for at in (xs, tuple(xs), np.array(xs, p.scalar), np.arange(12), [p.scalar(x) for x in xs]):
        found = p.grad(f)(at)
        assert type(found) is np.ndarray
        assert found.dtype == p.scalar
        assert found.tolist() == weighted_gradient(xs)
        value, again = p.value_and_grad(f)(at)
        assert type(value) is p.scalar
        assert again.tolist() == found.tolist()


@each
def test_arrays_without_dimensions_are_numbers(p: Any) -> None:
    def f(x: Any) -> Any:
        return np.where(x > 0, x * x, -x)

    for at in (3.0, -2.0):
        boxed = np.array(at, p.scalar)
        assert same(p.grad(f)(boxed), p.grad(f)(at))
        assert same(p.hessian(f)(boxed), p.hessian(f)(at))
        assert same(p.grad(f)(boxed), tg.record(f).using(p).grad(boxed))
        for question in (tg.compare, tg.blame):
            assert str(question(f, (boxed,))) == str(question(f, (p.scalar(at),)))
    other = np.float32 if p is not tg.float32 else np.float64
    with pytest.raises(PrecisionMismatch):
        p.grad(f)(np.array(1.0, other))


class Line(NamedTuple):
    slope: Any
    start: Any


@each
def test_a_named_tuple_is_one_for_the_function(p: Any) -> None:
    found = p.grad(lambda line: line.slope * line.slope + 3 * line.start)(Line(2.0, 1.0))
    assert same(found, np.array([4, 3], p.scalar))


@each
def test_arrays_of_another_precision_are_refused(p: Any) -> None:
    for q in PRECISIONS:
        if q is not p:
            with pytest.raises(PrecisionMismatch):
                p.grad(lambda xs: xs[0])(np.ones(2, q.scalar))
            with pytest.raises(PrecisionMismatch):
                p.grad(lambda x: x)(q.scalar(1))
            with pytest.raises(PrecisionMismatch):
                p.grad(lambda x: x)(q(1))


def f2(x: Any, y: Any) -> Any:
    return x * x * y + tg.sin(x * y)


@each
def test_jvp_and_vjp_agree_with_grad(p: Any) -> None:
    at = p.scalar("0.5"), p.scalar(2)
    gx, gy = p.grad(f2)(*at)
    value, tangent = p.jvp(f2, at, (1, 0))
    assert same(value, f2(p(at[0]), p(at[1])).data)
    assert abs(tangent - gx) <= 4 * p.ulp(gx)
    value, tangent = p.jvp(f2, at, (p.scalar(2), -3.0))
    assert type(tangent) is p.scalar
    assert abs(tangent - (2 * gx - 3 * gy)) <= 8 * p.ulp(gx)
    value, pullback = p.vjp(f2, at)
    assert type(value) is p.scalar
    for seed in (1, 2.0, p.scalar(3)):
        back = pullback(seed)
        assert all(type(g) is p.scalar for g in back)
        assert np.allclose(
            [float(g) for g in back], [float(seed) * float(gx), float(seed) * float(gy)]
        )
    assert pullback(1) == pullback(1) == (gx, gy)


def many(x: Any, y: Any) -> Any:
    return [x * y, x + y, x * x, y * 3]


@each
def test_jacobian_and_maps_to_lists(p: Any) -> None:
    rows = p.jacobian(many)(2, 5)
    assert rows.dtype == p.scalar
    assert rows.tolist() == [[5, 2], [1, 1], [4, 0], [0, 3]]
    values, tangents = p.jvp(many, (2, 5), (1, 10))
    assert values.tolist() == [10, 7, 4, 15]
    assert tangents.tolist() == [25, 11, 4, 30]
    assert tangents.dtype == p.scalar
    values, pullback = p.vjp(many, (2, 5))
    assert [float(g) for g in pullback([1, 1, 1, 1])] == [10, 6]
    assert p.jacobian(lambda xs: [xs[0] * xs[1], xs[2]])([2, 3, 4]).tolist() == [
        [3, 2, 0],
        [0, 0, 1],
    ]
    assert p.jacobian(lambda x: (x, x * x))(3).tolist() == [[1], [6]]
    assert p.jacobian(lambda x: np.array([x, x * x]))(3).tolist() == [[1], [6]]


@each
def test_vector_jvp_and_vjp(p: Any) -> None:
    def f(xs: Any) -> Any:
        return xs[0] * xs[1] + xs[2]

    value, tangent = p.jvp(f, ([2, 3, 4],), ([1, 0, 1],))
    assert (value, tangent) == (10, 4)
    value, pullback = p.vjp(f, ([2, 3, 4],))
    found = pullback(2)
    assert found.dtype == p.scalar
    assert found.tolist() == [6, 4, 2]


@each
def test_hessian_and_hvp(p: Any) -> None:
    def f(x: Any, y: Any) -> Any:
        return x**3 * y + y * y

    rows = p.hessian(f)(2, 5)
    assert rows.dtype == p.scalar
    assert rows.tolist() == [[60, 12], [12, 2]]
    assert [float(h) for h in p.hvp(f, (2, 5), (1, 10))] == [180, 32]
    assert all(type(h) is p.scalar for h in p.hvp(f, (2, 5), (1, 10)))
    assert same(p.hessian(lambda x: x**3)(2), p.scalar(12))
    vector = p.hessian(lambda xs: xs[0] * xs[1] * xs[1])([2, 3])
    assert vector.tolist() == [[0, 6], [6, 4]]
    one = p.hessian(lambda xs: xs[0] ** 3)([2])
    assert one.tolist() == [[12]]
    along = p.hvp(lambda xs: xs[0] * xs[1] * xs[1], ([2, 3],), ([1, 1],))
    assert along.dtype == p.scalar
    assert along.tolist() == [6, 10]
    assert same(p.hvp(lambda x: x**3, (2,), (1,)), p.scalar(12))


def test_a_single_number_is_a_point_too() -> None:
    assert tg.jvp(lambda x: x * x, 3.0, 2.0) == (9.0, 12.0)
    assert tg.hvp(lambda x: x**3, 2.0, 1.0) == 12.0
    value, pullback = tg.vjp(lambda x: x * x, 3.0)
    assert (value, pullback(1.0)) == (9.0, 6.0)


def test_free_functions_follow_their_values_and_are_float64_otherwise() -> None:
    assert same(tg.grad(lambda x: x * x)(3), np.float64(6))
    for p in PRECISIONS:
        found = tg.grad(lambda x: x * x)(p(3))
        assert isinstance(found, tg.Value)
        assert same(found.data, p.scalar(6))


@each
def test_nesting(p: Any) -> None:
    def f(x: Any) -> Any:
        return x**5

    g, expected = f, [80, 160, 240, 240, 120, 0]
    for number in expected:
        g = p.grad(g)
        assert same(g(2), p.scalar(number))
    x = p(2)
    second = p.grad(p.grad(f))(x)
    assert isinstance(second, tg.Value)
    second.backward()
    assert same(x.grad, p.scalar(240))


NESTS: dict[str, Callable[[Any, Any], Any]] = {
    "grad of grad": lambda p, f: p.grad(p.grad(f))(0.5),
    "jvp of grad": lambda p, f: p.jvp(p.grad(f), (0.5,), (1,))[1],
    "grad of jvp": lambda p, f: p.grad(lambda x: p.jvp(f, (x,), (1,))[1])(0.5),
    "jvp of jvp": lambda p, f: p.jvp(lambda x: p.jvp(f, (x,), (1,))[1], (0.5,), (1,))[1],
    "grad of vjp": lambda p, f: p.grad(lambda x: p.vjp(f, (x,))[1](1))(0.5),
    "hessian": lambda p, f: p.hessian(f)(0.5),
    "hvp": lambda p, f: p.hvp(f, (0.5,), (1,)),
    "jacobian of grad": lambda p, f: p.jacobian(lambda x: [p.grad(f)(x)])(0.5)[0, 0],
    "grad of jacobian": lambda p, f: p.grad(lambda x: p.jacobian(lambda y: [f(y)])(x)[0][0])(0.5),
    "vector hessian": lambda p, f: p.hessian(lambda xs: f(xs[0]))([0.5])[0, 0],
    "grad of value_and_grad": lambda p, f: p.grad(lambda x: p.value_and_grad(f)(x)[1])(0.5),
}


@each
@pytest.mark.parametrize("name", NESTS)
def test_every_way_to_a_second_derivative(p: Any, name: str) -> None:
    found = NESTS[name](p, lambda x: tg.exp(x * x))
    truth = p.lift("4.5") * np.exp(p.lift("0.25")) - p.lift("1.5") * np.exp(p.lift("0.25"))
    assert type(found) is p.scalar
    assert abs(found - truth) <= 8 * p.ulp(truth)


@each
@pytest.mark.parametrize("at", ["0.5", "-1.25", "3", "0.01", "8", "-15"])
def test_the_third_derivative_of_tanh_is_right_to_the_last_digits(p: Any, at: str) -> None:
    x = p.lift(at)
    found = p.grad(p.grad(p.grad(tg.tanh)))(x)
    with mp.workdps(80):
        point = mp.mpf(p.to_ratio(x)[0]) / p.to_ratio(x)[1]
        y, s = mp.tanh(point), mp.sech(point) ** 2
        truth = p.lift(mp.nstr(s * (4 * y * y - 2 * s), 60))
    assert abs(found - truth) <= 16 * p.ulp(truth)


@each
def test_mixed_third_derivatives(p: Any) -> None:
    def f(x: Any, y: Any, z: Any) -> Any:
        return x * x * y * z * z * z

    def d(g: Any, k: int) -> Any:
        return lambda *xs: p.grad(g)(*xs)[k]

    for order in itertools.permutations([0, 1, 2]):
        g: Any = f
        for k in order:
            g = d(g, k)
        assert same(g(2, 3, 5), p.scalar(2 * 2 * 3 * 25))


@each
def test_perturbations_are_not_confused(p: Any) -> None:
    assert p.grad(lambda x: x * p.grad(lambda y: x + y)(x))(3) == 1
    assert p.grad(lambda x: x * p.grad(lambda y: x * y)(x))(3) == 6
    assert p.grad(lambda x: p.grad(lambda y: p.grad(lambda z: x * y * z * z)(y))(x))(3) == 24
    assert p.jvp(lambda x: x * p.jvp(lambda y: x + y, (x,), (1,))[1], (3,), (1,))[1] == 1


@each
def test_an_inner_derivative_at_plain_numbers_keeps_the_outer_variable(p: Any) -> None:
    """The inner call has plain numbers, but its result depends on x of the outer one."""
    assert p.grad(lambda x: x * p.grad(lambda y: x + y)(1.0))(3) == 1
    assert p.grad(lambda x: x * p.grad(lambda y: x * y)(1.0))(3) == 6
    assert p.grad(lambda x: p.grad(lambda y: x * x * y)(1.0))(3) == 6
    assert p.grad(lambda x: p.jvp(lambda y: x * y, (2.0,), (1.0,))[1] * x)(3) == 6
    assert p.grad(lambda x: p.hessian(lambda y: x * x * y * y)(1.0))(3) == 12
    assert p.grad(lambda x: p.hvp(lambda y, z: x * y * z, (1.0, 2.0), (0, 1))[0])(3) == 1
    assert p.grad(lambda x: p.vjp(lambda y: x * y, (1.0,))[1](1.0) * x)(3) == 6
    assert p.grad(lambda x: p.value_and_grad(lambda y: x * y)(2.0)[0])(3) == 2
    assert p.grad(lambda x: p.jacobian(lambda y: [x * y, y])(2.0)[0][0])(3) == 1
    inner: list[Any] = []

    def f(x: Any) -> Any:
        inner.append(p.grad(lambda y: y * y)(2.0))
        return x

    p.grad(f)(3)
    assert same(inner[0], p.scalar(4))


@each
def test_a_derivative_along_a_value(p: Any) -> None:
    assert p.grad(lambda v: p.jvp(lambda y: y * y, (3.0,), (v,))[1])(1) == 6
    assert p.grad(lambda v: p.hvp(lambda y: y**3, (2.0,), (v,)))(1) == 12
    assert p.grad(lambda v: 2 * p.vjp(lambda y: y * y, (3.0,))[1](v))(1) == 12


@each
def test_transforms_are_pure(p: Any) -> None:
    w, x = p(3), p(2)
    (w * x).backward()
    kept = w.grad, x.grad

    def f(x: Any) -> Any:
        return w * x * x

    _ = (
        p.grad(f)(2),
        p.hessian(f)(2),
        p.hvp(f, (2,), (1,)),
        p.jvp(f, (2,), (1,)),
        p.vjp(f, (2,))[1](1),
    )
    _ = p.grad(p.grad(f))(x), p.grad(f)(x), p.jacobian(lambda x: [f(x)])(x)
    assert (w.grad, x.grad) == kept
    assert p.grad(f)(2) == p.grad(f)(2) == 12
    outer = p.grad(lambda y: p.grad(lambda z: w * z * y)(y) * w)
    assert outer(2) == 9
    assert (w.grad, x.grad) == kept


@each
def test_backward_inside_a_function_does_not_disturb_it(p: Any) -> None:
    def f(x: Any) -> Any:
        y = x * x
        y.backward()
        return y * 3

    assert p.grad(f)(2) == 12
    assert p.grad(p.grad(f))(2) == 6

    def unreached(x: Any, y: Any) -> Any:
        (y * 5).backward()
        return x * 2

    assert p.grad(unreached)(1, 1) == (2, 0)


@each
def test_unreached_inputs_get_an_exact_zero(p: Any) -> None:
    zero = p.scalar(0)
    for f in (lambda x, y: x, lambda x, y: x * 1, lambda x, y: p(3) * x):
        assert same(p.grad(f)(2, 5)[1], zero)
        assert same(p.jvp(f, (2, 5), (0, 1))[1], zero)
        assert p.hessian(f)(2, 5).tolist() == [[0, 0], [0, 0]]
        assert [same(h, zero) for h in p.hvp(f, (2, 5), (1, 1))] == [True, True]
    assert same(p.grad(lambda x: p(7))(2), zero)
    old = p(7)
    assert same(p.grad(lambda x: old * old)(2), zero)
    assert same(p.grad(lambda x: x - x)(2), zero)
    assert same(p.grad(p.grad(lambda x: x * 3))(2), zero)
    lifted = p.grad(lambda x, y: x * 2)(p(1), p(1))
    assert same(lifted[1].data, zero)


@each
@pytest.mark.parametrize("at", [0, -1, -0.0])
def test_rule_z(p: Any, at: float) -> None:
    def masked(x: Any) -> Any:
        return tg.where(x > 0, tg.sqrt(x), 0)

    def masked_by_rows(x: Any) -> Any:
        return tg.where(tg.greater(x, 0), tg.sqrt(x), x * 2)

    def zero_times(x: Any) -> Any:
        return 0 * tg.sqrt(x)

    with np.errstate(all="ignore"):
        assert same(abs(p.grad(masked)(at)), p.scalar(0))
        assert same(p.grad(masked_by_rows)(at), p.scalar(2))
        assert same(abs(p.grad(p.grad(masked))(at)), p.scalar(0))
        assert same(abs(p.grad(p.grad(masked_by_rows))(at)), p.scalar(0))
        assert same(abs(p.hessian(masked)(at)), p.scalar(0))
        assert same(abs(p.hvp(masked, (at,), (1,))), p.scalar(0))
        assert same(abs(p.jvp(masked, (at,), (1,))[1]), p.scalar(0))
        assert same(p.jvp(masked_by_rows, (at,), (1,))[1], p.scalar(2))
        assert same(abs(p.jvp(p.grad(masked), (at,), (1,))[1]), p.scalar(0))
        assert same(abs(p.grad(zero_times)(at)), p.scalar(0))
        assert same(abs(p.grad(p.grad(zero_times))(at)), p.scalar(0))
        assert same(abs(p.jvp(zero_times, (at,), (1,))[1]), p.scalar(0))


@each
def test_a_zero_adjoint_that_varies_is_not_forgotten(p: Any) -> None:
    """At 0 the adjoint of the square is 0, but its derivative is not."""
    assert p.grad(p.grad(lambda x: x * x * x))(0) == 0
    assert p.grad(p.grad(p.grad(lambda x: x * x * x)))(0) == 6
    assert p.hessian(lambda x, y: x * tg.sin(y))(0, 0).tolist() == [[0, 1], [1, 0]]
    assert p.grad(lambda x: p.jvp(lambda y: y * y, (x,), (x,))[1])(0) == 0
    assert p.grad(p.grad(lambda x: p.jvp(lambda y: y * y, (x,), (x,))[1]))(0) == 4


@each
@pytest.mark.parametrize(
    "args",
    [
        (),
        ([],),
        (np.array([]),),
        tuple(range(9)),
        (1.0, [2.0, 3.0]),
        ([[1.0]],),
        ({"w": 1.0},),
        (np.ones((2, 2)),),
    ],
    ids=lambda args: f"{len(args)}",
)
def test_bad_arguments(p: Any, args: Any) -> None:
    for made in (
        p.grad(weighted),
        p.value_and_grad(weighted),
        p.jacobian(many),
        p.hessian(weighted),
    ):
        with pytest.raises(BadArguments):
            made(*args)


@each
def test_bad_tangents(p: Any) -> None:
    with pytest.raises(BadArguments, match="3 tangents for 2 arguments"):
        p.jvp(f2, (1, 2), (1, 2, 3))
    with pytest.raises(BadArguments, match="1 tangents for 2 arguments"):
        p.hvp(f2, (1, 2), (1,))
    with pytest.raises(BadArguments, match="pullback of many"):
        p.vjp(many, (1, 2))[1](1)
    with pytest.raises(BadArguments, match="pullback of many"):
        p.vjp(many, (1, 2))[1]([1, 2])
    with pytest.raises(NotANumber):
        p.jvp(f2, (1, 2), (None, 1))
    for bad in (None, 1j, "two".split):
        with pytest.raises(TypeError):
            p.grad(lambda x: x)(bad)


@each
def test_bad_results(p: Any) -> None:
    q = next(q for q in PRECISIONS if q is not p)
    results: list[Any] = [1.0, None, p.scalar(1), q(1), p.strict(1), "x", np.array([p(1)])]
    for result in results:
        for transform in (p.grad, p.value_and_grad, p.hessian):
            with pytest.raises(BadResult):
                transform(lambda x, result=result: result)(1)
        with pytest.raises(BadResult):
            p.jacobian(lambda x, result=result: [x, result])(1)
    with pytest.raises(BadResult, match=f"not a list of Values of {p.name}"):
        p.jacobian(lambda x: x)(1)
    with pytest.raises(BadResult, match=f"returned .* not a Value of {p.name}"):
        p.grad(lambda x: x.data)(1)


def test_names_and_docs_of_what_is_made() -> None:
    made = tg.grad(f2)
    assert made.__name__ == "grad(f2)"
    assert "f2" in made.__doc__


@each
def test_errors_of_the_function_come_through(p: Any) -> None:
    class Mine(Exception):
        pass

    def f(x: Any) -> Any:
        raise Mine

    for transform in (p.grad, p.value_and_grad, p.jacobian, p.hessian):
        with pytest.raises(Mine):
            transform(f)(1)
    assert p.grad(lambda x: x * x)(3) == 6
