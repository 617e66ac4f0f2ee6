"""Every row as compiled code has the bits of its eager forward, with branches and with selects."""

# pyright: basic

from __future__ import annotations

import ctypes
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

import typedgrad as tg
from typedgrad.machine import machine_of
from typedgrad.op import TABLE

pytest.importorskip("llvmlite")

from typedgrad.engines.llvm import bodies, jit, loops
from typedgrad.engines.llvm.sweep_text import row_loop

PRECISIONS = [tg.float32, tg.float64, tg.longdouble]
SCALAR_ROWS = [name for name, op in TABLE.items() if not op.sequences]
IN_PYTHON = {"clip", "polygamma"}  # one raises, the other takes an integer

every_precision = pytest.mark.parametrize("precision", PRECISIONS, ids=lambda p: p.name)
every_mode = pytest.mark.parametrize("mode", [bodies.BRANCH, bodies.SELECT])

_Loop: Any = ctypes.CFUNCTYPE(None, *(ctypes.c_void_p,) * 4)


def same_bits(a: Any, b: Any) -> Any:
    """Where two arrays have the same numbers, NaN and the signs of zeros included."""
    return ((a == b) & (np.signbit(a) == np.signbit(b))) | ((a != a) & (b != b))


def edge_points(scalar: Any) -> list[Any]:
    info = np.finfo(scalar)
    plain = (0, 1, 2, 0.5, 3, 0.001, 20, 100, 700, 10000, 0.999, 1.5, np.inf, np.nan)
    found = [sign * scalar(x) for x in plain for sign in (1, -1)]
    found += [info.tiny, -info.tiny, info.smallest_subnormal, info.max, -info.max, info.eps]
    return [*found, scalar(info.tiny / 4), scalar(info.max / 2)]


def points_for(name: str, scalar: Any) -> Any:
    """Edge points in all combinations, or in many, and ordinary points; one column an argument."""
    op, edges, rng = TABLE[name], edge_points(scalar), np.random.default_rng(len(name))
    if op.arity <= 2:
        points = list(product(edges, repeat=op.arity))
    else:
        chosen = rng.integers(0, len(edges), (400, op.arity))
        points = [tuple(edges[k] for k in row) for row in chosen]
    points += [tuple(map(scalar, row)) for row in rng.uniform(*op.samples, (60, op.arity))]
    return np.array(points, scalar).T.copy()


@cache
def compiled_rows(precision: Any, mode: str) -> jit.Code:
    """All rows of a precision in one module, each in a loop over points."""
    fmt = bodies.format_of(precision)
    assert fmt is not None
    parts = [bodies.declarations(fmt), "attributes #0 = { nounwind }\n"]
    called: dict[str, np.ufunc] = {}
    for name in SCALAR_ROWS:
        body = bodies.body(name, precision, mode)
        if body is not None:
            parts += [body.text, row_loop(name, body.name, TABLE[name].arity, fmt)]
            called.update({ufunc.__name__: ufunc for ufunc in body.ufuncs})
    for ufunc in called.values():
        loop = loops.pointers(ufunc, precision.scalar)
        assert loop is not None
        function, data = (f"inttoptr (i64 {x} to ptr)" for x in loop)
        parts.append(bodies.ufunc_ir(ufunc, precision, function, data))
    return jit.compiled("".join(parts), 0)


def run_row(code: jit.Code, name: str, columns: Any) -> Any:
    out = np.zeros(columns.shape[1], columns.dtype)
    arrays = [*columns, out]
    places = (ctypes.c_void_p * len(arrays))(*[x.ctypes.data for x in arrays])
    steps = (ctypes.c_int64 * len(arrays))(*[x.strides[0] for x in arrays])
    count = ctypes.c_int64(len(out))
    _Loop(code.address(f"loop_{name}"))(
        ctypes.addressof(places), ctypes.addressof(count), ctypes.addressof(steps), 0
    )
    return out


@every_precision
@every_mode
@pytest.mark.parametrize("name", [name for name in SCALAR_ROWS if name not in IN_PYTHON])
def test_a_row_has_the_bits_of_its_eager_forward(precision: Any, mode: str, name: str) -> None:
    if bodies.format_of(precision) is None:
        pytest.skip("LLVM has no such format here")
    columns = points_for(name, precision.scalar)
    found = run_row(compiled_rows(precision, mode), name, columns)
    forward = machine_of(precision).row(TABLE[name]).forward
    with np.errstate(all="ignore"):
        wanted = np.array([forward(*point) for point in columns.T], precision.scalar)
    wrong = np.flatnonzero(~same_bits(found, wanted))
    assert not len(wrong), (columns[:, wrong[0]], found[wrong[0]], wanted[wrong[0]])


@every_precision
@every_mode
def test_what_cannot_be_written_is_none(precision: Any, mode: str) -> None:
    missing = {name for name in SCALAR_ROWS if bodies.function_ir(name, precision, mode) is None}
    assert missing == IN_PYTHON
    assert bodies.function_ir("sum", precision, mode) is None
    assert bodies.needs("clip", precision, mode) == ()


def test_the_text_names_its_ufuncs() -> None:
    text = bodies.function_ir("sigmoid", tg.float32)
    assert text is not None and text.startswith("define internal float @row_sigmoid.b(float %a0)")
    assert "call float @ufunc_exp(" in text
    assert bodies.needs("sigmoid", tg.float32) == (np.exp,)
    assert bodies.needs("relu", tg.float32) == ()


def test_branches_and_selects() -> None:
    branch = bodies.function_ir("erf", tg.float64, bodies.BRANCH)
    select = bodies.function_ir("erf", tg.float64, bodies.SELECT)
    assert branch is not None and select is not None
    assert "phi double" in branch and "br i1" in branch
    assert "phi" not in select and "br " not in select


@every_precision
def test_literals_are_exact(precision: Any) -> None:
    fmt = bodies.format_of(precision)
    if fmt is None:
        pytest.skip("LLVM has no such format here")
    numbers = [x for x in edge_points(precision.scalar) if x == x]
    numbers += [precision.scalar(1) / precision.scalar(3), precision.eps, -precision.huge]
    lines = [
        f"define void @k{i}(ptr %p) {{\n  store {fmt.name} {bodies.literal(x, fmt)}, ptr %p\n"
        "  ret void\n}\n"
        for i, x in enumerate(numbers)
    ]
    code = jit.compiled("".join(lines), 0)
    out = np.zeros(1, precision.scalar)
    for i, x in enumerate(numbers):
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(code.address(f"k{i}"))(out.ctypes.data)
        assert same_bits(out, np.array([x]))[0], x
