"""The price of a European call option, and its Greeks as derivatives.

The partial derivatives are known by name: d/dspot is delta, d/dvol is vega, d/dt is theta with
its sign turned, d/drate is rho. A trading book holds thousands of options; the question is
whether float32 is enough for the hedge, not only for the price.

An option at the money, with half a year to go:

    typedgrad compare examples/black_scholes.py:call --at spot=42,strike=40,rate=0.1,vol=0.2,t=0.5

Far out of the money the price is tiny, and the textbook formula subtracts two numbers that are
almost equal:

    typedgrad compare examples/black_scholes.py:call --at spot=42,strike=80,rate=0.1,vol=0.2,t=0.25
"""

from __future__ import annotations

import typedgrad as tg
from typedgrad.scalars import S


def normal_cdf(x: tg.Value[S]) -> tg.Value[S]:
    """Probability that a standard normal variable is below x; erfc keeps the lower tail."""
    return tg.erfc(-x / tg.sqrt(x.constant(2))) / 2


def call(
    spot: tg.Value[S],
    strike: tg.Value[S],
    rate: tg.Value[S],
    vol: tg.Value[S],
    t: tg.Value[S],
) -> tg.Value[S]:
    """Black and Scholes' price of a call, without dividends."""
    spread = vol * tg.sqrt(t)
    d1 = (tg.log(spot / strike) + (rate + vol * vol / 2) * t) / spread
    d2 = d1 - spread
    return spot * normal_cdf(d1) - strike * tg.exp(-rate * t) * normal_cdf(d2)
