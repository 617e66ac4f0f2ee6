"""The frame of the machine on blocks: how points come in, how results and totals leave."""

FIELDS = (
    *("once", "once_args", "each", "each_args", "W", "sums"),
    *("table", "scratch", "identity", "pieces"),
    *("X", "XS", "Y", "YS", "L", "LS", "cells", "columns", "rows", "totals", "sumof"),
    *("kcells", "kin", "kout", "ksum", "kadd", "base", "width", "points", "n"),
)
POINTERS = 21
CONTEXT = ("once_args", "W", "1", "{lanes}", "table", "scratch", "identity", "sums")  # at first

_HEAD = "\n".join(
    f"  %{name}.at = getelementptr i64, ptr %state, i64 {place}\n"
    f"  %{name} = load {'ptr' if place < POINTERS else 'i64'}, ptr %{name}.at"
    for place, name in enumerate(FIELDS)
)

# `cells` and `columns` have the input for each cell and each column; `rows` and `totals` the place
# of each output that is written or summed, and `sumof` the number of each of these sums: a record
# adds to the others by itself.
SWEEP = (
    """
define internal void @move(ptr %to, i64 %tostep, ptr %from, i64 %fromstep, i64 %m) #0 {{
entry:
  %a = icmp eq i64 %tostep, {size}
  %b = icmp eq i64 %fromstep, {size}
  %dense = and i1 %a, %b
  br i1 %dense, label %whole, label %each
whole:
  %bytes = mul i64 %m, {size}
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %bytes, i1 0)
  ret void
each:
  call void @copy(ptr %to, i64 %tostep, ptr %from, i64 %fromstep, i64 %m)
  ret void
}}
define internal void @add(ptr %own, ptr %W, i32 %code, i64 %m) #0 {{
entry:
  %wide = zext i32 %code to i64
  %bit = and i64 %wide, 1
  %mask = sub i64 0, %bit
  %even = sub i64 %wide, %bit
  %begin = shl i64 %even, 5
  %from = getelementptr i8, ptr %W, i64 %begin
  %whole = and i64 %m, {eights}
  %some = icmp ugt i64 %whole, 0
  br i1 %some, label %eights, label %rest
eights:
  %t0 = load <8 x {t}>, ptr %own, align 16
  br label %eight
eight:
  %i = phi i64 [ 0, %eights ], [ %i1, %eight ]
  %t = phi <8 x {t}> [ %t0, %eights ], [ %t1, %eight ]
  %o = mul i64 %i, {size}
  %om = and i64 %o, %mask
  %p = getelementptr i8, ptr %from, i64 %om
  %x = load <8 x {t}>, ptr %p, align 16
  %t1 = fadd <8 x {t}> %t, %x
  %i1 = add i64 %i, 8
  %more = icmp ult i64 %i1, %whole
  br i1 %more, label %eight, label %eighted
eighted:
  store <8 x {t}> %t1, ptr %own, align 16
  %full8 = icmp eq i64 %whole, %m
  br i1 %full8, label %done, label %rest
rest:
  %over = sub i64 %m, %whole
  %under = icmp ult i64 %over, 8
  %lanes = select i1 %under, i64 %over, i64 8
  br label %lane
lane:
  %l = phi i64 [ 0, %rest ], [ %l1, %full ]
  %own1 = getelementptr {t}, ptr %own, i64 %l
  %old = load {t}, ptr %own1
  %first = add i64 %whole, %l
  br label %head
head:
  %j = phi i64 [ %first, %lane ], [ %j1, %one ]
  %sum = phi {t} [ %old, %lane ], [ %new, %one ]
  %left = icmp ult i64 %j, %m
  br i1 %left, label %one, label %full
one:
  %jo = mul i64 %j, {size}
  %jm = and i64 %jo, %mask
  %q = getelementptr i8, ptr %from, i64 %jm
  %y = load {t}, ptr %q
  %new = fadd {t} %sum, %y
  %j1 = add i64 %j, 8
  br label %head
full:
  store {t} %sum, ptr %own1
  %l1 = add i64 %l, 1
  %again = icmp ult i64 %l1, %lanes
  br i1 %again, label %lane, label %done
done:
  ret void
}}
define internal void @fill(ptr %to, {t} %x) #0 {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i1, %loop ]
  %p = getelementptr {t}, ptr %to, i64 %i
  store {t} %x, ptr %p
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, {line}
  br i1 %more, label %loop, label %done
done:
  ret void
}}
define internal void @records(ptr %records, ptr %context, ptr %pieces) #0 {{
entry:
  br label %next
next:
  %ip = phi ptr [ %records, %entry ], [ %on, %do ]
  %code = load i16, ptr %ip
  %more = icmp ne i16 %code, 0
  br i1 %more, label %do, label %done
do:
  %wide = zext i16 %code to i64
  %at = getelementptr ptr, ptr %pieces, i64 %wide
  %piece = load ptr, ptr %at
  call void %piece(ptr %ip, ptr %context)
  %on = getelementptr i8, ptr %ip, i64 16
  br label %next
done:
  ret void
}}
define void @wide(ptr %state, i64 %start) #0 {{
entry:
  %context = alloca [8 x i64], align 16
"""
    + _HEAD
    + "".join(
        f"\n  %context{place} = getelementptr i64, ptr %context, i64 {place}\n"
        f"  store {'i64' if name in ('1', '{lanes}') else 'ptr'} "
        f"{name if name in ('1', '{lanes}') else '%' + name}, ptr %context{place}"
        for place, name in enumerate(CONTEXT)
    )
    + """
  call void @turn_all(ptr %sums, ptr %L, ptr %LS, i64 %ksum, i64 %start, i1 true)
  br label %cell
cell:
  %c = phi i64 [ 0, %entry ], [ %c1, %cell.do ]
  %hascell = icmp ult i64 %c, %kcells
  br i1 %hascell, label %cell.do, label %once.do
cell.do:
  %ckp = getelementptr i64, ptr %cells, i64 %c
  %ck = load i64, ptr %ckp
  %cxp = getelementptr ptr, ptr %X, i64 %ck
  %cxa = load ptr, ptr %cxp
  %cx = load {t}, ptr %cxa
  %co = mul i64 %c, 64
  %cto = getelementptr i8, ptr %W, i64 %co
  call void @fill(ptr %cto, {t} %cx)
  %c1 = add i64 %c, 1
  br label %cell
once.do:
  call void @records(ptr %once, ptr %context, ptr %pieces)
  store ptr %each_args, ptr %context0
  br label %block
block:
  %off = phi i64 [ 0, %once.do ], [ %past, %blocked ]
  %over = sub i64 %n, %off
  %few = icmp ult i64 %over, %points
  %m = select i1 %few, i64 %over, i64 %points
  %m.up = add i64 %m, {unit}
  %m.less = sub i64 %m.up, 1
  %units = udiv i64 %m.less, {unit}
  %span = mul i64 %units, {unit_bytes}
  br label %ins
ins:
  %j = phi i64 [ 0, %block ], [ %j1, %in ]
  %hasin = icmp ult i64 %j, %kin
  br i1 %hasin, label %in, label %work
in:
  %kp = getelementptr i64, ptr %columns, i64 %j
  %k = load i64, ptr %kp
  %bp = getelementptr ptr, ptr %X, i64 %k
  %from = load ptr, ptr %bp
  %sp = getelementptr i64, ptr %XS, i64 %k
  %step = load i64, ptr %sp
  %fo = mul i64 %off, %step
  %from1 = getelementptr i8, ptr %from, i64 %fo
  %jo = mul i64 %j, %width
  %jo1 = add i64 %jo, %base
  %to = getelementptr i8, ptr %W, i64 %jo1
  call void @move(ptr %to, i64 {size}, ptr %from1, i64 %step, i64 %m)
  %j1 = add i64 %j, 1
  br label %ins
work:
  store i64 %span, ptr %context2
  store i64 %m, ptr %context3
  call void @records(ptr %each, ptr %context, ptr %pieces)
  br label %outs
outs:
  %y = phi i64 [ 0, %work ], [ %y1, %out ]
  %hasout = icmp ult i64 %y, %kout
  br i1 %hasout, label %out, label %adds
out:
  %yp = getelementptr i32, ptr %rows, i64 %y
  %yc = load i32, ptr %yp
  %yw = zext i32 %yc to i64
  %ybit = and i64 %yw, 1
  %yeven = sub i64 %yw, %ybit
  %ybegin = shl i64 %yeven, 5
  %yfrom = getelementptr i8, ptr %W, i64 %ybegin
  %yfs = mul i64 %ybit, {size}
  %ybp = getelementptr ptr, ptr %Y, i64 %y
  %ybase = load ptr, ptr %ybp
  %ysp = getelementptr i64, ptr %YS, i64 %y
  %ystep = load i64, ptr %ysp
  %yo = mul i64 %off, %ystep
  %yto = getelementptr i8, ptr %ybase, i64 %yo
  call void @move(ptr %yto, i64 %ystep, ptr %yfrom, i64 %yfs, i64 %m)
  %y1 = add i64 %y, 1
  br label %outs
adds:
  %z = phi i64 [ 0, %outs ], [ %z1, %adding ]
  %hasadd = icmp ult i64 %z, %kadd
  br i1 %hasadd, label %adding, label %blocked
adding:
  %zp = getelementptr i32, ptr %totals, i64 %z
  %zc = load i32, ptr %zp
  %zsp = getelementptr i32, ptr %sumof, i64 %z
  %zs = load i32, ptr %zsp
  %zw = zext i32 %zs to i64
  %zo = mul i64 %zw, {sums}
  %zown = getelementptr {t}, ptr %sums, i64 %zo
  call void @add(ptr %zown, ptr %W, i32 %zc, i64 %m)
  %z1 = add i64 %z, 1
  br label %adds
blocked:
  %past = add i64 %off, %points
  %again = icmp ult i64 %past, %n
  br i1 %again, label %block, label %end
end:
  call void @turn_all(ptr %sums, ptr %L, ptr %LS, i64 %ksum, i64 %start, i1 false)
  ret void
}}
"""
)
