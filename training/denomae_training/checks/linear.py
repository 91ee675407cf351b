# SPDX-License-Identifier: GPL-3.0-or-later
"""Linear modulations: through GNU Radio's matched filter, and against GNU Radio's modulator."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from denomae_training.checks import closed_forms, measures
from denomae_training.checks.effort import Effort
from denomae_training.checks.gnu_radio import GnuRadio, pairs
from denomae_training.checks.row import Row, not_run
from denomae_training.checks.subjects import TIMING, LinearSubject, numbers_for
from denomae_training.signals.interpolated import LEAD
from denomae_training.signals.linear import rotated

SPAN = 16  # symbols on either side of the middle of GNU Radio's filters here
FINE = 512
CLOSED: dict[str, closed_forms.ErrorRate] = {
    "ook": closed_forms.unipolar(2),
    "4ask": closed_forms.unipolar(4),
    "8ask": closed_forms.unipolar(8),
    "bpsk": closed_forms.bipolar(2),
    "4pam": closed_forms.bipolar(4),
    "16pam": closed_forms.bipolar(16),
    "qpsk": closed_forms.square(4),
    "oqpsk": closed_forms.square(4),
    "pi4dqpsk": closed_forms.differential_phase(4),
    "dqpsk": closed_forms.differential_phase(4),
    "8psk": closed_forms.phase_keying(8),
    "16psk": closed_forms.phase_keying(16),
    "32psk": closed_forms.phase_keying(32),
    "16qam": closed_forms.square(16),
    "64qam": closed_forms.square(64),
    "256qam": closed_forms.square(256),
}
# of GNU Radio's Constellation Modulator: kind and order
GENERIC = {
    "bpsk": ("psk", 2),
    "qpsk": ("psk", 4),
    "8psk": ("psk", 8),
    "16qam": ("qam", 16),
    "64qam": ("qam", 64),
    "256qam": ("qam", 256),
}


def error_rate(subject: LinearSubject) -> tuple[closed_forms.ErrorRate, str]:
    """The symbol-error rate that a waveform must have, and where it comes from."""
    if subject.name in CLOSED:
        return CLOSED[subject.name], "closed form"
    return closed_forms.nearest_point(subject.definition.points), "numerical integration"


def decisions(subject: LinearSubject, effort: Effort, gnu_radio: GnuRadio) -> Iterator[Row]:
    """Symbol-error rates of GNU Radio's receiver on our waveform."""
    what, rate = "symbol-error rate", subject.samples_per_symbol
    if gnu_radio.missing:
        yield not_run(subject.recipe, subject.name, what, gnu_radio.missing)
        return
    definition = subject.definition
    rectangle = definition.pulse == "rectangle"
    timing = 0.5 - 0.5 / rate if rectangle else TIMING
    rng = effort.rng(subject.recipe, subject.name, subject.variant, what)
    count = rate * effort.symbols
    numbers = numbers_for(rng, len(definition.points), count, rate)
    symbols = rotated(definition.points.take(numbers), definition.rotation)
    clean = subject.make(symbols, count, timing)
    expected, source = error_rate(subject)
    for wanted in effort.error_rates:
        gamma = closed_forms.gamma_for(expected, wanted)
        noisy = clean + measures.white_noise(rng, count, rate / gamma)
        decided, first = _decide(subject, noisy, timing, gnu_radio)
        sent = numbers
        if definition.differential:
            sent = (numbers - np.roll(numbers, 1)) % len(definition.points)
        decided = decided[SPAN * 2 :]  # the filter has filled
        sent = sent[first + SPAN * 2 :][: len(decided)]
        errors = int(np.count_nonzero(decided != sent))
        measured = errors / len(decided)
        decibels = 10 * math.log10(gamma)
        detail = f"E_s/N_0 {decibels:.2f} dB{_variant(subject)}, {effort.symbols} symbols"
        yield Row(subject.recipe, subject.name, what, detail, measured, expected(gamma), source,
                  0.1, errors=errors, es_n0_db=decibels)  # fmt: skip


def _decide(
    subject: LinearSubject, noisy: np.ndarray, timing: float, gnu_radio: GnuRadio
) -> tuple[np.ndarray, int]:
    """GNU Radio's decisions, and the number of the first one's symbol."""
    definition = subject.definition
    arguments = {
        "points": pairs(definition.points),
        "samples_per_symbol": subject.samples_per_symbol,
        "pulse": definition.pulse,
        "rolloff": subject.rolloff,
        "timing": round(timing * FINE),
    }
    if definition.differential:
        call, extra = "decide_steps", {"rotation": definition.rotation}
    elif definition.offset:
        call, extra = "decide_offset", {}
    else:
        call, extra = "decide", {}
    decided = gnu_radio.call(call, noisy, np.uint8, **arguments, **extra)
    return decided, LEAD - (0 if definition.pulse == "rectangle" else SPAN)


