"""Wide arithmetic: programs on bare numbers agree with the reference, and keep few of them."""

# pyright: basic

from __future__ import annotations

import sys
from fractions import Fraction
from threading import Thread
from typing import Any

import numpy as np
import pytest

import typedgrad
from typedgrad import engines
from typedgrad.engines.exact import Real, exact_precision
from typedgrad.engines.marching import CHUNK
from typedgrad.engines.wide import Mpmath, Wide, wide
from typedgrad.errors import BadRow
from typedgrad.gradient import value_and_gradient
from typedgrad.op import TABLE
from typedgrad.program import Builder, Program

tg: Any = typedgrad
PRECISIONS = [tg.float32, tg.float64, tg.longdouble]
EDGES = ["0", "-0.0", "1", "-2", "0.5", "1e-30", "1e30", "inf", "-inf", "nan"]


def without_flint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tests of a machine without python-flint run on this one."""
    monkeypatch.setitem(sys.modules, "flint", None)
    for name in ("balls", "ballrows", "ballmath"):
        monkeypatch.delitem(sys.modules, f"typedgrad.engines.{name}", raising=False)
        monkeypatch.delattr(engines, name, raising=False)


def kinds() -> list[Any]:
    """mpmath, and what python-flint adds where it is there."""
    pytest.importorskip("mpmath")
    found: list[Any] = [Mpmath]
    if type(wide(128)) is not Mpmath:
        from typedgrad.engines.balls import Balls, Middles

        found += [Balls, Middles]
    return found


every_kind = pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)


def single(name: str, count: int) -> Program:
    builder = Builder(count)
    return builder.program([builder.emit(name, range(count))])


def chain(steps: int) -> Program:
    """x -> x*r + s, again and again."""
    builder = Builder(1, ["0.999", "1/1000"])
    last = 0
    for _ in range(steps):
        last = builder.emit("add", [builder.emit("mul", [last, 1]), 2])
    return builder.program([last])


def same(x: Real, y: Real) -> bool:
    return str(x) == str(y) and (x == y or x != x)


@pytest.mark.parametrize("name", TABLE)
def test_mpmath_without_a_wrapper_gives_what_the_reference_gives(name: str) -> None:
    # Samples, and zeros with signs, infinities and NaN in every place.
    op, numbers = TABLE[name], exact_precision(160)
    count = 4 if op.sequences else op.arity
    rows = [[EDGES[(i * 7 + k * (i + 3)) % len(EDGES)] for k in range(count)] for i in range(30)]
    rows += [[str(x) for x in np.linspace(*op.samples, count + i)[:count]] for i in range(1, 4)]
    if name == "polygamma":
        rows = [["2", row[1]] for row in rows]
    arithmetic, program = Mpmath(160), single(name, count)
    for row in rows:
        if name == "clip" and not float(row[1]) <= float(row[2]):
            continue
        wanted = numbers.lift(
            engines_run(program, [numbers.parse(text) for text in row], numbers),
        )
        (got,) = arithmetic.run(program, [arithmetic.number(text) for text in row])
        assert same(arithmetic.to_real(got, numbers), wanted), row


def engines_run(program: Program, inputs: list[Any], numbers: Any) -> Any:
    from typedgrad.study import run

    (y,) = run(program, inputs, numbers, "python")
    return y


@every_kind
def test_every_value_in_order_and_outputs_alone(kind: type[Wide]) -> None:
    arithmetic, program = kind(128), value_and_gradient(chain(5))
    with arithmetic.working():
        inputs = [arithmetic.number("1/3")]
        values = arithmetic.every(program, inputs)
        outputs = arithmetic.run(program, inputs)
        assert len(values) == program.values
        picked = [values[k] for k in program.outputs]
        assert [arithmetic.to_float(x) for x in picked] == list(map(arithmetic.to_float, outputs))
        value, slope = map(arithmetic.to_float, outputs)
    assert value == pytest.approx(float(Fraction(999, 1000)) ** 5 / 3 + 0.00499, rel=1e-4)
    assert slope == pytest.approx(0.999**5, rel=1e-12)


@every_kind
def test_a_long_program_keeps_only_what_is_needed(kind: type[Wide]) -> None:
    arithmetic, program, most = kind(128), chain(3 * CHUNK), 0

    def watch(values: list[Any], begin: int) -> None:
        nonlocal most
        most = max(most, sum(x is not None for x in values))

    with arithmetic.working():
        (got,) = arithmetic.run(program, [arithmetic.number("0.5")], watch)
        whole = arithmetic.every(program, [arithmetic.number("0.5")])
        assert arithmetic.to_float(got) == arithmetic.to_float(whole[program.outputs[0]])
    assert CHUNK <= most <= CHUNK + 10 < len(program)


@every_kind
def test_folds_and_rows_of_three(kind: type[Wide]) -> None:
    builder = Builder(5)
    a = builder.emit("fma", [0, 1, 2])
    b = builder.emit("sum", range(5))
    c = builder.emit("dot", [0, 1, 2, 3])
    d = builder.emit("neg", [a])
    program = builder.program([d, b, c, 0, c])
    arithmetic = kind(100)
    with arithmetic.working():
        inputs = [arithmetic.number(str(k)) for k in (2, 3, 5, 7, 11)]
        found = [arithmetic.to_float(x) for x in arithmetic.run(program, inputs)]
    assert found == [-11.0, 28.0, 31.0, 2.0, 31.0]


@every_kind
@pytest.mark.parametrize("numbers", PRECISIONS, ids=lambda p: p.name)
def test_scalars_come_in_and_go_out_exactly(kind: type[Wide], numbers: Any) -> None:
    arithmetic, real = kind(128), exact_precision(128)
    for x in (numbers.from_ratio(1, 3), numbers.from_ratio(-7, 2**70), numbers.from_ratio(0)):
        with arithmetic.working():
            raw = arithmetic.from_scalar(x, numbers)
            back = numbers.convert(arithmetic.to_real(raw, real), real)
        assert type(back) is numbers.scalar
        assert back == x


@every_kind
def test_sizes(kind: type[Wide]) -> None:
    arithmetic = kind(90)
    with arithmetic.working():
        for text, size in (("8", 3.0), ("-1/4", -2.0), ("3p5000", 5001.584962500721)):
            x = arithmetic.number(text)
            assert arithmetic.log2size(x) == pytest.approx(size, abs=1e-9)
            assert arithmetic.is_finite(x) and not arithmetic.is_zero(x)
        assert arithmetic.is_zero(arithmetic.number("0"))
        assert arithmetic.log2size(arithmetic.number("0")) == -np.inf
        assert not arithmetic.is_finite(arithmetic.number("nan"))
        assert not arithmetic.is_finite(arithmetic.number("-inf"))
        inputs = [arithmetic.number("3p5000"), arithmetic.number("1/8")]
        _, top = arithmetic.measured(single("mul", 2), inputs)
    assert top == pytest.approx(5001.58, abs=0.01)


@every_kind
def test_constants_are_exact_as_written(kind: type[Wide]) -> None:
    arithmetic, real = kind(200), exact_precision(200)
    pi = tg.ops.special.pi
    literals = [3, 0.1, "0.1", Fraction(1, 3), np.float32(0.1), np.longdouble(2) / 3, pi, "5p-3"]
    with arithmetic.working():
        for x in literals:
            got = arithmetic.to_real(arithmetic.constant(x), real)
            assert abs(got - real.lift(x)) <= abs(got) * real.from_ratio(1, 2**197), x


def test_a_zero_keeps_its_sign_in_mpmath() -> None:
    arithmetic, builder = Mpmath(64), Builder(2)
    product = builder.emit("mul", [0, 1])
    program = builder.program([product, builder.emit("div", [1, product]), 0])
    inputs = [arithmetic.number("-0.0"), arithmetic.number("3")]
    found = [arithmetic.to_real(x, exact_precision(99)) for x in arithmetic.run(program, inputs)]
    assert [str(x) for x in found] == ["-0.0", "-inf", "-0.0"]


def test_without_python_flint_mpmath_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    without_flint(monkeypatch)
    assert type(wide(128, ["add"])) is Mpmath


def test_a_row_that_balls_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("flint")
    from typedgrad.engines import balls

    monkeypatch.setattr(balls, "row_on_balls", lambda name: None)
    assert type(wide(128, ["tanh"])) is Mpmath
    arithmetic = balls.Balls(128)
    with pytest.raises(BadRow, match="tanh: has no meaning in python-flint balls"):
        arithmetic.run(single("tanh", 1), [arithmetic.number("1")])


@every_kind
def test_threads_of_different_widths_do_not_disturb_each_other(kind: type[Wide]) -> None:
    program = chain(2000)
    found: dict[int, list[Real]] = {}

    def work(bits: int) -> None:
        arithmetic = kind(bits)
        for _ in range(3):
            with arithmetic.working():
                (y,) = arithmetic.run(program, [arithmetic.number("1/3")])
                found.setdefault(bits, []).append(arithmetic.to_real(y, exact_precision(bits)))

    threads = [Thread(target=work, args=(bits,)) for bits in (64, 100, 256, 900)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    truth = found[900][0]
    for bits in (64, 100, 256, 900):
        assert len(found[bits]) == 3
        for x in found[bits]:
            error = abs(truth - exact_precision(900).convert(x, exact_precision(bits)))
            assert error <= truth * exact_precision(900).from_ratio(1, 2 ** (bits - 14))
            assert bits == 900 or error > 0


def test_flint_gets_its_width_back() -> None:
    flint = pytest.importorskip("flint")
    before = flint.ctx.prec
    narrow, broad = wide(77), wide(99)
    with narrow.working():
        assert flint.ctx.prec == 77
        with broad.working():
            assert flint.ctx.prec == 99
        assert flint.ctx.prec == 77
    with pytest.raises(ZeroDivisionError), narrow.working():
        _ = 1 / 0
    assert flint.ctx.prec == before
