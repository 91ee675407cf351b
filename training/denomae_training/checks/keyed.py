# SPDX-License-Identifier: GPL-3.0-or-later
"""Keyed frequency: tones against closed forms, and against GNU Radio's modulators."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from denomae_training.checks import closed_forms, measures
from denomae_training.checks.effort import Effort
from denomae_training.checks.gnu_radio import GnuRadio
from denomae_training.checks.linear import compared
from denomae_training.checks.row import Row, not_run
from denomae_training.checks.subjects import KeyedSubject, numbers_for
from denomae_training.signals import phase
from denomae_training.signals.interpolated import LEAD

SETTLED = 64  # symbols after which every filter has filled


def tones(subject: KeyedSubject, effort: Effort, gnu_radio: GnuRadio) -> Iterator[Row]:
    """Symbol-error rates of GNU Radio's bank of tone filters on our waveform, where h = 1."""
    what, rate = "symbol-error rate, strongest tone", subject.samples_per_symbol
    if gnu_radio.missing:
        yield not_run(subject.recipe, subject.name, what, gnu_radio.missing)
        return
    definition = subject.definition
    levels = np.array(definition.levels, dtype=np.float32)
    rng = effort.rng(subject.recipe, subject.name, what)
    count = rate * effort.symbols
    numbers = numbers_for(rng, len(levels), count, rate)
    # samples inside of symbols, the first one the last of symbol LEAD - 1
    clean = subject.make(levels.take(numbers), count, 0.5 - 0.5 / rate)
    first = LEAD
    expected = closed_forms.orthogonal(len(levels))
    for wanted in effort.error_rates:
        gamma = closed_forms.gamma_for(expected, wanted)
        noisy = clean + measures.white_noise(rng, count, rate / gamma)
        spacing = [float(level) * 0.5 * (definition.index or 0) for level in levels]
        decided = gnu_radio.call(
            "decide_tones", noisy, np.int16, tones=spacing, samples_per_symbol=rate
        )
        errors = int(np.count_nonzero(decided[1:] != numbers[first + 1 :][: len(decided) - 1]))
        decibels = 10 * math.log10(gamma)
        detail = f"h = 1, E_s/N_0 {decibels:.2f} dB, {effort.symbols} symbols"
        yield Row(subject.recipe, subject.name, what, detail, errors / (len(decided) - 1),
                  expected(gamma), "closed form", 0.1, errors=errors,
                  es_n0_db=decibels)  # fmt: skip


def against_modulator(subject: KeyedSubject, effort: Effort, gnu_radio: GnuRadio) -> Iterator[Row]:
    """Our waveform and GNU Radio's: as waveforms, and through one receiver."""
    for block in blocks_for(subject):
        yield from _against(subject, block, effort, gnu_radio)


def blocks_for(subject: KeyedSubject) -> tuple[str, ...]:
    """GNU Radio's blocks that make this waveform."""
    definition = subject.definition
    if definition.bandwidth_time is None:
        return ("cpmmod",)
    return ("cpmmod", "gmsk") if definition.index == 0.5 else ("cpmmod", "gfsk")


def _against(
    subject: KeyedSubject, block: str, effort: Effort, gnu_radio: GnuRadio
) -> Iterator[Row]:
    recipe, name, rate = subject.recipe, subject.name, subject.samples_per_symbol
    what = f"symbol-error rate, discriminator ({block})"
    if gnu_radio.missing:
        yield not_run(recipe, name, what, gnu_radio.missing)
        return
    definition = subject.definition
    index = float(definition.index or 0)
    levels = np.array(definition.levels, dtype=np.float32)
    rng = effort.rng(recipe, name, what, detail_of(subject))
    count = rate * effort.symbols
    numbers = numbers_for(rng, len(levels), count, rate)
    sent = levels.take(numbers)
    theirs = gnu_radio.call(
        "modulate_keyed",
        sent.astype(np.int8),
        np.complex64,
        samples_per_symbol=rate,
        index=index,
        bandwidth_time=definition.bandwidth_time,
        block=block,
    )
    late = delay(theirs, sent, rate)
    # their sample n lies n / rate - late symbols after symbol 0; ours must lie at the same times
    begin = math.ceil((LEAD + late) * rate + SETTLED * rate)
    first = begin / rate - late
    skipped = int(first) - LEAD
    timing = first - int(first)
    ours = subject.make(sent[skipped:], count - SETTLED * rate, timing)
    theirs = theirs[begin : begin + len(ours)]
    ours = ours[: len(theirs)]
    detail = f"{detail_of(subject)}, GNU Radio's {block}"
    # GNU Radio's Gaussian filters are cut at two symbols on either side
    yield from compared(recipe, name, detail, ours, theirs, limit=-30.0)
    both = [modulation_index(wave, sent[skipped:], rate, timing) for wave in (ours, theirs)]
    yield Row(recipe, name, "modulation index", detail, *both, "GNU Radio's modulator", 0.01)
    level = _noise_for(subject, effort, gnu_radio)
    noise = measures.white_noise(rng, len(ours), level)
    rates, errors = [], []
    for wave in (ours, theirs):
        wrong = _receive(subject, wave + noise, sent[skipped:], timing, gnu_radio)
        rates.append(float(np.mean(wrong)))
        errors.append(int(wrong.sum()))
    decibels = 10 * math.log10(rate / level)
    detail += f", E_s/N_0 {decibels:.2f} dB, {errors[1]} errors of theirs"
    yield Row(recipe, name, "symbol-error rate, discriminator", detail, *rates,
              "GNU Radio's modulator", 0.1, errors=errors[0], es_n0_db=decibels)  # fmt: skip


