"""From a program to the records of the machine on blocks, in compiled code.

A register is free again after the last use of its value, so a program needs as many as there are
values alive at once. Inputs and outputs keep theirs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

import numpy as np

from typedgrad.engines.llvm.jit import compiled
from typedgrad.program import Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints: TypeAlias = NDArray[np.int32]

LISTED, PAIRED, APART = 1 << 16, 1 << 17, 1 << 18
FOR_EVER = 2**31 - 1
RECORD = 4  # numbers of 32 bits in a record
FIELDS = (
    *("count", "first", "codes", "starts", "args", "kinds"),
    *("last", "registers", "free", "records", "list", "listed"),
)


class _Job(ctypes.Structure):
    _fields_: ClassVar[Sequence[Any]] = tuple((name, ctypes.c_int64) for name in FIELDS)


_Moving: Any = ctypes.CFUNCTYPE(None, *(ctypes.c_void_p,) * 3, ctypes.c_int64, ctypes.c_int64)
_Encode: Any = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)

_HEAD = "\n".join(
    f"  %{name}.at = getelementptr i64, ptr %job, i64 {place}\n"
    f"  %{name} = load {'ptr' if place > 1 else 'i64'}, ptr %{name}.at"
    for place, name in enumerate(FIELDS[:-1])
)

IR = f"""
define i64 @encode(ptr noalias %job) {{
entry:
{_HEAD}
  br label %uses
uses:
  %i = phi i64 [ 0, %entry ], [ %i.next, %uses.end ]
  %i.more = icmp slt i64 %i, %count
  br i1 %i.more, label %uses.body, label %scan
uses.body:
  %i.next = add i64 %i, 1
  %u.at = getelementptr i32, ptr %starts, i64 %i
  %u.32 = load i32, ptr %u.at
  %u.first = sext i32 %u.32 to i64
  %v.at = getelementptr i32, ptr %starts, i64 %i.next
  %v.32 = load i32, ptr %v.at
  %v.end = sext i32 %v.32 to i64
  %i.32 = trunc i64 %i to i32
  br label %use
use:
  %u = phi i64 [ %u.first, %uses.body ], [ %u.next, %use.body ]
  %u.more = icmp slt i64 %u, %v.end
  br i1 %u.more, label %use.body, label %uses.end
use.body:
  %u.next = add i64 %u, 1
  %ua.at = getelementptr i32, ptr %args, i64 %u
  %ua.32 = load i32, ptr %ua.at
  %ua = sext i32 %ua.32 to i64
  %ul.at = getelementptr i32, ptr %last, i64 %ua
  %ul = load i32, ptr %ul.at
  %later = icmp sgt i32 %ul, %i.32
  %ul.new = select i1 %later, i32 %ul, i32 %i.32
  store i32 %ul.new, ptr %ul.at
  br label %use
uses.end:
  br label %uses

scan:
  %j = phi i64 [ 0, %uses ], [ %j.next, %made ]
  %used = phi i64 [ %first, %uses ], [ %used.next, %made ]
  %top = phi i64 [ 0, %uses ], [ %top.next, %made ]
  %place = phi i64 [ 0, %uses ], [ %place.next, %made ]
  %j.more = icmp slt i64 %j, %count
  br i1 %j.more, label %scan.body, label %done
scan.body:
  %j.next = add i64 %j, 1
  %j.32 = trunc i64 %j to i32
  %s.at = getelementptr i32, ptr %starts, i64 %j
  %s.32 = load i32, ptr %s.at
  %s = sext i32 %s.32 to i64
  %t.at = getelementptr i32, ptr %starts, i64 %j.next
  %t.32 = load i32, ptr %t.at
  %t = sext i32 %t.32 to i64
  %n = sub i64 %t, %s
  br label %take
take:
  %k = phi i64 [ 0, %scan.body ], [ %k.next, %taken ]
  %top.k = phi i64 [ %top, %scan.body ], [ %top.taken, %taken ]
  %k.more = icmp slt i64 %k, %n
  br i1 %k.more, label %take.body, label %make
take.body:
  %k.next = add i64 %k, 1
  %a.index = add i64 %s, %k
  %a.at = getelementptr i32, ptr %args, i64 %a.index
  %a.32 = load i32, ptr %a.at
  %a = sext i32 %a.32 to i64
  %r.at = getelementptr i32, ptr %registers, i64 %a
  %r = load i32, ptr %r.at
  %w.index = add i64 %place, %k
  %w.at = getelementptr i32, ptr %list, i64 %w.index
  store i32 %r, ptr %w.at
  %l.at = getelementptr i32, ptr %last, i64 %a
  %l = load i32, ptr %l.at
  %over = icmp eq i32 %l, %j.32
  br i1 %over, label %free.it, label %taken
free.it:
  store i32 -2, ptr %l.at
  %f.at = getelementptr i32, ptr %free, i64 %top.k
  store i32 %r, ptr %f.at
  %top.more = add i64 %top.k, 1
  br label %taken
taken:
  %top.taken = phi i64 [ %top.k, %take.body ], [ %top.more, %free.it ]
  br label %take

make:
  %c.at = getelementptr i32, ptr %codes, i64 %j
  %c.32 = load i32, ptr %c.at
  %c = sext i32 %c.32 to i64
  %kind.at = getelementptr i32, ptr %kinds, i64 %c
  %kind = load i32, ptr %kind.at
  %is.apart = and i32 %kind, {APART}
  %apart = icmp ne i32 %is.apart, 0
  %top.may = select i1 %apart, i64 %top, i64 %top.k
  %any = icmp sgt i64 %top.may, 0
  %top.less = sub i64 %top.k, 1
  %spot = sub i64 %top.may, 1
  %g.at = getelementptr i32, ptr %free, i64 %spot
  %e.at = getelementptr i32, ptr %free, i64 %top.less
  br i1 %any, label %again, label %anew
again:
  %g = load i32, ptr %g.at
  %e = load i32, ptr %e.at
  store i32 %e, ptr %g.at
  br label %have
anew:
  %new = trunc i64 %used to i32
  %used.more = add i64 %used, 1
  br label %have
have:
  %d = phi i32 [ %g, %again ], [ %new, %anew ]
  %used.next = phi i64 [ %used, %again ], [ %used.more, %anew ]
  %top.have = phi i64 [ %top.less, %again ], [ %top.k, %anew ]
  %y = add i64 %first, %j
  %y.at = getelementptr i32, ptr %registers, i64 %y
  store i32 %d, ptr %y.at
  %yl.at = getelementptr i32, ptr %last, i64 %y
  %yl = load i32, ptr %yl.at
  %dead = icmp eq i32 %yl, -1
  br i1 %dead, label %drop, label %write
drop:
  %h.at = getelementptr i32, ptr %free, i64 %top.have
  store i32 %d, ptr %h.at
  %top.dropped = add i64 %top.have, 1
  br label %write
write:
  %top.next = phi i64 [ %top.have, %have ], [ %top.dropped, %drop ]
  %code = and i32 %kind, 65535
  %row = shl i32 %c.32, 16
  %what = or i32 %code, %row
  %at = getelementptr [4 x i32], ptr %records, i64 %j
  %at.1 = getelementptr i32, ptr %at, i64 1
  %at.2 = getelementptr i32, ptr %at, i64 2
  %at.3 = getelementptr i32, ptr %at, i64 3
  store i32 %what, ptr %at
  store i32 %d, ptr %at.1
  %is.listed = and i32 %kind, {LISTED}
  %is.list = icmp ne i32 %is.listed, 0
  br i1 %is.list, label %by.list, label %by.two
by.list:
  %place.32 = trunc i64 %place to i32
  %is.paired = and i32 %kind, {PAIRED}
  %is.pair = icmp ne i32 %is.paired, 0
  %n.half = lshr i64 %n, 1
  %n.terms = select i1 %is.pair, i64 %n.half, i64 %n
  %n.32 = trunc i64 %n.terms to i32
  store i32 %place.32, ptr %at.2
  store i32 %n.32, ptr %at.3
  %place.on = add i64 %place, %n
  br label %made
by.two:
  %p.at = getelementptr i32, ptr %list, i64 %place
  %p = load i32, ptr %p.at
  %n.less = sub i64 %n, 1
  %q.at = getelementptr i32, ptr %p.at, i64 %n.less
  %q = load i32, ptr %q.at
  store i32 %p, ptr %at.2
  store i32 %q, ptr %at.3
  br label %made
made:
  %place.next = phi i64 [ %place.on, %by.list ], [ %place, %by.two ]
  br label %scan

done:
  %listed.at = getelementptr i64, ptr %job, i64 {len(FIELDS) - 1}
  store i64 %place, ptr %listed.at
  ret i64 %used
}}

