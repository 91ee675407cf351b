# SPDX-License-Identifier: GPL-3.0-or-later
"""Orthogonal frequency division multiplexing, with the carriers of real standards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from denomae_training.signals.constellations import psk, square_qam, unit_power
from denomae_training.signals.interpolated import sample_numbers, turned
from denomae_training.signals.item import Drawn
from denomae_training.signals.modulator import Modulator, draw_numbers, log_uniform


@dataclass(frozen=True)
class Carriers:
    """The carriers of an OFDM system.

    Attributes:
        source: the standard.
        active: number of carriers in use, in the middle of the band.
        empty_dc: whether the middle carrier is left empty (then half of `active` lie on each
            side; otherwise the middle carrier is the first of the upper half).
        prefixes: lengths of the cyclic prefix, in useful symbol lengths.
        pilot_spacing: every which carrier is a pilot; 0: none.
        pilot_boost: their amplitude.
        moving: the pilots move by a quarter of their spacing from symbol to symbol.
    """

    source: str
    active: int
    empty_dc: bool
    prefixes: tuple[float, ...]
    pilot_spacing: int = 0
    pilot_boost: float = 1.0
    moving: bool = False


SYSTEMS = (
    Carriers("IEEE 802.11a/g, clause 17: 64 carriers, 52 in use", 52, True, (1 / 4,), 14),
    Carriers("IEEE 802.11n, clause 19: 20 MHz, 56 in use", 56, True, (1 / 4, 1 / 8), 14),
    Carriers("IEEE 802.11n, clause 19: 40 MHz, 114 in use", 114, True, (1 / 4, 1 / 8), 19),
    Carriers("IEEE 802.15.4, SUN OFDM option 4: 14 in use", 14, True, (1 / 4,), 7),
    Carriers("IEEE 802.15.4, SUN OFDM option 3: 26 in use", 26, True, (1 / 4,), 7),
    Carriers("IEEE 802.15.4, SUN OFDM option 1: 104 in use", 104, True, (1 / 4,), 13),
    Carriers("IEEE 802.16, OFDM: 200 in use", 200, True, (1 / 4, 1 / 8, 1 / 16, 1 / 32), 25),
    Carriers("3GPP TS 36.211 (LTE), 1.4 MHz: 72 in use", 72, True, (144 / 2048, 1 / 4), 6),
    Carriers("3GPP TS 36.211 (LTE), 3 MHz: 180 in use", 180, True, (144 / 2048, 1 / 4), 6),
    Carriers("3GPP TS 36.211 (LTE), 5 MHz: 300 in use", 300, True, (144 / 2048, 1 / 4), 6),
    Carriers("3GPP TS 38.211 (NR), 24 resource blocks: 288 in use", 288, False, (144 / 2048,), 4),
    Carriers("ETSI EN 300 401 (DAB), mode III: 192 in use", 192, True, (63 / 256,)),
    Carriers("ETSI EN 300 401 (DAB), mode II: 384 in use", 384, True, (63 / 256,)),
    Carriers(
        "ETSI EN 300 744 (DVB-T), 2K: 1,705 in use",
        1705,
        False,
        (1 / 4, 1 / 8, 1 / 16, 1 / 32),
        12,
        4 / 3,
        True,
    ),
)
POINTS = {
    "bpsk": unit_power(psk(2)),
    "qpsk": unit_power(square_qam(4)),
    "16qam": unit_power(square_qam(16)),
    "64qam": unit_power(square_qam(64)),
}
LEAST_SYMBOLS = 2  # whole ones, that must fit into a frame
USABLE_BAND = 0.9  # of the sampled bandwidth


def carrier_numbers(carriers: Carriers) -> np.ndarray:
    """The numbers of the carriers in use, the middle of the band being 0: int [active]."""
    lower = carriers.active // 2
    numbers = np.arange(-lower, carriers.active - lower)
    return numbers + (numbers >= 0) if carriers.empty_dc else numbers


def waveform(
    values: np.ndarray,
    numbers: np.ndarray,
    count: int,
    useful: int,
    prefix: float,
    timing: float,
) -> np.ndarray:
    """OFDM symbols with cyclic prefixes, cut anywhere: complex64 [count] of unit power a carrier.

    Symbol k begins at sample k * (useful + prefix * useful) - start, start = timing symbols; that
    need not be a whole sample.

    Args:
        values: complex [K, C]; symbol 0 is the one of the first sample.
        numbers: int [C], of the carriers, from -useful / 2 up to below useful / 2.
        useful: samples of a symbol without its prefix; the carriers' spacing is its inverse.
        prefix: in useful lengths.
        timing: where in its symbol, prefix included, the first sample lies, 0..1.
    """
    length = useful * (1 + prefix)
    symbol = (sample_numbers(count) / length + timing).astype(np.int64)
    begin = (np.arange(symbol[-1] + 1) - timing) * length + useful * prefix
    first = np.ceil(begin)
    late = first - begin  # of a sample, from the useful part's begin to its first sample
    cycles = late[:, None] * (numbers / useful)
    turn = turned(2 * cycles.reshape(-1).astype(np.float32)).reshape(cycles.shape)
    spectrum = np.zeros((len(begin), useful), dtype=np.complex128)
    spectrum[:, numbers % useful] = values[: len(begin)] * turn
    wave = np.fft.ifft(spectrum, axis=1, norm="forward")
    # sample n of symbol k lies at k * useful + n - first[k], in a prefix one useful length later
    place = np.arange(count) - first.astype(np.int64).take(symbol)
    place += useful * (symbol + (place < 0))
    return wave.reshape(-1).take(place).astype(np.complex64)


def ofdm_modulator(
    systems: tuple[Carriers, ...] = SYSTEMS,
    occupied: tuple[float, float] = (0.15, USABLE_BAND),
    modulations: tuple[str, ...] = ("qpsk", "qpsk", "16qam", "16qam", "bpsk", "64qam"),
) -> Modulator:
    """Systems whose symbols fit into the frame twice or more, at a random bandwidth.

    Args:
        occupied: of the sampled bandwidth, log-uniform.
        modulations: of the data carriers; one a frame.
    """

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        fitting = _fitting(systems, count)
        if not fitting:
            raise ValueError(f"no OFDM system here has symbols that fit into {count} samples twice")
        number = fitting[int(rng.integers(len(fitting)))]
        carriers = systems[number]
        prefix = carriers.prefixes[int(rng.integers(len(carriers.prefixes)))]
        share = log_uniform(rng, *occupied)
        most = int(count / (LEAST_SYMBOLS * (1 + prefix)))
        useful = min(most, max(math.ceil(carriers.active / share), _shortest(carriers)))
        numbers = carrier_numbers(carriers)
        timing = rng.random()
        symbols = int(count / (useful * (1 + prefix)) + timing) + 1
        points = POINTS[modulations[int(rng.integers(len(modulations)))]]
        drawn_points = draw_numbers(rng, len(points), symbols * len(numbers))
        values = points.take(drawn_points).reshape(symbols, len(numbers))
        _add_pilots(rng, values, carriers)
        wave = waveform(values, numbers, count, useful, prefix, timing)
        return wave, Drawn(
            system=number, useful_samples=useful, cyclic_prefix=prefix, order=len(points)
        )

    return modulate


def _shortest(carriers: Carriers) -> int:
    return math.ceil((carriers.active + carriers.empty_dc) / USABLE_BAND)


@lru_cache(maxsize=64)
def _fitting(systems: tuple[Carriers, ...], count: int) -> tuple[int, ...]:
    """The numbers of the systems whose shortest symbols fit into the frame often enough."""
    return tuple(
        number
        for number, system in enumerate(systems)
        if LEAST_SYMBOLS * (1 + max(system.prefixes)) * _shortest(system) <= count
    )


def _add_pilots(rng: np.random.Generator, values: np.ndarray, carriers: Carriers) -> None:
    """Pilots: one BPSK value a carrier, the same in every symbol, as a known sequence looks."""
    spacing = carriers.pilot_spacing
    if not spacing:
        return
    signs = POINTS["bpsk"].take(draw_numbers(rng, 2, carriers.active))
    for symbol in range(4 if carriers.moving else 1):
        step = 4 if carriers.moving else 1
        begin = symbol * spacing // 4 if carriers.moving else spacing // 2
        values[symbol::step, begin::spacing] = carriers.pilot_boost * signs[begin::spacing]
