"""From a program to the records of the machine, in compiled code: order, then registers.

Within a stretch of the program, instructions that do not need each other are put in the order of
their codes, and of how their arguments were made: the machine is fastest where a code follows
itself. The results are the same, and the numbers that are alive grow by no more than a stretch.

Where the arguments of instructions that are alike lie at equal distances, as those of a loop over
an array do, one record stands for all of them; their results lie side by side in a block.

A register is free again after the last use of its value, a block after those of all its values,
so a program needs as many as there are values alive at once. Inputs, constants and outputs keep
theirs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

import numpy as np

from typedgrad.engines.llvm.encode_cuts import LONG, PART, PIECE, WINDOW
from typedgrad.engines.llvm.encode_job import FIELDS, FOR_EVER, LEAST, PLACE, RECORD
from typedgrad.engines.llvm.encode_text import ASKED, GROUP, encoder_ir
from typedgrad.engines.llvm.jit import compiled
from typedgrad.program import Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints: TypeAlias = NDArray[np.int32]

MANY_CONSTANTS = 64  # more than that are data: which of them is taken is no part of a shape


class _Job(ctypes.Structure):
    _fields_: ClassVar[Sequence[Any]] = tuple((name, ctypes.c_int64) for name in FIELDS)


_Routine: Any = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Encoded(NamedTuple):
    """A program as the machine reads it; `outputs` are the registers of the outputs.

    It is `rolled` where a record stands for many instructions. The register behind those of inputs
    and constants has to hold 1.
    """

    records: Ints
    args: Ints
    outputs: Ints
    registers: int
    rolled: bool


def encoded(program: Program, kinds: Ints, width: int, ahead: int) -> Encoded:
    """Return the records of a program; `kinds` has two codes of the machine for each of its rows.

    The first is for one instruction: with LISTED it gets the place and number of its arguments
    instead of two registers, with PAIRED half that number; with CUT it may run on some terms at a
    time. The second is for many, or 0; it may compute up to a multiple of `width`. With EVEN it
    takes arguments that lie side by side or are all the same, with DENSE only those side by side.
    `ahead` is the code that asks for what is read later, or 0 for a program that needs no asking.
    """
    code = compiled(encoder_ir(), passes=0, variables=True)
    count, first, values = len(program), program.first, program.values
    last = np.full(values, -1, np.int32)
    last[:first] = last[program.outputs] = FOR_EVER
    registers, blocks = np.empty(values, np.int32), np.empty(values, np.int32)
    registers[:first] = np.arange(first, dtype=np.int32)
    blocks[:first] = _shapes(program)
    keys = np.full(count + 1, -1, np.int64)
    made = _room(program)
    made |= dict(codes=program.codes, starts=program.starts, args=program.args, kinds=kinds)
    made |= dict(last=last, registers=registers, blocks=blocks)
    digits = GROUP - (len(program.ops) - 1).bit_length()
    job = _Job(
        count=count, first=first, width=width, digits=digits, ahead=ahead, keys=keys.ctypes.data
    )
    for name, array in made.items():
        setattr(job, name, array.ctypes.data)
    _Routine(code.address("levels"))(ctypes.byref(job))
    for begin in range(0, count, 1 << PLACE):  # keys begin with their stretch
        keys[begin : min(begin + (1 << PLACE), count)].sort()
    _Routine(code.address("arrange"))(ctypes.byref(job))
    most_records = count + int(job.cuts)
    most_records += (RECORD * most_records + len(made["list"])) // ASKED if ahead else 0
    records = np.zeros((most_records + 1, RECORD), np.int32)
    job.records = records.ctypes.data
    _Routine(code.address("encode"))(ctypes.byref(job))
    written, listed, used = (int(getattr(job, x)) for x in ("written", "listed", "used"))
    outputs, rolled = registers[program.outputs], bool(job.rolled)
    return Encoded(records[: written + 1], made["list"][:listed], outputs, used + width, rolled)


def _room(program: Program) -> dict[str, Ints]:
    """Return the arrays that the routines work in, by the names of their fields."""
    count, taken = len(program), len(program.args)
    most, parts = int(np.diff(program.starts).max(initial=0)), taken // PART
    sizes = dict(order=count, ends=count, free=count, pieces=parts * PIECE, deltas=most)
    sizes |= dict(list=taken + most + 4 * parts)
    sizes |= dict.fromkeys(("sizes", "bases", "alive", "spare"), count // LEAST)
    made: dict[str, Ints] = {n: np.empty(size + 1, np.int32) for n, size in sizes.items()}
    made |= dict(heads=np.full((count >> WINDOW) + 1, -1, np.int32))
    return made | dict(begun=np.zeros(taken // LONG + 1, np.int32))


def _shapes(program: Program) -> Ints:
    """Return what tells inputs and constants apart where instructions are compared."""
    found = np.ones(program.first, np.int32)
    if len(program.constants) <= MANY_CONSTANTS:
        found[program.inputs :] += np.arange(1, len(program.constants) + 1, dtype=np.int32)
    return found
