"""Pieces of the machine on blocks that add products to the lanes of a total, and put them nowhere.

A gradient by what the points share is mostly such products. To store a number and read it again
takes longer than to multiply and add, many times so where numbers have 80 bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from typedgrad.engines.engine import LANES
from typedgrad.engines.llvm.inline import azmul, by_address
from typedgrad.engines.llvm.text import SIZE
from typedgrad.engines.llvm.wide_lines import Wide, lanes_of

Place: TypeAlias = tuple[str, str]
Added: TypeAlias = Callable[[str, str], str]
TOTALS = {"azmul": "azmul_total", "mul": "mul_total"}
CHAINS = 4  # lanes of wide numbers that are added to in turn: an addition waits for the last one


def total_lanes(type_: str) -> int:
    """Return how many lanes of a total make a vector; one, where there are no vectors."""
    return LANES if lanes_of(type_) > 1 else 1


def product(f: Wide, absolute: bool, left: str, right: str) -> str:
    """Write the product of two numbers in memory."""
    if absolute:
        found = by_address(f, "azmul", [left, right])
        return found or azmul(f, f.read(left), f.read(right))
    return f.arithmetic("fmul", f.read(left), f.read(right))


def write_total(f: Wide, name: str, number: str, factors: tuple[Place, Place]) -> None:
    """Write what adds the products at all points to the total of this number."""
    own = f.at("%sums", f.let(f"mul i64 {number}, {LANES}"), f.number)
    whole = f.let(f"and i64 %m, {-LANES}")

    def added(p: str, total: str) -> str:
        i = f.let(f"mul i64 {p}, {SIZE[f.number]}")
        left, right = (f.vectors(place, i, 1)[0] for place in factors)
        return f.arithmetic("fadd", total, product(f, name == TOTALS["azmul"], left, right))

    (_single if f.lanes == 1 else _vectors)(f, f"do.{name}", (own, whole), added)


def _vectors(f: Wide, name: str, where: Place, added: Added) -> None:
    """Write the sums of all lanes at a time; of the last points as many as there are."""
    own, whole = where
    carried = [(f.type, f.read(own))]
    [total] = f.loop(name, ("0", whole), carried, lambda p, t: [added(p, t[0])], LANES)
    f.write(total, own)
    over = f.let(f"sub i64 %m, {whole}")
    f.do(f"br i1 {f.let(f'icmp eq i64 {over}, 0')}, label %{name}.all, label %{name}.rest")
    f.label(f"{name}.rest")
    kind, places = f"<{LANES} x i64>", ", ".join(f"i64 {k}" for k in range(LANES))
    one = f.let(f"insertelement {kind} poison, i64 {over}, i64 0")
    zeros = f"<{LANES} x i32> zeroinitializer"
    same = f.let(f"shufflevector {kind} {one}, {kind} poison, {zeros}")
    more = f.let(f"icmp ugt {kind} {same}, <{places}>")
    f.write(f.choose(more, added(whole, total), total), own)
    f.do(f"br label %{name}.all")
    f.label(f"{name}.all")


def _single(f: Wide, name: str, where: Place, added: Added) -> None:
    """Write the sums of some lanes after the others."""
    own, whole = where

    def step(p: str, totals: list[str]) -> list[str]:
        points = [p, *(f.let(f"add i64 {p}, {c}") for c in range(1, CHAINS))]
        return [added(q, x) for q, x in zip(points, totals, strict=True)]

    for lane in range(0, LANES, CHAINS):
        places = [f.at(own, str(lane + c)) for c in range(CHAINS)]
        carried = [(f.type, f.read(x)) for x in places]
        end = f.let(f"add i64 {whole}, {lane}")
        found = f.loop(f"{name}.{lane}", (str(lane), end), carried, step, LANES)
        for x, place in zip(found, places, strict=True):
            f.write(x, place)

    def last(p: str, _: list[str]) -> list[str]:
        place = f.at(own, f.let(f"sub i64 {p}, {whole}"))
        f.write(added(p, f.read(place)), place)
        return []

    f.loop(f"{name}.rest", (whole, "%m"), [], last)
