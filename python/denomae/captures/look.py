# SPDX-License-Identifier: GPL-3.0-or-later
"""A bounded look at a capture's samples: level, peak, clipping, from stretches spread over it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from denomae.captures.capture import Capture

STRETCHES, STRETCH_SAMPLES = 64, 2**15  # two million samples, whatever the capture's size


@dataclass(frozen=True)
class Look:
    """What was seen in `sample_count` samples; levels are dB re full scale 1.

    Attributes:
        sample_count: samples that were looked at.
        mean_dbfs: their mean power; -inf where all are 0.
        peak_dbfs: the largest |I| or |Q|.
        dc_dbfs: power of their mean, which is what a receiver leaves at 0 Hz.
        clipped_share: of the stored numbers, those at full scale: at an end of an integer
            datatype's range; of floats, beyond +-0.999, or 0 where that is passed by far, because
            full scale is elsewhere then.
        zero_share: of the samples, those that are exactly 0.
        not_finite: samples with NaN or infinity; they count in nothing else.
    """

    sample_count: int
    mean_dbfs: float
    peak_dbfs: float
    dc_dbfs: float
    clipped_share: float
    zero_share: float
    not_finite: int


def look(capture: Capture) -> Look:
    """Looks at all samples of a short capture, and at 64 stretches of a long one.

    Raises:
        CaptureError: the file has shrunk or cannot be read.
    """
    total = seen = zeros = clipped = not_finite = 0
    power, mean, peak = 0.0, 0j, 0.0
    low, high = _full_scale(capture)
    for start, count in _stretches(capture.sample_count):
        samples = capture.read(start, count)
        finite = np.isfinite(samples)
        total += count
        if not finite.all():
            not_finite += count - int(np.count_nonzero(finite))
            samples = samples[finite]
        if not len(samples):
            continue
        seen += len(samples)
        wide = samples.astype(np.complex128)
        # Of real samples the real part is what is stored; the imaginary one was computed.
        numbers = wide.real if capture.datatype.real else wide.view(np.float64)
        power += float(np.vdot(numbers, numbers))
        mean += complex(wide.real.sum() if capture.datatype.real else wide.sum())
        peak = max(peak, float(np.abs(numbers).max()))
        clipped += int(np.count_nonzero((numbers <= low) | (numbers >= high)))
        zeros += len(samples) - int(np.count_nonzero(samples))
    numbers_seen = seen * (1 if capture.datatype.real else 2)
    if capture.datatype.number.kind == "f" and peak > 1.001:
        clipped = 0
    return Look(
        sample_count=total,
        mean_dbfs=_decibels(power / max(seen, 1)),
        peak_dbfs=_decibels(peak**2),
        dc_dbfs=_decibels(abs(mean / max(seen, 1)) ** 2),
        clipped_share=clipped / max(numbers_seen, 1),
        zero_share=zeros / max(seen, 1),
        not_finite=not_finite,
    )


def _stretches(sample_count: int) -> list[tuple[int, int]]:
    if sample_count <= STRETCHES * STRETCH_SAMPLES:
        edges = range(0, sample_count, STRETCH_SAMPLES)
        return [(start, min(STRETCH_SAMPLES, sample_count - start)) for start in edges]
    last = sample_count - STRETCH_SAMPLES
    return [(last * n // (STRETCHES - 1), STRETCH_SAMPLES) for n in range(STRETCHES)]


def _full_scale(capture: Capture) -> tuple[float, float]:
    """The numbers from which on, and up to which, a stored number counts as clipped."""
    kind = capture.datatype.number
    if kind.kind == "f":
        return -0.999, 0.999
    if kind.kind == "u":
        return -1.0, 1.0
    bits = 24 if capture.datatype.packed else 8 * kind.itemsize
    # Beyond 24 bits float32 cannot tell the last levels apart.
    return -1.0, 1.0 - 2.0 ** (1 - min(bits, 24))


def _decibels(power: float) -> float:
    return 10 * math.log10(power) if power > 0 else -math.inf
