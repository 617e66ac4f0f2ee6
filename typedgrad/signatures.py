"""The types of functions under differentiation, and of what the transforms make of them.

The digit in a name is the number of arguments, a name with `Vector` takes one sequence. A
transformed function that is called with numbers answers with numbers; called with at least one
Value it answers with Values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec, Protocol, TypeAlias, overload

from numpy.typing import NDArray
from typing_extensions import TypeVar

from typedgrad.scalars import NP, PyFloat, S
from typedgrad.value import Value

P = ParamSpec("P")
Q = ParamSpec("Q")
A = TypeVar("A", covariant=True)
B = TypeVar("B", covariant=True)
X = TypeVar("X")
Y = TypeVar("Y")
Z = TypeVar("Z")


class Either(Protocol[P, A, Q, B]):
    """A function with one form for numbers (P gives A) and one for Values (Q gives B)."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> A: ...
    @overload
    def __call__(self, *args: Q.args, **kwargs: Q.kwargs) -> B: ...


# What may stand for a number: N among numbers, V among Values.
N: TypeAlias = S | int | PyFloat
V: TypeAlias = Value[S] | S | int | PyFloat
NVector: TypeAlias = Sequence[NP | int | PyFloat] | NDArray[NP]
VVector: TypeAlias = Sequence[Value[NP] | NP | int | PyFloat]

# A function of n Values with one result.
F1: TypeAlias = Callable[[Value[S]], Value[S]]
F2: TypeAlias = Callable[[Value[S], Value[S]], Value[S]]
F3: TypeAlias = Callable[[Value[S], Value[S], Value[S]], Value[S]]
F4: TypeAlias = Callable[[Value[S], Value[S], Value[S], Value[S]], Value[S]]
F5: TypeAlias = Callable[[Value[S], Value[S], Value[S], Value[S], Value[S]], Value[S]]
F6: TypeAlias = Callable[[Value[S], Value[S], Value[S], Value[S], Value[S], Value[S]], Value[S]]
F7: TypeAlias = Callable[
    [Value[S], Value[S], Value[S], Value[S], Value[S], Value[S], Value[S]], Value[S]
]
F8: TypeAlias = Callable[
    [Value[S], Value[S], Value[S], Value[S], Value[S], Value[S], Value[S], Value[S]], Value[S]
]
FVector: TypeAlias = Callable[[list[Value[NP]]], Value[NP]]

# A function of n Values with several results.
R1: TypeAlias = Callable[[Value[S]], Sequence[Value[S]]]
R2: TypeAlias = Callable[[Value[S], Value[S]], Sequence[Value[S]]]
R3: TypeAlias = Callable[[Value[S], Value[S], Value[S]], Sequence[Value[S]]]
R4: TypeAlias = Callable[[Value[S], Value[S], Value[S], Value[S]], Sequence[Value[S]]]
R5: TypeAlias = Callable[[Value[S], Value[S], Value[S], Value[S], Value[S]], Sequence[Value[S]]]
R6: TypeAlias = Callable[
    [Value[S], Value[S], Value[S], Value[S], Value[S], Value[S]], Sequence[Value[S]]
]
R7: TypeAlias = Callable[
    [Value[S], Value[S], Value[S], Value[S], Value[S], Value[S], Value[S]], Sequence[Value[S]]
]
R8: TypeAlias = Callable[
    [Value[S], Value[S], Value[S], Value[S], Value[S], Value[S], Value[S], Value[S]],
    Sequence[Value[S]],
]
RVector: TypeAlias = Callable[[list[Value[NP]]], Sequence[Value[NP]]]

# A point or a direction: n of the same kind.
At1: TypeAlias = tuple[X]
At2: TypeAlias = tuple[X, X]
At3: TypeAlias = tuple[X, X, X]
At4: TypeAlias = tuple[X, X, X, X]
At5: TypeAlias = tuple[X, X, X, X, X]
At6: TypeAlias = tuple[X, X, X, X, X, X]
At7: TypeAlias = tuple[X, X, X, X, X, X, X]
At8: TypeAlias = tuple[X, X, X, X, X, X, X, X]

