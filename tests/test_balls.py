"""Balls: every row and every program encloses the truth, which mpmath finds at far more digits."""

# pyright: basic

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import typedgrad
from typedgrad.engines.exact import Real, exact_precision
from typedgrad.engines.wide import Mpmath, middles, wide
from typedgrad.gradient import value_and_gradient
from typedgrad.machine import machine_of
from typedgrad.op import BY_UFUNC, TABLE, primitive
from typedgrad.program import Builder, Program

flint = pytest.importorskip("flint")
balls: Any = pytest.importorskip("typedgrad.engines.balls")

tg: Any = typedgrad
FINE = exact_precision(700)
EDGES = [
    *("0", "1", "-1", "0.5", "-0.5", "2", "-2", "3.5", "-2.5", "1/3", "-1/3", "100", "-100"),
    *("1e-30", "-1e-30", "1e30", "-1e30", "1e-300", "0.36787944117144233", "1p-40", "4", "8"),
]
# Undefined although the truth is a number: the sign of a zero decides, or the width is too small.
SIGNS = {"copysign", "atan2"}


def points(name: str, seed: int = 1) -> list[list[str]]:
    """Samples of a row's ordinary range, and the edges in every place."""
    op, rnd = TABLE[name], random.Random(seed)
    count = 6 if op.sequences else op.arity
    found = [[repr(rnd.uniform(*op.samples)) for _ in range(count)] for _ in range(25)]
    if count < 3:
        found += [list(row) for row in itertools.product(EDGES, repeat=count)]
    else:
        found += [[rnd.choice(EDGES) for _ in range(count)] for _ in range(150)]
    if name == "polygamma":
        return [[str(rnd.randint(0, 6)), row[1]] for row in found]
    if name == "clip":
        return [row for row in found if float(FINE.parse(row[1])) <= float(FINE.parse(row[2]))]
    return found


def encloses(y: Any, truth: Real) -> bool:
    """Tell whether a ball meets the truth, which is known to 600 bits or more."""
    with flint.ctx.workprec(900):
        near = balls.Balls(900).from_real(truth)
        return bool(y.overlaps(flint.arb(near, abs(near) * flint.arb((1, -600)))))


@pytest.mark.parametrize("name", TABLE)
def test_a_row_encloses_the_truth_and_is_narrow(name: str) -> None:
    arithmetic, forward = wide(160), machine_of(FINE).row(TABLE[name]).forward
    row, known = arithmetic.row(name), 0
    assert row is not None
    for texts in points(name):
        truth = FINE.lift(forward(*map(FINE.parse, texts)))
        with arithmetic.working():
            y = row(*map(arithmetic.number, texts))
        if not y.is_finite():
            continue
        assert FINE.is_finite(truth), f"{texts}: {y} for {truth}"
        assert encloses(y, truth), f"{texts}: {y} for {truth}"
        known += arithmetic.right_bits(y) > 100
    assert known >= 20


@pytest.mark.parametrize("name", sorted(TABLE.keys() - SIGNS))
def test_a_row_is_undefined_only_where_the_truth_is_or_the_width_is_short(name: str) -> None:
    arithmetic, forward = wide(4000), machine_of(FINE).row(TABLE[name]).forward
    row = arithmetic.row(name)
    assert row is not None
    for texts in points(name, 2)[::7]:
        truth = FINE.lift(forward(*map(FINE.parse, texts)))
        with arithmetic.working():
            y = row(*map(arithmetic.number, texts))
        assert y.is_finite() or not FINE.is_finite(truth), f"{texts}: {y} for {truth}"


@pytest.mark.parametrize("name", TABLE)
def test_a_row_of_wide_balls_encloses_its_values_inside(name: str) -> None:
    # Choices, roundings and jumps must not be taken by the midpoint alone.
    op, rnd = TABLE[name], random.Random(name)
    arithmetic, forward = wide(120), machine_of(FINE).row(op).forward
    row, count = arithmetic.row(name), 4 if op.sequences else op.arity
    assert row is not None
    for _ in range(60):
        middle = [rnd.choice([0, 0.5, 1, -1, 2, rnd.uniform(*op.samples)]) for _ in range(count)]
        radius = [rnd.choice([0, 2**-20, 0.25, 1, 4]) for _ in range(count)]
        inside = [m + r * rnd.uniform(-1, 1) for m, r in zip(middle, radius, strict=True)]
        if name == "polygamma":
            middle[0] = inside[0] = rnd.randint(0, 4)
            radius[0] = 0
        if name == "clip" and not inside[1] <= inside[2]:
            continue
        truth = FINE.lift(forward(*map(FINE.lift, inside)))
        with arithmetic.working():
            y = row(*map(flint.arb, middle, radius))
        if y.is_finite() and FINE.is_finite(truth):
            assert encloses(y, truth), f"{inside} in {middle} +- {radius}: {y} for {truth}"
        assert not y.is_finite() or FINE.is_finite(truth), f"{inside}: {y} for {truth}"


CHOICES = ["add", "sub", "mul", "div", "exp", "sin", "tanh", "sqrt", "maximum", "where", "less"]
CHOICES += ["log1p", "abs", "floor", "sigmoid", "azmul", "pow", "hypot", "relu", "round", "square"]


