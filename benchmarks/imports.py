"""The time of `import typedgrad` over `import numpy`, in fresh interpreters in turn; ms of CPU."""

from __future__ import annotations

import argparse
import subprocess
import sys
from os import environ
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

from benchmarks.harness import machine, show

STATEMENTS = {
    "nothing": "pass",
    "numpy": "import numpy",
    "typedgrad": "import typedgrad",
    "typedgrad, first use": "import typedgrad as tg; (tg.Value(2.0) * 3.0).backward()",
    "micrograd": "import micrograd.engine",
    "mpmath": "import mpmath",
}


# As pip installs: compiled once, then read; the first round writes what is not there yet.
CACHING = {name: text for name, text in environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(statement: str) -> float:
    """Return the processor time of an interpreter that starts, runs the statement and stops."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", statement], check=True, stderr=subprocess.DEVNULL, env=CACHING
    )
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(statements: dict[str, str], rounds: int) -> dict[str, float]:
    """Return the median seconds of each statement that can be run here."""
    runs: dict[str, list[float]] = {}
    for turn in range(rounds + 1):
        for name, statement in statements.items():
            try:
                taken = seconds(statement)
            except subprocess.CalledProcessError:
                continue
            if turn:
                runs.setdefault(name, []).append(taken)
    return {name: median(times) for name, times in runs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    found = measured(STATEMENTS, parser.parse_args().rounds)
    print(machine())
    rows = {
        name: [f"{1e3 * (t - found['nothing']):.1f}", f"{1e3 * (t - found['numpy']):+.1f}"]
        for name, t in found.items()
    }
    show("import", rows, ["ms over the bare interpreter", "ms over numpy"])


if __name__ == "__main__":
    main()
