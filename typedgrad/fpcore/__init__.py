"""FPBench's format FPCore: read into functions of any precision, sampled, and written."""

from typedgrad.fpcore import loops as loops  # enters its forms
from typedgrad.fpcore.core import Argument as Argument
from typedgrad.fpcore.core import Core as Core
from typedgrad.fpcore.core import CoreFunction as CoreFunction
from typedgrad.fpcore.files import find as find
from typedgrad.fpcore.files import load as load
from typedgrad.fpcore.files import read as read
from typedgrad.fpcore.writing import write as write

__all__ = ["Argument", "Core", "CoreFunction", "find", "load", "read", "write"]
