"""Value: operators, comparisons, state, formats, copies, and the doors that are closed."""

# pyright: basic

from __future__ import annotations

import copy
import math
import operator
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest

import typedgrad
from typedgrad import errors

tg: Any = typedgrad
PRECISIONS = (tg.float32, tg.float64, tg.longdouble)
each = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)
others = pytest.mark.parametrize(
    ("p", "q"),
    [(p, q) for p in PRECISIONS for q in PRECISIONS if p is not q],
    ids=lambda p: p.name,
)
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "remainder": operator.mod,
}
COMPARISONS = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)
binary = pytest.mark.parametrize("name", OPERATORS)
WEAK: tuple[Callable[[Any], Any], ...] = (int, float, np.int64, np.int8, np.uint16, np.int32)


def same(x: Any, y: Any) -> bool:
    return type(x) is type(y) and str(x) == str(y)


@each
@binary
def test_operators_compute_as_numpy_does(p: Any, name: str) -> None:
    act = OPERATORS[name]
    draw = random.Random(name)
    for _ in range(20):
        a, b = (p.lift(Fraction(draw.randrange(1, 10**6), 10**5)) for _ in "ab")
        z = act(p(a), p(b))
        assert type(z.data) is p.scalar
        assert abs(z.data - act(a, b)) <= 2 * p.ulp(act(a, b))
        assert z.op == name
        assert [x.data for x in z.parents] == [a, b]


@each
@binary
@pytest.mark.parametrize("weak", WEAK, ids=lambda kind: kind.__name__)
def test_weak_operands_on_both_sides(p: Any, name: str, weak: Callable[[Any], Any]) -> None:
    act, v, two = OPERATORS[name], p(3), p(2)
    for got, wanted in ((act(v, weak(2)), act(v, two)), (act(weak(2), v), act(two, v))):
        assert same(got.data, wanted.data)
        assert got.numbers is p
        got.backward()
    assert type(v.grad) is p.scalar


@each
@binary
def test_scalars_of_the_precision_on_both_sides(p: Any, name: str) -> None:
    act, v, two = OPERATORS[name], p(3), p.scalar(2)
    assert same(act(v, two).data, act(v, p(2)).data)
    assert same(act(two, v).data, act(p(2), v).data)
    assert act(two, v).numbers is p


@each
@binary
def test_bools_are_integers(p: Any, name: str) -> None:
    act, v = OPERATORS[name], p(3)
    for one in (True, np.True_):
        assert same(act(v, one).data, act(v, p(1)).data)
        assert same(act(one, v).data, act(p(1), v).data)


@each
def test_equal_literals_may_differ(p: Any) -> None:
    """Nodes of literals are shared, but never those of 0.0 and -0.0."""
    v = p(2)
    for _ in range(2):
        signs = [bool(np.signbit((v * zero).data)) for zero in (0.0, -0.0, 0, -0.0, 0.0)]
        assert signs == [False, True, False, True, False]
    assert np.isnan((v * float("nan")).data)
    assert [(v + one).data for one in (1, 1.0, True, np.True_)] == [3] * 4
    if p.bits <= 53:
        assert (v + (2**53 + 1)).data == v.data + p.lift(2**53 + 1)
        assert (v + float(2**53)).data == v.data + p.lift(2**53)


@each
def test_shared_literals_carry_nothing_from_graph_to_graph(p: Any) -> None:
    for _ in range(3):
        x = p(3)
        y = x * 2 + 2
        y.backward()
        assert x.grad == 2
        assert y.parents[1].grad in (0, 1)
    assert p.grad(lambda x: x * 2 + 2)(3) == 2


@each
def test_exact_literals(p: Any) -> None:
    v = p(1)
    assert same((v * Fraction(1, 3)).data, p.lift("1/3"))
    assert same((Fraction(1, 3) * v).data, p.lift("1/3"))
    assert same((v * Decimal("0.1")).data, p.lift("0.1"))
    assert same((v + 10**20).data, p.scalar(1) + p.lift(10**20))


