# SPDX-License-Identifier: GPL-3.0-or-later
"""One example of each class, with fixed parameters and known symbols, for its picture."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from denomae_training.checks import measures
from denomae_training.signals import analog, chirp, linear, modulators, ofdm, phase, ppm
from denomae_training.signals.definitions import ContinuousPhase, Linear
from denomae_training.signals.interpolated import LEAD, symbols_needed
from denomae_training.signals.linear import rotated
from denomae_training.signals.message import MessageRange, draw_message
from denomae_training.signals.modulator import draw_numbers
from denomae_training.signals.pulses import root_raised_cosine
from denomae_training.signals.recipes import denomae10, radioml24

COUNT = 16384
RATE = 8  # samples a symbol
ROLLOFF = 0.35
SNR_DB = 25.0
SPAN = 16


@dataclass(frozen=True)
class Scene:
    """What a picture shows.

    Attributes:
        name, caption: the class, and its parameters.
        wave: noisy, complex64, its first sample at time 0.
        unit, per_unit: of the time axis, and its samples.
        shown: units that the time panel shows.
        points: after matched filter and timing, complex; groups of them in different colours.
        ideal: where they should lie.
        path: between the points, complex.
        levels: of a frequency panel, where the frequency should stand, cycles a unit; the
            frequency panel is shown where this is not None.
        band: of the frequency panel, cycles a unit.
        title: of the third panel.
    """

    name: str
    caption: str
    wave: np.ndarray
    unit: str = "symbols"
    per_unit: float = RATE
    shown: float = 24.0
    points: tuple[np.ndarray, ...] = ()
    ideal: np.ndarray | None = None
    path: np.ndarray | None = None
    levels: tuple[float, ...] | None = None
    band: float = 1.0
    frequency_unit: str = "symbol rates"
    frequency_shown: float = 24.0
    title: str = ""


def scenes(seed: int = 7) -> dict[str, Scene]:
    """Of every class of live, then what radioml24 and denomae10 have besides."""
    found: dict[str, Scene] = {}
    found["noise"] = _noise(seed)
    found["carrier"] = _carrier(seed)
    for name in ("am", "ssb", "fm"):
        found[name] = _analog(name, seed)
    for name, definitions in modulators.LINEAR.items():
        found[name] = _linear(name, definitions[-1], seed)
    for name, ranges in phase.KEYED.items():
        index = {"2fsk": 1.0, "4fsk": 0.5, "gfsk": 0.7, "gmsk": 0.5}[name]
        time = {"gfsk": 0.5, "gmsk": 0.3}.get(name)
        found[name] = _keyed(name, ContinuousPhase(index, time, ranges.levels), seed)
    found["ofdm"] = _ofdm(seed)
    found["chirp"] = _chirp(seed)
    found["ppm"] = _ppm(seed)
    for name in ("8ask", "16psk", "32psk", "64apsk", "128apsk", "32qam", "128qam"):
        definition = radioml24.WAVEFORMS[name]
        assert isinstance(definition, Linear)
        found[name] = _linear(name, definition, seed)
    for name in ("am-dsb-wc", "am-dsb-sc", "am-ssb-wc", "am-ssb-sc"):
        found[name] = _analog(name, seed)
    for name in ("4pam", "16pam"):
        definition = denomae10.WAVEFORMS[name]
        assert isinstance(definition, Linear)
        found[name] = _linear(name, definition, seed)
    cpfsk = denomae10.WAVEFORMS["cpfsk"]
    assert isinstance(cpfsk, ContinuousPhase)
    found["cpfsk"] = _keyed("cpfsk", cpfsk, seed)
    return found


def _noisy(wave: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    wave = wave / math.sqrt(measures.power(wave))
    return wave + measures.white_noise(rng, len(wave), 10 ** (-snr_db / 10))


def _rng(name: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, *name.encode()])


def _noise(seed: int) -> Scene:
    wave = measures.white_noise(_rng("noise", seed), COUNT, 1.0)
    caption = "white Gaussian noise of unit power"
    return Scene("noise", caption, wave, "samples", 1, 192, (wave[:2048],),
                 title="I/Q plane")  # fmt: skip


def _carrier(seed: int) -> Scene:
    rng = _rng("carrier", seed)
    wave, _ = analog.carrier_modulator()(rng, COUNT, (2.0, 32.0))
    offset = 0.021
    wave = _noisy(wave * np.exp(2j * np.pi * offset * np.arange(COUNT)), SNR_DB, rng)
    caption = f"carrier offset {offset:g} cycles/sample, SNR {SNR_DB:g} dB"
    return Scene("carrier", caption, wave, "samples", 1, 192, (wave[:1024],),
                 title="I/Q plane")  # fmt: skip


def _analog(name: str, seed: int) -> Scene:
    rng = _rng(name, seed)
    bandwidth = 0.04
    message = draw_message(
        rng, COUNT, bandwidth, MessageRange(tone_share=0.0, slope=0.5, limiter=(3.5, 4.0))
    )
    common = f"noise-like message to {bandwidth:g} cycles/sample, SNR {SNR_DB:g} dB"
    title = "I/Q plane"
    if name == "fm":
        deviation = 0.1
        wave = _noisy(analog.frequency_modulated(message, deviation), SNR_DB, rng)
        return Scene(name, f"peak deviation {deviation:g} cycles/sample, {common}", wave, "samples",
                     1, 300, levels=(-deviation, deviation), band=0.16,
                     frequency_unit="cycles/sample", frequency_shown=300,
                     title="frequency against time")  # fmt: skip
    if name in ("am", "am-dsb-wc"):
        wave, kind = analog.double_sideband(message, 1.0, 0.8), "modulation index 0.8"
    elif name == "am-dsb-sc":
        wave, kind = analog.double_sideband(message, 0.0), "no carrier"
    else:
        level = 1.4 * float(message.std()) if name == "am-ssb-wc" else 0.0
        wave = analog.single_sideband(message, True, level)
        kind = "upper sideband, " + ("carrier as strong as it" if level else "no carrier")
    wave = _noisy(wave, SNR_DB, rng)
    points = wave[:4096:2] * np.exp(1j * math.pi / 5)
    note = ", turned by 36°" if name != "ssb" else ""
    return Scene(name, f"{kind}, {common}", wave, "samples", 1, 300, (points,),
                 title=title + note)  # fmt: skip


def _linear(name: str, definition: Linear, seed: int) -> Scene:
    rng = _rng(name, seed)
    definition = replace(definition, rolloff=ROLLOFF)
    count = COUNT
    numbers = draw_numbers(rng, len(definition.points), symbols_needed(count, RATE, 0.0) + RATE)
    symbols = rotated(definition.points.take(numbers), definition.rotation)
    close = {32: 19, 64: 21, 128: 23, 256: 25}.get(len(definition.points), 15)
    snr_db = {"8ask": 20, "16pam": 23}.get(name, close)
    wave = linear.waveform(definition, symbols, count, RATE, 0.0)
    wave = wave + measures.white_noise(rng, count, 10 ** (-snr_db / 10))
    time = np.arange(-SPAN * RATE, SPAN * RATE + 1) / RATE
    taps = root_raised_cosine(time, ROLLOFF)
    filtered = np.convolve(wave, taps / np.sum(taps**2), mode="valid")
    half = round(definition.offset * RATE)
    strobes = np.arange(0, len(filtered) - RATE, RATE)
    points = filtered.real[strobes] + 1j * filtered.imag[strobes + half]
    groups: tuple[np.ndarray, ...] = (points,)
    ideal = definition.points
    caption = f"{RATE} samples/symbol, RRC rolloff {ROLLOFF:g}, SNR {snr_db:g} dB"
    if definition.rotation:
        groups = (points[0::2], points[1::2])
        ideal = np.concatenate([ideal, ideal * np.exp(1j * definition.rotation)])
        caption += ", each symbol turned by 45 degrees more"
    if definition.offset:
        caption += ", Q half a symbol late"
    if name in ("16apsk", "32apsk"):
        caption += ", DVB-S2 rate 9/10"
    path = filtered[: 60 * RATE] if 4 <= len(definition.points) <= 8 else None
    if not np.iscomplex(definition.points).any():
        path = None
    limit = 3000 if len(definition.points) > 16 else 800
    groups = tuple(group[:limit] for group in groups)
    title = "after matched filter and timing"
    if definition.offset:
        title = "after matched filter, I and Q timing"
    return Scene(name, caption, wave, points=groups, ideal=ideal, path=path, title=title)


def _keyed(name: str, definition: ContinuousPhase, seed: int) -> Scene:
    rng = _rng(name, seed)
    levels = np.array(definition.levels, dtype=np.float32)
    numbers = draw_numbers(rng, len(levels), symbols_needed(COUNT, RATE, 0.0) + RATE)
    wave = phase.waveform(definition, levels.take(numbers), COUNT, RATE, 0.0)
    wave = _noisy(wave, SNR_DB, rng)
    index = float(definition.index or 0)
    time = definition.bandwidth_time
    pulse = "rectangular pulses" if time is None else f"Gaussian, BT {time:g}"
    caption = f"h = {index:g}, {pulse}, {RATE} samples/symbol, SNR {SNR_DB:g} dB"
    tones = tuple(float(level) * index / 2 for level in levels)
    return Scene(name, caption, wave, levels=tones, band=1.6 * max(tones) + 0.1,
                 title="frequency against time")  # fmt: skip


def _ofdm(seed: int) -> Scene:
    rng = _rng("ofdm", seed)
    system, useful, prefix = ofdm.SYSTEMS[0], 64, 16
    carriers = ofdm.carrier_numbers(system)
    points = ofdm.POINTS["16qam"]
    length = useful + prefix
    symbols = COUNT // length
    sent = draw_numbers(rng, len(points), symbols * len(carriers)).reshape(symbols, -1)
    count = symbols * length
    wave = ofdm.waveform(points.take(sent), carriers, count, useful, prefix / useful, 0.0)
    gain = math.sqrt(measures.power(wave))
    wave = _noisy(wave, SNR_DB, rng)
    seen = np.fft.fft(wave.reshape(symbols, length)[:, prefix:], axis=1)[:, carriers % useful]
    caption = (
        f"carriers of IEEE 802.11a: {len(carriers)} of {useful}, prefix {prefix} samples, 16QAM "
        f"without pilots, SNR {SNR_DB:g} dB"
    )
    return Scene("ofdm", caption, wave, "OFDM symbols", length, 3,
                 (seen.reshape(-1)[:4000] * gain / useful,), points,
                 title="carriers, after the Fourier transform")  # fmt: skip


def _chirp(seed: int) -> Scene:
    rng = _rng("chirp", seed)
    factor, bandwidth = 7, 0.25
    length = (1 << factor) / bandwidth
    symbols = np.concatenate([np.zeros(5, dtype=int), rng.integers(1 << factor, size=40)])
    down = np.zeros(len(symbols), dtype=bool)
    down[3:5] = True
    wave = chirp.lora(symbols, down, COUNT, factor, bandwidth, 0.0)
    wave = _noisy(wave, SNR_DB, rng)
    caption = (
        f"LoRa, spreading factor {factor}, bandwidth {bandwidth:g} cycles/sample, "
        f"{length:g} samples/symbol: 3 unshifted sweeps, 2 downward, 4 of data; SNR {SNR_DB:g} dB"
    )
    chips = bandwidth * length / 2
    return Scene("chirp", caption, wave, per_unit=length, shown=0.5, levels=(-chips, chips),
                 band=1.25 * chips, frequency_shown=9.0,
                 title="frequency against time")  # fmt: skip


def _ppm(seed: int) -> Scene:
    rng = _rng("ppm", seed)
    rate = 4  # samples a chip of 0.5 us
    chips = np.zeros(COUNT // rate + 64, dtype=np.complex64)
    place = LEAD + 9
    while place + 300 < len(chips):
        message = ppm.chips_of(draw_numbers(rng, 2, 112))
        angle = 2 * math.pi * rng.random()
        chips[place : place + len(message)] = message * np.exp(1j * angle)
        place += len(message) + int(rng.integers(4, 40))
    wave = _noisy(ppm.waveform(chips, COUNT, rate, 0.5, 0.15), SNR_DB, rng)
    caption = (
        f"Mode S: preamble and 112 bits of 1 µs, {2 * rate} samples a bit, rise 0.15 of a pulse, "
        f"a phase for each message, SNR {SNR_DB:g} dB"
    )
    return Scene("ppm", caption, wave, "µs", 2 * rate, 24.0, (wave[:4096],),
                 title="I/Q plane")  # fmt: skip
