"""Long programs: folds run in parts, and records that ask for others, change no bit."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import numpy as np
import pytest

import typedgrad
from typedgrad.engines.python import PythonEngine
from typedgrad.op import TABLE
from typedgrad.program import Builder, Program

pytest.importorskip("llvmlite")

from typedgrad.engines.llvm import engine as module
from typedgrad.engines.llvm.encode_cuts import WINDOW
from typedgrad.engines.llvm.engine import LLVMEngine
from typedgrad.engines.llvm.lanes import ASKING
from typedgrad.engines.llvm.vm import CODES, MANY

tg: Any = typedgrad
ENGINE, REFERENCE = LLVMEngine(), PythonEngine()
PRECISIONS = [p for p in (tg.float32, tg.float64, tg.longdouble) if not ENGINE.supports(p)]
INPUTS = 8
LONG = 3 << (WINDOW - 1)
ALIKE = 64
CUT = ["sum", "prod", "dot", "azdot"]

every_precision = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)


@cache
def program(ascending: bool) -> Program:
    """A long program with folds of values from all over it; some values are theirs alone.

    The ascending one begins with instructions of which one record stands for many.
    """
    draw = np.random.default_rng(3)
    b = Builder(INPUTS, [1, "-0.0"])
    alike = [b.emit("mul", [0, 1]) for _ in range(ALIKE * ascending)]
    for k in range(LONG):
        near = INPUTS + 2 + len(alike) + k - 1 - draw.integers(0, 50, 2)
        b.emit(["copysign", "where", "azmul"][k % 3], picked(near, k))
    outputs: list[int] = []
    for fold, count in itertools.product(CUT, (33, 200, 1000, 1001)):
        size = count * TABLE[fold].sequences
        args = draw.integers(0, INPUTS + LONG, size)
        terms = args.reshape(-1, count)
        terms = np.sort(terms) if ascending else terms
        outputs.append(b.emit(fold, terms.ravel().tolist()))
    outputs.append(b.emit("azdot", 300 * [INPUTS + LONG]))
    return b.program(outputs)


def picked(near: Any, k: int) -> list[int]:
    """Return arguments that keep the numbers as large as the inputs are."""
    a, c = np.maximum(near, 0).tolist()
    return [a, k % INPUTS] if k % 3 == 0 else [c, a, k % INPUTS] if k % 3 == 1 else [a, INPUTS]


@every_precision
@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("special", [0.5, -0.0, 1e-30, float("inf")])
def test_folds_in_parts(
    ascending: bool, special: float, p: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE", LONG)
    made = program(ascending)
    x = np.array([1.25, -1, special, -special, 0.75, -1.5, 2, -0.25], p.scalar)
    found, wanted = (np.zeros(len(made.outputs), p.scalar) for _ in range(2))
    with np.errstate(all="ignore"):
        REFERENCE.compile(made, p).run(x, wanted)
    kernel = ENGINE.compile(made, p)
    run = kernel.bound(x, found)
    for _ in range(2):
        found.fill(7)
        run()
        assert np.array_equal(found, wanted, equal_nan=True)
        real = ~np.isnan(wanted)
        assert np.array_equal(np.signbit(found[real]), np.signbit(wanted[real]))
    codes = kernel.code.records[:, 0] & 65535
    assert (MANY[ASKING] in codes.tolist()) == (ascending and kernel.plan.width > 1)
    for fold in CUT:
        folds = np.count_nonzero(codes == CODES[fold])
        assert folds > made.count(fold) if ascending else folds == made.count(fold)


@every_precision
@pytest.mark.parametrize("seed", range(4))
def test_totals_of_what_is_made_in_turn(seed: int, p: Any) -> None:
    """What folds alone take is gone when they have taken it, however many take it."""
    draw = np.random.default_rng(seed)
    b, first = Builder(INPUTS, [1]), INPUTS + 1
    for _ in range(LONG):
        b.emit("mul", draw.integers(0, INPUTS, 2).tolist())
    names = draw.choice(["sum", "dot", "azdot"], 20).tolist()
    outputs: list[int] = []
    for name in names:
        terms = np.sort(draw.integers(first, first + LONG, int(draw.integers(64, 900))))
        rest = [] if name == "sum" else draw.permutation(terms).tolist()
        rest = terms.tolist() if rest and seed % 2 else rest
        outputs.append(b.emit(name, [*terms.tolist(), *rest]))
    made = b.program(outputs)
    x = draw.normal(0, 1, INPUTS).astype(p.scalar)
    found, wanted = (np.zeros(len(outputs), p.scalar) for _ in range(2))
    REFERENCE.compile(made, p).run(x, wanted)
    kernel = ENGINE.compile(made, p)
    kernel.run(x, found)
    assert np.array_equal(found, wanted)
    if seed % 2:
        assert kernel.code.registers < (1 << WINDOW) + 100
