"""Programs: what is refused, what is equal, that nothing changes; their text and pictures."""

# pyright: basic

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import typedgrad as tg
from tools.fuzz_programs import LITERALS, random_program
from typedgrad.drawing import picture, to_dot, to_mermaid
from typedgrad.engines.python import PythonEngine
from typedgrad.errors import BadProgram, BadProgramText, TypedgradError, WrongWidth
from typedgrad.gradient import value_and_gradient
from typedgrad.listing import listing, parse
from typedgrad.literals import literal_text, plain_literal, read_literal
from typedgrad.numbers import Constant
from typedgrad.op import TABLE
from typedgrad.program import STRETCH, Builder, Program

TEXT = """program(x, y):
  v0 = mul(x, y)
  v1 = add(v0, 2)
  v2 = dot([v0, v1], [x, 0.1])
  return v1, v2
"""
LONG_BITS = int(np.finfo(np.longdouble).nmant) + 1
randoms = st.randoms(use_true_random=False)


def small() -> Program:
    return parse(TEXT)


def ints(*numbers: int) -> Any:
    return np.array(numbers, np.int32)


DOT = "instruction 2 (dot)"
TOP = 2**31 - 1
PARTS = ("inputs", "constants", "ops", "codes", "starts", "args", "outputs")


def late(k: int) -> str:
    return f"it takes value {k}, which is not there yet"


