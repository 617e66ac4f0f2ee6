"""The frame of a batch kernel as text: blocks of points, and how their numbers come and go."""

STAGING = """
define internal void @copy(ptr %to, i64 %tostep, ptr %from, i64 %fromstep, i64 %m) #0 {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %a = mul i64 %i, %tostep
  %b = mul i64 %i, %fromstep
  %p = getelementptr i8, ptr %to, i64 %a
  %q = getelementptr i8, ptr %from, i64 %b
  %x = load {t}, ptr %q
  store {t} %x, ptr %p
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %m
  br i1 %more, label %loop, label %done
done:
  ret void
}}
define internal void @enter(ptr %base, i64 %step, i64 %off, i64 %m, i1 %whole,
    ptr %slot, ptr %stage) #0 {{
entry:
  %begin = mul i64 %off, %step
  %from = getelementptr i8, ptr %base, i64 %begin
  %dense = icmp eq i64 %step, {size}
  %direct = and i1 %dense, %whole
  br i1 %direct, label %yes, label %no
yes:
  store ptr %from, ptr %slot
  ret void
no:
  store ptr %stage, ptr %slot
  call void @copy(ptr %stage, i64 {size}, ptr %from, i64 %step, i64 %m)
  ret void
}}
define internal void @aim(ptr %base, i64 %step, i64 %off, i1 %whole, ptr %slot, ptr %stage) #0 {{
  %begin = mul i64 %off, %step
  %to = getelementptr i8, ptr %base, i64 %begin
  %dense = icmp eq i64 %step, {size}
  %direct = and i1 %dense, %whole
  %place = select i1 %direct, ptr %to, ptr %stage
  store ptr %place, ptr %slot
  ret void
}}
define internal void @leave(ptr %base, i64 %step, i64 %off, i64 %m, i1 %whole, ptr %stage) #0 {{
entry:
  %begin = mul i64 %off, %step
  %to = getelementptr i8, ptr %base, i64 %begin
  %dense = icmp eq i64 %step, {size}
  %direct = and i1 %dense, %whole
  br i1 %direct, label %done, label %no
no:
  call void @copy(ptr %to, i64 %step, ptr %stage, i64 {size}, i64 %m)
  br label %done
done:
  ret void
}}
define internal void @turn(ptr %own, ptr %given, i64 %step, i64 %start, i1 %in) #0 {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %join ]
  %a = add i64 %i, %start
  %b = and i64 %a, {last}
  %c = mul i64 %b, %step
  %p = getelementptr {t}, ptr %own, i64 %i
  %q = getelementptr i8, ptr %given, i64 %c
  br i1 %in, label %there, label %back
there:
  %x = load {t}, ptr %q
  store {t} %x, ptr %p
  br label %join
back:
  %y = load {t}, ptr %p
  store {t} %y, ptr %q
  br label %join
join:
  %next = add i64 %i, 1
  %more = icmp ule i64 %next, {last}
  br i1 %more, label %loop, label %done
done:
  ret void
}}
define internal void @turn_all(ptr %sums, ptr %L, ptr %LS, i64 %k, i64 %start, i1 %in) #0 {{
entry:
  %any = icmp ugt i64 %k, 0
  br i1 %any, label %loop, label %done
loop:
  %j = phi i64 [ 0, %entry ], [ %next, %loop ]
  %o = mul i64 %j, {sums}
  %own = getelementptr {t}, ptr %sums, i64 %o
  %gp = getelementptr ptr, ptr %L, i64 %j
  %given = load ptr, ptr %gp
  %sp = getelementptr i64, ptr %LS, i64 %j
  %step = load i64, ptr %sp
  call void @turn(ptr %own, ptr %given, i64 %step, i64 %start, i1 %in)
  %next = add i64 %j, 1
  %more = icmp ult i64 %next, %k
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""

# Vectors that lie across two cache lines are slow: the first block ends where the first row of
# outputs has a line's beginning. Rows and columns of one allocator mostly share it.
FIRST = """
define internal i64 @first(ptr %Y, ptr %YS, i64 %n) #0 {{
entry:
  %many = icmp ugt i64 %n, {points}
  br i1 %many, label %look, label %done
look:
  %step = load i64, ptr %YS
  %base = load i64, ptr %Y
  %over = sub i64 0, %base
  %bytes = and i64 %over, {rest}
  %count = udiv i64 %bytes, {size}
  %dense = icmp eq i64 %step, {size}
  %apart = icmp ne i64 %count, 0
  %both = and i1 %dense, %apart
  %short = select i1 %both, i64 %count, i64 {points}
  br label %done