def against_modulator(subject: LinearSubject, effort: Effort, gnu_radio: GnuRadio) -> Iterator[Row]:
    """Our waveform and GNU Radio's of the same symbols: distance, power, cumulants, bandwidth."""
    what, rate = "distance from GNU Radio's waveform (dB)", subject.samples_per_symbol
    if gnu_radio.missing:
        yield not_run(subject.recipe, subject.name, what, gnu_radio.missing)
        return
    definition = subject.definition
    rng = effort.rng(subject.recipe, subject.name, subject.variant, what)
    count = rate * effort.symbols
    numbers = numbers_for(rng, len(definition.points), count, rate)
    symbols = rotated(definition.points.take(numbers), definition.rotation)
    rectangle = definition.pulse == "rectangle"
    # a rectangle's samples must lie inside of symbols, not on their edges
    timing = 0.5 / rate if rectangle else 0.0
    ours = subject.make(symbols, count, timing)
    theirs = gnu_radio.call(
        "modulate_linear",
        numbers,
        np.complex64,
        points=pairs(definition.points),
        samples_per_symbol=rate,
        pulse=definition.pulse,
        rolloff=subject.rolloff,
        rotation=definition.rotation,
        offset=definition.offset,
    )
    begin = LEAD * rate + (rate // 2 if rectangle else SPAN * rate)
    theirs = theirs[begin : begin + count]
    ours = ours[: len(theirs)]
    # our pulses are cut at 8 symbols, GNU Radio's here at 16: that is all the difference there is
    limit = -30.0 if not rectangle and subject.rolloff <= 0.1 else -35.0
    yield from compared(subject.recipe, subject.name, subject_detail(subject), ours, theirs, limit)


def compared(
    recipe: str, name: str, detail: str, ours: np.ndarray, theirs: np.ndarray, limit: float = -35.0
) -> Iterator[Row]:
    """Two waveforms of the same symbols: distance, power, cumulants, occupied bandwidth."""
    source = "GNU Radio's modulator"
    distance = measures.distance_db(ours, theirs)
    yield Row(recipe, name, "distance from GNU Radio's waveform (dB)", detail, distance, math.nan,
              source, limit, "limit")  # fmt: skip
    level = 10 * math.log10(measures.power(ours)), 10 * math.log10(measures.power(theirs))
    yield Row(recipe, name, "power (dB)", detail, *level, source, 0.05, "difference")
    theirs_by_name = measures.cumulants(theirs)
    for cumulant, value in measures.cumulants(ours).items():
        pair = _comparable(value, theirs_by_name[cumulant])
        yield Row(recipe, name, cumulant, detail, *pair, source, 0.01, "difference")
    widths = measures.occupied_bandwidth(ours), measures.occupied_bandwidth(theirs)
    what = "occupied bandwidth, 99 % (cycles a sample)"
    yield Row(recipe, name, what, detail, *widths, source, 0.02)


def against_constellation_modulator(
    subject: LinearSubject, effort: Effort, gnu_radio: GnuRadio
) -> Iterator[Row]:
    """Statistics of our waveform and of GNU Radio's Constellation Modulator, on random data.

    Its pulses are cut at 5.5 symbols on either side, its symbols are others than ours.
    """
    if gnu_radio.missing:
        yield not_run(subject.recipe, subject.name, "Constellation Modulator", gnu_radio.missing)
        return
    kind, order = GENERIC[subject.name]
    rate, points = subject.samples_per_symbol, subject.definition.points
    rng = effort.rng(subject.recipe, subject.name, "constellation modulator")
    count = rate * effort.symbols
    ours = subject.make(points.take(numbers_for(rng, order, count, rate)), count, 0.0)
    bits = math.ceil(math.log2(order) * effort.symbols / 8)
    theirs = gnu_radio.call(
        "modulate_constellation",
        rng.integers(256, size=bits, dtype=np.uint8),
        np.complex64,
        kind=kind,
        order=order,
        samples_per_symbol=rate,
        rolloff=subject.rolloff,
    )[64 * rate :]
    source = "GNU Radio's Constellation Modulator"
    detail = f"{subject_detail(subject)}, random data"
    theirs_by_name = measures.cumulants(theirs)
    for cumulant, value in measures.cumulants(ours).items():
        # 4th powers of points that lie at 45 degrees have the other sign
        pair = abs(value), abs(theirs_by_name[cumulant])
        what = "magnitude of C20, C40, C42 (Constellation Modulator)"
        yield Row(subject.recipe, subject.name, what, f"{cumulant}, {detail}", *pair, source, 0.03,
                  "difference")  # fmt: skip
    widths = measures.occupied_bandwidth(ours), measures.occupied_bandwidth(theirs)
    what = "occupied bandwidth (Constellation Modulator)"
    yield Row(subject.recipe, subject.name, what, detail, *widths, source, 0.02)


def _comparable(ours: complex, theirs: complex) -> tuple[float, float]:
    """Two complex numbers as reals: along the reference where that is not 0."""
    if abs(theirs) < 0.05:
        return abs(ours), abs(theirs)
    return (ours / (theirs / abs(theirs))).real, abs(theirs)


def subject_detail(subject: LinearSubject) -> str:
    shape = "rectangle" if subject.definition.pulse == "rectangle" else f"RRC {subject.rolloff:g}"
    return f"{shape}, {subject.samples_per_symbol} samples a symbol{_variant(subject)}"


def _variant(subject: LinearSubject) -> str:
    return f", {subject.variant}" if subject.variant else ""