# What is exchanged in small(), and what the error says. Values: x, y, 2, 0.1, v0, v1, v2.
DEFECTS: list[tuple[dict[str, Any], str, str]] = [
    ({"inputs": -1}, "its inputs", "-1 is not a count"),
    ({"inputs": 2.0}, "its inputs", "2.0 is not a count"),
    ({"inputs": None}, "its inputs", "None is not a count"),
    ({"inputs": 2**31, "names": ()}, "its inputs", "2147483648 is not a count"),
    ({"inputs": 2**31 - 1, "names": ()}, "its size", "2147483652 values are too many"),
    ({"constants": [2, None]}, "constant 1", "None is not a number"),
    ({"constants": [2, "two"]}, "constant 1", "'two' is not a number"),
    ({"constants": [2, 1j]}, "constant 1", "1j is not a number"),
    ({"constants": [[2.0], 1]}, "constant 0", "[2.0] is not a number"),
    ({"ops": ["mul", "add", "dotty"]}, "its list of rows", "no row is named 'dotty'"),
    ({"ops": ["mul", "add", ["dot"]]}, "its list of rows", "no row is named ['dot']"),
    ({"ops": ["mul", "mul", "dot"]}, "its list of rows", "mul is there twice"),
    ({"starts": ints()}, "its starts", "they do not cut the arguments into pieces"),
    ({"starts": ints(0, 2, 4)}, "its starts", "they do not cut the arguments into pieces"),
    ({"starts": ints(1, 2, 4, 8)}, "its starts", "they do not cut the arguments into pieces"),
    ({"starts": ints(0, 2, 4, 9)}, "its starts", "they do not cut the arguments into pieces"),
    ({"starts": ints(0, 9, 4, 8)}, "instruction 1", "its arguments end before they start"),
    ({"starts": ints(0, -(2**31), 4, 8)}, "instruction 0", "its arguments end before they start"),
    ({"starts": ints(0, 2**31 - 1, 4, 8)}, "instruction 1", "its arguments end before they start"),
    # Differences that int32 cannot hold look like 2**31 - 1, 2 and 2**31 - 1 arguments.
    (
        dict(ops=["sum", "mul"], codes=ints(0, 1, 0), starts=ints(0, TOP, -TOP, 0), args=ints()),
        *("instruction 1", "its arguments end before they start"),
    ),
    ({"starts": ints(0, 1, 4, 8)}, "instruction 0 (mul)", "it has 1 arguments"),
    ({"starts": ints(0, 2, 4, 7), "args": ints(*range(7))}, DOT, "it has 3 arguments"),
    ({"starts": ints(0, 2, 4, 4), "args": ints(*range(4))}, DOT, "it has 0 arguments"),
    ({"codes": ints(0, 3, 2)}, "instruction 1", "no row has the code 3"),
    ({"codes": ints(-1, 1, 2)}, "instruction 0", "no row has the code -1"),
    ({"codes": ints(0, 1)}, "its starts", "they do not cut the arguments into pieces"),
    ({"ops": []}, "instruction 0", "no row has the code 0"),
    ({"args": ints(0, 4, 4, 2, 4, 5, 0, 3)}, "instruction 0 (mul)", late(4)),
    ({"args": ints(0, 1, 4, 2, 4, 5, 0, 6)}, "instruction 2 (dot)", late(6)),
    ({"args": ints(0, 1, -1, 2, 4, 5, 0, 3)}, "instruction 1 (add)", late(-1)),
    ({"args": ints(0, -(2**31), 4, 2, 4, 5, 0, 3)}, "instruction 0 (mul)", late(-2147483648)),
    ({"args": ints(0, 1, 4, 2, 4, 5, 0, 2**31 - 1)}, "instruction 2 (dot)", late(2147483647)),
    ({"outputs": ints(5, 7)}, "output 1", "there is no value 7"),
    ({"outputs": ints(-1)}, "output 0", "there is no value -1"),
    ({"outputs": np.array([float("nan")])}, "its outputs", "they are not one row of integers"),
    ({"outputs": np.array([5.0])}, "its outputs", "they are not one row of integers"),
    ({"outputs": np.array(["5"])}, "its outputs", "they are not one row of integers"),
    ({"outputs": [[1], [2, 3]]}, "its outputs", "they are not one row of integers"),
    ({"outputs": [10**30]}, "its outputs", "they are not one row of integers"),
    ({"outputs": np.zeros((2, 2), np.int32)}, "its outputs", "they are not one row of integers"),
    ({"outputs": 5}, "its outputs", "they are not one row of integers"),
    ({"outputs": np.array([5, 2**31])}, "its outputs", "2147483648 needs more than 32 bits"),
    ({"args": np.array([-(2**40)] * 8)}, "its args", "-1099511627776 needs more than 32 bits"),
    ({"names": ["x"]}, "the names of its inputs", "1 names for 2 inputs"),
    ({"names": ["x", 2]}, "the names of its inputs", "a name must be a text"),
    ({"places": ints(-1, -1)}, "its places", "one place an instruction is needed"),
    ({"places": ints(-1, 0, -1)}, "place 1", "there is no source 0"),
    ({"places": ints(-2, -1, -1)}, "place 0", "there is no source -2"),
    ({"sources": [("f.py", 1, 0)]}, "source 0", "it is not a file and three numbers"),
    ({"sources": [("f.py", 1, 0, 4.0)]}, "source 0", "it is not a file and three numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "place", "problem"), DEFECTS)
def test_a_defect_is_named(parts: dict[str, Any], place: str, problem: str) -> None:
    with pytest.raises(BadProgram) as caught:
        small().replace(**parts)
    assert caught.value.facts == {"place": place, "problem": problem}
    assert str(caught.value).startswith(f"the program is broken at {place}: {problem}\nhelp: ")
    assert str(caught.value).endswith("\n[TG301]")


def test_the_parts_that_the_defects_exchange_are_sound() -> None:
    program = small()
    assert program.constants == (2, 0.1)
    assert program.args.tolist() == [0, 1, 4, 2, 4, 5, 0, 3]
    assert program.starts.tolist() == [0, 2, 4, 8]
    assert program.replace(**{name: getattr(program, name) for name in PARTS}) == program


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_arrays_are_refused_or_run(data: st.DataObject) -> None:
    number = st.integers(-2, 9) | st.sampled_from([2**31 - 1, -(2**31), 2**16])
    old = random_program(data.draw(randoms), 6)
    parts: dict[str, Any] = {"inputs": old.inputs}
    for name in ("codes", "starts", "args", "outputs"):
        array = getattr(old, name).copy()
        for at in data.draw(st.lists(st.integers(0, max(len(array) - 1, 0)), max_size=2)):
            if len(array):
                array[at] = data.draw(number)
        parts[name] = array[: len(array) - data.draw(st.sampled_from([0, 0, 0, 1]))]
    try:
        program = old.replace(**parts)
    except BadProgram:
        return
    out: list[Any] = [None] * len(program.outputs)
    try:
        PythonEngine().compile(program, tg.float64).run([np.float64(0.5)] * program.inputs, out)
    except TypedgradError:  # a constant that float64 does not take, or a row that says no
        return
    assert all(type(y) is np.float64 for y in out)


def test_nothing_in_nothing_out_is_a_program() -> None:
    empty = Program(0, (), (), ints(), ints(0), ints(), ints())
    assert (empty.values, len(empty), list(empty.instructions())) == (0, 0, [])
    assert parse(listing(empty)) == empty
    assert listing(empty) == "program():\n  return\n"


# Equality.


def test_how_rows_and_constants_are_numbered_does_not_count() -> None:
    program = small()
    other = program.replace(
        constants=[0.1, 7, 2, 0.1],
        ops=["sin", "dot", "add", "mul"],
        codes=ints(3, 2, 1),
        args=ints(0, 1, 6, 4, 6, 7, 0, 2),
        outputs=ints(7, 8),
    )
    assert other == program
    assert hash(other) == hash(program)
    twice = other.replace(args=ints(0, 1, 6, 4, 6, 7, 0, 5))
    assert twice == program


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("mul", "div"),
        TEXT.replace("mul(x, y)", "mul(y, x)"),
        TEXT.replace("0.1", '"0.1"'),
        TEXT.replace("0.1", "float64(0.1)"),
        TEXT.replace("0.1", "0.2"),
        TEXT.replace("2)", "2.0)"),
        TEXT.replace("return v1, v2", "return v2, v1"),
        TEXT.replace("return v1, v2", "return v1"),
        TEXT.replace("[v0, v1], [x, 0.1]", "[v0, v1, x], [x, 0.1, x]"),
        TEXT.replace("(x, y):", "(x, y, z):"),
        TEXT.replace("x", "z"),
        TEXT.replace("  return", "  v3 = sin(x)\n  return"),
    ],
)
def test_what_counts(text: str) -> None:
    assert text != TEXT
    assert parse(text) != small()
    assert parse(text) == parse(text)


