"""Programs as files: what is saved is loaded, and nothing else is."""

# pyright: basic

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import typedgrad as tg
from tests.test_program import small
from tools import fuzz_programs
from tools.fuzz_programs import LITERALS, random_program, sealed
from typedgrad import storage
from typedgrad.engines.python import PythonEngine
from typedgrad.errors import BadCall, BadProgramFile, WrongWidth
from typedgrad.gradient import value_and_gradient
from typedgrad.listing import parse
from typedgrad.literals import literal_text
from typedgrad.op import TABLE
from typedgrad.program import Builder, Program
from typedgrad.storage import CHECKSUM, LIMIT, MAGIC, PREFIX, load, save

LONG_BITS = int(np.finfo(np.longdouble).nmant) + 1
GIVE = "give the path of a file that tg.save wrote"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "f.tgp"


def test_a_recording_is_no_program(tmp_path: Path) -> None:
    f: Any = tg.record(lambda x: x * x)
    with pytest.raises(BadCall, match=r"save takes a program, not <recorded .*\nhelp: .* f.at"):
        save(f, tmp_path / "f.tgp")
    assert not list(tmp_path.iterdir())
    save(f.at(2.0), tmp_path / "f.tgp")
    assert load(tmp_path / "f.tgp") == f.program


@given(st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, rng: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "any.tgp"
    program = random_program(rng)
    save(program, path)
    found = load(path)
    assert found == program
    assert found.names == program.names
    assert found.ops == program.ops
    assert found.sources == program.sources
    assert list(map(type, found.constants)) == list(map(type, program.constants))
    assert list(map(literal_text, found.constants)) == list(map(literal_text, program.constants))
    for name in ("codes", "starts", "args", "outputs", "places"):
        mine, other = getattr(found, name), getattr(program, name)
        assert mine is other is None or np.array_equal(mine, other)
        assert mine is None or (mine.dtype == np.int32 and not mine.flags.writeable)
    first = path.read_bytes()
    save(found, path)
    assert path.read_bytes() == first


@pytest.mark.parametrize("p", [tg.float32, tg.float64, tg.longdouble], ids=str)
def test_what_is_loaded_gives_the_same_bits(p: Any, path: Path) -> None:
    program = value_and_gradient(small(), 1)
    save(program, path)
    runs = []
    for each in (program, load(path)):
        out: list[Any] = [None] * len(each.outputs)
        PythonEngine().compile(each, p).run([p.lift("0.3"), p.lift("-1.7")], out)
        assert {*map(type, out)} == {p.scalar}
        runs.append(out)
    assert runs[0] == runs[1]


def test_the_format_stays() -> None:
    """A file of today is loaded by every later version."""
    header = (
        b'{"inputs":2,"names":["x","y"],"constants":["2","0.1"],'
        b'"rows":["mul","add","dot"],"sources":[]}  '
    )
    numbers = [0, 1, 2, 0, 2, 4, 8, 0, 1, 4, 2, 4, 5, 0, 3, 5, 6]
    body = (
        MAGIC
        + np.array(
            [
                1,
                len(header),
                3,
                8,
                2,
                0,
            ],
            "<u4",
        ).tobytes()
        + header
    )
    body += np.array(numbers, "<i4").tobytes()
    assert b"".join(storage._written(small(), "")) == body + sha256(body).digest()


def test_loaded_arrays_lie_in_the_file_once(path: Path) -> None:
    save(small(), path)
    found = load(path)
    bases: list[Any] = [
        array.base for array in (found.codes, found.starts, found.args, found.outputs)
    ]
    assert type(bases[0]) is bytes
    assert all(base is bases[0] for base in bases)
    with pytest.raises(ValueError, match="WRITEABLE"):
        found.codes.flags.writeable = True


# What is refused.


def changed(at: int, new: bytes) -> Callable[[bytes], bytes]:
    """Return what writes other bytes to a place; below 0 it is counted from the end."""

    def change(data: bytes) -> bytes:
        start = at % len(data)
        return data[:start] + new + data[start + len(new) :]

    return change


def headed(**parts: Any) -> Callable[[bytes], bytes]:
    """Return what exchanges parts of the header and makes sizes and checksum fit."""

    def change(data: bytes) -> bytes:
        size = int.from_bytes(data[12:16], "little")
        header = {**json.loads(data[32 : 32 + size]), **parts}
        return worded(json.dumps({k: x for k, x in header.items() if x != "gone"}).encode())(data)

    return change


def worded(text: bytes) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        size = int.from_bytes(data[12:16], "little")
        prefix = data[:12] + len(text).to_bytes(4, "little") + data[16:32]
        return sealed(prefix + text + data[32 + size :])

    return change


def numbered(at: int, new: int) -> Callable[[bytes], bytes]:
    """Return what exchanges one integer behind the header; the arrays begin there."""

    def change(data: bytes) -> bytes:
        start = 32 + int.from_bytes(data[12:16], "little") + 4 * at
        return sealed(changed(start, new.to_bytes(4, "little", signed=True))(data))

    return change


# In the file of small() the codes have the numbers 0-2, starts 3-6, args 7-14, outputs 15-16.
REFUSED: dict[str, tuple[Callable[[bytes], bytes], str, str]] = {
    "empty": (lambda data: b"", "its first bytes", "it is not a file of a program"),
    "a script": (lambda data: b"print()\n" * 9, "its first bytes", "it is not a file of a program"),
    "line ends": (
        lambda data: data.replace(b"\r\n", b"\n"),
        "its first bytes",
        "it is not a file of a program",
    ),
    "only the magic": (lambda data: data[:8], "its size", "it ends after 8 bytes"),
    "version": (changed(8, b"\2"), "its version", "2; this library reads 1"),
    "truncated": (lambda data: data[:-1], "its size", "of 228 bytes 1 are missing"),
    "trailing": (lambda data: data + b"123", "its size", "of 228 bytes 3 are too many"),
    "header size": (
        changed(12, b"\xff" * 4),
        "its size",
        "of 4294967427 bytes 4294967199 are missing",
    ),
    "array sizes": (
        changed(16, b"\xff" * 12),
        "its size",
        "of 68719476884 bytes 68719476656 are missing",
    ),
    "places": (changed(28, b"\2"), "its sizes", "2 where 0 or 1 tells whether it has places"),
    "header": (
        changed(40, b"X"),
        "its checksum",
        "the contents have changed since it was saved",
    ),
    "array": (changed(150, b"\7"), "its checksum", "the contents have changed since it was saved"),
    "checksum": (
        changed(-1, b"\0"),
        "its checksum",
        "the contents have changed since it was saved",
    ),
    "no JSON": (worded(b"{'inputs':2}"), "its header", "it is not JSON: Expecting property name"),
    "not ASCII": (worded(b'{"\xff":2}'), "its header", "it is not JSON: 'ascii' codec"),
    "deep": (worded(b"[" * 100_000), "its header", "it is not JSON: "),
    "digits": (worded(b"9" * 5000), "its header", "it is not JSON: "),
    "a list": (worded(b"[]"), "its header", "it must have inputs, names, constants, rows, sources"),
    "one less": (headed(rows="gone"), "its header", "it must have inputs, names, constants, rows,"),
    "one more": (headed(more=1), "its header", "it must have inputs, names, constants, rows,"),
    "inputs": (headed(inputs="2"), "its inputs", "it is not of type int"),
    "truth": (headed(inputs=True), "its inputs", "it is not of type int"),
    "negative": (headed(inputs=-1), "its inputs", "-1 are too many"),
    "memory": (headed(inputs=2**31 - 1, names=[]), "its inputs", "2147483647 are too many"),
    "names": (headed(names=["x"]), "the names of its inputs", "1 names for 2 inputs"),
    "a name": (headed(names=["x", 3]), "the names of its inputs", "a name must be a text"),
    "constants": (headed(constants={}), "its constants", "it is not of type list"),
    "a number": (headed(constants=[2, "0.1"]), "constant 0", "it is not a text"),
    "code": (
        headed(constants=["2", "__import__('os')"]),
        "constant 1",
        "'__import__' where a number should be",
    ),
    "kind": (headed(constants=["2", "half(1)"]), "constant 1", "'half' where a number should be"),
    "two": (
        headed(constants=["2 3", "2"]),
        "constant 0",
        "'3' where the end of the line should be",
    ),
    "too few": (headed(constants=["2"]), "instruction 1 (add)", "it takes value 4,"),
    "rows": (headed(rows=["mul", "add", 3]), "its rows", "no row is named '3'"),
    "own row": (headed(rows=["mul", "add", "my_row"]), "its rows", "no row is named 'my_row'"),
    "repeated": (headed(rows=["mul", "mul", "dot"]), "its list of rows", "mul is there twice"),
    "source": (headed(sources=[["f.py", 1, 2]]), "source 0", "it is not a file and three numbers"),
    "dangling": (numbered(7, 4), "instruction 0 (mul)", "it takes value 4, which is not there yet"),
    "below": (numbered(8, -1), "instruction 0 (mul)", "it takes value -1, which is not there yet"),
    "row code": (numbered(1, 3), "instruction 1", "no row has the code 3"),
    "starts": (numbered(4, 5), "instruction 1", "its arguments end before they start"),
    "first": (numbered(3, 1), "its starts", "they do not cut the arguments into pieces"),
    "arity": (numbered(4, 1), "instruction 0 (mul)", "it has 1 arguments"),
    "output": (numbered(16, 7), "output 1", "there is no value 7"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_damaged_file_is_refused_by_the_place(name: str, path: Path) -> None:
    damage, place, problem = REFUSED[name]
    save(small(), path)
    data = path.read_bytes()
    assert len(data) == 228
    path.write_bytes(damage(data))
    with pytest.raises(BadProgramFile) as caught:
        load(path)
    facts = caught.value.facts
    assert facts["place"] == place
    assert str(facts["problem"]).startswith(problem)
    assert str(caught.value).startswith(f"cannot load {path}: {place}: {problem}")


def test_the_changes_of_these_tests_leave_a_sound_file_sound(path: Path) -> None:
    save(small(), path)
    data = path.read_bytes()
    for change in (headed(), numbered(0, 0), numbered(16, 6), sealed):
        path.write_bytes(change(data))
        assert load(path) == small()
    path.write_bytes(numbered(16, 5)(data))
    assert load(path) == small().replace(outputs=np.array([5, 5], np.int32))


@pytest.mark.parametrize("size", range(0, 228, 7))
def test_every_beginning_is_refused(size: int, path: Path) -> None:
    save(small(), path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(BadProgramFile):
        load(path)


def test_every_single_bit_counts(path: Path) -> None:
    save(small(), path)
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(changed(at, bytes([data[at] ^ 1 << at % 8]))(data))
        with pytest.raises(BadProgramFile):
            load(path)


def test_a_large_file_is_not_read_unasked(path: Path) -> None:
    save(small(), path)
    with pytest.raises(BadProgramFile) as caught:
        load(path, limit=227)
    assert str(caught.value) == (
        f"cannot load {path}: its size: 228 bytes are more than 227\n"
        "help: load it with limit=228 if you trust it\n[TG304]"
    )
    assert load(path, limit=228) == small()
    with path.open("r+b") as file:  # a hole, no bytes on the disk
        file.write(PREFIX.pack(MAGIC, 1, 0, 2**28, 2**28, 0, 0))
        file.truncate(32 + 4 * (2**29 + 1 + 2**28) + CHECKSUM)
    with pytest.raises(BadProgramFile, match="are more than 1073741824"):
        load(path)
    assert LIMIT == 1 << 30


def test_a_row_of_ones_own_must_be_there_first(path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(TABLE, "row_of_a_user", TABLE["square"])
    builder = Builder(1)
    save(builder.program([builder.emit("row_of_a_user", [0])]), path)
    assert len(load(path)) == 1
    monkeypatch.delitem(TABLE, "row_of_a_user")
    with pytest.raises(BadProgramFile) as caught:
        load(path)
    assert str(caught.value) == (
        f"cannot load {path}: its rows: no row is named 'row_of_a_user'\n"
        "help: if it is a primitive of your own, run the module that defines it before tg.load\n"
        "[TG304]"
    )


def test_a_longdouble_of_a_wider_machine_is_refused_by_name(path: Path) -> None:
    save(small(), path)
    data = path.read_bytes()
    wide = f"longdouble({2**113 - 1}p-113)" if LONG_BITS < 113 else f"longdouble({2**130 + 1}p-9)"
    path.write_bytes(headed(constants=["2", wide])(data))
    with pytest.raises(WrongWidth) as caught:
        load(path)
    assert str(caught.value).startswith(f"{wide} does not fit the longdouble of this machine")
    path.write_bytes(headed(constants=["2", "longdouble(3p-113)"])(data))
    assert load(path).constants == (2, np.ldexp(np.longdouble(3), -113))


def test_a_longdouble_of_this_machine_is_kept_to_the_last_bit(path: Path) -> None:
    numbers = [np.longdouble("0.1"), *(x for x in LITERALS if type(x) is np.longdouble)]
    info = np.finfo(np.longdouble)
    numbers += [info.max, info.tiny, info.smallest_subnormal, info.eps + 1, -info.max]
    numbers = [np.longdouble(x) for x in numbers]
    save(parse("program():\n  return").replace(constants=numbers), path)
    found = load(path).constants
    assert np.array_equal(found, numbers, equal_nan=True)
    assert np.array_equal(np.signbit(found), np.signbit(numbers))
    assert {*map(type, found)} == {np.longdouble}


# Paths and the disk.


@pytest.mark.parametrize("name", ["missing", ".", "missing/f.tgp", "a\0b"])
def test_a_path_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadProgramFile) as caught:
        load(tmp_path / name)
    assert caught.value.facts["place"] == "the file"
    assert caught.value.facts["hint"] == GIVE


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_is_refused_at_once(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(BadProgramFile, match="it is not a regular file"):
        load(path)


@pytest.mark.parametrize("name", [".", "missing/f.tgp", "a\0b"])
def test_a_path_that_cannot_be_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadProgramFile) as caught:
        save(small(), tmp_path / name)
    assert str(caught.value).startswith(f"cannot save {tmp_path / name}: the file: ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_file_is_written_whole_or_not_at_all(step: str, path: Path, monkeypatch: Any) -> None:
    save(small(), path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(BadProgramFile, match="No space left on device"):
        save(value_and_gradient(small()), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_file_is_replaced_and_a_link_is_followed(path: Path) -> None:
    save(small(), path)
    link = path.with_name("link")
    link.symlink_to(path)
    save(value_and_gradient(small()), str(link))
    assert link.is_symlink()
    assert load(path) == value_and_gradient(small())
    assert load(str(path)) == load(path)
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_a_constant_of_a_type_of_its_own_is_not_saved(path: Path) -> None:
    program = Builder(0, [2, np.float16(0.5)]).program([1])
    with pytest.raises(BadProgramFile) as caught:
        save(program, path)
    assert "constant 1: np.float16(0.5) of type float16 has no text" in str(caught.value)
    assert not path.exists()


# Any damage.


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_and_texts_are_refused_or_sound(seed: int, tmp_path: Path) -> None:
    report = fuzz_programs.fuzz(500, seed, tmp_path)
    assert report.faults == []
    assert report.outcomes["flipped: refused [TG304]"] > 5
    assert report.outcomes["renumbered, resealed: accepted, runs"] > 1
    assert sum(report.outcomes.values()) > 500


def test_the_judge_of_damaged_files_sees_faults(tmp_path: Path, monkeypatch: Any) -> None:
    """The fuzzing fails where loading crashes, and where it accepts what has changed."""

    def crashing(path: Any, limit: int) -> Program:
        raise IndexError("beyond")

    monkeypatch.setattr(fuzz_programs, "load", crashing)
    assert "IndexError" in fuzz_programs.fuzz(20, 1, tmp_path).faults[0]
    monkeypatch.setattr(fuzz_programs, "load", lambda path, limit: small())
    faults = fuzz_programs.fuzz(50, 1, tmp_path).faults
    assert any("accepted, runs" in fault for fault in faults)


def test_random_programs_reach_all_kinds() -> None:
    programs = [random_program(Random(seed)) for seed in range(200)]
    assert {type(x) for p in programs for x in p.constants} == {type(x) for x in LITERALS}
    assert {op for p in programs for op in p.ops} > {"dot", "sum", "where", "mul", "azdot"}
    assert any(p.places is not None for p in programs)
