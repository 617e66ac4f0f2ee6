"""The transforms with their types, as methods of a precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, overload

from typedgrad import transforms
from typedgrad.numbers import NumberSystem
from typedgrad.scalars import NP, T
from typedgrad.value import Value

if TYPE_CHECKING:  # they cost a quarter of the import and no code needs them
    from numpy.typing import NDArray

    from typedgrad import signatures as s


class Transforms(NumberSystem[T], Generic[T]):
    """A number system with grad, value_and_grad, jvp, vjp, jacobian, hessian and hvp."""

    @overload
    def grad(self, f: s.F1[T], /) -> s.G1[T]: ...
    @overload
    def grad(self, f: s.F2[T], /) -> s.G2[T]: ...
    @overload
    def grad(self, f: s.F3[T], /) -> s.G3[T]: ...
    @overload
    def grad(self, f: s.F4[T], /) -> s.G4[T]: ...
    @overload
    def grad(self, f: s.F5[T], /) -> s.G5[T]: ...
    @overload
    def grad(self, f: s.F6[T], /) -> s.G6[T]: ...
    @overload
    def grad(self, f: s.F7[T], /) -> s.G7[T]: ...
    @overload
    def grad(self, f: s.F8[T], /) -> s.G8[T]: ...
    @overload
    def grad(self: Transforms[NP], f: s.FVector[NP], /) -> s.GVector[NP]: ...
    def grad(self, f: Any, /) -> Any:
        """Return the function that gives the partial derivatives of f.

        f takes one to eight numbers, or one sequence; the result has the same arguments. It gives
        one number, a tuple, or for a sequence an array.

        >>> import typedgrad as tg
        >>> tg.float32.grad(lambda x, y: x * y + tg.sin(x))(3.0, 2.0)
        (np.float32(1.0100075), np.float32(3.0))
        """
        return transforms.grad(self, f)

    @overload
    def value_and_grad(self, f: s.F1[T], /) -> s.B1[T]: ...
    @overload
    def value_and_grad(self, f: s.F2[T], /) -> s.B2[T]: ...
    @overload
    def value_and_grad(self, f: s.F3[T], /) -> s.B3[T]: ...
    @overload
    def value_and_grad(self, f: s.F4[T], /) -> s.B4[T]: ...
    @overload
    def value_and_grad(self, f: s.F5[T], /) -> s.B5[T]: ...
    @overload
    def value_and_grad(self, f: s.F6[T], /) -> s.B6[T]: ...
    @overload
    def value_and_grad(self, f: s.F7[T], /) -> s.B7[T]: ...
    @overload
    def value_and_grad(self, f: s.F8[T], /) -> s.B8[T]: ...
    @overload
    def value_and_grad(self: Transforms[NP], f: s.FVector[NP], /) -> s.BVector[NP]: ...
    def value_and_grad(self, f: Any, /) -> Any:
        """Return the function that gives the value of f and its partial derivatives.

        >>> import typedgrad as tg
        >>> tg.float32.value_and_grad(lambda x, y: x * y)(3.0, 2.0)
        (np.float32(6.0), (np.float32(2.0), np.float32(3.0)))
        """
        return transforms.value_and_grad(self, f)

    @overload
    def jvp(self, f: s.F1[T], at: s.At1[s.N[T]], along: s.At1[s.N[T]], /) -> tuple[T, T]: ...
    @overload
    def jvp(self, f: s.F2[T], at: s.At2[s.N[T]], along: s.At2[s.N[T]], /) -> tuple[T, T]: ...
    @overload
    def jvp(self, f: s.F3[T], at: s.At3[s.N[T]], along: s.At3[s.N[T]], /) -> tuple[T, T]: ...
    @overload
    def jvp(self, f: s.F4[T], at: s.At4[s.N[T]], along: s.At4[s.N[T]], /) -> tuple[T, T]: ...
    @overload
    def jvp(self, f: s.F5[T], at: s.At5[s.N[T]], along: s.At5[s.N[T]], /) -> tuple[T, T]: ...
    @overload
    def jvp(self, f: s.F6[T], at: s.At6[s.N[T]], along: s.At6[s.N[T]], /) -> tuple[T, T]: ...
    @overload
    def jvp(self, f: s.F7[T], at: s.At7[s.N[T]], along: s.At7[s.N[T]], /) -> tuple[T, T]: ...
    @overload
    def jvp(self, f: s.F8[T], at: s.At8[s.N[T]], along: s.At8[s.N[T]], /) -> tuple[T, T]: ...
    @overload
    def jvp(
        self, f: s.F1[T], at: s.At1[Value[T]], along: s.At1[s.V[T]], /
    ) -> tuple[Value[T], Value[T]]: ...
    @overload
    def jvp(
        self, f: s.F2[T], at: s.At2[Value[T]], along: s.At2[s.V[T]], /
    ) -> tuple[Value[T], Value[T]]: ...
    @overload
    def jvp(
        self, f: s.F3[T], at: s.At3[Value[T]], along: s.At3[s.V[T]], /
    ) -> tuple[Value[T], Value[T]]: ...
    @overload
    def jvp(
        self, f: s.F4[T], at: s.At4[Value[T]], along: s.At4[s.V[T]], /
    ) -> tuple[Value[T], Value[T]]: ...
    @overload
    def jvp(
        self, f: s.F5[T], at: s.At5[Value[T]], along: s.At5[s.V[T]], /
    ) -> tuple[Value[T], Value[T]]: ...
    @overload
    def jvp(
        self, f: s.F6[T], at: s.At6[Value[T]], along: s.At6[s.V[T]], /
    ) -> tuple[Value[T], Value[T]]: ...
    @overload
    def jvp(
        self, f: s.F7[T], at: s.At7[Value[T]], along: s.At7[s.V[T]], /
    ) -> tuple[Value[T], Value[T]]: ...
    @overload
    def jvp(
        self, f: s.F8[T], at: s.At8[Value[T]], along: s.At8[s.V[T]], /
    ) -> tuple[Value[T], Value[T]]: ...
    @overload
    def jvp(
        self: Transforms[NP],
        f: s.FVector[NP],
        at: s.At1[s.NVector[NP]],
        along: s.At1[s.NVector[NP]],
        /,
    ) -> tuple[NP, NP]: ...
    @overload
    def jvp(
        self: Transforms[NP],
        f: s.FVector[NP],
        at: s.At1[Sequence[Value[NP]]],
        along: s.At1[s.VVector[NP]],
        /,
    ) -> tuple[Value[NP], Value[NP]]: ...
    @overload
    def jvp(
        self: Transforms[NP],
        f: Callable[..., Sequence[Value[NP]]],
        at: s.Anywhere[NP],
        along: s.Anywhere[NP],
        /,
    ) -> tuple[NDArray[NP], NDArray[NP]]: ...
    def jvp(self, f: Any, at: Any, along: Any, /) -> Any:
        """Return the value of f at a point and its derivative along a direction.

        Point and direction are tuples of arguments; a sequence is one argument.

        >>> import typedgrad as tg
        >>> tg.float32.jvp(lambda x, y: x * y, (3.0, 2.0), (1.0, 0.0))
        (np.float32(6.0), np.float32(2.0))
        """
        return transforms.jvp(self, f, at, along)

    @overload
    def vjp(self, f: s.F1[T], at: s.At1[s.N[T]], /) -> s.Pulled[T, s.N[T], T]: ...
    @overload
    def vjp(self, f: s.F2[T], at: s.At2[s.N[T]], /) -> s.Pulled[T, s.N[T], s.At2[T]]: ...
    @overload
    def vjp(self, f: s.F3[T], at: s.At3[s.N[T]], /) -> s.Pulled[T, s.N[T], s.At3[T]]: ...
    @overload
    def vjp(self, f: s.F4[T], at: s.At4[s.N[T]], /) -> s.Pulled[T, s.N[T], s.At4[T]]: ...
    @overload
    def vjp(self, f: s.F5[T], at: s.At5[s.N[T]], /) -> s.Pulled[T, s.N[T], s.At5[T]]: ...
    @overload
    def vjp(self, f: s.F6[T], at: s.At6[s.N[T]], /) -> s.Pulled[T, s.N[T], s.At6[T]]: ...
    @overload
    def vjp(self, f: s.F7[T], at: s.At7[s.N[T]], /) -> s.Pulled[T, s.N[T], s.At7[T]]: ...
    @overload
    def vjp(self, f: s.F8[T], at: s.At8[s.N[T]], /) -> s.Pulled[T, s.N[T], s.At8[T]]: ...
    @overload
    def vjp(self, f: s.F1[T], at: s.At1[Value[T]], /) -> s.Pulled[Value[T], s.V[T], Value[T]]: ...
    @overload
    def vjp(
        self, f: s.F2[T], at: s.At2[Value[T]], /
    ) -> s.Pulled[Value[T], s.V[T], s.At2[Value[T]]]: ...
    @overload
    def vjp(
        self, f: s.F3[T], at: s.At3[Value[T]], /
    ) -> s.Pulled[Value[T], s.V[T], s.At3[Value[T]]]: ...
    @overload
    def vjp(
        self, f: s.F4[T], at: s.At4[Value[T]], /
    ) -> s.Pulled[Value[T], s.V[T], s.At4[Value[T]]]: ...
    @overload
    def vjp(
        self, f: s.F5[T], at: s.At5[Value[T]], /
    ) -> s.Pulled[Value[T], s.V[T], s.At5[Value[T]]]: ...
    @overload
    def vjp(
        self, f: s.F6[T], at: s.At6[Value[T]], /
    ) -> s.Pulled[Value[T], s.V[T], s.At6[Value[T]]]: ...
    @overload
    def vjp(
        self, f: s.F7[T], at: s.At7[Value[T]], /
    ) -> s.Pulled[Value[T], s.V[T], s.At7[Value[T]]]: ...
    @overload
    def vjp(
        self, f: s.F8[T], at: s.At8[Value[T]], /
    ) -> s.Pulled[Value[T], s.V[T], s.At8[Value[T]]]: ...
    @overload
    def vjp(
        self: Transforms[NP], f: s.FVector[NP], at: s.At1[s.NVector[NP]], /
    ) -> s.Pulled[NP, s.N[NP], NDArray[NP]]: ...
    @overload
    def vjp(
        self: Transforms[NP], f: s.R1[NP], at: s.At1[s.N[NP]], /
    ) -> s.Pulled[NDArray[NP], s.NVector[NP], NP]: ...
    @overload
    def vjp(
        self: Transforms[NP], f: s.R2[NP], at: s.At2[s.N[NP]], /
    ) -> s.Pulled[NDArray[NP], s.NVector[NP], s.At2[NP]]: ...
    @overload
    def vjp(
        self: Transforms[NP], f: s.R3[NP], at: s.At3[s.N[NP]], /
    ) -> s.Pulled[NDArray[NP], s.NVector[NP], s.At3[NP]]: ...
    @overload
    def vjp(
        self: Transforms[NP], f: s.R4[NP], at: s.At4[s.N[NP]], /
    ) -> s.Pulled[NDArray[NP], s.NVector[NP], s.At4[NP]]: ...
    @overload
    def vjp(
        self: Transforms[NP], f: s.R5[NP], at: s.At5[s.N[NP]], /
    ) -> s.Pulled[NDArray[NP], s.NVector[NP], s.At5[NP]]: ...
    @overload
    def vjp(
        self: Transforms[NP], f: s.R6[NP], at: s.At6[s.N[NP]], /
    ) -> s.Pulled[NDArray[NP], s.NVector[NP], s.At6[NP]]: ...
    @overload
    def vjp(
        self: Transforms[NP], f: s.R7[NP], at: s.At7[s.N[NP]], /
    ) -> s.Pulled[NDArray[NP], s.NVector[NP], s.At7[NP]]: ...
    @overload
    def vjp(
        self: Transforms[NP], f: s.R8[NP], at: s.At8[s.N[NP]], /
    ) -> s.Pulled[NDArray[NP], s.NVector[NP], s.At8[NP]]: ...
    @overload
    def vjp(
        self: Transforms[NP], f: s.RVector[NP], at: s.At1[s.NVector[NP]], /
    ) -> s.Pulled[NDArray[NP], s.NVector[NP], NDArray[NP]]: ...
    def vjp(self, f: Any, at: Any, /) -> Any:
        """Return the value of f at a point, and the function from a seed to the adjoints.

        >>> import typedgrad as tg
        >>> value, pull = tg.float32.vjp(lambda x, y: x * y, (3.0, 2.0))
        >>> value, pull(10.0)
        (np.float32(6.0), (np.float32(20.0), np.float32(30.0)))
        """
        return transforms.vjp(self, f, at)

    @overload
    def jacobian(self: Transforms[NP], f: s.R1[NP], /) -> s.M1[NP]: ...
    @overload
    def jacobian(self: Transforms[NP], f: s.R2[NP], /) -> s.M2[NP]: ...
    @overload
    def jacobian(self: Transforms[NP], f: s.R3[NP], /) -> s.M3[NP]: ...
    @overload
    def jacobian(self: Transforms[NP], f: s.R4[NP], /) -> s.M4[NP]: ...
    @overload
    def jacobian(self: Transforms[NP], f: s.R5[NP], /) -> s.M5[NP]: ...
    @overload
    def jacobian(self: Transforms[NP], f: s.R6[NP], /) -> s.M6[NP]: ...
    @overload
    def jacobian(self: Transforms[NP], f: s.R7[NP], /) -> s.M7[NP]: ...
    @overload
    def jacobian(self: Transforms[NP], f: s.R8[NP], /) -> s.M8[NP]: ...
    @overload
    def jacobian(self: Transforms[NP], f: s.RVector[NP], /) -> s.MVector[NP]: ...
    def jacobian(self, f: Any, /) -> Any:
        """Return the function that gives one row of partial derivatives for each result of f.

        >>> import typedgrad as tg
        >>> tg.float32.jacobian(lambda x, y: [x * y, x + y])(3.0, 2.0)
        array([[2., 3.],
               [1., 1.]], dtype=float32)
        """
        return transforms.jacobian(self, f)

    @overload
    def hessian(self, f: s.F1[T], /) -> s.G1[T]: ...
    @overload
    def hessian(self: Transforms[NP], f: s.F2[NP], /) -> s.M2[NP]: ...
    @overload
    def hessian(self: Transforms[NP], f: s.F3[NP], /) -> s.M3[NP]: ...
    @overload
    def hessian(self: Transforms[NP], f: s.F4[NP], /) -> s.M4[NP]: ...
    @overload
    def hessian(self: Transforms[NP], f: s.F5[NP], /) -> s.M5[NP]: ...
    @overload
    def hessian(self: Transforms[NP], f: s.F6[NP], /) -> s.M6[NP]: ...
    @overload
    def hessian(self: Transforms[NP], f: s.F7[NP], /) -> s.M7[NP]: ...
    @overload
    def hessian(self: Transforms[NP], f: s.F8[NP], /) -> s.M8[NP]: ...
    @overload
    def hessian(self: Transforms[NP], f: s.FVector[NP], /) -> s.MVector[NP]: ...
    def hessian(self, f: Any, /) -> Any:
        """Return the function that gives the matrix of second derivatives of f.

        For a function of one number it is one number.

        >>> import typedgrad as tg
        >>> tg.float32.hessian(lambda x, y: x * x * y)(3.0, 2.0)
        array([[4., 6.],
               [6., 0.]], dtype=float32)
        """
        return transforms.hessian(self, f)

    @overload
    def hvp(self, f: s.F1[T], at: s.At1[s.N[T]], along: s.At1[s.N[T]], /) -> T: ...
    @overload
    def hvp(self, f: s.F2[T], at: s.At2[s.N[T]], along: s.At2[s.N[T]], /) -> s.At2[T]: ...
    @overload
    def hvp(self, f: s.F3[T], at: s.At3[s.N[T]], along: s.At3[s.N[T]], /) -> s.At3[T]: ...
    @overload
    def hvp(self, f: s.F4[T], at: s.At4[s.N[T]], along: s.At4[s.N[T]], /) -> s.At4[T]: ...
    @overload
    def hvp(self, f: s.F5[T], at: s.At5[s.N[T]], along: s.At5[s.N[T]], /) -> s.At5[T]: ...
    @overload
    def hvp(self, f: s.F6[T], at: s.At6[s.N[T]], along: s.At6[s.N[T]], /) -> s.At6[T]: ...
    @overload
    def hvp(self, f: s.F7[T], at: s.At7[s.N[T]], along: s.At7[s.N[T]], /) -> s.At7[T]: ...
    @overload
    def hvp(self, f: s.F8[T], at: s.At8[s.N[T]], along: s.At8[s.N[T]], /) -> s.At8[T]: ...
    @overload
    def hvp(self, f: s.F1[T], at: s.At1[Value[T]], along: s.At1[s.V[T]], /) -> Value[T]: ...
    @overload
    def hvp(self, f: s.F2[T], at: s.At2[Value[T]], along: s.At2[s.V[T]], /) -> s.At2[Value[T]]: ...
    @overload
    def hvp(self, f: s.F3[T], at: s.At3[Value[T]], along: s.At3[s.V[T]], /) -> s.At3[Value[T]]: ...
    @overload
    def hvp(self, f: s.F4[T], at: s.At4[Value[T]], along: s.At4[s.V[T]], /) -> s.At4[Value[T]]: ...
    @overload
    def hvp(self, f: s.F5[T], at: s.At5[Value[T]], along: s.At5[s.V[T]], /) -> s.At5[Value[T]]: ...
    @overload
    def hvp(self, f: s.F6[T], at: s.At6[Value[T]], along: s.At6[s.V[T]], /) -> s.At6[Value[T]]: ...
    @overload
    def hvp(self, f: s.F7[T], at: s.At7[Value[T]], along: s.At7[s.V[T]], /) -> s.At7[Value[T]]: ...
    @overload
    def hvp(self, f: s.F8[T], at: s.At8[Value[T]], along: s.At8[s.V[T]], /) -> s.At8[Value[T]]: ...
    @overload
    def hvp(
        self: Transforms[NP],
        f: s.FVector[NP],
        at: s.At1[s.NVector[NP]],
        along: s.At1[s.NVector[NP]],
        /,
    ) -> NDArray[NP]: ...
    def hvp(self, f: Any, at: Any, along: Any, /) -> Any:
        """Return the Hessian of f at a point times a direction, without the matrix.

        >>> import typedgrad as tg
        >>> tg.float32.hvp(lambda x, y: x * x * y, (3.0, 2.0), (1.0, 0.0))
        (np.float32(4.0), np.float32(6.0))
        """
        return transforms.hvp(self, f, at, along)
