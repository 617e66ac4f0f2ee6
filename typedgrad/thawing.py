"""A program run on nodes: the graph comes back, and with it all that is written for nodes."""

from __future__ import annotations

from collections.abc import Sequence

from typedgrad.errors import BadArguments
from typedgrad.node import N
from typedgrad.op import TABLE
from typedgrad.program import Program


def thaw(program: Program, inputs: Sequence[N], /) -> list[N]:
    """Return the outputs of a program as nodes, made from one node for each of its inputs.

    >>> import typedgrad as tg
    >>> program = tg.record(lambda x, y: x * y + y).at(2.0, 3.0)
    >>> x, y = tg.Value(5.0), tg.Value(7.0)
    >>> (z,) = tg.thaw(program, [x, y])
    >>> z.backward()
    >>> z.data, x.grad, y.grad
    (np.float64(42.0), np.float64(7.0), np.float64(6.0))
    """
    if len(inputs) != program.inputs or not inputs:
        given = f"{len(inputs)} nodes for {program.inputs} inputs"
        raise BadArguments(function="thaw", given=given, more=", one node each")
    maker = inputs[0]
    values = [*inputs, *map(maker.constant, program.constants)]
    for name, args in program.instructions():
        values.append(maker.apply(TABLE[name], tuple(values[k] for k in args)))
    return [values[k] for k in program.outputs.tolist()]
