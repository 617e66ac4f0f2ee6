"""A Python number that knows its precision, remembers how it was made, and counts its digits."""

from typing import TYPE_CHECKING

from typedgrad import ops
from typedgrad.compare import compare as compare
from typedgrad.free import grad as grad
from typedgrad.free import hessian as hessian
from typedgrad.free import hvp as hvp
from typedgrad.free import jacobian as jacobian
from typedgrad.free import jvp as jvp
from typedgrad.free import value_and_grad as value_and_grad
from typedgrad.free import vjp as vjp
from typedgrad.node import Node as Node
from typedgrad.op import primitive as primitive
from typedgrad.ops import *  # noqa: F403
from typedgrad.precision import Precision as Precision
from typedgrad.precision import float32 as float32
from typedgrad.precision import float64 as float64
from typedgrad.precision import longdouble as longdouble
from typedgrad.precision import precision_of as precision_of
from typedgrad.scalars import Scalar as Scalar
from typedgrad.tape import Tape as Tape
from typedgrad.tape import TapeValue as TapeValue
from typedgrad.value import Value as Value

if TYPE_CHECKING:
    from typedgrad.blaming.asking import Blame as Blame
    from typedgrad.blaming.asking import blame as blame
    from typedgrad.blaming.asking import blames as blames
    from typedgrad.check import check_grad as check_grad
    from typedgrad.comparison import Comparison as Comparison
    from typedgrad.gates.testing import assert_digits as assert_digits
    from typedgrad.program import Program as Program
    from typedgrad.recording import BranchWarning as BranchWarning
    from typedgrad.recording import Recorded as Recorded
    from typedgrad.recording import record as record
    from typedgrad.storage import load as load
    from typedgrad.storage import save as save
    from typedgrad.sweeping.asking import sweep as sweep
    from typedgrad.sweeping.swept import Sweep as Sweep
    from typedgrad.thawing import thaw as thaw
    from typedgrad.tuning.advice import Tuning as Tuning
    from typedgrad.tuning.asking import tune as tune
else:

    def __getattr__(name):
        """Load what not every program needs when it is first asked for."""
        homes = {
            "Blame": "typedgrad.blaming.asking",
            "blame": "typedgrad.blaming.asking",
            "blames": "typedgrad.blaming.asking",
            "check_grad": "typedgrad.check",
            "Comparison": "typedgrad.comparison",
            "BranchWarning": "typedgrad.recording",
            "assert_digits": "typedgrad.gates.testing",
            "Program": "typedgrad.program",
            "Recorded": "typedgrad.recording",
            "load": "typedgrad.storage",
            "record": "typedgrad.recording",
            "save": "typedgrad.storage",
            "Sweep": "typedgrad.sweeping.swept",
            "sweep": "typedgrad.sweeping.asking",
            "thaw": "typedgrad.thawing",
            "Tuning": "typedgrad.tuning.advice",
            "tune": "typedgrad.tuning.asking",
        }
        if name not in homes:
            raise AttributeError(f"module 'typedgrad' has no attribute {name!r}")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(homes[name]), name)
        return found

    def __dir__():
        """List what is not loaded yet too, so that a prompt can complete it."""
        return sorted({*globals(), *__all__})


__all__ = [
    "Blame",
    "BranchWarning",
    "Comparison",
    "Node",
    "Precision",
    "Program",
    "Recorded",
    "Scalar",
    "Sweep",
    "Tape",
    "TapeValue",
    "Tuning",
    "Value",
    "assert_digits",
    "blame",
    "blames",
    "check_grad",
    "compare",
    "float32",
    "float64",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "load",
    "longdouble",
    "precision_of",
    "primitive",
    "record",
    "save",
    "sweep",
    "thaw",
    "tune",
    "value_and_grad",
    "vjp",
]
__all__ += ops.__all__
