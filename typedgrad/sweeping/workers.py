"""Processes of our own that answer jobs: they import the package, and nothing of the caller's.

A pool of `multiprocessing` would run the caller's script again in each process, or fork threads.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Lock, local
from typing import IO, Any

from typing_extensions import override

popen: Callable[..., Any] = subprocess.Popen
START = (
    "import pickle, sys; sys.path[:0] = pickle.load(sys.stdin.buffer);"
    "from typedgrad.sweeping.workers import serve; serve(sys.stdin.buffer, sys.stdout.buffer)"
)


class Workers(Executor):
    """An executor of so many processes; each starts with its first job."""

    def __init__(self, jobs: int) -> None:
        self._threads = ThreadPoolExecutor(jobs, "typedgrad-worker")
        self._own = local()
        self._turn = Lock()
        self._started: list[subprocess.Popen[bytes]] = []

    @override
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return the future of fn(*args, **kwargs), computed in one of the processes."""
        return self._threads.submit(self._ask, pickle.dumps((fn, args, kwargs)))

    def _ask(self, job: bytes) -> Any:
        process: subprocess.Popen[bytes] | None = getattr(self._own, "process", None)
        if process is None:
            process = self._own.process = self._start()
        send, answers = process.stdin, process.stdout
        if send is None or answers is None:
            raise ChildProcessError
        try:
            send.write(job)
            send.flush()
            is_good, answer = pickle.load(answers)
        except (OSError, EOFError):
            raise ChildProcessError(process.wait()) from None
        if not is_good:
            raise answer
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        quiet: dict[str, Any] = dict(start_new_session=True) if os.name == "posix" else {}
        pipes: dict[str, Any] = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process: subprocess.Popen[bytes] = popen([sys.executable, "-c", START], **pipes, **quiet)
        with self._turn:
            self._started.append(process)
        if process.stdin is not None:
            process.stdin.write(pickle.dumps(sys.path))
        return process

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes; with `cancel_futures` at once, what they do is lost."""
        if cancel_futures:
            self._end(kill=True)
        self._threads.shutdown(True, cancel_futures=cancel_futures)
        self._end(kill=False)

    def _end(self, kill: bool) -> None:
        with self._turn:
            for process in self._started:
                if kill:
                    process.kill()
                elif process.stdin is not None and process.stdout is not None:
                    process.stdin.close()
                    process.wait()
                    process.stdout.close()


def serve(jobs: IO[bytes], answers: IO[bytes]) -> None:
    """Answer jobs until there are no more; what a job raises is an answer too."""
    sys.stdout = sys.stderr
    while True:
        try:
            function, args, kwargs = pickle.load(jobs)
        except EOFError:
            return
        try:
            answer = pickle.dumps((True, function(*args, **kwargs)))
        except Exception as error:
            answer = _failed(error)
        answers.write(answer)
        answers.flush()


def _failed(error: Exception) -> bytes:
    try:
        return pickle.dumps((False, error))
    except Exception:
        return pickle.dumps((False, RuntimeError(repr(error))))