done:
  %found = phi i64 [ {points}, %entry ], [ %short, %look ]
  ret i64 %found
}}
"""

MAIN = """
@columns = internal constant [{width} x i64] [{columns}]
define void @sweep(ptr %X, ptr %XS, ptr %Y, ptr %YS, ptr %L, ptr %LS, ptr %W,
    i64 %n, i64 %start) #0 {{
entry:
  %args = alloca [{most} x ptr]
  %steps = alloca [{most} x i64]
  %count = alloca i64
  %sums = getelementptr i8, ptr %W, i64 {sums}
{cells}{once}
  call void @turn_all(ptr %sums, ptr %L, ptr %LS, i64 {ksum}, i64 %start, i1 true)
  %first = {first}
  br label %block
block:
  %off = phi i64 [ 0, %entry ], [ %past, %next ]
  %most = phi i64 [ %first, %entry ], [ {points}, %next ]
  %rest = sub i64 %n, %off
  %few = icmp ult i64 %rest, %most
  %m = select i1 %few, i64 %rest, i64 %most
  %odd = urem i64 %m, {lanes}
  %whole = icmp eq i64 %odd, 0
  br label %ins
ins:
  %j = phi i64 [ 0, %block ], [ %j1, %in ]
  %hasin = icmp ult i64 %j, {kin}
  br i1 %hasin, label %in, label %outs
in:
  %kp = getelementptr i64, ptr @columns, i64 %j
  %k = load i64, ptr %kp
  %bp = getelementptr ptr, ptr %X, i64 %k
  %base = load ptr, ptr %bp
  %sp = getelementptr i64, ptr %XS, i64 %k
  %step = load i64, ptr %sp
  %jo = mul i64 %j, 8
  %jo2 = add i64 %jo, {ins}
  %slot = getelementptr i8, ptr %W, i64 %jo2
  %jr = mul i64 %j, {row}
  %jr2 = add i64 %jr, {stage_in}
  %stage = getelementptr i8, ptr %W, i64 %jr2
  call void @enter(ptr %base, i64 %step, i64 %off, i64 %m, i1 %whole,
    ptr %slot, ptr %stage)
  %j1 = add i64 %j, 1
  br label %ins
outs:
  %y = phi i64 [ 0, %ins ], [ %y1, %out ]
  %hasout = icmp ult i64 %y, {kout}
  br i1 %hasout, label %out, label %work
out:
  %ybp = getelementptr ptr, ptr %Y, i64 %y
  %ybase = load ptr, ptr %ybp
  %ysp = getelementptr i64, ptr %YS, i64 %y
  %ystep = load i64, ptr %ysp
  %yo = mul i64 %y, 8
  %yo2 = add i64 %yo, {outs}
  %yslot = getelementptr i8, ptr %W, i64 %yo2
  %yr = mul i64 %y, {row}
  %yr2 = add i64 %yr, {stage_out}
  %ystage = getelementptr i8, ptr %W, i64 %yr2
  call void @aim(ptr %ybase, i64 %ystep, i64 %off, i1 %whole, ptr %yslot, ptr %ystage)
  %y1 = add i64 %y, 1
  br label %outs
work:
{each}  br label %worked
worked:
  br label %backs
backs:
  %z = phi i64 [ 0, %worked ], [ %z1, %back ]
  %hasback = icmp ult i64 %z, {kout}
  br i1 %hasback, label %back, label %next
back:
  %zbp = getelementptr ptr, ptr %Y, i64 %z
  %zbase = load ptr, ptr %zbp
  %zsp = getelementptr i64, ptr %YS, i64 %z
  %zstep = load i64, ptr %zsp
  %zr = mul i64 %z, {row}
  %zr2 = add i64 %zr, {stage_out}
  %zstage = getelementptr i8, ptr %W, i64 %zr2
  call void @leave(ptr %zbase, i64 %zstep, i64 %off, i64 %m, i1 %whole, ptr %zstage)
  %z1 = add i64 %z, 1
  br label %backs
next:
  %past = add i64 %off, %m
  %again = icmp ult i64 %past, %n
  br i1 %again, label %block, label %end
end:
  call void @turn_all(ptr %sums, ptr %L, ptr %LS, i64 {ksum}, i64 %start, i1 false)
  ret void
}}
"""