def test_an_array_boundary_counts() -> None:
    a = parse("program(x):\n  v0 = sum([x, x])\n  v1 = sum([x])\n  return v1")
    b = parse("program(x):\n  v0 = sum([x])\n  v1 = sum([x, x])\n  return v1")
    assert a != b


def test_names_that_nobody_gave_are_x0_and_so_on() -> None:
    a = parse("program(x0, x1):\n  v0 = sub(x0, x1)\n  return v0")
    assert a.replace(names=()) == a
    assert a.replace(names=("x0", "x2")) != a


def test_all_outputs_in_their_order_are_the_program_itself() -> None:
    program = small().replace(outputs=ints(5, 6))
    assert program.select([0, 1]) is program
    assert program.select([1, 0]).outputs.tolist() == [6, 5]
    assert program.select([0]).outputs.tolist() == [5]


def test_places_do_not_count() -> None:
    program = small()
    placed = program.replace(places=ints(0, 0, -1), sources=[("f.py", 3, 4, 9)])
    assert placed == program
    assert (program == 3) is False
    assert program != TEXT


def test_nan_and_the_sign_of_zero_are_constants_like_others() -> None:
    text = "program():\n  return {}\n"
    assert parse(text.format("nan")) == parse(text.format("nan"))
    assert parse(text.format("0.0")) != parse(text.format("-0.0"))
    assert parse(text.format("0.0, -0.0")).constants == (0.0, -0.0)


