"""The edges of single rows: the row | its arguments | the value and the partials.

A "?" is not judged. A zero's sign counts where it is written with a sign.
"""

from __future__ import annotations

# Linear in the argument: the partial does not depend on it, NaN or not.
LINEAR = {
    "add", "sub", "mul", "neg", "fma", "azmul", "azdiv", "azprod", "azdot", "degrees", "radians",
    "sum", "dot", "mean", "prod",
    "sum_compensated", "dot_compensated", "where", "remainder", "xlogy", "xlog1py", "lerp",
}  # fmt: skip
# Places whose NaN does not make the value NaN: tests, signs, and numbers that are only chosen.
QUIET_PLACES: set[tuple[str, int | None]] = {
    ("copysign", 1), ("heaviside", 0), ("heaviside", 1), ("where", None), ("azmul", 1),
    ("polygamma", 0), ("leaky_relu", 1), ("elu", 1),
    ("less", None), ("less_equal", None), ("greater", None), ("greater_equal", None),
    ("equal", None), ("not_equal", None),
}  # fmt: skip


def table(text: str) -> list[tuple[str, str, str]]:
    """Return the edges of a text, one a line."""
    lines = [line.split("|") for line in text.strip().splitlines()]
    return [(name.strip(), args.strip(), wanted.strip()) for name, args, wanted in lines]


