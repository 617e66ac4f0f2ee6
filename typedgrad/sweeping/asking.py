"""sweep: digits right at many points, in chunks that any executor can run and a folder can keep."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from typedgrad.errors import BadSweep, SweepStopped
from typedgrad.numbers import NumberSystem, is_whole

if TYPE_CHECKING:
    from typedgrad.sweeping.chunks import Chunk, Folder
    from typedgrad.sweeping.swept import Sweep
    from typedgrad.sweeping.tasks import Task
    from typedgrad.sweeping.verdicts import Found, Job

NAMES = ("float32", "float64", "longdouble")
WINDOW = 256  # blocks that an executor of the caller's is given ahead


def sweep(
    f: Callable[..., Any],
    /,
    ranges: Mapping[str, Any],
    *,
    samples: int | None = None,
    seed: int = 0,
    precisions: Sequence[str | NumberSystem[Any]] = NAMES,
    executor: Executor | None = None,
    jobs: int = 1,
    chunk: int | None = None,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: Callable[[int, int], object] | None = None,
    **fixed: Any,
) -> Sweep:
    """Count the right digits of a function's value and partials at many points.

    `ranges` says what each input runs through: a text such as "1:1e6:log:200" or "-1:1:50", or a
    list of numbers. All combinations are looked at, or so many random `samples`; other inputs are
    fixed, by name. Points of a range are float64 numbers; listed and fixed ones exact as written.

    Blocks of `chunk` points run in `jobs` processes or by any `executor`, and the result is the
    same. `out` is a folder for what is finished, where a repeated call goes on. Raises `BadRange`,
    `TooManyPoints`, `BadSweep`, `OtherSweep`, `BadFolder`, and at an interrupt `SweepStopped`.

    >>> sweep(lambda x: (x + 1) - x, {"x": "1:1e12:log:13"}).summary("float32").worst
    0.0
    """
    from typedgrad.points import name_of
    from typedgrad.sweeping.grids import grid_of
    from typedgrad.sweeping.tasks import task_of

    name = name_of(f)
    _require_options(name, executor, jobs, chunk, resume and out is None)
    task = task_of(f, grid_of(ranges, samples, seed, name), fixed, _named(precisions, name))
    manifest = task.manifest(f, chunk)
    folder = None if out is None else _folder(out, manifest, chunk is not None, resume)
    manifest = manifest if folder is None else folder.manifest
    return _finished(task, manifest, folder, _Runner(executor, int(jobs)), progress)


def _require_options(
    function: str, executor: Any, jobs: Any, chunk: Any, is_folder_missing: bool
) -> None:
    for name, x in (("jobs", jobs), ("chunk", 1 if chunk is None else chunk)):
        if not is_whole(x) or x < 1:
            hint = f"give {name} as an integer from 1 up"
            raise BadSweep(function=function, problem=f"{name} is {x!r}", hint=hint)
    if is_folder_missing:
        hint = "give the folder too, as out; by the command --out FOLDER"
        raise BadSweep(function=function, problem="there is no folder to go on with", hint=hint)
    if executor is not None and not isinstance(executor, Executor):
        hint = "give an Executor of concurrent.futures; of a Dask client, client.get_executor()"
        problem = f"the executor is a {type(executor).__name__}"
        raise BadSweep(function=function, problem=problem, hint=hint)


def _named(precisions: Any, function: str) -> tuple[str, ...]:
    """Return the names of the precisions, checked."""
    from typedgrad.machine import NUMBERS

    known = {numbers.name: numbers for numbers in NUMBERS.values()}
    given: list[Any] = [precisions] if isinstance(precisions, str | NumberSystem) else precisions
    names = tuple(dict.fromkeys(getattr(x, "name", x) for x in given))
    wrong = [x for x in names if x not in known]
    if wrong or not names:
        problem = f"{wrong[0]!r} is no precision of NumPy" if wrong else "there are no precisions"
        hint = f"choose from {', '.join(known)}"
        raise BadSweep(function=function, problem=problem, hint=hint)
    return names


def _folder(path: Any, manifest: dict[str, Any], is_chunk_given: bool, resume: bool) -> Folder:
    from typedgrad.sweeping.chunks import opened, prepared

    if resume:
        opened(path)
    return prepared(path, manifest, is_chunk_given)


class _Runner(NamedTuple):
    """Where blocks are answered: here, in processes of our own, or by an executor."""

    executor: Executor | None
    jobs: int

    def chunks(self, task: Task, todo: Sequence[tuple[int, int]]) -> Generator[Chunk]:
        """Yield the chunks in their order."""
        from typedgrad.sweeping.workers import Workers

        if self.executor is not None:
            yield from _together(task, todo, self.executor, WINDOW)
        elif self.jobs == 1 or len(todo) < 2:
            yield from (_chunk(task, span, task.job(*span), None) for span in todo)
        else:
            workers = Workers(min(self.jobs, len(todo)))
            try:
                yield from _together(task, todo, workers, 4 * self.jobs)
            except BaseException:
                workers.shutdown(cancel_futures=True)
                raise
            workers.shutdown()


def _together(
    task: Task, todo: Sequence[tuple[int, int]], executor: Executor, window: int
) -> Generator[Chunk]:
    """Yield the chunks that an executor computes; some blocks are always on their way."""
    from typedgrad.sweeping.verdicts import judged_block

    waiting: deque[tuple[tuple[int, int], Job, Future[Any]]] = deque()
    rest = iter(todo)
    try:
        while True:
            while len(waiting) < window and (span := next(rest, None)) is not None:
                job = task.job(*span)
                waiting.append((span, job, executor.submit(judged_block, job)))
            if not waiting:
                return
            span, job, future = waiting[0]
            found = future.result()
            waiting.popleft()
            yield _chunk(task, span, job, found, executor)
    finally:
        for _, _, future in waiting:
            future.cancel()


def _chunk(
    task: Task, span: tuple[int, int], job: Job, answer: Any, executor: Executor | None = None
) -> Chunk:
    """Return a finished chunk; what needs recording is recorded here and asked for again."""
    from typedgrad.sweeping.chunks import Chunk
    from typedgrad.sweeping.verdicts import Wanted, judged_block

    answer = answer or judged_block(job)
    raised: dict[str, tuple[int, str]] = {}
    if isinstance(answer, Wanted):
        job, raised = task.ways.completed(job, answer.taken)
        if executor is not None:
            answer = executor.submit(judged_block, job).result() or judged_block(job)
        else:
            answer = judged_block(job)
    begin, end = span
    about = {
        "judges": answer.judges,
        "unsettled": int(answer.unsettled.sum()),
        "apart": _apart(task, job, answer, begin),
        "raised": {name: [begin + p, what] for name, (p, what) in raised.items()},
    }
    points = task.grid.points(begin, end)
    return Chunk(begin, end, points, answer.digits, answer.states, answer.parted > 0, about)


def _apart(task: Task, job: Job, answer: Found, begin: int) -> dict[str, list[Any]]:
    """Return for each precision the first point on another path than the reference's."""
    found: dict[str, list[Any]] = {}
    for name, ways, parted, taken in zip(
        job.precisions, job.ways, answer.parted, answer.taken, strict=True
    ):
        if parted.any():
            p = int((parted > 0).argmax())
            guard = task.ways.guards[ways[int(taken[p])]][int(parted[p]) - 1]
            text = (guard.at.text if guard.at else "") or guard.row
            found[name] = [begin + p, guard.place, text, str(guard.outcome)]
    return found