def test_a_digest_is_the_same_everywhere() -> None:
    code = "from tests.test_program import small; print(small().digest)"
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        for seed in ("0", "1")
    }
    assert (
        said
        == {small().digest}
        == {"af3528142bea01568ff5a02ab12fd12b673904915d97c88456e973b77d1bf0cc"}
    )


# Nothing can be changed.


@pytest.mark.parametrize("name", ["codes", "starts", "args", "outputs", "places"])
def test_arrays_cannot_be_written(name: str) -> None:
    given = ints(0, 0, -1)
    program = small().replace(places=given, sources=[("f.py", 3, 4, 9)])
    for each in (program, pickle.loads(pickle.dumps(program)), copy.deepcopy(program)):
        array = getattr(each, name)
        assert array.dtype == np.int32
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True
    given[0] = 5
    assert program.places is not None
    assert program.places[0] == 0


def test_whoever_gave_an_array_cannot_change_the_program() -> None:
    codes = ints(0, 1, 2)
    view = codes[:]
    view.flags.writeable = False
    wide = np.array([5, 6])
    program = small().replace(codes=view, outputs=wide)
    digest = program.digest
    codes[0], wide[0] = 1, 0
    assert program.codes.tolist() == [0, 1, 2]
    assert program.outputs.tolist() == [5, 6]
    assert small().digest == digest


def test_frozen_arrays_are_shared() -> None:
    program = small()
    again = program.replace(outputs=ints(4))
    assert np.shares_memory(again.args, program.args)
    assert again.args is not program.outputs


@pytest.mark.parametrize("seed", range(20))
def test_copies_are_equal(seed: int) -> None:
    program = random_program(Random(seed))
    copies = [copy.copy(program), copy.deepcopy(program)]
    copies += [
        pickle.loads(pickle.dumps(program, k)) for k in range(2, pickle.HIGHEST_PROTOCOL + 1)
    ]
    for each in copies:
        assert each == program
        assert hash(each) == hash(program)
        assert each.digest == program.digest
        assert list(map(literal_text, each.constants)) == list(map(literal_text, program.constants))
        assert list(map(type, each.constants)) == list(map(type, program.constants))
        assert each.sources == program.sources
        places: list[Any] = [p if p is None else p.tolist() for p in (each.places, program.places)]
        assert places[0] == places[1]


def test_four_bytes_a_number() -> None:
    builder = Builder(2)
    value = 0
    for _ in range(10_000):
        value = builder.emit("add", [value, 1])
    program = builder.program([value])
    arrays = (program.codes, program.starts, program.args, program.outputs)
    assert sum(array.nbytes for array in arrays) == 4 * (10_000 + 10_001 + 20_000 + 1)


# Constants.


@pytest.mark.parametrize("x", LITERALS, ids=literal_text)
def test_constants_keep_kind_and_value(x: Any) -> None:
    found = read_literal(literal_text(x))
    assert type(found) is type(x)
    assert literal_text(found) == literal_text(x)
    if isinstance(x, Constant):
        assert (found.text, found.meaning) == (x.text, x.meaning)
    elif isinstance(x, np.floating):
        assert found == x or x != x
        assert np.signbit(found) == np.signbit(x)
    else:
        assert repr(found) == repr(x)


@given(st.integers(-(2**LONG_BITS), 2**LONG_BITS), st.integers(-16_445, 16_300))
def test_longdoubles_are_exact(top: int, shift: int) -> None:
    with np.errstate(all="ignore"):  # where longdouble has a small range
        x = np.ldexp(tg.longdouble.from_ratio(top), shift)
    found = read_literal(literal_text(x))
    assert found == x
    assert type(found) is np.longdouble


@given(st.floats(width=32), st.floats(), st.integers(), st.fractions(), st.decimals())
def test_ordinary_numbers_are_exact(a: float, b: float, c: int, d: Fraction, e: Decimal) -> None:
    for x in (np.float32(a), b, np.float64(b), c, d):
        found = read_literal(literal_text(x))
        assert type(found) is type(x)
        assert repr(found) == repr(x)
    if e.is_finite():
        text = plain_literal(e)
        assert tg.longdouble.lift(text) == tg.longdouble.lift(e)