EDGES = table("""
add | inf -inf | nan 1 1
sub | inf inf | nan 1 -1
add | inf 1 | inf 1 1
mul | 0 inf | nan inf 0
mul | -0.0 3 | -0 3 -0.0
neg | 0 | -0 -1
neg | -0.0 | +0 -1
mul | nan 2 | nan 2 nan
div | 0 0 | nan nan nan
div | inf inf | nan nan nan
div | 1 0 | inf inf -inf
div | 1 -0.0 | -inf -inf -inf
div | 1 inf | 0 0 0
div | 0 2 | 0 0.5 0
div | inf 2 | inf 0.5 -inf
div | nan 1 | nan nan nan
div | 1 nan | nan nan nan
reciprocal | 0 | inf -inf
reciprocal | -0.0 | -inf -inf
reciprocal | inf | 0 0
square | inf | inf inf
square | -inf | inf -inf
square | 0 | 0 0
pow | 0 0 | 1 0 0
pow | 0 1 | 0 1 0
pow | 0 2 | 0 0 0
pow | 0 0.5 | 0 inf 0
pow | -0.0 0.5 | 0 inf 0
pow | 0 -1 | inf -inf nan
pow | -0.0 -1 | -inf -inf nan
pow | 0 -2 | inf -inf nan
pow | -0.0 -2 | inf inf nan
pow | -2 3 | -8 12 nan
pow | -2 0.5 | nan nan nan
pow | nan 0 | 1 0 nan
pow | 1 nan | 1 nan 0
pow | 0.5 inf | 0 0 0
pow | 2 inf | inf inf inf
pow | 2 -inf | 0 0 0
pow | inf 2 | inf inf inf
pow | inf -1 | 0 0 0
pow | inf 0.5 | inf 0 inf
pow | inf 1 | inf 1 inf
pow | 2 nan | nan nan nan
pow | nan 2 | nan nan nan
pow_constant | 0 0 | 1 0
pow_constant | nan 0 | 1 0
pow_constant | inf 0 | 1 0
pow_constant | 0 1 | 0 1
pow_constant | inf 1 | inf 1
pow_constant | 0 0.5 | 0 inf
pow_constant | -0.0 0.5 | 0 inf
pow_constant | 0 1.5 | 0 0
pow_constant | 0 2 | 0 0
pow_constant | 0 -1 | inf -inf
pow_constant | -0.0 -1 | -inf -inf
pow_constant | -0.0 -2 | inf inf
pow_constant | 0 -2 | inf -inf
pow_constant | 0 -0.5 | inf -inf
pow_constant | -2 3 | -8 12
pow_constant | -2 -1 | -0.5 -0.25
pow_constant | -2 0.5 | nan nan
pow_constant | -1 1 | -1 1
pow_constant | 3 2 | 9 6
exp | inf | inf inf
exp | -inf | 0 0
exp | -0.0 | 1 1
exp2 | inf | inf inf
exp2 | -inf | 0 0
expm1 | -inf | -1 0
expm1 | inf | inf inf
expm1 | -0.0 | -0 1
expm1 | -40 | ? 4.2483542552915889953e-18
log | 0 | -inf inf
log | -0.0 | -inf inf
log | -1 | nan nan
log | inf | inf 0
log2 | 0 | -inf inf
log2 | -0.0 | -inf inf
log2 | -1 | nan nan
log2 | inf | inf 0
log10 | 0 | -inf inf
log10 | -0.0 | -inf inf
log10 | -1 | nan nan
log10 | inf | inf 0
log | -inf | nan nan
log1p | -1 | -inf inf
log1p | -2 | nan nan
log1p | inf | inf 0
log1p | -0.0 | -0 1
log1p | -inf | nan nan
sqrt | 0 | 0 inf
sqrt | -0.0 | -0 inf
sqrt | -1 | nan nan
sqrt | inf | inf 0
rsqrt | 0 | inf -inf
rsqrt | -0.0 | inf -inf
rsqrt | -1 | nan nan
rsqrt | inf | 0 0
cbrt | 0 | 0 inf
cbrt | -0.0 | -0 inf
cbrt | -8 | -2 0.0833333333333333333333
cbrt | inf | inf 0
cbrt | -inf | -inf 0
sin | inf | nan nan
cos | inf | nan nan
tan | inf | nan nan
sin | -inf | nan nan
sin | -0.0 | -0 1
cos | 0 | 1 0
tan | -0.0 | -0 1
asin | 1 | 1.57079632679489661923 inf
asin | -1 | -1.57079632679489661923 inf
asin | 2 | nan nan
asin | -2 | nan nan
acos | 1 | 0 -inf
acos | -1 | 3.14159265358979323846 -inf
acos | 2 | nan nan
acos | inf | nan nan
asin | -0.0 | -0 1
atan | inf | 1.57079632679489661923 0
atan | -inf | -1.57079632679489661923 0
atan | -0.0 | -0 1
atan2 | 0 0 | 0 nan nan
atan2 | inf inf | 0.785398163397448309616 0 0
atan2 | 0 -1 | 3.14159265358979323846 -1 0
atan2 | -0.0 -1 | -3.14159265358979323846 -1 0
atan2 | 1 0 | 1.57079632679489661923 0 -1
atan2 | inf 1 | 1.57079632679489661923 0 0
atan2 | 1 inf | 0 0 0
atan2 | 1 -inf | 3.14159265358979323846 0 0
atan2 | nan 1 | nan nan nan
sinh | inf | inf inf
sinh | -inf | -inf inf
sinh | -0.0 | -0 1
cosh | inf | inf inf
cosh | -inf | inf -inf
cosh | 0 | 1 0
tanh | inf | 1 0
tanh | -inf | -1 0
tanh | -0.0 | -0 1
tanh | 20 | ? 1.69934170211663558369e-17
sech | inf | 0 0
sech | 0 | 1 0
asinh | inf | inf 0
asinh | -inf | -inf 0
asinh | -0.0 | -0 1
acosh | 1 | 0 inf
acosh | 0.5 | nan nan
acosh | -1 | nan nan
acosh | -5 | nan nan
acosh | inf | inf 0
atanh | 1 | inf inf
atanh | -1 | -inf inf
atanh | 2 | nan nan
atanh | -2 | nan nan
atanh | inf | nan nan
atanh | -0.0 | -0 1
sinc | 0 | 1 0
sinc | 1 | 0 -1
sinc | inf | 0 0
sinc | 0.5 | 0.636619772367581343076 -1.27323954473516268615
abs | 0 | +0 0
abs | -0.0 | +0 0
abs | -inf | inf -1
abs | inf | inf 1
abs | nan | nan nan
sign | 0 | 0 0
floor | 0 | 0 0
ceil | 0 | 0 0
trunc | 0 | 0 0
round | 0 | 0 0
sign | inf | ? 0
floor | inf | ? 0
ceil | inf | ? 0
trunc | inf | ? 0
round | inf | ? 0
sign | nan | nan nan
floor | nan | nan nan
ceil | nan | nan nan
trunc | nan | nan nan
round | nan | nan nan
sign | -3 | -1 0
round | 2.5 | 2 0
floor | -0.5 | -1 0
copysign | 2 -0.0 | -2 -1 0
copysign | -2 3 | 2 -1 0
copysign | 0 -1 | -0 0 0
maximum | 1 1 | 1 0.5 0.5
maximum | 2 1 | 2 1 0
maximum | nan 1 | nan nan nan
maximum | 1 nan | nan nan nan
minimum | 1 1 | 1 0.5 0.5
minimum | 2 1 | 1 0 1
maximum | 0 -0.0 | ? 0.5 0.5
maximum | inf inf | inf 0.5 0.5
minimum | nan 1 | nan nan nan
relu | 0 | 0 0
relu | -0.0 | 0 0
relu | nan | nan nan
relu | inf | inf 1
relu | -inf | 0 0
clip | 0 0 1 | 0 0 1 0
clip | 1 0 1 | 1 0 0 1
clip | 2 0 1 | 1 0 0 1
clip | 0.5 0 1 | 0.5 1 0 0
leaky_relu | 0 0.25 | 0 0.25
leaky_relu | -1 0.25 | -0.25 0.25
leaky_relu | 1 0.25 | 1 1
elu | 0 1 | 0 1
elu | -inf 1 | -1 0
elu | inf 1 | inf 1
where | 1 2 3 | 2 ? 1 0
where | 0 2 nan | nan ? 0 1
where | 1 2 nan | 2 ? 1 0
sigmoid | inf | 1 0
sigmoid | -inf | 0 0
sigmoid | 0 | 0.5 0.25
sigmoid | 40 | ? 4.24835425529158895923e-18
softplus | inf | inf 1
softplus | -inf | 0 0
log_sigmoid | inf | 0 0
log_sigmoid | -inf | -inf 1
silu | inf | inf 1
silu | -inf | 0 0
gelu | inf | inf 1
gelu | -inf | 0 0
erf | inf | 1 0
erf | -inf | -1 0
erfc | inf | 0 0
erfc | -inf | 2 0
erf | -0.0 | -0 ?
gamma | 0 | inf -inf
gamma | -1 | nan nan
gamma | inf | inf inf
lgamma | -1 | inf nan
lgamma | 0 | inf -inf
lgamma | -0.0 | inf inf
lgamma | inf | inf inf
lgamma | 1 | 0 -0.577215664901532860607
hypot | 0 0 | 0 0 0
hypot | 3 4 | 5 0.6 0.8
hypot | inf 1 | inf 1 0
hypot | -inf 1 | inf -1 0
hypot | 1 inf | inf 0 1
hypot | inf inf | inf nan nan
hypot | nan 1 | nan nan nan
fma | 2 3 4 | 10 3 2 1
fma | 0 inf 1 | nan inf 0 1
fma | inf 1 -inf | nan 1 inf 1
fma | inf 2 1 | inf 2 inf 1
remainder | 5 3 | 2 1 -1
remainder | -5 3 | 1 1 2
remainder | 5 0 | nan nan nan
remainder | 6 3 | 0 1 -2
remainder | 5 -3 | -1 1 2
remainder | inf 3 | nan nan nan
remainder | 5 inf | 5 1 0
remainder | -0.0 3 | 0 1 0
logaddexp | inf 0 | inf 1 0
logaddexp | inf inf | inf nan nan
logaddexp | -inf -inf | -inf nan nan
logaddexp | -inf 0 | 0 0 1
logaddexp | 0 0 | 0.693147180559945309417 0.5 0.5
logaddexp2 | inf 0 | inf 1 0
azmul | 0 inf | +0 inf 0
azmul | -0.0 nan | -0 nan 0
azmul | 2 3 | 6 3 2
azmul | 1 inf | inf inf 1
azdiv | 0 0 | +0 inf 0
azdiv | -0.0 nan | -0 nan 0
azdiv | 6 3 | 2 0.333333333333333333333 -0.666666666666666666667
azprod | 0 inf | +0 inf 0
azprod | nan 0 | +0 0 nan
azprod | 2 3 | 6 3 2
""")

# In the range of float64 and longdouble.
LARGE_EDGES = table("""
asinh | 1e200 | ? 1e-200
acosh | 1e200 | ? 1e-200
atan | 1e154 | ? 1e-308
atan2 | 1e-200 1e-200 | ? 5e199 -5e199
hypot | 1e200 1e200 | ? 0.707106781186547524401 0.707106781186547524401
hypot | 1e-200 1e-200 | ? 0.707106781186547524401 0.707106781186547524401
div | 1 1e200 | 1e-200 1e-200 ?
div | 1e200 1e200 | 1 1e-200 -1e-200
sigmoid | -700 | ? 9.85967654375977085671e-305
logaddexp | 1000 0 | 1000 1 ?
tanh | 300 | ? 1.06015862120172432654e-260
erf | 20 | ? 2.16103747438679846101e-174
sinc | 1e300 | 0 1e-300
log2 | 1e308 | ? 1.44269504088896340736e-308
""")
