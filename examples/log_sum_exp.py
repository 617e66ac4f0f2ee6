"""The logarithm of a sum of exponentials, as it ends every classifier; naive and shifted.

Scores of a few hundred are ordinary for an untrained network. The naive formula overflows in
float32 from 89 on, and takes the gradient with it. The shifted one subtracts the largest score
first; its branch picks the same score in every precision.

    typedgrad compare examples/log_sum_exp.py:naive --at "scores=101.5;99.2;88.1"
    typedgrad compare examples/log_sum_exp.py:shifted --at "scores=101.5;99.2;88.1"

The library's own row, `tg.logsumexp(scores)`, is one node and needs no branch.
"""

from __future__ import annotations

import typedgrad as tg
from typedgrad.scalars import S


def naive(scores: list[tg.Value[S]]) -> tg.Value[S]:
    """log(exp(a) + exp(b) + ...), as it is written in a paper."""
    total = tg.exp(scores[0])
    for score in scores[1:]:
        total = total + tg.exp(score)
    return tg.log(total)


def shifted(scores: list[tg.Value[S]]) -> tg.Value[S]:
    """The same, with the largest score taken out first."""
    top = scores[0]
    for score in scores[1:]:
        top = max(top, score)
    total = tg.exp(scores[0] - top)
    for score in scores[1:]:
        total = total + tg.exp(score - top)
    return top + tg.log(total)
