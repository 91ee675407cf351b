# SPDX-License-Identifier: GPL-3.0-or-later
"""What a receiver meets: 24 classes, and everything that comes between transmitter and samples.

A frame, in the order of nature:

    waveform → burst → echoes → imbalance of the arms, filter → unit power: the clean signal
    clean + noise + a neighbour + DC → converter: the noisy signal

The carrier's offset, drift and phase noise turn the waveform before the filter. A transmitter's
symbol clock is off by parts in a million; the symbol rate is any real number here, so that needs
no step of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from denomae_training.signals.channel.adjacent import Adjacent, half_band_of
from denomae_training.signals.channel.burst import Burst, cut
from denomae_training.signals.channel.converter import Converter, converted
from denomae_training.signals.channel.fading import Fading, moved
from denomae_training.signals.channel.filtering import filtered
from denomae_training.signals.channel.iq import Arms, unbalanced
from denomae_training.signals.channel.oscillator import Oscillator
from denomae_training.signals.front_end import low_pass
from denomae_training.signals.item import Drawn, Item
from denomae_training.signals.modulators import MODULATORS
from denomae_training.signals.noise import white_noise
from denomae_training.signals.recipe import Recipe


@dataclass(frozen=True)
class Live(Recipe):
    """Every impairment has ranges of its own; a share of 0 leaves it out.

    Attributes:
        filter_cutoff: edge of the receiver's filter, cycles a sample.
        filter_share: of the frames, behind such a filter.
    """

    oscillator: Oscillator = field(default_factory=Oscillator)
    burst: Burst = field(default_factory=Burst)
    fading: Fading = field(default_factory=Fading)
    arms: Arms = field(default_factory=Arms)
    filter_cutoff: tuple[float, float] = (0.36, 0.49)
    filter_share: float = 0.6
    adjacent: Adjacent = field(default_factory=Adjacent)
    converter: Converter = field(default_factory=Converter)

    def item(self, rng: np.random.Generator, class_index: int, snr_db: float) -> Item:
        drawn = Drawn()
        name = self.classes[class_index]
        clean, first, last = self._clean(rng, name, drawn)
        silent = first == last
        noise = white_noise(rng, self.frame_length, 1.0 if silent else 10 ** (-snr_db / 10))
        noisy = self._received(rng, name, clean, noise, drawn)
        return Item(noisy, clean, noise, class_index, math.nan if silent else snr_db, drawn)

    def _clean(
        self, rng: np.random.Generator, name: str, drawn: Drawn
    ) -> tuple[np.ndarray, int, int]:
        """The signal at the receiver's output without noise, of unit power from first to last."""
        count = self.frame_length
        modulator = MODULATORS[name]
        if modulator is None:
            return np.zeros(count, dtype=np.complex64), 0, 0
        echoes = self.fading.draw(rng, drawn)
        taps = self._filter(rng, drawn)
        before = len(taps) - 1 + (len(echoes[0]) - 1 if echoes else 0)
        waveform, own = modulator(rng, count + before, self.samples_per_symbol)
        drawn.update(own)
        signal = np.asarray(waveform, dtype=np.complex64)
        first, last = 0, count
        burst = self.burst.draw(rng, count, drawn)
        if burst:
            first, last, ramp = burst
            # filters delay by half of their length: what was cut here comes out where it says
            shift = before // 2
            end = last + shift if last < count else count + before
            signal = cut(signal, first + shift if first else 0, end, ramp)
        signal = signal * self.oscillator.draw(rng, count + before, drawn)
        if echoes:
            signal = _through(signal, *echoes)
        direct, image = self.arms.draw_imbalance(rng, drawn)
        signal = unbalanced(signal, direct, image)
        if len(taps) > 1:
            signal = filtered(signal, taps)
        power = np.vdot(signal[first:last], signal[first:last]).real / (last - first)
        signal.view(np.float32)[...] *= np.float32(1 / math.sqrt(power or 1.0))  # 20 us less
        return signal, first, last

    def _filter(self, rng: np.random.Generator, drawn: Drawn) -> np.ndarray:
        if rng.random() >= self.filter_share:
            return np.ones(1, dtype=np.float32)
        low, high = self.filter_cutoff
        cutoff = drawn["filter_cutoff"] = low + (high - low) * rng.random()
        return low_pass(round(cutoff, 3))

    def _received(
        self,
        rng: np.random.Generator,
        name: str,
        clean: np.ndarray,
        noise: np.ndarray,
        drawn: Drawn,
    ) -> np.ndarray:
        """What the converter hands over: signal, noise, and what belongs to neither."""
        heard = clean + noise
        half_band = None if name == "noise" else half_band_of(name, drawn)
        if half_band is not None:
            half_band += abs(drawn["carrier_offset"])
        neighbour = self.adjacent.draw(rng, self.frame_length, half_band, drawn)
        if neighbour is not None:
            heard += neighbour
        power = np.vdot(heard, heard).real / self.frame_length
        dc = self.arms.draw_dc(rng, drawn)
        if dc:
            heard += np.complex64(dc * math.sqrt(power))
            power *= 1 + abs(dc) ** 2
        bits, level_db = self.converter.draw(rng, drawn)
        return converted(heard, power, bits, level_db)


def _through(signal: np.ndarray, begin: np.ndarray, end: np.ndarray | None) -> np.ndarray:
    if len(begin) == 1 and end is None:
        return signal * begin[0]
    first = filtered(signal, begin)
    return first if end is None else moved(first, filtered(signal, end))


LIVE = Live(
    name="live",
    classes=tuple(MODULATORS),
    frame_length=1024,
    samples_per_symbol=(2.0, 32.0),
    snr_db=(-20.0, 30.0),
)
