"""Print the Chebyshev tables of typedgrad/ops/coefficients.py, computed with mpmath.

Run it as ``python tools/special_coefficients.py``; it needs mpmath alone.  Each table is the
Chebyshev series of one smooth function over one interval, found at 90 digits by interpolation
in 80 Chebyshev nodes, cut where its terms fall below 10**-38 and printed as whole multiples of
10**-40.  What is printed is pasted into coefficients.py as it stands.
"""

import textwrap
from collections.abc import Callable
from typing import Any

import mpmath

mp: Any = mpmath
NODES = 80
SCALE = 40
CUT = 38


def series(function: Callable[[Any], Any], low: Any, high: Any) -> list[Any]:
    """Return the Chebyshev coefficients of a function over [low, high]."""
    middle, half = (low + high) / 2, (high - low) / 2
    angles = [mp.pi * (2 * k + 1) / (2 * NODES) for k in range(NODES)]
    values = [function(middle + half * mp.cos(angle)) for angle in angles]
    found: list[Any] = []
    for j in range(NODES):
        terms = (value * mp.cos(j * angle) for value, angle in zip(values, angles, strict=True))
        found.append(2 * mp.fsum(terms) / NODES)
    found[0] /= 2
    return found


def scaled_tail(x: Any) -> Any:
    """Return exp(x*x) * erfc(x)."""
    return mp.exp(x * x) * mp.erfc(x)


def sine_ratio(z: Any) -> Any:
    """Return sin(pi*r)/(pi*r) where z = r*r."""
    r = mp.sqrt(z)
    return mp.sin(mp.pi * r) / (mp.pi * r)


def cotangent_rest(z: Any) -> Any:
    """Return (1/r - pi*cot(pi*r))/r where z = r*r."""
    r = mp.sqrt(z)
    return (1 / r - mp.pi * mp.cot(mp.pi * r)) / r


def tables() -> list[tuple[str, Callable[[Any], Any], Any, Any]]:
    """Return name, function, and interval of every table."""
    f = mp.mpf
    root = mp.findroot(mp.digamma, f("1.4616"))
    return [
        ("ERF", lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1, f(0), f(1)),
        ("ERFC_HALF", scaled_tail, f(1) / 2, f(1)),
        ("ERFC_ONE", scaled_tail, f(1), f(2)),
        ("ERFC_TWO", scaled_tail, f(2), f(4)),
        ("ERFC_FAR", lambda s: scaled_tail(1 / mp.sqrt(s)) / mp.sqrt(s), f(0), f(1) / 16),
        ("SINE", sine_ratio, f(0), f(1) / 4),
        ("COTANGENT", cotangent_rest, f(0), f(1) / 4),
        ("GAMMA_TWO", lambda z: (mp.gamma(2 + z) - 1 - z) / (z * (z - 1)), f(0), f(1)),
        ("LGAMMA_TWO", lambda z: mp.loggamma(2 + z) / z, -f(3) / 4, f(1)),
        ("DIGAMMA_ONE", lambda z: mp.digamma(1 + z) / (1 + z - root), f(0), f(1)),
    ]


def zeros() -> list[tuple[str, Callable[[Any], Any], list[tuple[str, int]]]]:
    """Return name, function, and zeros on the negative axis with the inverse of a radius."""
    digamma_zeros = ("-0.504", "-1.573", "-2.611", "-3.635", "-4.653", "-5.667", "-6.678", "-7.688")
    lgamma_zeros = [("-2.457", 64), ("-2.748", 64), ("-3.1435", 128), ("-3.9553", 512)]
    lgamma_zeros += [("-4.0394", 512), ("-4.99154", 4096), ("-5.00822", 4096)]
    return [
        ("DIGAMMA_ZEROS", mp.digamma, [(start, 128) for start in digamma_zeros]),
        ("LGAMMA_ZEROS", lambda x: mp.log(abs(mp.gamma(x))), lgamma_zeros),
    ]


def whole_multiples(found: list[Any]) -> str:
    """Return a series as lines of whole multiples of 10**-40, without its negligible tail."""
    while abs(found[-1]) < mp.mpf(10) ** -CUT:
        found.pop()
    whole = " ".join(str(int(mp.nint(value * mp.mpf(10) ** SCALE))) for value in found)
    return "\n".join(textwrap.wrap(whole, 98, break_on_hyphens=False))


def main() -> None:
    """Print the tables and the constants."""
    mp.mp.dps = 90
    for name, function, low, high in tables():
        print(f'{name} = """\n{whole_multiples(series(function, low, high))}\n"""')
    for name, function, starts in zeros():
        print(f"{name} = (")
        for start, steepness in starts:
            zero = mp.findroot(function, mp.mpf(start))
            radius = mp.mpf(1) / steepness
            found = series(lambda d: function(zero + d) / d, -radius, radius)  # noqa: B023
            print(f'    """{mp.nstr(zero, 75)} {steepness}\n{whole_multiples(found)}""",')
        print(")")
    print("digamma root", mp.nstr(mp.findroot(mp.digamma, mp.mpf("1.4616")), 52))
    for name, value in (
        ("log 2", mp.log(2)),
        ("log(2 pi)/2 - 1/2", (mp.log(2 * mp.pi) - 1) / 2),
        ("pi", +mp.pi),
        ("2/sqrt(pi)", 2 / mp.sqrt(mp.pi)),
        ("exp(48)", mp.exp(48)),
        ("exp(128)", mp.exp(128)),
        ("exp(-48)", mp.exp(-48)),
        ("exp(-128)", mp.exp(-128)),
    ):
        print(name, mp.nstr(value, 52))


if __name__ == "__main__":
    main()