@others
@binary
def test_mixing_is_refused_everywhere(p: Any, q: Any, name: str) -> None:
    act, v, w = OPERATORS[name], p(3), q(2)
    strangers: list[Any] = [w, w.data, np.asarray(w.data), np.array([w.data]), np.array([w])]
    for stranger in strangers:
        for left, right in ((v, stranger), (stranger, v)):
            with pytest.raises(errors.PrecisionMismatch, match=r"\[TG101\]"):
                act(left, right)


@others
@pytest.mark.parametrize("test", COMPARISONS, ids=lambda test: test.__name__)
def test_comparing_precisions_is_refused(p: Any, q: Any, test: Callable[[Any, Any], Any]) -> None:
    v, w = p(3), q(2)
    for stranger in (w, w.data, np.asarray(w.data)):
        for left, right in ((v, stranger), (stranger, v)):
            with pytest.raises(errors.PrecisionMismatch):
                test(left, right)


@others
def test_every_function_refuses_mixing(p: Any, q: Any) -> None:
    for op in tg.ops.TABLE.values():
        if op.sequences or op.arity < 2:
            continue
        for place in range(op.arity):
            for stranger in (q(1), q.scalar(1)):
                args = [p(1)] * op.arity
                args[place] = stranger
                with pytest.raises(errors.PrecisionMismatch):
                    op(*args)
        if op.sequences == 1:
            with pytest.raises(errors.PrecisionMismatch):
                op([p(1), q(1)])
        if op.sequences == 2:
            with pytest.raises(errors.PrecisionMismatch):
                op([p(1)], [q(1)])


@each
def test_strict_and_plain_do_not_mix(p: Any) -> None:
    with pytest.raises(errors.PrecisionMismatch, match=f"{p.name}.strict"):
        _ = p(1) * p.strict(1)


@each
@pytest.mark.parametrize(
    "stranger", [None, 1j, [1.0], (1,), object(), b"1"], ids=lambda x: type(x).__name__
)
def test_strangers_are_refused(p: Any, stranger: Any) -> None:
    for act in OPERATORS.values():
        with pytest.raises(TypeError):
            act(p(1), stranger)
        with pytest.raises(TypeError):
            act(stranger, p(1))


def test_text_is_no_operand() -> None:
    for act in (operator.add, operator.mul, operator.lt):
        with pytest.raises(TypeError):
            act(tg.Value(1.0), "0.1")


@each
@pytest.mark.parametrize("test", COMPARISONS, ids=lambda test: test.__name__)
def test_comparisons(p: Any, test: Callable[[Any, Any], Any]) -> None:
    points: list[Any] = [p.lift(x) for x in (-1, -0.0, 0, 1, "inf", "-inf", "nan")]
    for a in points:
        for b in points:
            expected = bool(test(a, b))
            rights = [p(b), b, *([float(b)] if b == b else [])]
            for right in rights:
                assert test(p(a), right) is expected
            for left in (a, float(a)):
                assert test(left, p(b)) is expected
    assert test(p(2), 2) is test(2, 2)
    assert test(np.int64(2), p(3)) is bool(test(2, 3))
    assert type(test(np.int64(2), p(3))) is bool


def test_equality_with_strangers() -> None:
    v = tg.Value(1.0)
    for stranger in (None, "1", 1j, [1.0], object(), b""):
        assert (v == stranger) is False
        assert (v != stranger) is True
        assert (stranger == v) is False


@each
def test_hash_is_identity(p: Any) -> None:
    v, w = p(1), p(1)
    assert v == w
    assert hash(v) == hash(v)
    assert len({v, w}) == 2
    assert {v: "v", w: "w"}[v] == "v"
    assert v in [w]


@each
def test_truth(p: Any) -> None:
    assert [bool(p(x)) for x in (0, -0.0, 1, -2, "nan", "inf")] == [
        False,
        False,
        True,
        True,
        True,
        True,
    ]
    assert not p(0)


@each
def test_positive_negative_and_abs(p: Any) -> None:
    v = p(-2)
    assert +v is v
    assert (-v).data == 2
    assert abs(v).data == 2
    assert np.signbit((-p(0)).data)


