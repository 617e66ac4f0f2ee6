"""The choice of an engine by its name or by what is there, and the kernels that are kept."""

from __future__ import annotations

from collections import OrderedDict
from functools import cache
from threading import Lock, local
from typing import Any

from typedgrad.engines.engine import Engine, Kernel
from typedgrad.engines.python import PythonEngine
from typedgrad.errors import NoEngine
from typedgrad.numbers import NumberSystem
from typedgrad.program import Program

FASTEST_FIRST = ("llvm", "numpy", "python")
NAMES = ("auto", *FASTEST_FIRST)
MOST_PROGRAMS = 64
MOST_VALUES = 1 << 22


def engine_for(name: str, numbers: NumberSystem[Any]) -> Engine:
    """Return the engine of a name; "auto" is the fastest one that runs this precision here.

    The names are auto, llvm, numpy and python. Raises `NoEngine` for any other, and for an engine
    that cannot run the precision; `MissingExtra` for llvm where llvmlite is not installed.
    """
    if name == "auto":
        return _best(numbers)
    if name not in NAMES:
        known = f"{', '.join(NAMES[:-1])} and {NAMES[-1]}"
        why = "there is no engine of this name"
        raise NoEngine(
            engine=name, precision=numbers.name, why=why, hint=f"the engines are {known}"
        )
    engine = _engine(name)
    why = engine.supports(numbers)
    if why:
        if name == "llvm":
            _ask_for_llvmlite()
        hint = f'leave engine="auto", which takes {_best(numbers).name} here'
        raise NoEngine(engine=name, precision=numbers.name, why=why, hint=hint)
    return engine


@cache
def _engine(name: str) -> Engine:
    if name == "llvm":
        from typedgrad.engines.llvm.engine import LLVMEngine

        return LLVMEngine()
    if name == "numpy":
        from typedgrad.engines.numpy import NumPyEngine

        return NumPyEngine()
    return PythonEngine()


@cache
def _best(numbers: NumberSystem[Any]) -> Engine:
    return next(engine for engine in map(_engine, FASTEST_FIRST) if not engine.supports(numbers))


def _ask_for_llvmlite() -> None:
    """Raise `MissingExtra` where llvmlite is not installed."""
    from typedgrad.engines.llvm.jit import binding

    binding()


class Kernels:
    """The kernels of one program in one precision: as many as are at work at the same time.

    A kernel keeps its registers between calls, so two threads must never share one.
    """

    def __init__(self, engine: Engine, program: Program, numbers: NumberSystem[Any]) -> None:
        self.engine = engine
        self.program = program
        self.numbers = numbers
        self._idle: list[Kernel] = []
        self._own = local()

    def take(self) -> Kernel:
        """Return a kernel that nobody else has, until it is given back."""
        try:
            return self._idle.pop()
        except IndexError:
            return self.engine.compile(self.program, self.numbers)

    def give(self, kernel: Kernel) -> None:
        """Give a kernel back; one whose run was broken off is better dropped."""
        self._idle.append(kernel)

    def mine(self) -> Kernel:
        """Return this thread's own kernel, always the same one."""
        found: Kernel | None = getattr(self._own, "kernel", None)
        if found is None:
            found = self._own.kernel = self.engine.compile(self.program, self.numbers)
        return found


_KNOWN: OrderedDict[tuple[str, NumberSystem[Any], str], Kernels] = OrderedDict()
_TURN = Lock()


def kernels_of(program: Program, numbers: NumberSystem[Any], engine: str = "auto") -> Kernels:
    """Return the kernels of a program, which equal programs share; those used last are kept.

    Raises `NoEngine` or `MissingExtra` as `engine_for` does.
    """
    chosen = engine_for(engine, numbers)
    key = (program.digest, numbers, chosen.name)
    with _TURN:
        found = _KNOWN.get(key)
        if found is None:
            found = _KNOWN[key] = Kernels(chosen, program, numbers)
            _forget_the_oldest()
        _KNOWN.move_to_end(key)
    return found


def _forget_the_oldest() -> None:
    values = sum(kernels.program.values for kernels in _KNOWN.values())
    while len(_KNOWN) > 1 and (len(_KNOWN) > MOST_PROGRAMS or values > MOST_VALUES):
        _, old = _KNOWN.popitem(last=False)
        values -= old.program.values


def kernel_of(program: Program, numbers: NumberSystem[Any], engine: str = "auto") -> Kernel:
    """Return the kernel of a program for this thread: the same one each time while it is kept.

    Raises `NoEngine` or `MissingExtra` as `engine_for` does.
    """
    return kernels_of(program, numbers, engine).mine()