def test_kinds_without_a_text_become_one_that_has() -> None:
    given = [True, np.int8(3), np.bool(False), Decimal("0.10"), 10**5000]
    found = [plain_literal(x) for x in given]
    assert [repr(x) for x in found[:4]] == ["1", "3", "0", "'0.10'"]
    assert literal_text(found[4]).startswith("0x")
    assert read_literal(literal_text(found[4])) == 10**5000


def test_a_longdouble_that_does_not_fit_is_refused_by_name() -> None:
    text = f"longdouble({2**120 + 1}p-70)"
    with pytest.raises(WrongWidth) as caught:
        parse(f"program():\n  return {text}")
    assert str(caught.value) == (
        f"{text} does not fit the longdouble of this machine, which has {LONG_BITS} bits\n"
        'help: write the constant as a text, such as "0.1", where the program is made\n[TG305]'
    )
    with pytest.raises(WrongWidth):
        read_literal("longdouble(1p16990)")


# Text.


@given(randoms)
@settings(max_examples=150, deadline=None)
def test_text_and_back(rng: Any) -> None:
    program = random_program(rng)
    text = listing(program)
    found = parse(text)
    assert found == program
    assert listing(found) == text
    assert found.input_names() == program.input_names()
    assert [op for op, _ in found.instructions()] == [op for op, _ in program.instructions()]


