"""The functions of the op table as type checkers see them; written by tools/faces.py."""

# A list of plain numbers fits the type of a list of Values and numbers, too; the first that fits
# counts.
# mypy: disable-error-code="overload-overlap"
# pyright: reportOverlappingOverload=false

from collections.abc import Iterator, Sequence
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeVar

from typedgrad.node import N
from typedgrad.op import TABLE as TABLE
from typedgrad.scalars import NP, F, PyFloat, S, Weak
from typedgrad.value import Value

X = TypeVar("X")
Plain: TypeAlias = int | PyFloat
Many: TypeAlias = Sequence[X] | Iterator[X]
Numbers: TypeAlias = Many[NP] | NDArray[NP]
Mixed: TypeAlias = Many[Value[F] | F | int | PyFloat] | NDArray[F]
Some: TypeAlias = Many[Value[S] | int | PyFloat]

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "clip",
    "copysign",
    "cos",
    "cosh",
    "degrees",
    "digamma",
    "div",
    "dot",
    "dot_compensated",
    "elu",
    "entr",
    "equal",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "floor_divide",
    "fma",
    "gamma",
    "gelu",
    "gelu_tanh",
    "greater",
    "greater_equal",
    "heaviside",
    "hypot",
    "leaky_relu",
    "less",
    "less_equal",
    "lgamma",
    "log",
    "log1mexp",
    "log1p",
    "log2",
    "log10",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logaddexp2",
    "logit",
    "logsumexp",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mish",
    "mul",
    "neg",
    "norm",
    "normal_cdf",
    "normal_pdf",
    "not_equal",
    "polygamma",
    "pow",
    "prod",
    "radians",
    "reciprocal",
    "relu",
    "remainder",
    "round",
    "rsqrt",
    "sech",
    "selu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinc",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "square",
    "sub",
    "sum",
    "sum_compensated",
    "tan",
    "tanh",
    "trigamma",
    "trunc",
    "var",
    "where",
    "xlog1py",
    "xlogy",
]

@overload
def abs(x: N) -> N:
    """Absolute value of x."""

@overload
def abs(x: NP) -> NP: ...
@overload
def abs(x: Plain) -> np.float64: ...
@overload
def acos(x: N) -> N:
    """Inverse of cos, between 0 and pi."""

@overload
def acos(x: NP) -> NP: ...
@overload
def acos(x: Plain) -> np.float64: ...
@overload
def acosh(x: N) -> N:
    """Inverse of cosh, not negative."""

