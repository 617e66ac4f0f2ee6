"""Questions about digits: what their answers are."""

from typing import assert_type

from typing_extensions import TypeVar

import typedgrad as tg

T = TypeVar("T", bound=tg.Scalar)


def loss(x: tg.Value[T], y: tg.Value[T]) -> tg.Value[T]:
    return (tg.sqrt(x * x + y * y) - x) ** 2


found = tg.blame(loss, at=(1000, "0.001"), precision=tg.float64, of="d/dx")
assert_type(found, tg.Blame)
assert_type(found.explained, float)
assert_type(found.digits, float | None)
assert_type([share.line for share in found.lines], list[int])
assert_type([cause.kind for cause in found.causes], list[str])
assert_type(tg.blames(loss, x=3, y=4), dict[str, tg.Blame])

advice = tg.tune(loss, at=(3, 4), digits=5, of="all", by="line")
assert_type(advice, tg.Tuning)
assert_type(advice.accepted, tuple[str, ...])
assert_type(advice.passed, bool)

ranges = {"x": "1:10:5"}
swept = tg.sweep(loss, ranges, y="0.5")
assert_type(swept, tg.Sweep)
assert_type(swept.enough("float64", digits=3), bool)
