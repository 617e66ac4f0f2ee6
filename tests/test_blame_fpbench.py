"""blame on FPBench: every straight-line core is explained, in three precisions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import typedgrad
from typedgrad.blaming.accounts import in_places, last_place, run_of
from typedgrad.blaming.asking import Blamed
from typedgrad.blaming.linear import linear_ledger
from typedgrad.fpcore import load
from typedgrad.points import point_of

tg: Any = typedgrad
ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("FPBENCH", ROOT.parent / "shared" / "data" / "fpbench"))
CORES = [x for path in sorted(DATA.rglob("*.fpcore")) for x in load(path) if x.is_straight]
pytestmark = pytest.mark.skipif(not CORES, reason="FPBench's files are not here")


@pytest.mark.parametrize("numbers", [tg.float32, tg.float64, tg.longdouble], ids=lambda p: p.name)
def test_a_point_of_every_core_is_explained(numbers: Any) -> None:
    linear = 0
    for core in CORES:
        given = core.sample(1, seed=7)[0]
        blamed = Blamed(core.function, point_of(core.function, given, {}), numbers, "value")
        found = blamed.blame("value")
        assert abs(found.explained - 1) < 1e-9, core
        assert found.unit == "ulp" or found.spread > 1 - 1e-9
        run, entry = run_of(blamed, "value"), blamed.entry("value")
        with np.errstate(all="ignore"):
            unit = last_place(run) if in_places(run, entry) else entry.absolute
            first = linear_ledger(run, unit, entry.absolute / unit if unit else 1.0)
        linear += found.unit == "ulp" or abs(first.explained - 1) < 0.01
    assert linear >= len(CORES) - 2


@pytest.mark.parametrize("core", CORES[:: max(len(CORES) // 12, 1)], ids=str)
def test_partials_of_some_cores_are_explained(core: Any) -> None:
    given = core.sample(1, seed=3)[0]
    for found in tg.blames(core.function, given, precision="float32").values():
        assert not abs(found.explained - 1) >= 1e-9