@each
def test_data_of_a_leaf_may_be_assigned(p: Any) -> None:
    v = p(2)
    v.data = v.data - p.scalar("0.5")
    assert same(v.data, p.scalar("1.5"))
    v.data = 3
    assert same(v.data, p.scalar(3))
    with pytest.raises(errors.NotANumber):
        v.data = None
    for q in PRECISIONS:
        if q is not p:
            with pytest.raises(errors.PrecisionMismatch):
                v.data = q.scalar(1)
    assert same(v.data, p.scalar(3))


@each
def test_data_of_other_nodes_is_frozen(p: Any) -> None:
    v = p(2)
    w = v * v
    for node in (w, (v + 1).parents[1], w.astype(tg.float64)):
        with pytest.raises(errors.FrozenData):
            node.data = 1.0
    assert w.data == 4


@each
def test_parents_and_op(p: Any) -> None:
    x, y = p(1), p(2)
    assert x.parents == ()
    assert x.op == "leaf"
    z = x * y
    assert z.parents[0] is x
    assert z.parents[1] is y
    assert z.op == "mul"
    assert (x * 3).parents[1].op == "constant"
    f = tg.fma(x, y, z)
    assert [a is b for a, b in zip(f.parents, (x, y, z), strict=True)] == [True] * 3
    assert (-x).parents[0] is x


@each
def test_grad_starts_at_zero_of_the_type(p: Any) -> None:
    x = p(3)
    assert same(x.grad, p.scalar(0))
    x.zero_grad()
    assert same(x.grad, p.scalar(0))
    x.grad = 2
    assert same(x.grad, p.scalar(2))
    with pytest.raises(errors.NotANumber):
        x.grad = ["two"]


@each
def test_item_and_detach(p: Any) -> None:
    x = p("0.1")
    y = x * 2
    assert type(y.item()) is float
    assert y.item() == float(y.data)
    d = y.detach()
    assert d.op == "leaf"
    assert same(d.data, y.data)
    (d * 3).backward()
    assert x.grad == 0
    assert y.grad == 0
    assert type(d) is type(y)


@each
def test_values_of_values_are_refused(p: Any) -> None:
    with pytest.raises(errors.NotANumber):
        p(p(1))
    with pytest.raises(errors.NotANumber):
        tg.Value(p(1))


def test_value_takes_the_precision_of_a_scalar() -> None:
    for p in PRECISIONS:
        assert tg.Value(p.scalar(2)).numbers is p
        assert isinstance(tg.Value(p.scalar(2)), tg.Value)
    for x in (2, 2.0, True, np.int32(2), "2", Fraction(2), Decimal(2)):
        assert tg.Value(x).numbers is tg.float64


@each
def test_formats(p: Any) -> None:
    v = p("0.1")
    assert str(v) == str(p.scalar("0.1"))
    assert f"{v}" == str(v)
    assert f"{v:.3f}" == "0.100"
    assert f"{v:>10.2e}" == "  1.00e-01"
    assert repr(v) == f"Value({p.scalar('0.1')!r})"
    (v * 3).backward()
    assert repr(v) == f"Value({p.scalar('0.1')!r}, grad={p.scalar(3)!r})"
    assert "-0.00" in f"{p(-0.0):.2f}"


def test_repr_reads_as_python() -> None:
    x = tg.float32(2)
    (x * x).backward()
    assert repr(x) == "Value(np.float32(2.0), grad=np.float32(4.0))"


NUMBERS_TO_KEEP = ("0.1", "-1/3", "-0.0", "0", "inf", "-inf", "nan", "1e-30", "1p-149")


def through_pickle(v: Any, protocol: int) -> Any:
    return pickle.loads(pickle.dumps(v, protocol))


@each
@pytest.mark.parametrize("text", NUMBERS_TO_KEEP)
def test_copies_are_detached_leaves(p: Any, text: str) -> None:
    v = p(text) * p(1)
    v.backward()
    ways: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy]
    ways += [partial(through_pickle, protocol=n) for n in range(pickle.HIGHEST_PROTOCOL + 1)]
    for way in ways:
        w = way(v)
        assert type(w) is type(v)
        assert w.op == "leaf"
        assert w.adjoint is None
        assert same(w.data, v.data)
        assert np.signbit(w.data) == np.signbit(v.data)
        assert w is not v