# The function with n arguments that gives X for numbers and Y for Values.
On1: TypeAlias = Either[[N[S]], X, [V[S]], Y]
On2: TypeAlias = Either[[N[S], N[S]], X, [V[S], V[S]], Y]
On3: TypeAlias = Either[[N[S], N[S], N[S]], X, [V[S], V[S], V[S]], Y]
On4: TypeAlias = Either[[N[S], N[S], N[S], N[S]], X, [V[S], V[S], V[S], V[S]], Y]
On5: TypeAlias = Either[[N[S], N[S], N[S], N[S], N[S]], X, [V[S], V[S], V[S], V[S], V[S]], Y]
On6: TypeAlias = Either[
    [N[S], N[S], N[S], N[S], N[S], N[S]], X, [V[S], V[S], V[S], V[S], V[S], V[S]], Y
]
On7: TypeAlias = Either[
    [N[S], N[S], N[S], N[S], N[S], N[S], N[S]], X, [V[S], V[S], V[S], V[S], V[S], V[S], V[S]], Y
]
On8: TypeAlias = Either[
    [N[S], N[S], N[S], N[S], N[S], N[S], N[S], N[S]],
    X,
    [V[S], V[S], V[S], V[S], V[S], V[S], V[S], V[S]],
    Y,
]
OnVector: TypeAlias = Either[[NVector[NP]], X, [VVector[NP]], Y]

# The gradient, and the value with its gradient.
G1: TypeAlias = On1[S, S, Value[S]]
G2: TypeAlias = On2[S, At2[S], At2[Value[S]]]
G3: TypeAlias = On3[S, At3[S], At3[Value[S]]]
G4: TypeAlias = On4[S, At4[S], At4[Value[S]]]
G5: TypeAlias = On5[S, At5[S], At5[Value[S]]]
G6: TypeAlias = On6[S, At6[S], At6[Value[S]]]
G7: TypeAlias = On7[S, At7[S], At7[Value[S]]]
G8: TypeAlias = On8[S, At8[S], At8[Value[S]]]
GVector: TypeAlias = OnVector[NP, NDArray[NP], list[Value[NP]]]

B1: TypeAlias = On1[S, tuple[S, S], tuple[Value[S], Value[S]]]
B2: TypeAlias = On2[S, tuple[S, At2[S]], tuple[Value[S], At2[Value[S]]]]
B3: TypeAlias = On3[S, tuple[S, At3[S]], tuple[Value[S], At3[Value[S]]]]
B4: TypeAlias = On4[S, tuple[S, At4[S]], tuple[Value[S], At4[Value[S]]]]
B5: TypeAlias = On5[S, tuple[S, At5[S]], tuple[Value[S], At5[Value[S]]]]
B6: TypeAlias = On6[S, tuple[S, At6[S]], tuple[Value[S], At6[Value[S]]]]
B7: TypeAlias = On7[S, tuple[S, At7[S]], tuple[Value[S], At7[Value[S]]]]
B8: TypeAlias = On8[S, tuple[S, At8[S]], tuple[Value[S], At8[Value[S]]]]
BVector: TypeAlias = OnVector[NP, tuple[NP, NDArray[NP]], tuple[Value[NP], list[Value[NP]]]]

# The matrix of a Jacobian or a Hessian.
M1: TypeAlias = On1[NP, NDArray[NP], list[list[Value[NP]]]]
M2: TypeAlias = On2[NP, NDArray[NP], list[list[Value[NP]]]]
M3: TypeAlias = On3[NP, NDArray[NP], list[list[Value[NP]]]]
M4: TypeAlias = On4[NP, NDArray[NP], list[list[Value[NP]]]]
M5: TypeAlias = On5[NP, NDArray[NP], list[list[Value[NP]]]]
M6: TypeAlias = On6[NP, NDArray[NP], list[list[Value[NP]]]]
M7: TypeAlias = On7[NP, NDArray[NP], list[list[Value[NP]]]]
M8: TypeAlias = On8[NP, NDArray[NP], list[list[Value[NP]]]]
MVector: TypeAlias = OnVector[NP, NDArray[NP], list[list[Value[NP]]]]

# A result X with the function from a seed Y to the adjoints of the inputs.
Pulled: TypeAlias = tuple[X, Callable[[Y], Z]]
# The point of a function of any number of arguments.
Anywhere: TypeAlias = tuple[NP | int | PyFloat, ...] | tuple[NVector[NP]]
