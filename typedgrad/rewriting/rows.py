"""THE REWRITES: what loses digits, and what means the same and keeps them; one row each.

Pattern and replacement are equal on real numbers wherever the row is valid; which one keeps more
digits at a point, only a run can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True)
class Rewrite:
    """A row: the pattern, the replacement, where both are equal, and ranges to test that on.

    Patterns are those of `patterns.py`. Letters without a range are tested from 0.1 to 4.
    """

    pattern: str
    better: str
    where: str = ""
    samples: tuple[tuple[str, Range], ...] = ()
    source: str = ""


HAMMING = "Hamming, Numerical Methods for Scientists and Engineers, 1973, ch. 3"
HIGHAM = "Higham, Accuracy and Stability of Numerical Algorithms, 2002, ch. 1"

REWRITES: tuple[Rewrite, ...] = (
    Rewrite("log(1 + x)", "log1p(x)", "x > -1", (("x", (-0.9, 9)),), HIGHAM),
    Rewrite("log(1 - x)", "log1p(-x)", "x < 1", (("x", (-9, 0.9)),), HIGHAM),
    Rewrite("exp(x) - 1", "expm1(x)", source=HIGHAM),
    Rewrite("1 - cos(x)", "2*square(sin(x/2))", source=HAMMING),
    Rewrite("cosh(x) - 1", "2*square(sinh(x/2))", source=HAMMING),
    Rewrite("cos(x + e) - cos(x)", "-2*sin(x + e/2)*sin(e/2)", source=HAMMING),
    Rewrite("sin(x + e) - sin(x)", "2*cos(x + e/2)*sin(e/2)", source=HAMMING),
    Rewrite(
        "tan((s := x + e)) - tan(x)",
        "sin(e)/(cos(x)*cos(s))",
        samples=(("x", (0.1, 0.6)), ("e", (0.1, 0.6))),
        source=HAMMING,
    ),
    Rewrite("(s := sqrt(x + e)) - (t := sqrt(x))", "e/(s + t)", source=HAMMING),
    Rewrite("(s := sqrt(x)) - (t := sqrt(y))", "(x - y)/(s + t)", source=HAMMING),
    Rewrite("(s := sqrt(square(v) + r)) - v", "r/(s + v)", "v > 0", source=HAMMING),
    Rewrite(
        "(s := sqrt(square(v) + r)) + v",
        "r/(s - v)",
        "v < 0",
        (("v", (-4, -0.1)),),
        HAMMING,
    ),
    Rewrite("square(a) - square(b)", "(a - b)*(a + b)", source=HIGHAM),
    Rewrite("1 - square(tanh(x))", "square(sech(x))"),
    Rewrite("1 - tanh(x)", "2/(exp(2*x) + 1)"),
    Rewrite("1/(s := x + e) - 1/x", "-e/(x*s)", source=HAMMING),
    Rewrite("log(x + e) - log(x)", "log1p(e/x)", "x > 0", source=HAMMING),
    Rewrite("log(x) - log(y)", "log1p((x - y)/y)", "y > 0"),
    Rewrite("log((1 + x)/(1 - x))", "2*atanh(x)", "-1 < x < 1", (("x", (-0.9, 0.9)),)),
    Rewrite("exp(x) - exp(-x)", "2*sinh(x)"),
    Rewrite("exp(x) - (t := exp(y))", "t*expm1(x - y)"),
    Rewrite("log(exp(x) + exp(y))", "logaddexp(x, y)"),
    Rewrite("log(total(exp(x)))", "logsumexp(x)"),
    Rewrite("log(1 + exp(x))", "softplus(x)"),
    Rewrite("exp(x)/total(exp(x))", "exp(x - logsumexp(xs))"),
    Rewrite("exp(x)/(exp(x) + exp(y))", "sigmoid(x - y)"),
    Rewrite("exp(x)/(1 + exp(x))", "sigmoid(x)"),
    Rewrite("1/(1 + exp(-x))", "sigmoid(x)"),
    Rewrite("1/(1 + exp(x))", "sigmoid(-x)"),
    Rewrite("sqrt(square(x) + square(y))", "hypot(x, y)"),
    Rewrite("sqrt(total(square(x)))", "norm(x)"),
    Rewrite("average(square(x)) - square(average(x))", "var(x)", source=HIGHAM),
    Rewrite("total(x)", "sum_compensated(x)", source=HIGHAM),
    Rewrite("x/square(y)", "x/y/y"),
    Rewrite("log(x + sqrt(square(x) + 1))", "asinh(x)", samples=(("x", (-4, 4)),)),
    Rewrite("log(x + sqrt(square(x) - 1))", "acosh(x)", "x >= 1", (("x", (1.1, 9)),)),
    Rewrite("1 - erf(x)", "erfc(x)"),
    Rewrite("atan(x) - atan(y)", "atan2(x - y, 1 + x*y)", "x*y > -1", source=HAMMING),
    Rewrite("pow(1 + x, n)", "exp(n*log1p(x))", "x > -1"),
    Rewrite("pow_constant(1 + x, n)", "exp(n*log1p(x))", "x > -1"),
)
