"""Lambdas under the transforms."""

from typing import assert_type

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeVar

import typedgrad as tg

T = TypeVar("T", bound=tg.Scalar)


def f2(x: tg.Value[T], y: tg.Value[T]) -> tg.Value[T]:
    return x * y + tg.exp(x)


assert_type(tg.grad(lambda x: x * x)(1.0), np.float64)
assert_type(tg.grad(lambda x, y: x * y)(1.0, 2.0), tuple[np.float64, np.float64])
assert_type(tg.float32.grad(lambda x, y: x * y)(1.0, 2.0), tuple[np.float32, np.float32])
assert_type(tg.grad(lambda x: tg.grad(f2)(x, 2.0)[0])(1.0), np.float64)
assert_type(tg.grad(lambda x, y: tg.grad(f2)(x, y)[1])(1, 2), tuple[np.float64, np.float64])
assert_type(tg.hessian(lambda x, y: x * y)(1.0, 2.0), NDArray[np.float64])
assert_type(tg.jacobian(lambda x, y: [x * y, x])(1.0, 2.0), NDArray[np.float64])
assert_type(tg.float32.value_and_grad(lambda x: x * x)(1.0), tuple[np.float32, np.float32])
assert_type(tg.hessian(lambda x: x * x)(1.0), np.float64)
assert_type(tg.hvp(lambda x: x * x, (1.0,), (2,)), np.float64)
assert_type(tg.float32.vjp(lambda x: tg.sin(x) * x, (1.0,))[0], np.float32)