def _finished(
    task: Task,
    manifest: dict[str, Any],
    folder: Folder | None,
    runner: _Runner,
    progress: Callable[[int, int], object] | None,
) -> Sweep:
    """Run what is not there yet, and return the sweep."""
    points, size = int(manifest["points"]), int(manifest["chunk"])
    spans = [(begin, min(begin + size, points)) for begin in range(0, points, size)]
    found: dict[int, Chunk] = {}
    for span in spans if folder is not None else ():
        old = folder.read(*span) if folder is not None else None
        if old is not None:
            found[span[0]] = old
    done = sum(chunk.end - chunk.begin for chunk in found.values())
    todo = [span for span in spans if span[0] not in found]
    try:
        with closing(runner.chunks(task, todo)) as chunks:
            if progress is not None:
                progress(done, points)
            for chunk in chunks:
                if folder is not None:
                    folder.write(chunk)
                found[chunk.begin] = chunk
                done += chunk.end - chunk.begin
                if progress is not None:
                    progress(done, points)
    except KeyboardInterrupt:
        raise _stopped(manifest, folder, found, done) from None
    except ChildProcessError as error:
        problem = f"a process of it ended with status {error}"
        hint = "repeat the call with fewer jobs: the memory may not do for so many"
        raise BadSweep(function=task.function, problem=problem, hint=hint) from None
    whole = _sweep(manifest, found, _repaired(folder))
    if task.ways.failure is not None and all(
        whole.counts(name)["raised"] == points for name in whole.precisions
    ):
        raise task.ways.failure
    return whole


def _repaired(folder: Folder | None) -> tuple[str, ...]:
    files = () if folder is None else folder.damaged
    return tuple(f"{name} was damaged, and its points were computed again." for name in files)


def _stopped(
    manifest: dict[str, Any], folder: Folder | None, found: dict[int, Chunk], done: int
) -> SweepStopped:
    """Return the error of an interrupt, with the sweep of what is done."""
    again = "repeat the call to go on: what is finished is in"
    hint = f"{again} {folder.path}" if folder is not None else "give out= to be able to go on"
    facts = dict(function=manifest["function"], done=f"{done:,}", hint=hint)
    error = SweepStopped(points=f"{manifest['points']:,}", **facts)
    error.partial = _sweep(manifest, found, ()) if found else None
    return error


def _sweep(
    manifest: Mapping[str, Any], found: Mapping[int, Chunk], notes: tuple[str, ...]
) -> Sweep:
    from typedgrad.sweeping.swept import Sweep

    return Sweep.of(manifest, [found[begin] for begin in sorted(found)], notes)
