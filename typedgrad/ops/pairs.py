"""Pairs in the language of rows: arithmetic to one and a half significands, and its logarithm.

A pair (head, tail) stands for head + tail.  The head has half a significand, so that products of
heads are exact in every format; the tail carries what is left, rounded.
"""

from typing import Any

from typedgrad.numbers import Constant
from typedgrad.op import constant, machine, polynomial
from typedgrad.ops import coefficients as table
from typedgrad.ops.elementary import exp, expm1, log
from typedgrad.ops.piecewise import round

LOG_2 = "0.6931471805599453094172321214581765680755001343602553"
splitter: Any = machine(lambda p: 2 ** ((p.bits + 1) // 2) + 1)
coarse_splitter: Any = machine(lambda p: 2 ** (p.bits - 8) + 1)
ln2: Constant = constant(LOG_2, "log(2)")
ln2_words: Any = machine(lambda p: table.in_words(LOG_2, p))
third_words: Any = machine(lambda p: table.in_words("1/3", p))
atanh_table: Any = machine(table.atanh_series)
# exp is taken this far from its overflow and underflow and exp(margin) is multiplied in at the
# end, so that a result next to a threshold is rounded once.
margin: Any = machine(lambda p: 48 if p.bits <= 24 else 128)
margin_up: Any = machine(
    lambda p: (
        "701673591209763173865.471599886117405455937998725322"
        if p.bits <= 24
        else "3.887708405994595092222673688357478072728175063082999e55"
    )
)
margin_down: Any = machine(
    lambda p: (
        "1.425164082740935106285321028034060226297689848644564e-21"
        if p.bits <= 24
        else "2.572209372642414826839538083608769080661498987861905e-56"
    )
)


def leading(x: Any) -> Any:
    """Return x rounded to half a significand (Veltkamp)."""
    c = x * splitter
    return c - (c - x)


def split(x: Any) -> Any:
    """Return x as a pair."""
    a = leading(x)
    return a, x - a


def joined(a: Any) -> Any:
    """Return the number that a pair stands for."""
    return a[0] + a[1]


def renewed(h: Any, t: Any) -> Any:
    """Return the pair of h + t, where t is small beside h."""
    a = leading(h + t)
    return a, (h - a) + t


def plus(a: Any, b: Any) -> Any:
    """Return the sum of two pairs (Knuth's sum of the heads)."""
    s = a[0] + b[0]
    v = s - a[0]
    return renewed(s, ((a[0] - (s - v)) + (b[0] - v)) + (a[1] + b[1]))


def minus(a: Any, b: Any) -> Any:
    """Return the difference of two pairs."""
    return plus(a, (-b[0], -b[1]))


def times(a: Any, b: Any) -> Any:
    """Return the product of two pairs (Dekker)."""
    return renewed(a[0] * b[0], a[0] * b[1] + (a[1] * b[0] + a[1] * b[1]))


def over(a: Any, b: Any) -> Any:
    """Return the quotient of two pairs, corrected once by its exact remainder."""
    d = b[0] + b[1]
    q = leading((a[0] + a[1]) / d)
    return renewed(q, (((a[0] - q * b[0]) + a[1]) - q * b[1]) / d)


def polynomial_words(z: Any, words: Any, rest: Any) -> Any:
    """Return a polynomial of a pair: its first coefficients are pairs, the small rest is not."""
    total = split(polynomial(z[0] + z[1], rest))
    for k in range(len(words) - 2, -1, -2):
        total = plus(words[k : k + 2], times(z, total))
    return total


def log_words(a: Any) -> Any:
    """Return the logarithm of a pair as a pair, by 2 atanh((m-1)/(m+1)) where a = 2**k * m."""
    k = round(log(a[0]) / ln2)
    # exp gives 2**-k within a few ulp; its first 8 bits are 2**-k itself.
    c = exp(-k * ln2)
    d = c * coarse_splitter
    c = d - (d - c)
    m, rest = a[0] * c, a[1] * c
    s = over((m - 1, rest), renewed(m + 1, rest))
    z = times(s, s)
    single = z[0] + z[1]
    fine = renewed(third_words[0], third_words[1] + single * polynomial(single, atanh_table))
    w = times(s, times(z, fine))
    total = plus((2 * s[0], 2 * s[1]), (2 * w[0], 2 * w[1]))
    return plus((k * ln2_words[0], k * ln2_words[1]), total)


def exp_words(h: Any, t: Any) -> Any:
    """Return exp(h + t), where h has few bits and t is small."""
    e = exp(h)
    return e + e * expm1(t)