def detail_of(subject: KeyedSubject) -> str:
    definition = subject.definition
    time = definition.bandwidth_time
    shape = "rectangular" if time is None else f"BT {time:g}"
    return f"h {definition.index:g}, {shape}, {subject.samples_per_symbol} samples a symbol"


def delay(wave: np.ndarray, sent: np.ndarray, rate: int) -> float:
    """How many symbols after its number the middle of a symbol lies in a waveform.

    The middle of the frequency's correlation with the symbols, to half a sample.
    """
    frequency = np.angle(wave[1:] * wave[:-1].conj())
    grid = np.zeros(len(frequency))
    grid[::rate] = sent[: len(grid[::rate])]
    size = 1 << (2 * len(grid) - 1).bit_length()
    product = np.fft.rfft(frequency, size) * np.fft.rfft(grid, size).conj()
    early = 2 * rate  # lags before 0 stand at the end
    weight = np.roll(np.fft.irfft(product, size), early)[: 24 * rate]
    peak = int(weight.argmax())
    near = np.arange(max(0, peak - 3 * rate), min(len(weight), peak + 3 * rate + 1))
    level = np.where(weight[near] > 0.02 * weight[peak], weight[near], 0)
    middle = float((near * level).sum() / level.sum()) - early
    # frequency n stands between samples n and n + 1
    return round(2 * (middle + 0.5)) / 2 / rate


def modulation_index(wave: np.ndarray, sent: np.ndarray, rate: int, timing: float) -> float:
    """The slope of phase on the sum of symbols, in half turns.

    Args:
        sent: number LEAD is `timing` symbols before the first sample.
    """
    turns = np.unwrap(np.angle(wave))[::rate] / np.pi
    # a symbol's turn is half done in its middle, so the sum is read there
    symbols = sent[LEAD : LEAD + len(turns)].astype(np.float64)
    total = np.cumsum(symbols) - symbols / 2 + timing * symbols
    total -= total.mean()
    return float(np.dot(total, turns - turns.mean()) / np.dot(total, total))


def _noise_for(subject: KeyedSubject, effort: Effort, gnu_radio: GnuRadio) -> float:
    """A noise power at which about a twentieth of the symbols are wrong."""
    rate = subject.samples_per_symbol
    levels = np.array(subject.definition.levels, dtype=np.float32)
    rng = effort.rng(subject.recipe, subject.name, "level", detail_of(subject))
    sent = levels.take(numbers_for(rng, len(levels), 8000 * rate, rate))
    wave = subject.make(sent, 8000 * rate, 0.0)
    low, high = -10.0, 20.0  # of the noise, dB below the signal in the sampled band
    for _ in range(7):
        middle = 0.5 * (low + high)
        noise = measures.white_noise(rng, len(wave), 10 ** (-middle / 10))
        wrong = float(np.mean(_receive(subject, wave + noise, sent, 0.0, gnu_radio)))
        low, high = (middle, high) if wrong > 0.05 else (low, middle)
    return 10 ** (-0.5 * (low + high) / 10)


def _receive(
    subject: KeyedSubject,
    noisy: np.ndarray,
    sent: np.ndarray,
    timing: float,
    gnu_radio: GnuRadio,
) -> np.ndarray:
    """Which symbols GNU Radio's discriminator gets wrong: bool a symbol."""
    rate, definition = subject.samples_per_symbol, subject.definition
    outer = max(definition.levels)
    half_band = min(0.45 * rate, 0.5 + 0.5 * outer * float(definition.index or 0))
    frequency = gnu_radio.call(
        "discriminate", noisy, np.float32, samples_per_symbol=rate, half_band=half_band
    )
    # delays: of the channel filter, of the difference, of the mean, in samples
    channel = _channel_taps(rate)
    late = (channel - 1) / 2 + 0.5 + (rate - 1) / 2
    place = (SETTLED - timing) * rate + late
    got = frequency[round(place) :: rate] * (2 / float(definition.index or 1))
    levels = np.array(definition.levels, dtype=np.float32)
    decided = levels[np.abs(got[:, None] - levels).argmin(1)]
    return decided != sent[LEAD + SETTLED :][: len(decided)]


def _channel_taps(rate: int) -> int:
    """How many taps GNU Radio's low-pass of half a symbol rate's transition has (Hamming)."""
    number = int(53 * rate / (22.0 * 0.5))
    return number | 1


def orthogonal_of(subjects: list[KeyedSubject]) -> list[KeyedSubject]:
    """The rectangular ones, once a class, at h = 1, where their tones are orthogonal."""
    found = {}
    for subject in subjects:
        definition = subject.definition
        if definition.bandwidth_time is None and (subject.recipe, subject.name) not in found:
            exact = replace(definition, index=1.0)
            made = subject.make
            if subject.recipe == "live":
                made = _at(exact)
            found[subject.recipe, subject.name] = replace(subject, definition=exact, make=made)
    return list(found.values())


def _at(definition: phase.ContinuousPhase):
    def make(levels: np.ndarray, count: int, timing: float) -> np.ndarray:
        return phase.waveform(definition, levels, count, 8, timing)

    return make