@st.composite
def programs(draw: Any) -> Program:
    """Small programs of three inputs and some constants, and their gradients."""
    builder = Builder(3, ["0.1", 2, "1/3"])
    for _ in range(draw(st.integers(1, 14))):
        name = draw(st.sampled_from(CHOICES))
        size = 6 + len(builder.codes)
        builder.emit(name, [draw(st.integers(0, size - 1)) for _ in TABLE[name].args])
    program = builder.program([5 + len(builder.codes)])
    return value_and_gradient(program) if draw(st.booleans()) else program


TEXTS = st.sampled_from(["0.3", "1", "-2", "1e-9", "7/3", "0", "12.5", "1e8", "-0.7"])


@settings(max_examples=150, deadline=None)
@given(programs(), st.lists(TEXTS, min_size=3, max_size=3))
def test_programs_enclose_the_truth(program: Program, texts: list[str]) -> None:
    exact = Mpmath(700)
    truths = exact.run(program, [exact.number(text) for text in texts])
    for bits in (64, 200):
        arithmetic = wide(bits, program.ops)
        with arithmetic.working():
            found = arithmetic.run(program, [arithmetic.number(text) for text in texts])
        for y, truth in zip(found, truths, strict=True):
            if y.is_finite():
                assert exact.is_finite(truth)
                assert near_enough(y, exact.to_real(truth, FINE)), (bits, y, truth)


def near_enough(y: Any, truth: Real) -> bool:
    """Tell whether a ball meets what mpmath found, whose own rounding is below 2**-300."""
    with flint.ctx.workprec(900):
        near = balls.Balls(900).from_real(truth)
        return bool(y.overlaps(flint.arb(near, (1 + abs(near)) * flint.arb((1, -300)))))


def test_undecided_choices_are_unions() -> None:
    arithmetic = wide(100)
    with arithmetic.working():
        about = flint.arb(0, "1e-9")
        for name, args, inside, outside in (
            ("less", [about, flint.arb(0)], [0, 1], [2]),
            ("where", [about, flint.arb(5), flint.arb(7)], [5, 7], [8]),
            ("floor", [about], [-1, 0], [1.5]),
            ("round", [flint.arb("0.5", "1e-9")], [0, 1], [2]),
            ("heaviside", [about, flint.arb(3)], [0, 1, 3], [4]),
            ("trunc", [flint.arb(1, "1e-9")], [0, 1], [-1]),
            ("sign", [about], [-1, 0, 1], [2]),
            ("ufp", [flint.arb(2, "1e-9")], [1, 2], [4]),
        ):
            row = arithmetic.row(name)
            assert row is not None
            y = row(*args)
            assert all(x in y for x in inside), name
            assert not any(x in y for x in outside), name


def test_signs_of_zeros_are_left_open() -> None:
    arithmetic = wide(100)
    with arithmetic.working():
        nought, one = arithmetic.number("-0.0"), arithmetic.number("1")
        for name, args in (("copysign", [one, nought]), ("div", [one, nought])):
            row = arithmetic.row(name)
            assert row is not None and not row(*args).is_finite()


def test_an_exact_zero_is_absolute_beside_what_may_be_anything() -> None:
    arithmetic = wide(100)
    with arithmetic.working():
        nought, unknown = flint.arb(0), flint.arb.nan()
        for name in ("azmul", "azdiv", "azprod"):
            row = arithmetic.row(name)
            assert row is not None and row(nought, unknown).is_zero()
            assert not row(flint.arb(0, 1), unknown).is_finite()
        dot = arithmetic.row("azdot")
        assert dot is not None
        assert dot(nought, flint.arb(2), unknown, flint.arb(3)) == 6
        either = arithmetic.row("azprod")
        assert either is not None and either(unknown, nought).is_zero()


def test_midpoints_do_not_decide_what_a_row_leaves_open() -> None:
    arithmetic = middles(128, ["remainder"])
    assert arithmetic is not None and not arithmetic.rigorous
    with arithmetic.working():
        remainder = arithmetic.row("remainder")
        assert remainder is not None
        assert remainder(arithmetic.number("7"), arithmetic.number("3")) == 1
        assert not remainder(arithmetic.number(str(2**200)), arithmetic.number("3")).is_finite()


def test_a_radius_that_explodes_is_given_up() -> None:
    builder = Builder(1, ["3.1"])
    y = 0
    for _ in range(30_000):
        y = builder.emit("mul", [builder.emit("sub", [y, builder.emit("square", [y])]), 1])
    program = builder.program([y])
    arithmetic = wide(128)
    with arithmetic.working():
        (x,) = arithmetic.run(program, [arithmetic.number("0.3")])
    assert not x.is_finite()
    assert arithmetic.wanted > 1 << 14


def test_a_row_of_ones_own_is_mpmaths() -> None:
    name = "cosine_of_balls"
    try:
        primitive(name, lambda x: x, lambda g, y, x: (g,), exact="cos", doc="Cosine.")
        assert wide(99, [name]).rigorous  # its name is known
        primitive(name + "_2", lambda x: x + x, lambda g, y, x: (g + g,), doc="Twice.")
        assert not wide(99, [name + "_2"]).rigorous
    finally:
        for own in (name, name + "_2"):
            TABLE.pop(own, None)
            BY_UFUNC.pop(own, None)
