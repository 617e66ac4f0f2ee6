"""Published figures of error estimates and mixed precision, at sizes that take a moment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import typedgrad
from benchmarks.published import OPTIONS, black_scholes, one_line, price, simpsons, switch_point

tg: Any = typedgrad
extended = pytest.mark.skipif(tg.longdouble.bits != 64, reason="longdouble is not 64 bits here")


def test_chef_fps_line() -> None:
    assert f"{one_line():.5e}" == "8.25584e-13"


@extended
def test_simpson_with_only_x_and_s_wide(capsys: Any) -> None:
    whole, mixed, narrow = simpsons(2000).values()
    assert whole < 1e-14 and abs(mixed - whole) < 1e-15 and narrow > 10 * mixed
    assert "record" in capsys.readouterr().out


@extended
def test_black_scholes_in_three_precisions() -> None:
    published = [(7.6e-15, 1.8e-18), (1.6e-14, 3.3e-19), (1.5e-14, 5.0e-20), (3.3e-15, 8.7e-19)]
    for (low, double, long), wanted in zip(black_scholes(), published, strict=True):
        assert 1e-11 < low < 2e-5
        assert double < 4 * wanted[0] and long < 1e-17


def test_the_option_far_out_of_the_money_has_no_digit_in_float32() -> None:
    low, _, _ = black_scholes()[3]
    exact = float(price(*map(tg.float64, OPTIONS[3])).primal)
    assert exact == pytest.approx(2.58890816e-10, rel=0.1) and low > 0.9 * exact


def test_a_conjugate_gradient_may_switch_when_its_sensitivity_is_gone() -> None:
    rows = {turn: (weight, y) for turn, weight, y in switch_point(6, 6, 4, 14)}
    assert rows[1][0] > 1 and rows[10][0] < 1e-3 * rows[1][0]
    assert rows[1][1] > 1e-9 and rows[10][1] < 1e-12
    assert not np.isnan([y for _, y in rows.values()]).any()