@overload
def acosh(x: NP) -> NP: ...
@overload
def acosh(x: Plain) -> np.float64: ...
@overload
def add(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """Sum of a and b."""

@overload
def add(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def add(a: S, b: Value[S]) -> Value[S]: ...
@overload
def add(a: NP, b: NP | Plain) -> NP: ...
@overload
def add(a: Plain, b: NP) -> NP: ...
@overload
def add(a: Plain, b: Plain) -> np.float64: ...
@overload
def asin(x: N) -> N:
    """Inverse of sin, between -pi/2 and pi/2."""

@overload
def asin(x: NP) -> NP: ...
@overload
def asin(x: Plain) -> np.float64: ...
@overload
def asinh(x: N) -> N:
    """Inverse of sinh."""

@overload
def asinh(x: NP) -> NP: ...
@overload
def asinh(x: Plain) -> np.float64: ...
@overload
def atan(x: N) -> N:
    """Inverse of tan, between -pi/2 and pi/2."""

@overload
def atan(x: NP) -> NP: ...
@overload
def atan(x: Plain) -> np.float64: ...
@overload
def atan2(y: Value[S], x: Value[S] | Weak[S]) -> Value[S]:
    """Angle of the point with height y over x, between -pi and pi."""

@overload
def atan2(y: Plain, x: Value[S]) -> Value[S]: ...
@overload
def atan2(y: S, x: Value[S]) -> Value[S]: ...
@overload
def atan2(y: NP, x: NP | Plain) -> NP: ...
@overload
def atan2(y: Plain, x: NP) -> NP: ...
@overload
def atan2(y: Plain, x: Plain) -> np.float64: ...
@overload
def atanh(x: N) -> N:
    """Inverse of tanh."""

@overload
def atanh(x: NP) -> NP: ...
@overload
def atanh(x: Plain) -> np.float64: ...
@overload
def cbrt(x: N) -> N:
    """Cube root of x, negative for negative x."""

@overload
def cbrt(x: NP) -> NP: ...
@overload
def cbrt(x: Plain) -> np.float64: ...
@overload
def ceil(x: N) -> N:
    """The smallest integer not below x."""

@overload
def ceil(x: NP) -> NP: ...
@overload
def ceil(x: Plain) -> np.float64: ...
@overload
def clip(x: Value[S], lo: Value[S] | Weak[S], hi: Value[S] | Weak[S]) -> Value[S]:
    """x held between lo and hi."""

@overload
def clip(x: Plain, lo: Value[S], hi: Value[S] | Weak[S]) -> Value[S]: ...
@overload
def clip(x: S, lo: Value[S], hi: Value[S] | Weak[S]) -> Value[S]: ...
@overload
def clip(x: Plain, lo: Plain, hi: Value[S]) -> Value[S]: ...
@overload
def clip(x: S, lo: Weak[S], hi: Value[S]) -> Value[S]: ...
@overload
def clip(x: Plain, lo: S, hi: Value[S]) -> Value[S]: ...
@overload
def clip(x: NP, lo: NP | Plain, hi: NP | Plain) -> NP: ...
@overload
def clip(x: Plain, lo: NP, hi: NP | Plain) -> NP: ...
@overload
def clip(x: Plain, lo: Plain, hi: NP) -> NP: ...
@overload
def clip(x: Plain, lo: Plain, hi: Plain) -> np.float64: ...
@overload
def copysign(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """Size of a with the sign of b, where zeros have signs too."""

@overload
def copysign(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def copysign(a: S, b: Value[S]) -> Value[S]: ...
@overload
def copysign(a: NP, b: NP | Plain) -> NP: ...
@overload
def copysign(a: Plain, b: NP) -> NP: ...
@overload
def copysign(a: Plain, b: Plain) -> np.float64: ...
@overload
def cos(x: N) -> N:
    """Cosine of x."""

@overload
def cos(x: NP) -> NP: ...
@overload
def cos(x: Plain) -> np.float64: ...
@overload
def cosh(x: N) -> N:
    """Hyperbolic cosine of x."""

@overload
def cosh(x: NP) -> NP: ...
@overload
def cosh(x: Plain) -> np.float64: ...
@overload
def degrees(x: N) -> N:
    """x radians in degrees."""

@overload
def degrees(x: NP) -> NP: ...
@overload
def degrees(x: Plain) -> np.float64: ...
@overload
def digamma(x: N) -> N:
    """The logarithmic derivative of gamma."""

@overload
def digamma(x: NP) -> NP: ...
@overload
def digamma(x: Plain) -> np.float64: ...
@overload
def div(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """Quotient of a and b."""

@overload
def div(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def div(a: S, b: Value[S]) -> Value[S]: ...
@overload
def div(a: NP, b: NP | Plain) -> NP: ...
@overload
def div(a: Plain, b: NP) -> NP: ...
@overload
def div(a: Plain, b: Plain) -> np.float64: ...
@overload
def dot(xs: Many[Value[S]], ys: Many[Value[S]], /) -> Value[S]:
    """The sum of the products of two sequences, left to right, each step rounded once."""

@overload
def dot(xs: Numbers[NP], ys: Numbers[NP], /) -> NP: ...
@overload
def dot(xs: Many[Plain], ys: Many[Plain], /) -> np.float64: ...
@overload
def dot(xs: Mixed[np.float64], ys: Mixed[np.float64], /) -> Value[np.float64]: ...
@overload
def dot(xs: Mixed[np.float32], ys: Mixed[np.float32], /) -> Value[np.float32]: ...
@overload
def dot(xs: Mixed[np.longdouble], ys: Mixed[np.longdouble], /) -> Value[np.longdouble]: ...
@overload
def dot(xs: Many[Value[S]], ys: Some[S], /) -> Value[S]: ...
@overload
def dot(xs: Some[S], ys: Many[Value[S]], /) -> Value[S]: ...
@overload
def dot(xs: Many[Value[S]], ys: Many[S], /) -> Value[S]: ...
@overload
def dot(xs: Many[S], ys: Many[Value[S]], /) -> Value[S]: ...
@overload
def dot_compensated(xs: Many[Value[S]], ys: Many[Value[S]], /) -> Value[S]:
    """The dot product, as if computed with twice the digits and rounded once."""

@overload
def dot_compensated(xs: Numbers[NP], ys: Numbers[NP], /) -> NP: ...
@overload
def dot_compensated(xs: Many[Plain], ys: Many[Plain], /) -> np.float64: ...
@overload
def dot_compensated(xs: Mixed[np.float64], ys: Mixed[np.float64], /) -> Value[np.float64]: ...
@overload
def dot_compensated(xs: Mixed[np.float32], ys: Mixed[np.float32], /) -> Value[np.float32]: ...
@overload
def dot_compensated(
    xs: Mixed[np.longdouble], ys: Mixed[np.longdouble], /
) -> Value[np.longdouble]: ...
@overload
def dot_compensated(xs: Many[Value[S]], ys: Some[S], /) -> Value[S]: ...
@overload
def dot_compensated(xs: Some[S], ys: Many[Value[S]], /) -> Value[S]: ...
@overload
def dot_compensated(xs: Many[Value[S]], ys: Many[S], /) -> Value[S]: ...
@overload
def dot_compensated(xs: Many[S], ys: Many[Value[S]], /) -> Value[S]: ...
@overload
def elu(x: Value[S], alpha: Value[S] | Weak[S] = 1) -> Value[S]:
    """x above 0 and alpha * (exp(x) - 1) below."""

@overload
def elu(x: Plain, alpha: Value[S]) -> Value[S]: ...
@overload
def elu(x: S, alpha: Value[S]) -> Value[S]: ...
@overload
def elu(x: NP, alpha: NP | Plain = 1) -> NP: ...
@overload
def elu(x: Plain, alpha: NP) -> NP: ...
@overload
def elu(x: Plain, alpha: Plain = 1) -> np.float64: ...
@overload
def entr(x: N) -> N:
    """The entropy term -x * log(x), 0 at 0; below 0 it is NaN, where SciPy says -inf."""

@overload
def entr(x: NP) -> NP: ...
@overload
def entr(x: Plain) -> np.float64: ...
@overload
def equal(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """1 where a = b, else 0."""

@overload
def equal(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def equal(a: S, b: Value[S]) -> Value[S]: ...
@overload
def equal(a: NP, b: NP | Plain) -> NP: ...
@overload
def equal(a: Plain, b: NP) -> NP: ...
@overload
def equal(a: Plain, b: Plain) -> np.float64: ...
@overload
def erf(x: N) -> N:
    """The error function."""

@overload
def erf(x: NP) -> NP: ...
@overload
def erf(x: Plain) -> np.float64: ...
@overload
def erfc(x: N) -> N:
    """The complementary error function 1 - erf(x), accurate in its far tail."""

@overload
def erfc(x: NP) -> NP: ...
@overload
def erfc(x: Plain) -> np.float64: ...
@overload
def exp(x: N) -> N:
    """e to the power x."""

@overload
def exp(x: NP) -> NP: ...
@overload
def exp(x: Plain) -> np.float64: ...
@overload
def exp2(x: N) -> N:
    """2 to the power x."""

@overload
def exp2(x: NP) -> NP: ...
@overload
def exp2(x: Plain) -> np.float64: ...
@overload
def expm1(x: N) -> N:
    """exp(x) - 1, accurate near 0."""

@overload
def expm1(x: NP) -> NP: ...
@overload
def expm1(x: Plain) -> np.float64: ...
@overload
def floor(x: N) -> N:
    """The largest integer not above x."""

@overload
def floor(x: NP) -> NP: ...
@overload
def floor(x: Plain) -> np.float64: ...
@overload
def floor_divide(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """The whole number next to a/b from below."""

@overload
def floor_divide(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def floor_divide(a: S, b: Value[S]) -> Value[S]: ...
@overload
def floor_divide(a: NP, b: NP | Plain) -> NP: ...
@overload
def floor_divide(a: Plain, b: NP) -> NP: ...
@overload
def floor_divide(a: Plain, b: Plain) -> np.float64: ...
@overload
def fma(a: Value[S], b: Value[S] | Weak[S], c: Value[S] | Weak[S]) -> Value[S]:
    """a*b + c rounded once, or twice if the result is subnormal."""

@overload
def fma(a: Plain, b: Value[S], c: Value[S] | Weak[S]) -> Value[S]: ...
@overload
def fma(a: S, b: Value[S], c: Value[S] | Weak[S]) -> Value[S]: ...
@overload
def fma(a: Plain, b: Plain, c: Value[S]) -> Value[S]: ...
@overload
def fma(a: S, b: Weak[S], c: Value[S]) -> Value[S]: ...
@overload
def fma(a: Plain, b: S, c: Value[S]) -> Value[S]: ...
@overload
def fma(a: NP, b: NP | Plain, c: NP | Plain) -> NP: ...
@overload
def fma(a: Plain, b: NP, c: NP | Plain) -> NP: ...
@overload
def fma(a: Plain, b: Plain, c: NP) -> NP: ...
@overload
def fma(a: Plain, b: Plain, c: Plain) -> np.float64: ...
@overload
def gamma(x: N) -> N:
    """The gamma function."""

@overload
def gamma(x: NP) -> NP: ...
@overload
def gamma(x: Plain) -> np.float64: ...
@overload
def gelu(x: N) -> N:
    """The exact Gaussian error linear unit x * normal_cdf(x)."""

@overload
def gelu(x: NP) -> NP: ...
@overload
def gelu(x: Plain) -> np.float64: ...
@overload
def gelu_tanh(x: N) -> N:
    """The tanh approximation of gelu: x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x**3)))."""

@overload
def gelu_tanh(x: NP) -> NP: ...
@overload
def gelu_tanh(x: Plain) -> np.float64: ...
@overload
def greater(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """1 where a > b, else 0."""

@overload
def greater(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def greater(a: S, b: Value[S]) -> Value[S]: ...
@overload
def greater(a: NP, b: NP | Plain) -> NP: ...
@overload
def greater(a: Plain, b: NP) -> NP: ...
@overload
def greater(a: Plain, b: Plain) -> np.float64: ...
@overload
def greater_equal(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """1 where a >= b, else 0."""

@overload
def greater_equal(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def greater_equal(a: S, b: Value[S]) -> Value[S]: ...
@overload
def greater_equal(a: NP, b: NP | Plain) -> NP: ...
@overload
def greater_equal(a: Plain, b: NP) -> NP: ...
@overload
def greater_equal(a: Plain, b: Plain) -> np.float64: ...
@overload
def heaviside(x: Value[S], h0: Value[S] | Weak[S]) -> Value[S]:
    """0 below 0, 1 above, and h0 at x = 0."""

@overload
def heaviside(x: Plain, h0: Value[S]) -> Value[S]: ...
@overload
def heaviside(x: S, h0: Value[S]) -> Value[S]: ...
@overload
def heaviside(x: NP, h0: NP | Plain) -> NP: ...
@overload
def heaviside(x: Plain, h0: NP) -> NP: ...
@overload
def heaviside(x: Plain, h0: Plain) -> np.float64: ...
@overload
def hypot(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """Length of the vector (a, b)."""

@overload
def hypot(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def hypot(a: S, b: Value[S]) -> Value[S]: ...
@overload
def hypot(a: NP, b: NP | Plain) -> NP: ...
@overload
def hypot(a: Plain, b: NP) -> NP: ...
@overload
def hypot(a: Plain, b: Plain) -> np.float64: ...
@overload
def leaky_relu(x: Value[S], negative_slope: Value[S] | Weak[S] = 0.01) -> Value[S]:
    """x above 0 and negative_slope * x below."""

@overload
def leaky_relu(x: Plain, negative_slope: Value[S]) -> Value[S]: ...
@overload
def leaky_relu(x: S, negative_slope: Value[S]) -> Value[S]: ...
@overload
def leaky_relu(x: NP, negative_slope: NP | Plain = 0.01) -> NP: ...
@overload
def leaky_relu(x: Plain, negative_slope: NP) -> NP: ...
@overload
def leaky_relu(x: Plain, negative_slope: Plain = 0.01) -> np.float64: ...
@overload
def less(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """1 where a < b, else 0."""

@overload
def less(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def less(a: S, b: Value[S]) -> Value[S]: ...
@overload
def less(a: NP, b: NP | Plain) -> NP: ...
@overload
def less(a: Plain, b: NP) -> NP: ...
@overload
def less(a: Plain, b: Plain) -> np.float64: ...
@overload
def less_equal(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """1 where a <= b, else 0."""

@overload
def less_equal(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def less_equal(a: S, b: Value[S]) -> Value[S]: ...
@overload
def less_equal(a: NP, b: NP | Plain) -> NP: ...
@overload
def less_equal(a: Plain, b: NP) -> NP: ...
@overload
def less_equal(a: Plain, b: Plain) -> np.float64: ...
@overload
def lgamma(x: N) -> N:
    """The logarithm of the absolute value of gamma."""

@overload
def lgamma(x: NP) -> NP: ...
@overload
def lgamma(x: Plain) -> np.float64: ...
@overload
def log(x: N) -> N:
    """Natural logarithm of x."""

@overload
def log(x: NP) -> NP: ...
@overload
def log(x: Plain) -> np.float64: ...
@overload
def log1mexp(x: N) -> N:
    """log(1 - exp(-x)) for x above 0, Maechler's sign of the argument."""

@overload
def log1mexp(x: NP) -> NP: ...
@overload
def log1mexp(x: Plain) -> np.float64: ...
@overload
def log1p(x: N) -> N:
    """log(1 + x), accurate near 0."""

@overload
def log1p(x: NP) -> NP: ...
@overload
def log1p(x: Plain) -> np.float64: ...
@overload
def log2(x: N) -> N:
    """Logarithm of x to base 2."""

@overload
def log2(x: NP) -> NP: ...
@overload
def log2(x: Plain) -> np.float64: ...
@overload
def log10(x: N) -> N:
    """Logarithm of x to base 10."""

@overload
def log10(x: NP) -> NP: ...
@overload
def log10(x: Plain) -> np.float64: ...
@overload
def log_sigmoid(x: N) -> N:
    """The logarithm of sigmoid."""

@overload
def log_sigmoid(x: NP) -> NP: ...
@overload
def log_sigmoid(x: Plain) -> np.float64: ...
@overload
def log_softmax(xs: Many[Value[S]], /) -> list[Value[S]]:
    """Logarithms of softmax."""

@overload
def log_softmax(xs: Numbers[NP], /) -> list[NP]: ...
@overload
def log_softmax(xs: Many[Plain], /) -> list[np.float64]: ...
@overload
def log_softmax(xs: Mixed[np.float64], /) -> list[Value[np.float64]]: ...
@overload
def log_softmax(xs: Mixed[np.float32], /) -> list[Value[np.float32]]: ...
@overload
def log_softmax(xs: Mixed[np.longdouble], /) -> list[Value[np.longdouble]]: ...
@overload
def logaddexp(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """log(exp(a) + exp(b)) without overflow."""

@overload
def logaddexp(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def logaddexp(a: S, b: Value[S]) -> Value[S]: ...
@overload
def logaddexp(a: NP, b: NP | Plain) -> NP: ...
@overload
def logaddexp(a: Plain, b: NP) -> NP: ...
@overload
def logaddexp(a: Plain, b: Plain) -> np.float64: ...
@overload
def logaddexp2(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """log2(2**a + 2**b) without overflow."""

@overload
def logaddexp2(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def logaddexp2(a: S, b: Value[S]) -> Value[S]: ...
@overload
def logaddexp2(a: NP, b: NP | Plain) -> NP: ...
@overload
def logaddexp2(a: Plain, b: NP) -> NP: ...
@overload
def logaddexp2(a: Plain, b: Plain) -> np.float64: ...
@overload
def logit(x: N) -> N:
    """The inverse of sigmoid: log(x/(1 - x))."""

@overload
def logit(x: NP) -> NP: ...
@overload
def logit(x: Plain) -> np.float64: ...
@overload
def logsumexp(xs: Many[Value[S]], /) -> Value[S]:
    """log of the sum of exp(x) over a sequence; its partials are softmax."""

@overload
def logsumexp(xs: Numbers[NP], /) -> NP: ...
@overload
def logsumexp(xs: Many[Plain], /) -> np.float64: ...
@overload
def logsumexp(xs: Mixed[np.float64], /) -> Value[np.float64]: ...
@overload
def logsumexp(xs: Mixed[np.float32], /) -> Value[np.float32]: ...
@overload
def logsumexp(xs: Mixed[np.longdouble], /) -> Value[np.longdouble]: ...
@overload
def max(xs: Many[Value[S]], /) -> Value[S]:
    """The largest of a sequence; NaN if one is NaN."""

@overload
def max(xs: Numbers[NP], /) -> NP: ...
@overload
def max(xs: Many[Plain], /) -> np.float64: ...
@overload
def max(xs: Mixed[np.float64], /) -> Value[np.float64]: ...
@overload
def max(xs: Mixed[np.float32], /) -> Value[np.float32]: ...
@overload
def max(xs: Mixed[np.longdouble], /) -> Value[np.longdouble]: ...
@overload
def maximum(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """The larger of a and b; NaN if one is NaN."""

@overload
def maximum(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def maximum(a: S, b: Value[S]) -> Value[S]: ...
@overload
def maximum(a: NP, b: NP | Plain) -> NP: ...
@overload
def maximum(a: Plain, b: NP) -> NP: ...
@overload
def maximum(a: Plain, b: Plain) -> np.float64: ...
@overload
def mean(xs: Many[Value[S]], /) -> Value[S]:
    """The arithmetic mean of a sequence, summed left to right."""

@overload
def mean(xs: Numbers[NP], /) -> NP: ...
@overload
def mean(xs: Many[Plain], /) -> np.float64: ...
@overload
def mean(xs: Mixed[np.float64], /) -> Value[np.float64]: ...
@overload
def mean(xs: Mixed[np.float32], /) -> Value[np.float32]: ...
@overload
def mean(xs: Mixed[np.longdouble], /) -> Value[np.longdouble]: ...
@overload
def min(xs: Many[Value[S]], /) -> Value[S]:
    """The smallest of a sequence; NaN if one is NaN."""

@overload
def min(xs: Numbers[NP], /) -> NP: ...
@overload
def min(xs: Many[Plain], /) -> np.float64: ...
@overload
def min(xs: Mixed[np.float64], /) -> Value[np.float64]: ...
@overload
def min(xs: Mixed[np.float32], /) -> Value[np.float32]: ...
@overload
def min(xs: Mixed[np.longdouble], /) -> Value[np.longdouble]: ...
@overload
def minimum(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """The smaller of a and b; NaN if one is NaN."""

@overload
def minimum(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def minimum(a: S, b: Value[S]) -> Value[S]: ...
@overload
def minimum(a: NP, b: NP | Plain) -> NP: ...
@overload
def minimum(a: Plain, b: NP) -> NP: ...
@overload
def minimum(a: Plain, b: Plain) -> np.float64: ...
@overload
def mish(x: N) -> N:
    """x * tanh(softplus(x))."""

@overload
def mish(x: NP) -> NP: ...
@overload
def mish(x: Plain) -> np.float64: ...
@overload
def mul(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """Product of a and b."""

@overload
def mul(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def mul(a: S, b: Value[S]) -> Value[S]: ...
@overload
def mul(a: NP, b: NP | Plain) -> NP: ...
@overload
def mul(a: Plain, b: NP) -> NP: ...
@overload
def mul(a: Plain, b: Plain) -> np.float64: ...
@overload
def neg(x: N) -> N:
    """Minus x."""

@overload
def neg(x: NP) -> NP: ...
@overload
def neg(x: Plain) -> np.float64: ...
@overload
def norm(xs: Many[Value[S]], /) -> Value[S]:
    """The Euclidean norm of a sequence, without overflow or underflow inside."""

@overload
def norm(xs: Numbers[NP], /) -> NP: ...
@overload
def norm(xs: Many[Plain], /) -> np.float64: ...
@overload
def norm(xs: Mixed[np.float64], /) -> Value[np.float64]: ...
@overload
def norm(xs: Mixed[np.float32], /) -> Value[np.float32]: ...
@overload
def norm(xs: Mixed[np.longdouble], /) -> Value[np.longdouble]: ...
@overload
def normal_cdf(x: N) -> N:
    """The standard normal distribution function, accurate in its lower tail."""

@overload
def normal_cdf(x: NP) -> NP: ...
@overload
def normal_cdf(x: Plain) -> np.float64: ...
@overload
def normal_pdf(x: N) -> N:
    """The density of the standard normal distribution."""

@overload
def normal_pdf(x: NP) -> NP: ...
@overload
def normal_pdf(x: Plain) -> np.float64: ...
@overload
def not_equal(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """1 where a is not b, else 0."""

@overload
def not_equal(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def not_equal(a: S, b: Value[S]) -> Value[S]: ...
@overload
def not_equal(a: NP, b: NP | Plain) -> NP: ...
@overload
def not_equal(a: Plain, b: NP) -> NP: ...
@overload
def not_equal(a: Plain, b: Plain) -> np.float64: ...
@overload
def polygamma(n: Value[S], x: Value[S] | Weak[S]) -> Value[S]:
    """The n-th derivative of digamma."""

@overload
def polygamma(n: Plain, x: Value[S]) -> Value[S]: ...
@overload
def polygamma(n: S, x: Value[S]) -> Value[S]: ...
@overload
def polygamma(n: NP, x: NP | Plain) -> NP: ...
@overload
def polygamma(n: Plain, x: NP) -> NP: ...
@overload
def polygamma(n: Plain, x: Plain) -> np.float64: ...
@overload
def pow(x: Value[S], p: Value[S] | Weak[S]) -> Value[S]:
    """x to the power p."""

@overload
def pow(x: Plain, p: Value[S]) -> Value[S]: ...
@overload
def pow(x: S, p: Value[S]) -> Value[S]: ...
@overload
def pow(x: NP, p: NP | Plain) -> NP: ...
@overload
def pow(x: Plain, p: NP) -> NP: ...
@overload
def pow(x: Plain, p: Plain) -> np.float64: ...
@overload
def prod(xs: Many[Value[S]], /) -> Value[S]:
    """The product of a sequence, left to right."""

@overload
def prod(xs: Numbers[NP], /) -> NP: ...
@overload
def prod(xs: Many[Plain], /) -> np.float64: ...
@overload
def prod(xs: Mixed[np.float64], /) -> Value[np.float64]: ...
@overload
def prod(xs: Mixed[np.float32], /) -> Value[np.float32]: ...
@overload
def prod(xs: Mixed[np.longdouble], /) -> Value[np.longdouble]: ...
@overload
def radians(x: N) -> N:
    """x degrees in radians."""

@overload
def radians(x: NP) -> NP: ...
@overload
def radians(x: Plain) -> np.float64: ...
@overload
def reciprocal(x: N) -> N:
    """One divided by x."""

@overload
def reciprocal(x: NP) -> NP: ...
@overload
def reciprocal(x: Plain) -> np.float64: ...
@overload
def relu(x: N) -> N:
    """x above 0 and 0 below."""

@overload
def relu(x: NP) -> NP: ...
@overload
def relu(x: Plain) -> np.float64: ...
@overload
def remainder(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """Remainder of a by b, with the sign of b as in Python."""

@overload
def remainder(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def remainder(a: S, b: Value[S]) -> Value[S]: ...
@overload
def remainder(a: NP, b: NP | Plain) -> NP: ...
@overload
def remainder(a: Plain, b: NP) -> NP: ...
@overload
def remainder(a: Plain, b: Plain) -> np.float64: ...
@overload
def round(x: N) -> N:
    """The integer nearest to x, ties to even."""

@overload
def round(x: NP) -> NP: ...
@overload
def round(x: Plain) -> np.float64: ...
@overload
def rsqrt(x: N) -> N:
    """Reciprocal of the square root of x."""

@overload
def rsqrt(x: NP) -> NP: ...
@overload
def rsqrt(x: Plain) -> np.float64: ...
@overload
def sech(x: N) -> N:
    """Hyperbolic secant of x, 1 / cosh(x)."""

@overload
def sech(x: NP) -> NP: ...
@overload
def sech(x: Plain) -> np.float64: ...
@overload
def selu(x: N) -> N:
    """The self-normalizing elu: scale * elu(x, alpha) with the two fixed constants."""

@overload
def selu(x: NP) -> NP: ...
@overload
def selu(x: Plain) -> np.float64: ...
@overload
def sigmoid(x: N) -> N:
    """The logistic function 1/(1 + exp(-x))."""

@overload
def sigmoid(x: NP) -> NP: ...
@overload
def sigmoid(x: Plain) -> np.float64: ...
@overload
def sign(x: N) -> N:
    """Minus one, zero or one, as x is negative, zero or positive."""

@overload
def sign(x: NP) -> NP: ...
@overload
def sign(x: Plain) -> np.float64: ...
@overload
def silu(x: N) -> N:
    """The sigmoid linear unit x * sigmoid(x), also called swish."""

@overload
def silu(x: NP) -> NP: ...
@overload
def silu(x: Plain) -> np.float64: ...
@overload
def sin(x: N) -> N:
    """Sine of x."""

@overload
def sin(x: NP) -> NP: ...
@overload
def sin(x: Plain) -> np.float64: ...
@overload
def sinc(x: N) -> N:
    """sin(pi*x) / (pi*x), 1 at 0, as NumPy defines it."""

@overload
def sinc(x: NP) -> NP: ...
@overload
def sinc(x: Plain) -> np.float64: ...
@overload
def sinh(x: N) -> N:
    """Hyperbolic sine of x."""

@overload
def sinh(x: NP) -> NP: ...
@overload
def sinh(x: Plain) -> np.float64: ...
@overload
def softmax(xs: Many[Value[S]], /) -> list[Value[S]]:
    """Shares of exp(x) in their sum."""

@overload
def softmax(xs: Numbers[NP], /) -> list[NP]: ...
@overload
def softmax(xs: Many[Plain], /) -> list[np.float64]: ...
@overload
def softmax(xs: Mixed[np.float64], /) -> list[Value[np.float64]]: ...
@overload
def softmax(xs: Mixed[np.float32], /) -> list[Value[np.float32]]: ...
@overload
def softmax(xs: Mixed[np.longdouble], /) -> list[Value[np.longdouble]]: ...
@overload
def softplus(x: N) -> N:
    """log(1 + exp(x)), at every x without a threshold."""

@overload
def softplus(x: NP) -> NP: ...
@overload
def softplus(x: Plain) -> np.float64: ...
@overload
def sqrt(x: N) -> N:
    """Square root of x."""

@overload
def sqrt(x: NP) -> NP: ...
@overload
def sqrt(x: Plain) -> np.float64: ...
@overload
def square(x: N) -> N:
    """Product of x with itself."""

@overload
def square(x: NP) -> NP: ...
@overload
def square(x: Plain) -> np.float64: ...
@overload
def sub(a: Value[S], b: Value[S] | Weak[S]) -> Value[S]:
    """Difference of a and b."""

@overload
def sub(a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def sub(a: S, b: Value[S]) -> Value[S]: ...
@overload
def sub(a: NP, b: NP | Plain) -> NP: ...
@overload
def sub(a: Plain, b: NP) -> NP: ...
@overload
def sub(a: Plain, b: Plain) -> np.float64: ...
@overload
def sum(xs: Many[Value[S]], /) -> Value[S]:
    """The sum of a sequence, left to right."""

@overload
def sum(xs: Numbers[NP], /) -> NP: ...
@overload
def sum(xs: Many[Plain], /) -> np.float64: ...
@overload
def sum(xs: Mixed[np.float64], /) -> Value[np.float64]: ...
@overload
def sum(xs: Mixed[np.float32], /) -> Value[np.float32]: ...
@overload
def sum(xs: Mixed[np.longdouble], /) -> Value[np.longdouble]: ...
@overload
def sum_compensated(xs: Many[Value[S]], /) -> Value[S]:
    """The sum of a sequence, as if summed with twice the digits and rounded once."""

@overload
def sum_compensated(xs: Numbers[NP], /) -> NP: ...
@overload
def sum_compensated(xs: Many[Plain], /) -> np.float64: ...
@overload
def sum_compensated(xs: Mixed[np.float64], /) -> Value[np.float64]: ...
@overload
def sum_compensated(xs: Mixed[np.float32], /) -> Value[np.float32]: ...
@overload
def sum_compensated(xs: Mixed[np.longdouble], /) -> Value[np.longdouble]: ...
@overload
def tan(x: N) -> N:
    """Tangent of x."""

@overload
def tan(x: NP) -> NP: ...
@overload
def tan(x: Plain) -> np.float64: ...
@overload
def tanh(x: N) -> N:
    """Hyperbolic tangent of x."""

@overload
def tanh(x: NP) -> NP: ...
@overload
def tanh(x: Plain) -> np.float64: ...
@overload
def trigamma(x: N) -> N:
    """The derivative of digamma."""

@overload
def trigamma(x: NP) -> NP: ...
@overload
def trigamma(x: Plain) -> np.float64: ...
@overload
def trunc(x: N) -> N:
    """The integer part of x, towards 0."""

@overload
def trunc(x: NP) -> NP: ...
@overload
def trunc(x: Plain) -> np.float64: ...
@overload
def var(xs: Many[Value[S]], /) -> Value[S]:
    """The variance of a sequence, divided by its length (ddof = 0)."""

@overload
def var(xs: Numbers[NP], /) -> NP: ...
@overload
def var(xs: Many[Plain], /) -> np.float64: ...
@overload
def var(xs: Mixed[np.float64], /) -> Value[np.float64]: ...
@overload
def var(xs: Mixed[np.float32], /) -> Value[np.float32]: ...
@overload
def var(xs: Mixed[np.longdouble], /) -> Value[np.longdouble]: ...
@overload
def where(c: Value[S], a: Value[S] | Weak[S], b: Value[S] | Weak[S]) -> Value[S]:
    """a where c holds and b where it does not; the other side receives nothing."""

@overload
def where(c: Plain, a: Value[S], b: Value[S] | Weak[S]) -> Value[S]: ...
@overload
def where(c: S, a: Value[S], b: Value[S] | Weak[S]) -> Value[S]: ...
@overload
def where(c: Plain, a: Plain, b: Value[S]) -> Value[S]: ...
@overload
def where(c: S, a: Weak[S], b: Value[S]) -> Value[S]: ...
@overload
def where(c: Plain, a: S, b: Value[S]) -> Value[S]: ...
@overload
def where(c: NP, a: NP | Plain, b: NP | Plain) -> NP: ...
@overload
def where(c: Plain, a: NP, b: NP | Plain) -> NP: ...
@overload
def where(c: Plain, a: Plain, b: NP) -> NP: ...
@overload
def where(c: Plain, a: Plain, b: Plain) -> np.float64: ...
@overload
def xlog1py(x: Value[S], y: Value[S] | Weak[S]) -> Value[S]:
    """x * log(1 + y), and 0 where x = 0 and y >= -1."""

@overload
def xlog1py(x: Plain, y: Value[S]) -> Value[S]: ...
@overload
def xlog1py(x: S, y: Value[S]) -> Value[S]: ...
@overload
def xlog1py(x: NP, y: NP | Plain) -> NP: ...
@overload
def xlog1py(x: Plain, y: NP) -> NP: ...
@overload
def xlog1py(x: Plain, y: Plain) -> np.float64: ...
@overload
def xlogy(x: Value[S], y: Value[S] | Weak[S]) -> Value[S]:
    """x * log(y), and 0 where x = 0 and y >= 0."""

@overload
def xlogy(x: Plain, y: Value[S]) -> Value[S]: ...
@overload
def xlogy(x: S, y: Value[S]) -> Value[S]: ...
@overload
def xlogy(x: NP, y: NP | Plain) -> NP: ...
@overload
def xlogy(x: Plain, y: NP) -> NP: ...
@overload
def xlogy(x: Plain, y: Plain) -> np.float64: ...
