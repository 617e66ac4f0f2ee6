"""Batches: a program, or its gradient, at many points, each input per point or shared by all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from typing_extensions import TypeIs

from typedgrad.engines.arrays import is_array
from typedgrad.engines.sweep import Progress, Sweep, column_type
from typedgrad.errors import BadBatch, WrongDtype
from typedgrad.gradient import value_and_gradient
from typedgrad.numbers import NumberSystem, is_whole
from typedgrad.program import Program
from typedgrad.simplify import simplify

MOST_NAMES = 5


class Batch(NamedTuple):
    """What a program gave at many points.

    `rows` holds an array over the points for each output that is not totalled, in their order;
    `sums` is one array of all totals, in the order in which they were asked for.
    """

    rows: Any
    sums: Any


class Gradients(NamedTuple):
    """Values and partial derivatives at many points.

    `value` is an array over the points, or one number if it was reduced. `partials` holds for each
    input an array over the points or, if all points share the input, the sum as one number.
    """

    value: Any
    partials: tuple[Any, ...]


class Columns(NamedTuple):
    """The inputs of a batch: one array for each, of length 1 where `shared` says so."""

    arrays: list[Any]
    shared: list[bool]
    points: int


def run_batch(
    program: Program,
    numbers: NumberSystem[Any],
    inputs: Any,
    *,
    totals: Sequence[int] = (),
    out: Any = None,
    sums: Any = None,
    engine: str = "auto",
    threads: int = 1,
    chunk: int | None = None,
    progress: Progress | None = None,
) -> Batch:
    """Run a program at many points: the bits of a loop over the points, whatever the engine.

    `inputs` has one entry for each input, in a sequence or in a mapping by names: an array or list
    with a number for each point, or a number (or array without dimensions) that all points share.
    One array of shape (points, inputs) does as well. Outputs at the positions in `totals` are
    summed over the points, in the order that `Sweep` promises; the others fill `out`, an array of
    shape (rows, points) or one array for each. `sums` takes the totals. Arrays may have any
    strides, and are made where they are not given.

    Ranges of points run in so many `threads`; `chunk` is the number of points after which
    `progress(done, points)` is called and an interrupt is seen. What `progress` raises ends the
    batch, and the chunks that are done stay in `out`. Raises `BadBatch` where the arrays do not
    fit, `WrongDtype` where they hold another precision, `NoEngine` and `MissingExtra`.
    """
    columns = columns_of(program, numbers, inputs)
    how = _how(engine, threads, chunk, progress)
    return _run(program, numbers, columns, _chosen(program, totals), (out, sums), how)


def gradient_batch(
    program: Program,
    numbers: NumberSystem[Any],
    inputs: Any,
    *,
    output: int = 0,
    by: Sequence[int | str] | None = None,
    reduce: Literal["sum"] | None = None,
    engine: str = "auto",
    threads: int = 1,
    chunk: int | None = None,
    progress: Progress | None = None,
) -> Gradients:
    """Return one output of a program and its partial derivatives at many points.

    The marks of the inputs tell what is summed: the partial by an input that all points share is
    one number, the sum over the points, and any other is an array over the points. `by` chooses
    inputs by position or name; all is the default. `reduce="sum"` sums the value too. The rest is
    as for `run_batch`.
    """
    columns = columns_of(program, numbers, inputs)
    how = _how(engine, threads, chunk, progress)
    if reduce not in (None, "sum"):
        hint = 'write reduce="sum", or leave it out for the value at each point'
        raise BadBatch(problem=f"the value cannot be reduced by {reduce!r}", hint=hint)
    [which] = _chosen(program, [output])
    chosen = [_position(program, x) for x in (range(program.inputs) if by is None else by)]
    marks = [reduce == "sum", *(columns.shared[k] for k in chosen)]
    totals = [k for k, summed in enumerate(marks) if summed]
    full = _with_partials(program, which, tuple(chosen))
    rows, sums = _run(full, numbers, columns, totals, (None, None), how)
    found: dict[bool, Any] = {False: iter(rows), True: iter(sums)}
    value, *partials = [next(found[summed]) for summed in marks]
    return Gradients(value, tuple(partials))


@lru_cache(maxsize=32)
def _with_partials(program: Program, output: int, by: tuple[int, ...]) -> Program:
    full = value_and_gradient(program, output)
    first = len(program.outputs)
    return simplify(full.select([output, *(first + k for k in by)]))


class _How(NamedTuple):
    engine: str
    threads: int
    chunk: int
    progress: Progress | None


def _how(engine: str, threads: Any, chunk: Any, progress: Progress | None) -> _How:
    for name, x in (("threads", threads), ("chunk", 1 if chunk is None else chunk)):
        if not is_whole(x) or x < 1:
            raise BadBatch(problem=f"{name} is {x!r}", hint=f"give {name} as an integer from 1 up")
    return _How(engine, int(threads), int(chunk or 0), progress)


def _run(
    program: Program,
    numbers: NumberSystem[Any],
    columns: Columns,
    totals: list[int],
    buffers: tuple[Any, Any],
    how: _How,
) -> Batch:
    sweep = Sweep(program, numbers, totals, how.engine)
    shape = (len(program.outputs) - len(totals), columns.points)
    rows = np.empty(shape, sweep.dtype) if buffers[0] is None else buffers[0]
    sums = np.empty(len(totals), sweep.dtype) if buffers[1] is None else buffers[1]
    each = _checked_rows(rows, shape, sweep, columns) if buffers[0] is not None else list(rows)
    if buffers[1] is not None:
        _check_buffer("sums", sums, (len(totals),), sweep, columns)
    summed = set(totals)
    waiting = iter(each)
    places = [None if k in summed else next(waiting) for k in range(len(program.outputs))]
    options: dict[str, Any] = dict(threads=how.threads, chunk=how.chunk, progress=how.progress)
    sweep.run(columns.arrays, places, sums, columns.points, **options)
    return Batch(rows, sums)


def _chosen(program: Program, positions: Sequence[Any]) -> list[int]:
    """Return positions of outputs as a list, checked."""
    count = len(program.outputs)
    found: set[int] = set()
    positions = list(positions)
    for x in positions:
        if not is_whole(x) or not 0 <= x < count:
            hint = f"count the outputs from 0 to {count - 1}"
            raise BadBatch(problem=f"the program has no output {x!r}", hint=hint)
        if x in found:
            hint = f"name it once, or repeat it among the outputs by program.select([{x}, {x}])"
            raise BadBatch(problem=f"output {x} is to be totalled twice", hint=hint)
        found.add(int(x))
    return [int(x) for x in positions]


def _position(program: Program, which: int | str) -> int:
    names = program.input_names()
    if isinstance(which, str) and which in names:
        return names.index(which)
    if is_whole(which) and 0 <= which < program.inputs:
        return int(which)
    raise BadBatch(problem=f"the program has no input {which!r}", hint=_inputs_are(names))


def columns_of(program: Program, numbers: NumberSystem[Any], inputs: Any) -> Columns:
    """Return the inputs of a batch as columns; raises `BadBatch` and `WrongDtype`.

    Arrays of the precision are taken as they are, integers and lists are converted, each number
    rounded once.
    """
    names = program.input_names()
    if not names:
        hint = "run it once: its outputs are the same everywhere"
        raise BadBatch(problem="the program has no inputs, and so no points", hint=hint)
    if is_array(inputs) and inputs.ndim == 2:
        _check_count(names, inputs.shape[1])
        return Columns(list(_array("inputs", inputs, numbers).T), [False] * len(names), len(inputs))
    entries = _entries(names, inputs)
    shared = [not is_series(x) and not getattr(x, "ndim", 0) for x in entries]
    pairs = zip(names, entries, strict=True)
    arrays = [_column(name, entry, numbers) for name, entry in pairs]
    points = 1
    if not all(shared):
        first = shared.index(False)
        points = len(arrays[first])
        for k, array in enumerate(arrays):
            if not shared[k] and len(array) != points:
                counts = f"{_points(len(array))}, and {names[first]} has {points}"
                hint = "give all arrays one length, or a single number that all points share"
                raise BadBatch(problem=f"{names[k]} has {counts}", hint=hint)
    return Columns(arrays, shared, points)


def _points(count: int) -> str:
    return f"{count} point" if count == 1 else f"{count} points"


def _inputs_are(names: Sequence[str]) -> str:
    more = "" if len(names) <= MOST_NAMES else f" and {len(names) - MOST_NAMES} more"
    return f"the inputs are {', '.join(names[:MOST_NAMES])}{more}"


def _entries(names: list[str], inputs: Any) -> list[Any]:
    """Return one entry for each input."""
    if is_mapping(inputs):
        for name in inputs.keys() - set(names):
            raise BadBatch(problem=f"the program has no input {name!r}", hint=_inputs_are(names))
        missing = [name for name in names if name not in inputs]
        if missing:
            raise _missing(missing, names)
        return [inputs[name] for name in names]
    if not (is_array(inputs) and inputs.ndim) and not is_series(inputs):
        hint = "give a list with an array or a number for each input"
        raise BadBatch(problem=f"the inputs are a {type(inputs).__name__}", hint=hint)
    _check_count(names, len(inputs))
    return list(inputs)


def _check_count(names: list[str], count: int) -> None:
    if count < len(names):
        raise _missing(names[count:], names)
    if count > len(names):
        problem = f"{count} inputs were given, and the program takes {len(names)}"
        raise BadBatch(problem=problem, hint=_inputs_are(names))


def _missing(missing: list[str], names: list[str]) -> BadBatch:
    some = ", ".join(missing[:MOST_NAMES]) + ", ..." * (len(missing) > MOST_NAMES)
    verb = "is" if len(missing) == 1 else "are"
    return BadBatch(problem=f"{some} {verb} missing", hint=_inputs_are(names))


def is_series(x: object) -> TypeIs[list[Any] | tuple[Any, ...]]:
    """Tell whether x is a list or a tuple."""
    return isinstance(x, list | tuple)


def is_mapping(x: object) -> TypeIs[Mapping[Any, Any]]:
    """Tell whether x is a mapping."""
    return isinstance(x, Mapping)


def _column(name: str, entry: Any, numbers: NumberSystem[Any]) -> Any:
    if is_series(entry):
        return _lifted(name, list(entry), numbers)
    if not hasattr(entry, "ndim"):
        return _lifted(name, [entry], numbers)
    array = _array(name, np.asarray(entry), numbers)
    if array.ndim > 1:
        hint = "give an array with one number for each point"
        raise BadBatch(problem=f"{name} has the shape {array.shape}", hint=hint)
    return array.reshape(1) if array.ndim == 0 else array


def _array(name: str, array: Any, numbers: NumberSystem[Any]) -> Any:
    """Return an array of any shape in the dtype of a precision."""
    wanted = column_type(numbers)
    if array.dtype == wanted and wanted != np.object_:
        return array if array.flags.aligned else array.copy()
    if array.dtype.kind in "iu" and wanted.kind == "f":
        return array.astype(wanted)
    if array.dtype.kind not in "fiuO" and wanted != np.object_:
        hint = "give real numbers"
        raise BadBatch(problem=f"{name} holds {array.dtype}", hint=hint)
    if array.dtype.kind == "f" and wanted.kind == "f":
        scalar = wanted.type.__name__
        raise _wrong(name, array, numbers, f"round it once, by {name}.astype(np.{scalar})")
    return _lifted(name, array.ravel().tolist(), numbers).reshape(array.shape)


def _lifted(name: str, entries: list[Any], numbers: NumberSystem[Any]) -> Any:
    for entry in entries:
        if is_series(entry) or getattr(entry, "ndim", 0) > 0:
            hint = "give a list with one number for each point"
            raise BadBatch(problem=f"{name} holds a {type(entry).__name__}", hint=hint)
    found = np.empty(len(entries), column_type(numbers))
    found[:] = [numbers.lift(entry, "batch") for entry in entries]
    return found


def _wrong(name: str, array: Any, numbers: NumberSystem[Any], hint: str) -> WrongDtype:
    found = array.dtype.type.__name__ if array.dtype.isnative else str(array.dtype)
    return WrongDtype(name=name, found=found, precision=numbers.name, hint=hint)


def _checked_rows(out: Any, shape: tuple[int, int], sweep: Sweep, columns: Columns) -> list[Any]:
    """Return the caller's buffer as one array for each row."""
    if is_array(out):
        _check_buffer("out", out, shape, sweep, columns)
        return list(out)
    if not is_series(out) or len(out) != shape[0]:
        found = f"has {len(out)} arrays" if is_series(out) else f"is a {type(out).__name__}"
        hint = f"give a list of {shape[0]} arrays, or np.empty({shape}, {_dtype_name(sweep)})"
        raise BadBatch(problem=f"out {found}", hint=hint)
    for k, row in enumerate(out):
        _check_buffer(f"out[{k}]", row, shape[1:], sweep, columns)
    return list(out)