@pytest.mark.parametrize("p", [tg.float32, tg.float64, tg.longdouble], ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_what_is_read_back_gives_the_same_bits(p: Any, seed: int) -> None:
    builder = Builder(2, [2, 0.1, "0.1", Constant("0.6931", "log(2)"), Fraction(1, 3)])
    rng = Random(seed)
    value = 7
    for _ in range(12):
        op = rng.choice(["mul", "add", "sin", "tanh", "dot", "sub"])
        count = {"dot": 6, "sin": 1, "tanh": 1}.get(op, 2)
        value = builder.emit(op, [rng.randrange(value) for _ in range(count)]) + 1
    program = value_and_gradient(builder.program([value - 1]))
    runs = []
    for each in (program, parse(listing(program))):
        out: list[Any] = [None] * len(each.outputs)
        PythonEngine().compile(each, p).run([p.lift("0.3"), p.lift("-1.7")], out)
        assert {*map(type, out)} == {p.scalar}
        runs.append(out)
    assert np.array_equal(runs[0], runs[1], equal_nan=True)
    assert np.array_equal(np.signbit(runs[0]), np.signbit(runs[1]))


def test_the_text_is_as_written() -> None:
    assert listing(small()) == TEXT
    spread = "\n# a comment\n\n" + TEXT.replace("v1", "second").replace(":\n", ": # inputs\n\n")
    assert parse(spread.replace("  ", "\t").replace(",", " ,")) == small()


def test_names_that_could_be_mistaken_stand_in_quotes() -> None:
    names = [("v0", "y"), ("x", "x"), ("inf", "y"), ("a[0]", "y"), ("", "y"), ("a\nb", '"\\')]
    for pair in names:
        program = small().replace(names=pair)
        text = listing(program)
        assert text.startswith('program(x0 "')
        assert len(text.splitlines()) == 5
        assert parse(text).names == pair


@pytest.mark.parametrize("limit", [3, 4, 40, 41])
def test_a_long_text_is_cut(limit: int) -> None:
    builder = Builder(1)
    for k in range(1000):
        builder.emit("sin", [k])
    program = builder.program([1000])
    text = listing(program, limit)
    lines = text.splitlines()
    assert len(lines) == limit
    assert lines[-2] == f"  ... {1003 - limit} instructions left out"
    assert lines[-1] == "  return v999"
    with pytest.raises(BadProgramText) as caught:
        parse(text)
    assert caught.value.facts["line"] == limit - 1
    assert caught.value.facts["problem"] == "the text was cut here"
    assert listing(program, 1002) == listing(program)


WRONG = [
    ("", 1, 1, "the end of the line where program(...): should be"),
    ("program(x)", 1, 11, "the end of the line where ':' should be"),
    ("program(x):", 1, 1, "the text ends without a result"),
    ("program(x, x):\n return x", 1, 12, "x is there already"),
    ("program(inf):\n return 1", 1, 9, "inf has a meaning of its own"),
    ("program(x): return x", 1, 13, "'return' where the end of the line should be"),
    ("program(x):\n return y", 2, 9, "there is no y yet"),
    ("program(x):\n return x,", 2, 11, "the end of the line where a number should be"),
    ("program(x):\n return x x", 2, 11, "'x' where ',' should be"),
    ("program(x):\n return x\n return x", 3, 2, "a line behind that of return"),
    ("program(x):\n return ;", 2, 9, "';' stands for nothing"),
    ("program(x):\n\n  v0 = sinus(x)\n return v0", 3, 8, "no row is named sinus"),
    ("program(x):\n v0 = sin(x, x)\n return v0", 2, 7, "sin with 2 arguments"),
    ("program(x):\n v0 = sin(v0)\n return v0", 2, 11, "there is no v0 yet"),
    ("program(x):\n x = sin(x)\n return x", 2, 2, "x is there already"),
    ("program(x):\n v0 = sin x\n return v0", 2, 11, "'x' where '(' should be"),
    ("program(x):\n v0 = sin(x\n return v0", 2, 12, "the end of the line where ')' should be"),
    ("program(x):\n v0 = dot([x], [x, x])\n return v0", 2, 7, "dot with sequences of 1 and 2"),
    ("program(x):\n v0 = dot([x])\n return v0", 2, 7, "dot with sequences of 1"),
    ("program(x):\n v0 = sum([])\n return v0", 2, 7, "sum with sequences of 0"),
    ("program(x):\n v0 = sum(x)\n return v0", 2, 11, "'x' where '[' should be"),
    ('program(x):\n return "two"', 2, 9, "'two' is not a number"),
    ('program(x):\n return "0.1', 2, 9, "'\"' stands for nothing"),
    ('program(x):\n return "\\q"', 2, 9, "the text has a bad escape"),
    ("program(x):\n return 1/0", 2, 9, "'1/0' is not a number"),
    ("program(x):\n return 1.2.3", 2, 9, "'1.2.3' is not a number"),
    ("program(x):\n return " + "9" * 5000, 2, 9, f"'{'9' * 40}' is not a number"),
    ("program(x):\n return float32(0.1)", 2, 17, "0.1 is not a number of float32"),
    ("program(x):\n return float32(1e39)", 2, 17, "1e39 is not a number of float32"),
    ("program(x):\n return longdouble(1p99999)", 2, 20, "1p99999 is not a number of longdouble"),
    ('program(x):\n return constant("a")', 2, 18, "'a' is not a number"),
    ("program(x):\n return constant(1)", 2, 18, "'1' where a text in double quotes should be"),
    ("program(x):\n __import__('os')", 2, 12, "'(' where '=' should be"),
]


@pytest.mark.parametrize(("text", "line", "column", "problem"), WRONG)
def test_a_wrong_text_is_shown_its_place(text: str, line: int, column: int, problem: str) -> None:
    with pytest.raises(BadProgramText) as caught:
        parse(text)
    facts = caught.value.facts
    assert (facts["line"], facts["column"], facts["problem"]) == (line, column, problem)
    assert facts["hint"]


def test_a_row_of_the_users_own_is_read_once_it_is_defined() -> None:
    text = "program(x):\n  v0 = cube_of_a_test(x)\n  return v0\n"
    with pytest.raises(BadProgramText) as caught:
        parse(text)
    assert "a primitive of your own must be defined before" in str(caught.value)
    row = TABLE["square"]
    TABLE["cube_of_a_test"] = row
    try:
        assert len(parse(text)) == 1
    finally:
        del TABLE["cube_of_a_test"]


# Pictures.


def edges_of(text: str) -> list[tuple[str, str]]:
    pattern = r'^  (\w+) -+>(?:\|"[^"]*"\|)? (\w+)'
    return re.findall(pattern, text, re.MULTILINE)


def nodes_of(text: str) -> list[str]:
    return re.findall(r"^  (\w+) ?[\[(]+(?:label=)?\"", text, re.MULTILINE)


@pytest.mark.parametrize("draw", [to_dot, to_mermaid])
@pytest.mark.parametrize("seed", range(20))
def test_a_picture_has_every_value_and_every_use(draw: Any, seed: int) -> None:
    program = random_program(Random(seed))
    text = draw(program)
    wanted = [
        (f"n{a}", f"n{k}")
        for k, (_, args) in enumerate(program.instructions(), program.first)
        for a in args
    ]
    wanted += [(f"n{k}", f"out{j}") for j, k in enumerate(program.outputs.tolist())]
    assert edges_of(text) == wanted
    nodes = nodes_of(text)
    assert len(set(nodes)) == len(nodes)
    assert {name for edge in wanted for name in edge} <= set(nodes)
    assert len([name for name in nodes if name.startswith("n")]) >= program.inputs + len(program)


def test_labels_are_escaped() -> None:
    program = small().replace(names=('a "<b>"\n\\', "c#&`"))
    assert '[label="a \\"<b>\\"�\\\\", shape=box];' in to_dot(program)
    assert '["a #quot;#lt;b#gt;#quot;�\\"]' in to_mermaid(program)
    assert '["c#35;#amp;#96;"]' in to_mermaid(program)
    assert to_dot(program.replace(names=("a" * 500, "b"))).count("a" * 95 + "…") == 1


def test_edges_say_which_argument_they_are() -> None:
    text = to_dot(parse("program(x, y):\n  v0 = sub(y, x)\n  v1 = mul(x, y)\n  return v0, v1"))
    assert '  n1 -> n2 [label="a"];\n  n0 -> n2 [label="b"];\n  n0 -> n3;\n' in text
    assert '  n4 -> n6 [label="a0"];\n  n5 -> n6 [label="a1"];\n  n0 -> n6 [label="b0"];' in to_dot(
        small()
    )


def test_a_large_program_is_folded() -> None:
    builder = Builder(3, [2])
    value = 0
    for _ in range(300):
        value = builder.emit("mul", [builder.emit("sin", [value]), 3])
    program = builder.program([value, value])
    drawn = picture(program)
    assert [box.label for box in drawn.boxes] == [
        *("3 × inputs", "1 × constants", "2 × outputs", "300 × sin", "300 × mul"),
    ]
    assert {(a, b): text for a, b, text in drawn.arrows} == {
        ("inputs", "row0"): "",
        ("row0", "row1"): "300",
        ("constants", "row1"): "300",
        ("row1", "row0"): "299",
        ("row1", "outputs"): "2",
    }
    assert drawn.note == "604 values, folded into rows; limit=604 draws each"
    for draw in (to_dot, to_mermaid):
        assert drawn.note in draw(program)
        assert len(edges_of(draw(program))) == 5
        assert len(edges_of(draw(program, limit=604))) == 902


@pytest.mark.parametrize("i", [0, STRETCH - 1, STRETCH, 2 * STRETCH + 5])
def test_an_early_use_is_found_anywhere_in_a_long_program(i: int) -> None:
    count = 2 * STRETCH + 6
    args = np.arange(count, dtype=np.int32)
    args[i] += 1
    arrays = (np.zeros(count, np.int32), np.arange(count + 1, dtype=np.int32))
    with pytest.raises(BadProgram, match=rf"instruction {i} \(neg\).* value {i + 1}, which is not"):
        Program(1, [], ["neg"], *arrays, args, np.zeros(1, np.int32))


def test_the_arrays_of_a_gradient_cannot_be_opened() -> None:
    b = Builder(2)
    made = value_and_gradient(b.program([b.emit("mul", [0, 1])]))
    for array in (made.codes, made.starts, made.args, made.outputs):
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True
