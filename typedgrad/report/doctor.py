"""What this machine and this installation are, as lines of text."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import numpy as np

from typedgrad.engines.choice import engine_for
from typedgrad.errors import MissingExtra, NoEngine
from typedgrad.precision import float32, float64, longdouble

CORE = ("typedgrad", "numpy", "typing-extensions", "mpmath", "click", "rich", "jinja2")
EXTRAS = {
    "llvmlite": ("llvm", "llvmlite"),
    "python-flint": ("exact", "flint"),
    "gmpy2": ("exact", "gmpy2"),
    "numpy-quaddtype": ("quad", "numpy_quaddtype"),
    "matplotlib": ("plot", "matplotlib"),
    "pygraphviz": ("graph", "pygraphviz"),
    "dask": ("sweep", "dask"),
    "mypy": ("gate", "mypy"),
}


def findings() -> Iterator[str]:
    """Yield the report of `typedgrad doctor`, line by line."""
    yield f"{'Python':18}{platform.python_version()}  ({platform.system()} {platform.machine()})"
    for name in CORE:
        yield f"{name:18}{installed(name) or f'missing: python -m pip install {name}'}"
    yield ""
    for numbers in (float32, float64, longdouble):
        size = f"{numbers.bits} significand bits, {numbers.digits:.1f} digits"
        yield f"{numbers.name:18}{size}, largest {numbers.largest()}"
    if longdouble.bits == float64.bits:
        yield f"{'':18}longdouble equals float64 here: it adds no digits on this machine"
    yield f"{'subnormals':18}{subnormals()}"
    yield ""
    for engine in ("llvm", "numpy", "python"):
        yield f"{'engine ' + engine:18}{runs_in(engine)}"
    yield ""
    for name, (extra, module) in EXTRAS.items():
        live = find_spec(module) is not None
        line = f"python -m pip install 'typedgrad[{extra}]'"
        yield f"{name:18}{installed(name) or 'installed' if live else f'not installed: {line}'}"


def runs_in(engine: str) -> str:
    """Return the precisions that an engine runs here, and why not the others."""
    able: list[str] = []
    lacking: list[str] = []
    for numbers in (float32, float64, longdouble):
        try:
            engine_for(engine, numbers)
        except MissingExtra as error:
            return str(error).splitlines()[1].removeprefix("help: ")
        except NoEngine as error:
            lacking.append(f"not {numbers.name}: {error.facts['why']}")
        else:
            able.append(numbers.name)
    return "; ".join([", ".join(able), *lacking])


def installed(name: str) -> str:
    """Return the version of an installed package, or nothing."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def subnormals() -> str:
    """Tell whether the processor keeps numbers below the smallest normal one."""
    halved = [tiny / tiny.dtype.type(2) for tiny in (np.float32(2.0**-126), np.float64(2.0**-1022))]
    kept = all(x > 0 for x in halved) and np.ldexp(1.0, -1074) > 0
    flushed = "flushed to zero by this process (some library set FTZ): digits near zero are lost"
    return "kept (2**-1074 > 0)" if kept else flushed
