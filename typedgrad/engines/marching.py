"""A program in steps of many instructions: what is called, with what, and what can be dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from typedgrad.program import Program

CHUNK = 4096  # dead values are dropped once for so many instructions


def deaths(program: Program) -> Iterator[list[int]]:
    """Yield, chunk by chunk, the values that no later chunk and no output needs."""
    last = np.full(program.values, -1, np.int32)
    last[program.first :] = np.arange(len(program))
    owners = np.repeat(np.arange(len(program), dtype=np.int32), np.diff(program.starts))
    np.maximum.at(last, program.args, owners)
    last[program.outputs] = len(program) + CHUNK
    order = np.argsort(last, kind="stable")
    ends = np.searchsorted(last[order], np.arange(CHUNK, len(program) + CHUNK, CHUNK))
    begin = int(np.searchsorted(last[order], 0))
    for end in ends.tolist():
        yield order[begin:end].tolist()
        begin = end


def calls(
    program: Program, begin: int, twins: dict[int, int]
) -> tuple[list[int], list[int], list[int], list[list[int]]]:
    """Return codes, first and second arguments, and longer lists of arguments, of a chunk.

    A second argument is -1 where there is none and -2 where there are more than two. `twins` are
    the codes that take the place of others where both arguments are one value.
    """
    end = min(begin + CHUNK, len(program))
    starts = program.starts[begin : end + 1]
    counts = np.diff(starts)
    args = program.args
    first = args[starts[:-1]]
    second = np.where(counts == 2, args[np.minimum(starts[:-1] + 1, len(args) - 1)], counts - 2)
    second = np.where(counts == 1, -1, np.where(counts > 2, -2, second))
    rest = [args[a:b].tolist() for a, b in spans(starts, counts)]
    codes = program.codes[begin:end]
    for code, other in twins.items():
        codes = np.where((codes == code) & (first == second), other, codes)
    return codes.tolist(), first.tolist(), second.tolist(), rest


def spans(starts: Any, counts: Any) -> Iterable[tuple[int, int]]:
    """Return where the arguments of the instructions with more than two begin and end."""
    long = np.flatnonzero(counts > 2)
    return zip(starts[long].tolist(), starts[long + 1].tolist(), strict=True)


def evaluate(
    values: list[Any],
    functions: list[Any],
    codes: list[int],
    first: list[int],
    second: list[int],
    rest: list[list[int]],
) -> None:
    """Add one result an instruction; nothing here but calls, for this is the inner loop."""
    add, more = values.append, iter(rest)
    for code, a, b in zip(codes, first, second, strict=True):
        if b >= 0:
            add(functions[code](values[a], values[b]))
        elif b == -1:
            add(functions[code](values[a]))
        else:
            add(functions[code](*[values[k] for k in next(more)]))