@each
def test_pickles_are_exact_to_the_last_subnormal(p: Any) -> None:
    least = Fraction(2) ** (p.min_exponent - p.bits + 1)
    for x in (least, 3 * least, Fraction(*map(int, p.huge.as_integer_ratio())), least * 2**60):
        v = p(x)
        assert v.data > 0
        assert pickle.loads(pickle.dumps(v)).data == v.data


def test_deepcopy_keeps_sharing() -> None:
    v = tg.Value(1.0)
    a, b = copy.deepcopy([v, v])
    assert a is b
    assert a is not v


def test_pickles_travel_to_a_fresh_process() -> None:
    values = [p("0.1") for p in PRECISIONS] + [tg.float64.strict(2)]
    code = (
        "import pickle, sys; import typedgrad as tg;"
        "vs = pickle.loads(sys.stdin.buffer.read());"
        "print(*[v.numbers.name for v in vs], *[tg.precision_of(v)(v.data) == v for v in vs])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(values), capture_output=True, check=True
    )
    assert run.stdout.decode().split() == [v.numbers.name for v in values] + ["True"] * 4


def test_rows_can_be_pickled() -> None:
    for op in tg.ops.TABLE.values():
        assert pickle.loads(pickle.dumps(op)) is op


CLOSED: dict[str, Callable[[Any], Any]] = {
    "float": float,
    "int": int,
    "complex": complex,
    "round": round,
    "round to digits": lambda v: round(v, 2),
    "index": operator.index,
    "math.sin": math.sin,
    "range": range,
    "percent": lambda v: "%f" % v,  # noqa: UP031
    "list index": lambda v: [1, 2][v],
    "array": lambda v: np.array([v], dtype=np.float32),
    "array longdouble": lambda v: np.array([v], dtype=np.longdouble),
    "array int": lambda v: np.array([v], dtype=np.int64),
    "array complex": lambda v: np.array([v], dtype=complex),
    "item assignment": lambda v: np.zeros(2).__setitem__(0, v),
    "astype": lambda v: np.array([v]).astype(float),
    "np.float64": np.float64,
    "fsum": lambda v: math.fsum([v]),
}


@each
@pytest.mark.parametrize("name", CLOSED)
def test_there_is_no_plain_number_behind_the_back_of_the_graph(p: Any, name: str) -> None:
    with pytest.raises(errors.NoPlainFloat, match=r"would drop its gradient"):
        CLOSED[name](p(1))


@each
def test_floor_ceil_and_trunc_stay_in_the_graph(p: Any) -> None:
    for act in (math.floor, math.ceil, math.trunc):
        x = p("-1.5")
        y: Any = act(x)
        assert isinstance(y, tg.Value)
        assert same(y.data, p.scalar(act(-1.5)))


@each
def test_astype_is_differentiable_both_ways(p: Any) -> None:
    for q in PRECISIONS:
        x = p("0.1")
        y = x.astype(q)
        assert type(y.data) is q.scalar
        assert same(y.data, q.convert(x.data, p))
        z = y * y
        z.backward()
        assert type(x.grad) is p.scalar
        assert same(x.grad, p.convert(z.parents[0].grad, q))
        assert y.parents[0] is x
        assert y.op == "astype"


def test_a_chain_of_casts() -> None:
    def f(x: Any) -> Any:
        wide = x.astype(tg.longdouble)
        return (tg.exp(wide * wide) * wide).astype(tg.float32)

    x = tg.float32(0.5)
    y = f(x)
    y.backward()
    truth = tg.longdouble.grad(lambda x: tg.exp(x * x) * x)(0.5)
    assert same(x.grad, np.float32(truth))
    assert same(tg.float32.grad(f)(0.5), np.float32(truth))
    second = tg.longdouble.grad(tg.longdouble.grad(lambda x: tg.exp(x * x) * x))(0.5)
    assert same(tg.float32.grad(tg.float32.grad(f))(0.5), np.float32(second))
    assert same(tg.float32.hessian(f)(0.5), np.float32(second))
    value, tangent = tg.float32.jvp(f, (0.5,), (2.0,))
    assert same(value, y.data)
    assert same(tangent, np.float32(2 * truth))
    assert same(tg.float32.hvp(f, (0.5,), (1.0,)), np.float32(second))