define void @moving(ptr noalias %flags, ptr %starts, ptr %args, i64 %first, i64 %n) {{
entry:
  %own = getelementptr i8, ptr %flags, i64 %first
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %have ]
  %k0 = phi i64 [ 0, %entry ], [ %end, %have ]
  %more = icmp slt i64 %i, %n
  br i1 %more, label %body, label %done
body:
  %i.next = add i64 %i, 1
  %end.at = getelementptr i32, ptr %starts, i64 %i.next
  %end.32 = load i32, ptr %end.at
  %end = sext i32 %end.32 to i64
  br label %take
take:
  %k = phi i64 [ %k0, %body ], [ %k.next, %taken ]
  %flag = phi i8 [ 0, %body ], [ %flag.next, %taken ]
  %some = icmp slt i64 %k, %end
  br i1 %some, label %taken, label %have
taken:
  %k.next = add i64 %k, 1
  %a.at = getelementptr i32, ptr %args, i64 %k
  %a.32 = load i32, ptr %a.at
  %a = sext i32 %a.32 to i64
  %f.at = getelementptr i8, ptr %flags, i64 %a
  %f = load i8, ptr %f.at
  %flag.next = or i8 %flag, %f
  br label %take
have:
  %to = getelementptr i8, ptr %own, i64 %i
  store i8 %flag, ptr %to
  br label %head
done:
  ret void
}}
"""


class Encoded(NamedTuple):
    """A program as the machine reads it; `outputs` are the registers of the outputs."""

    records: Ints
    args: Ints
    outputs: Ints
    registers: int


def encoded(program: Program, kinds: Ints) -> Encoded:
    """Return the records of a program; `kinds` has the code of the machine for each of its rows.

    A code with LISTED gets the place and number of its arguments instead of two registers, with
    PAIRED half that number. The result of one with APART is put where none of them is.
    """
    count, first, values = len(program), program.first, program.values
    last = np.full(values, -1, np.int32)
    last[:first] = last[program.outputs] = FOR_EVER
    registers = np.empty(values, np.int32)
    registers[:first] = np.arange(first, dtype=np.int32)
    records = np.zeros((count + 1, RECORD), np.int32)
    free, args = np.empty(count + 1, np.int32), np.empty(len(program.args) + 1, np.int32)
    arrays = (program.codes, program.starts, program.args, kinds, last, registers)
    job = _Job(count, first, *[x.ctypes.data for x in (*arrays, free, records, args)], 0)
    used: int = _Encode(compiled(IR, passes=0).address("encode"))(ctypes.byref(job))
    listed: int = job.listed
    return Encoded(records, args[:listed].copy(), registers[program.outputs], used)


def moving(program: Program, alike: tuple[bool, ...]) -> Any:
    """Tell of every value whether it depends on an input that is not shared."""
    flags = np.zeros(program.values, np.uint8)
    flags[: program.inputs] = ~np.array(alike, bool)
    call = _Moving(compiled(IR, passes=0).address("moving"))
    places = [x.ctypes.data for x in (flags, program.starts, program.args)]
    call(*places, program.first, len(program))
    return flags.view(bool)
