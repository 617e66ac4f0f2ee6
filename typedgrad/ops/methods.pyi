"""The rows as methods, as type checkers see them; written by tools/faces.py."""

from typing import Generic, Self

from typedgrad.scalars import PyFloat, T

class Methods(Generic[T]):
    """Every row whose first argument is one number, as a method of that number."""

    __slots__ = ()

    def abs(self) -> Self:
        """Absolute value of x."""

    def acos(self) -> Self:
        """Inverse of cos, between 0 and pi."""

    def acosh(self) -> Self:
        """Inverse of cosh, not negative."""

    def add(self, b: Self | T | int | PyFloat) -> Self:
        """Sum of a and b."""

    def asin(self) -> Self:
        """Inverse of sin, between -pi/2 and pi/2."""

    def asinh(self) -> Self:
        """Inverse of sinh."""

    def atan(self) -> Self:
        """Inverse of tan, between -pi/2 and pi/2."""

    def atan2(self, x: Self | T | int | PyFloat) -> Self:
        """Angle of the point with height y over x, between -pi and pi."""

    def atanh(self) -> Self:
        """Inverse of tanh."""

    def cbrt(self) -> Self:
        """Cube root of x, negative for negative x."""

    def ceil(self) -> Self:
        """The smallest integer not below x."""

    def clip(self, lo: Self | T | int | PyFloat, hi: Self | T | int | PyFloat) -> Self:
        """x held between lo and hi."""

    def copysign(self, b: Self | T | int | PyFloat) -> Self:
        """Size of a with the sign of b, where zeros have signs too."""

    def cos(self) -> Self:
        """Cosine of x."""

    def cosh(self) -> Self:
        """Hyperbolic cosine of x."""

    def degrees(self) -> Self:
        """x radians in degrees."""

    def digamma(self) -> Self:
        """The logarithmic derivative of gamma."""

    def div(self, b: Self | T | int | PyFloat) -> Self:
        """Quotient of a and b."""

    def elu(self, alpha: Self | T | int | PyFloat = 1) -> Self:
        """x above 0 and alpha * (exp(x) - 1) below."""

    def entr(self) -> Self:
        """The entropy term -x * log(x), 0 at 0; below 0 it is NaN, where SciPy says -inf."""

    def equal(self, b: Self | T | int | PyFloat) -> Self:
        """1 where a = b, else 0."""

    def erf(self) -> Self:
        """The error function."""

    def erfc(self) -> Self:
        """The complementary error function 1 - erf(x), accurate in its far tail."""

    def exp(self) -> Self:
        """e to the power x."""

    def exp2(self) -> Self:
        """2 to the power x."""

    def expm1(self) -> Self:
        """exp(x) - 1, accurate near 0."""

    def floor(self) -> Self:
        """The largest integer not above x."""

    def floor_divide(self, b: Self | T | int | PyFloat) -> Self:
        """The whole number next to a/b from below."""

    def fma(self, b: Self | T | int | PyFloat, c: Self | T | int | PyFloat) -> Self:
        """a*b + c rounded once, or twice if the result is subnormal."""

    def gamma(self) -> Self:
        """The gamma function."""

    def gelu(self) -> Self:
        """The exact Gaussian error linear unit x * normal_cdf(x)."""

    def gelu_tanh(self) -> Self:
        """The tanh approximation of gelu: x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x**3)))."""

    def greater(self, b: Self | T | int | PyFloat) -> Self:
        """1 where a > b, else 0."""

    def greater_equal(self, b: Self | T | int | PyFloat) -> Self:
        """1 where a >= b, else 0."""

    def heaviside(self, h0: Self | T | int | PyFloat) -> Self:
        """0 below 0, 1 above, and h0 at x = 0."""

    def hypot(self, b: Self | T | int | PyFloat) -> Self:
        """Length of the vector (a, b)."""

    def leaky_relu(self, negative_slope: Self | T | int | PyFloat = 0.01) -> Self:
        """x above 0 and negative_slope * x below."""

    def less(self, b: Self | T | int | PyFloat) -> Self:
        """1 where a < b, else 0."""

    def less_equal(self, b: Self | T | int | PyFloat) -> Self:
        """1 where a <= b, else 0."""

    def lgamma(self) -> Self:
        """The logarithm of the absolute value of gamma."""

    def log(self) -> Self:
        """Natural logarithm of x."""

    def log1mexp(self) -> Self:
        """log(1 - exp(-x)) for x above 0, Maechler's sign of the argument."""

    def log1p(self) -> Self:
        """log(1 + x), accurate near 0."""

    def log2(self) -> Self:
        """Logarithm of x to base 2."""

    def log10(self) -> Self:
        """Logarithm of x to base 10."""

    def log_sigmoid(self) -> Self:
        """The logarithm of sigmoid."""

    def logaddexp(self, b: Self | T | int | PyFloat) -> Self:
        """log(exp(a) + exp(b)) without overflow."""

    def logaddexp2(self, b: Self | T | int | PyFloat) -> Self:
        """log2(2**a + 2**b) without overflow."""

    def logit(self) -> Self:
        """The inverse of sigmoid: log(x/(1 - x))."""

    def maximum(self, b: Self | T | int | PyFloat) -> Self:
        """The larger of a and b; NaN if one is NaN."""

    def minimum(self, b: Self | T | int | PyFloat) -> Self:
        """The smaller of a and b; NaN if one is NaN."""

    def mish(self) -> Self:
        """x * tanh(softplus(x))."""

    def mul(self, b: Self | T | int | PyFloat) -> Self:
        """Product of a and b."""

    def neg(self) -> Self:
        """Minus x."""

    def normal_cdf(self) -> Self:
        """The standard normal distribution function, accurate in its lower tail."""

    def normal_pdf(self) -> Self:
        """The density of the standard normal distribution."""

    def not_equal(self, b: Self | T | int | PyFloat) -> Self:
        """1 where a is not b, else 0."""

    def polygamma(self, x: Self | T | int | PyFloat) -> Self:
        """The n-th derivative of digamma."""

    def pow(self, p: Self | T | int | PyFloat) -> Self:
        """x to the power p."""

    def radians(self) -> Self:
        """x degrees in radians."""

    def reciprocal(self) -> Self:
        """One divided by x."""

    def relu(self) -> Self:
        """x above 0 and 0 below."""

    def remainder(self, b: Self | T | int | PyFloat) -> Self:
        """Remainder of a by b, with the sign of b as in Python."""

    def round(self) -> Self:
        """The integer nearest to x, ties to even."""

    def rsqrt(self) -> Self:
        """Reciprocal of the square root of x."""

    def sech(self) -> Self:
        """Hyperbolic secant of x, 1 / cosh(x)."""

    def selu(self) -> Self:
        """The self-normalizing elu: scale * elu(x, alpha) with the two fixed constants."""

    def sigmoid(self) -> Self:
        """The logistic function 1/(1 + exp(-x))."""

    def sign(self) -> Self:
        """Minus one, zero or one, as x is negative, zero or positive."""

    def silu(self) -> Self:
        """The sigmoid linear unit x * sigmoid(x), also called swish."""

    def sin(self) -> Self:
        """Sine of x."""

    def sinc(self) -> Self:
        """sin(pi*x) / (pi*x), 1 at 0, as NumPy defines it."""

    def sinh(self) -> Self:
        """Hyperbolic sine of x."""

    def softplus(self) -> Self:
        """log(1 + exp(x)), at every x without a threshold."""

    def sqrt(self) -> Self:
        """Square root of x."""

    def square(self) -> Self:
        """Product of x with itself."""

    def sub(self, b: Self | T | int | PyFloat) -> Self:
        """Difference of a and b."""

    def tan(self) -> Self:
        """Tangent of x."""

    def tanh(self) -> Self:
        """Hyperbolic tangent of x."""

    def trigamma(self) -> Self:
        """The derivative of digamma."""

    def trunc(self) -> Self:
        """The integer part of x, towards 0."""

    def where(self, a: Self | T | int | PyFloat, b: Self | T | int | PyFloat) -> Self:
        """a where c holds and b where it does not; the other side receives nothing."""

    def xlog1py(self, y: Self | T | int | PyFloat) -> Self:
        """x * log(1 + y), and 0 where x = 0 and y >= -1."""

    def xlogy(self, y: Self | T | int | PyFloat) -> Self:
        """x * log(y), and 0 where x = 0 and y >= 0."""