def test_a_cast_may_overflow_and_says_so_as_numpy_does() -> None:
    with np.errstate(over="ignore"):
        assert tg.float64(1e300).astype(tg.float32).data == np.inf
    with pytest.warns(RuntimeWarning, match="overflow"):
        tg.float64(1e300).astype(tg.float32)


@pytest.mark.parametrize("target", [np.float32, float, "float32", None, tg.Value(1.0)], ids=repr)
def test_astype_takes_a_precision(target: Any) -> None:
    with pytest.raises(errors.BadCall, match="astype takes a precision"):
        tg.Value(1.0).astype(target)


@each
def test_methods_are_the_rows(p: Any) -> None:
    v = p("0.5")
    for op in tg.ops.TABLE.values():
        if op.arity == 1 and not op.sequences and not op.companion:
            with np.errstate(all="ignore"):
                assert same(getattr(v, op.name)().data, op(v).data)
                assert same(op(v).data, op(v.data))


def test_functions_refuse_wrong_calls() -> None:
    v = tg.Value(1.0)
    calls: list[tuple[Any, ...]] = [
        (tg.exp, v, v),
        (tg.exp,),
        (tg.atan2, v),
        (v.exp, 2),
        (v.atan2,),
        (tg.sum, v),
        (tg.sum, []),
        (tg.dot, [v], [v, v]),
        (tg.dot, [v]),
    ]
    for function, *args in calls:
        with pytest.raises(TypeError):
            function(*args)
    with pytest.raises(errors.BadCall, match="has no argument base"):
        tg.exp(v, base=2)


def test_functions_of_plain_numbers_are_float64() -> None:
    assert same(tg.exp(1), np.exp(np.float64(1)))
    assert same(tg.exp(np.float32(1)), np.exp(np.float32(1)))
    assert same(tg.mul(np.float32(1), 2), np.float32(2))
    with pytest.raises(errors.PrecisionMismatch):
        tg.mul(np.float32(1), np.float64(2))
    with pytest.raises(errors.NotANumber):
        tg.exp(np.array([1.0]))


@each
def test_strict_stops_at_the_first_nan(p: Any) -> None:
    s = p.strict
    with pytest.raises(errors.DomainError, match=r"log\(-1.0\) is outside the domain"):
        s(-1).log()
    with pytest.raises(errors.DomainError, match="div"), np.errstate(all="ignore"):
        _ = s(0) / s(0)
    with pytest.raises(errors.DomainError, match="sub"), np.errstate(all="ignore"):
        _ = s("inf") - s("inf")
    with pytest.raises(errors.DomainError, match="sqrt"), np.errstate(all="ignore"):
        np.sqrt(s(-2))
    assert np.isnan(s("nan").log().data)
    with np.errstate(divide="ignore"):
        assert s(0).log().data == -np.inf
    assert type((s(2) * 3).data) is p.scalar
    with np.errstate(all="ignore"):
        x = p(-1)
        y = x.log()
        y.backward()
        assert np.isnan(y.data)
        assert np.isnan(x.grad)


def test_strict_values_keep_their_precision() -> None:
    s = tg.float64.strict
    x = s(2.0)
    y = x * tg.log(x) + 1
    assert y.numbers is s
    y.backward()
    assert x.grad == np.log(2.0) + 1
    assert s.grad(lambda x: x * x)(3.0) == 6.0
    assert (x + 1).astype(tg.float64).numbers is tg.float64


def test_an_object_of_another_library_may_answer() -> None:
    class Other:
        def __radd__(self, left: Any) -> str:
            return f"Other met {left}"

    assert tg.Value(2.0) + Other() == "Other met 2.0"
    with pytest.raises(TypeError):
        _ = tg.Value(2.0) * Other()