def _check_buffer(
    name: str, buffer: Any, shape: tuple[int, ...], sweep: Sweep, columns: Columns
) -> None:
    """Raise unless results can be written to a buffer of the caller."""
    hint = f"give np.empty({shape[0] if len(shape) == 1 else shape}, {_dtype_name(sweep)})"
    if not is_array(buffer):
        raise BadBatch(problem=f"{name} is a {type(buffer).__name__}, not an array", hint=hint)
    if buffer.dtype != sweep.dtype:
        raise _wrong(name, buffer, sweep.numbers, hint)
    if buffer.shape != shape:
        problem = f"{name} has the shape {buffer.shape}, and {shape} is needed"
        raise BadBatch(problem=problem, hint=hint)
    if not (buffer.flags.writeable and buffer.flags.aligned):
        raise BadBatch(problem=f"{name} cannot be written to", hint=hint)
    owner = _owner(buffer)
    near = (x for x in columns.arrays if _owner(x) is owner)
    if any(np.shares_memory(buffer, x) for x in near):
        problem = f"{name} shares memory with an input, which would change on the way"
        raise BadBatch(problem=problem, hint=hint)


def _dtype_name(sweep: Sweep) -> str:
    return "object" if sweep.dtype == np.object_ else f"np.{sweep.dtype.type.__name__}"


def _owner(array: Any) -> Any:
    """Return whom the memory of an array belongs to."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array
