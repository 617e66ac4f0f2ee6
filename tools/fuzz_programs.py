"""Damage files and texts of programs and read them: `python -m tools.fuzz_programs 100000 [SEED]`.

A damaged file must be refused by an error of its own. Where the checksum is made new after the
damage, a file may also be accepted, but only as a program that is valid, is saved and listed and
read back to itself, and runs.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from random import Random
from struct import pack_into, unpack_from
from typing import Any, NamedTuple

import numpy as np

import typedgrad
from typedgrad.engines.python import PythonEngine
from typedgrad.errors import BadProgramFile, BadProgramText, TypedgradError, WrongWidth
from typedgrad.gradient import value_and_gradient
from typedgrad.listing import listing, parse
from typedgrad.numbers import Constant
from typedgrad.op import TABLE
from typedgrad.program import Builder, Program
from typedgrad.storage import CHECKSUM, PREFIX, load, save

LIMIT = 1 << 20
LITERALS: list[Any] = [
    *(2, -1, 0, 10**40, 0.1, -0.0, 5e-324, float("inf"), float("-inf"), float("nan")),
    *("0.1", "-0.0", "1/3", "nan", "2p-3", Fraction(1, 3), Fraction(-2), Fraction(7**60, 3**70)),
    *(np.float32("0.1"), np.float64("0.1"), np.float64(1e300), np.longdouble("0.1")),
    *(np.longdouble(0.5), np.longdouble("-0.0"), np.longdouble("nan"), np.finfo(np.float32).tiny),
    *(Constant("0.6931471805599453094172321214581766", "log(2)"), Constant("1e-5")),
]
PLAIN: list[Any] = [2, -1, 0, 0.1, -0.0, float("inf"), "0.1", "1/3", Fraction(-2), Constant("1e-5")]
ODD: list[Any] = [
    *(None, True, -1, 0, 1, 2**31 - 1, 2**31, 2**63, 10**30, 1.5, "", "x", "mul", "dot", [], {}),
    *([1], ["a.py", 1, 2, 3], ["a.py", 1, 2, "3"], "longdouble(1/3)", "float32(0.1)", "inf"),
    *('"1e999999"', "9" * 5000, "0x" + "f" * 9999, '"\\ud800"', "1/0", "constant(1)", "nan"),
]
EDGES = [0, 1, -1, 2, 7, 2**31 - 1, -(2**31), 2**16, -2, 255]


def random_program(rng: Random, longest: int = 12) -> Program:
    """Return a valid program of any rows, constants, names and places."""
    inputs = rng.randrange(4)
    pool = LITERALS if rng.random() < 0.4 else PLAIN
    constants = [rng.choice(pool) for _ in range(rng.randrange(0 if inputs else 1, 6))]
    builder = Builder(inputs, constants)
    values = inputs + len(constants)
    rows = list(TABLE.values())
    for _ in range(rng.randrange(longest + 1)):
        op = rng.choice(rows)
        count = op.sequences * rng.randrange(1, 5) if op.sequences else op.arity
        values = builder.emit(op.name, [rng.randrange(values) for _ in range(count)]) + 1
    outputs = [rng.randrange(values) for _ in range(rng.randrange(4))]
    found = builder.program(outputs, rng.choice([(), NAMES[:inputs], ODD_NAMES[:inputs]]))
    if rng.random() < 0.5:
        places = np.array([rng.randrange(-1, 2) for _ in range(len(found))], np.int32)
        found = found.replace(places=places, sources=[("a.py", 1, 2, 3), ("b\n.py", 9, 0, 7)])
    return found


NAMES = ["x", "longer_name", "θ"]
ODD_NAMES = ["v0", 'a[0] "\\', "\ud800\n"]


def sealed(data: bytes) -> bytes:
    """Return a file with a new checksum at its end."""
    body = data[:-CHECKSUM]
    return body + sha256(body).digest()


def flipped(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Flip a few bits."""
    found = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8])):
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def cut(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Leave out a piece, or the end."""
    a = rng.randrange(len(data))
    return data[:a] + data[a + rng.choice([1, 4, 32, len(data)]) :]


def grown(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Put something in, or behind the end."""
    a = rng.choice([len(data), rng.randrange(len(data))])
    return data[:a] + rng.randbytes(rng.choice([1, 4, 32])) + data[a:]


def spliced(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Exchange a piece for one of another file."""
    other = rng.choice(others)
    a, b = rng.randrange(len(data)), rng.randrange(len(other))
    return data[:a] + other[b : b + rng.randrange(1, 64)] + data[a + rng.randrange(64) :]


def renumbered(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Write other integers into the arrays or the sizes."""
    found = bytearray(data)
    begin = PREFIX.size + unpack_from("<I", data, 12)[0]
    slots = range(begin, len(data) - CHECKSUM - 3, 4) or range(8, 32, 4)
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.choice(slots) if rng.random() < 0.8 else rng.randrange(8, 32, 4)
        old = unpack_from("<i", found, at)[0]
        new = rng.choice([rng.choice(EDGES), old + rng.choice([-1, 1]), rng.randrange(20)])
        pack_into("<i", found, at, (new + 2**31) % 2**32 - 2**31)
    return bytes(found)


def reheaded(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Change the header, as JSON or as text, and its size with it."""
    end = PREFIX.size + unpack_from("<I", data, 12)[0]
    text = data[PREFIX.size : end]
    header: dict[str, Any] = json.loads(text)
    key = rng.choice(list(header))
    size = 0 if key == "inputs" else len(header[key])
    if rng.random() < 0.1:
        text = rng.choice([b"[" * 5000, b"", b"{}", b"\xff" + text, text + b"}", b"9" * 5000])
    elif size and rng.random() < 0.8:
        k = rng.randrange(size)
        old = header[key][k]
        small = type(old) is str and old and rng.random() < 0.5
        header[key][k] = respelled(rng, old) if small else rng.choice([*ODD, *header[key]])
        text = json.dumps(header).encode()
    else:
        text = json.dumps({**header, key: rng.choice(ODD)}).encode()
    found = bytearray(data[: PREFIX.size] + text + data[end:])
    pack_into("<I", found, 12, len(text))
    return bytes(found)


def respelled(rng: Random, text: str) -> str:
    """Change a character of a text, put one in or leave one out."""
    at = rng.randrange(len(text))
    new = rng.choice(
        ['"', "(", ")", "0", "9", "/", "e", "p", "-", "x", ",", "[", "\\", "π", "v1", "\n"]
    )
    return rng.choice(
        [text[:at] + new + text[at + 1 :], text[:at] + new + text[at:], text[:at] + text[at + 1 :]]
    )


DAMAGES: list[Callable[[Random, bytes, Sequence[bytes]], bytes]] = [
    *(flipped, cut, grown, spliced, renumbered, reheaded),
]


class Report(NamedTuple):
    """What became of the files and texts, and the slowest reading in seconds of the processor."""

    outcomes: Counter[str]
    slowest: float
    faults: list[str]


def fuzz(count: int, seed: int, folder: Path) -> Report:
    """Damage as many files, and a fifth as many texts, and tell what became of them."""
    rng = Random(seed)
    programs = [random_program(rng) for _ in range(40)]
    programs += [p for p in map(differentiated, programs) if p is not None]
    files = [stored(program, folder / "whole") for program in programs]
    texts = [listing(program) for program in programs]
    outcomes: Counter[str] = Counter()
    faults: list[str] = []
    slowest = 0.0
    for i in range(count):
        k = rng.randrange(len(files))
        damage, seal = rng.choice(DAMAGES), rng.random() < 0.6
        data = damage(rng, files[k], files)
        data = sealed(data) if seal else data
        if data != files[k]:
            outcome, seconds = outcome_of(folder, read, data, folder / "damaged")
            slowest = max(slowest, seconds)
            name = f"{damage.__name__}{', resealed' if seal else ''}: {outcome}"
            outcomes[name] += 1
            if outcome.startswith("fault") or (outcome.startswith("accepted") and not seal):
                faults.append(f"file {i} of seed {seed}: {name}")
        if not i % 5:
            text = respelled(rng, texts[k])
            outcome, seconds = outcome_of(folder, parse, text)
            slowest = max(slowest, seconds)
            outcomes[f"text: {outcome}"] += 1
            faults += [f"text {i} of seed {seed}: {outcome}"] * outcome.startswith("fault")
    return Report(outcomes, slowest, faults)


def differentiated(program: Program) -> Program | None:
    """Return the program with its gradient, if it has one."""
    try:
        return value_and_gradient(program) if len(program.outputs) else None
    except TypedgradError:
        return None


def stored(program: Program, path: Path) -> bytes:
    """Return the bytes of the file of a program."""
    save(program, path)
    return path.read_bytes()


def read(data: bytes, path: Path) -> Program:
    """Load a file of these bytes."""
    path.write_bytes(data)
    return load(path, LIMIT)


def outcome_of(folder: Path, action: Callable[..., Program], *args: Any) -> tuple[str, float]:
    """Return the code of the error, or what became of the program; and the time to read it."""
    start = time.process_time()
    program = None
    try:
        program = action(*args)
        outcome = ""
    except (BadProgramFile, BadProgramText, WrongWidth) as error:
        outcome = f"refused [{error.code}]"
    except Exception as error:
        outcome = f"fault: {type(error).__name__}: {str(error)[:200]}"
    seconds = time.process_time() - start
    try:
        return accepted(program, folder) if program is not None else outcome, seconds
    except Exception as error:
        return f"fault: accepted, then {type(error).__name__}: {str(error)[:200]}", seconds


def accepted(program: Program, folder: Path) -> str:
    """Return what running does; everything else must work."""
    program.validate()
    again = read(stored(program, folder / "again"), folder / "again")
    if again != program or parse(listing(program)) != program:
        return "fault: another program when it is read again"
    for numbers in (typedgrad.float32, typedgrad.longdouble):
        out: list[Any] = [None] * len(program.outputs)
        try:
            kernel = PythonEngine().compile(program, numbers)
            kernel.run([numbers.lift(0.5)] * program.inputs, out)
        except TypedgradError as error:
            return f"accepted, running says {error.code}"
    return "accepted, runs"


def main(*args: str) -> int:
    """Print a report; 1 if there was a fault."""
    count, seed = (*map(int, args), 1)[:2] if args else (1000, 1)
    with tempfile.TemporaryDirectory() as folder:
        report = fuzz(count, seed, Path(folder))
    for name, times in sorted(report.outcomes.items()):
        print(f"{times:8}  {name}")
    print(f"slowest reading {report.slowest:.3f} s, {len(report.faults)} faults")
    print("\n".join(report.faults[:20]))
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
