"""Kepler's equation E - e sin E = M: where a planet is on its ellipse, by Newton's iteration.

The loop ends when a step is small, so its length depends on the numbers: a narrower precision
may take another number of steps, and then the first line of the report says so. The derivative
passes through every step that was taken.

Mercury, at a mean anomaly of one radian; then Halley's comet shortly after its perihelion, where
the ellipse is so long that the first steps go far:

    typedgrad compare examples/kepler.py:eccentric_anomaly --at mean=1,eccentricity=0.20563
    typedgrad compare examples/kepler.py:eccentric_anomaly --at mean=0.01,eccentricity=0.96714
"""

from __future__ import annotations

import typedgrad as tg
from typedgrad.scalars import S

SMALL = 1e-8
MOST_STEPS = 50


def eccentric_anomaly(mean: tg.Value[S], eccentricity: tg.Value[S]) -> tg.Value[S]:
    """The angle E in radians, from the mean anomaly M and the eccentricity e."""
    angle = mean + eccentricity * tg.sin(mean)
    for _ in range(MOST_STEPS):
        excess = angle - eccentricity * tg.sin(angle) - mean
        step = excess / (1 - eccentricity * tg.cos(angle))
        angle = angle - step
        if abs(step) < SMALL:
            break
    return angle
