"""The rows of the op table, one family a file; every row is a function here."""

from typedgrad.op import TABLE
from typedgrad.ops import arithmetic as arithmetic
from typedgrad.ops import elementary as elementary
from typedgrad.ops import piecewise as piecewise
from typedgrad.ops import reductions as reductions
from typedgrad.ops import smooth as smooth
from typedgrad.ops import special as special
from typedgrad.ops import trigonometric as trigonometric
from typedgrad.ops.reductions import log_softmax as log_softmax
from typedgrad.ops.reductions import softmax as softmax

# The types of all these are in __init__.pyi, which tools/faces.py writes.
_FRONT = [name for name, op in TABLE.items() if not op.companion]
globals().update(TABLE, __all__=[*_FRONT, "log_softmax", "softmax"])
