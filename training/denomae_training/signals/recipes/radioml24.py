# SPDX-License-Identifier: GPL-3.0-or-later
"""The 24 classes of RadioML 2018.01A with the impairments that its paper states.

O'Shea, Roy, Clancy, "Over-the-Air Deep Learning Based Radio Signal Classification", IEEE Journal of
Selected Topics in Signal Processing 12 (1), 2018 (arXiv 1712.04578), table I, drawn for each frame:

- rolloff of the root raised cosine U(0.1, 0.4); symbol timing U(0, 16) samples; carrier phase
  U(0, 2 pi); sample rate offset and carrier offset N(0, sigma), the latter in cycles a sample;
- an impulse response of paths with Rayleigh delays of scale tau, sum of delta(t - Rayleigh(tau));
- white noise. The paper has variants: sigma = 0.0001 or 0.01, tau = 0, 0.5, 1, 2, 4 samples.

Not stated there, and chosen here: which variant the published file is (its name holds "OSC.0001",
so sigma = 0.0001; tau is drawn from those of the paper); number and gains of the paths (8, complex
normal, of equal mean power; the delays are in samples); samples a symbol (8, as measured in the
file by its users); levels of ASK (unipolar); radii of APSK (DVB-S2 and S2X, rate 5/6; 128APSK
140/180); GMSK's BT (0.3); messages, modulation indices and deviation of the analog classes; OQPSK's
offset (half a symbol). SNR here is over the sampled bandwidth; the paper's is per symbol, E_s/N_0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from denomae_training.signals.analog import (
    am_modulator,
    fm_modulator,
    ssb_modulator,
    suppressed_carrier_modulator,
)
from denomae_training.signals.constellations import (
    apsk16,
    apsk32,
    apsk64,
    apsk128,
    ask,
    cross_qam,
    psk,
    square_qam,
    unit_power,
)
from denomae_training.signals.definitions import ContinuousPhase, Definition, Linear
from denomae_training.signals.interpolated import turned
from denomae_training.signals.item import Drawn, Item
from denomae_training.signals.linear import linear_modulator
from denomae_training.signals.message import MessageRange
from denomae_training.signals.modulator import Modulator
from denomae_training.signals.phase import KeyedRange, keyed_modulator
from denomae_training.signals.recipe import Recipe

WAVEFORMS: dict[str, Definition] = {
    "ook": Linear(unit_power(ask(2))),
    "4ask": Linear(unit_power(ask(4))),
    "8ask": Linear(unit_power(ask(8))),
    "bpsk": Linear(unit_power(psk(2))),
    "qpsk": Linear(unit_power(psk(4))),
    "8psk": Linear(unit_power(psk(8))),
    "16psk": Linear(unit_power(psk(16))),
    "32psk": Linear(unit_power(psk(32))),
    "16apsk": Linear(unit_power(apsk16("5/6"))),
    "32apsk": Linear(unit_power(apsk32("5/6"))),
    "64apsk": Linear(unit_power(apsk64("5/6"))),
    "128apsk": Linear(unit_power(apsk128("140/180"))),
    "16qam": Linear(unit_power(square_qam(16))),
    "32qam": Linear(unit_power(cross_qam(32))),
    "64qam": Linear(unit_power(square_qam(64))),
    "128qam": Linear(unit_power(cross_qam(128))),
    "256qam": Linear(unit_power(square_qam(256))),
    "gmsk": ContinuousPhase(0.5, bandwidth_time=0.3),
    "oqpsk": Linear(unit_power(square_qam(4)), offset=0.5),
}
CLASSES = (
    *(name for name in WAVEFORMS if name not in ("gmsk", "oqpsk")),
    "am-ssb-wc",
    "am-ssb-sc",
    "am-dsb-wc",
    "am-dsb-sc",
    "fm",
    "gmsk",
    "oqpsk",
)
ROLLOFF = (0.1, 0.4)
# A voice: noise-like, for two tones of one sideband would be those of two sidebands of one.
VOICE = MessageRange(bandwidth=(0.01, 0.1), tone_share=0.0)


def _modulators() -> dict[str, Modulator]:
    made: dict[str, Modulator] = {
        name: linear_modulator(definition, ROLLOFF)
        for name, definition in WAVEFORMS.items()
        if isinstance(definition, Linear)
    }
    return made | {
        "gmsk": keyed_modulator(KeyedRange((-1, 1), ((0.5, 0.5),), (0.3, 0.3))),
        "am-ssb-wc": ssb_modulator(VOICE, carrier=(0.7, 1.4)),
        "am-ssb-sc": ssb_modulator(VOICE),
        "am-dsb-wc": am_modulator(VOICE, index=(0.5, 1.0)),
        "am-dsb-sc": suppressed_carrier_modulator(VOICE),
        "fm": fm_modulator(VOICE, deviation=(0.02, 0.2)),
    }


MODULATORS = _modulators()
REACH = 16  # samples: the longest delay of a path, and half of the interpolating filters


@dataclass(frozen=True)
class RadioML24(Recipe):
    """Every frame has a mean power of 1.

    Attributes:
        offset_deviation: sigma of the sample rate's and of the carrier's offset.
        delay_spreads: tau in samples; each frame draws one. 0: a single path.
        paths: of the others.
    """

    offset_deviation: float = 1e-4
    delay_spreads: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 4.0)
    paths: int = 8

    def item(self, rng: np.random.Generator, class_index: int, snr_db: float) -> Item:
        rate, offset = (self.offset_deviation * rng.standard_normal() for _ in range(2))
        angle = 2 * math.pi * rng.random()
        count = self.frame_length
        low, high = (sps * (1 + rate) for sps in self.samples_per_symbol)
        modulator = MODULATORS[self.classes[class_index]]
        wave, drawn = modulator(rng, count + 2 * REACH, (low, high))
        half_turns = 2 * offset * np.arange(len(wave)) + angle / math.pi
        wave = wave * turned(np.remainder(half_turns, 2).astype(np.float32))
        spread = self.delay_spreads[int(rng.random() * len(self.delay_spreads))]
        if spread:
            delays = np.minimum(rng.rayleigh(spread, self.paths), REACH)
            gains = rng.standard_normal((self.paths, 2)).view(np.complex128)[:, 0]
            wave = np.convolve(wave, taps(delays, gains), mode="valid")
        wave = wave[:count]
        power = np.vdot(wave, wave).real / count
        clean = (wave / np.sqrt(power)).astype(np.complex64)
        noise = rng.standard_normal(2 * count, dtype=np.float32)
        noise *= np.float32(math.sqrt(0.5) * 10 ** (-snr_db / 20))
        noise = noise.view(np.complex64)
        drawn.update(rate_offset=rate, carrier_offset=offset, phase=angle, delay_spread=spread)
        return Item(clean + noise, clean, noise, class_index, snr_db, drawn)


def taps(delays: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """The sampled response of paths: complex64 [2 * REACH + 1], each a windowed sinc.

    Args:
        delays: in samples, 0 .. REACH; tap REACH / 2 has none.
    """
    time = np.arange(2 * REACH + 1)[:, None] - REACH // 2 - delays
    window = np.cos(np.pi * np.clip(time / REACH, -0.5, 0.5)) ** 2
    return ((np.sinc(time) * window) @ gains).astype(np.complex64)


RADIOML24 = RadioML24(
    name="radioml24",
    classes=CLASSES,
    frame_length=1024,
    samples_per_symbol=(8.0, 8.0),
    snr_db=(-20.0, 30.0),
)


def definition(name: str, drawn: Drawn) -> Definition | None:
    """What was drawn for a frame of a class, or None for the analog classes."""
    found = WAVEFORMS.get(name)
    return replace(found, rolloff=drawn["rolloff"]) if isinstance(found, Linear) else found
