# SPDX-License-Identifier: GPL-3.0-or-later
"""What a receiver meets: 24 classes, and everything that comes between transmitter and samples.

A frame, in the order of nature:

    waveform → burst → carrier → echoes → imbalance of the arms, filter: the clean signal
    clean + noise → in some frames a filter behind both → unit power of the signal
    clean + noise + a neighbour + DC → converter: the noisy signal

The noise is white but for frames with `band_cutoff` in their Drawn; its power in the sampled
bandwidth is what the SNR says in every frame. A transmitter's symbol clock is off by parts in a
million; the symbol rate is any real number here, so that needs no step of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from denomae_training.signals.channel.adjacent import Adjacent, half_band_of
from denomae_training.signals.channel.band import MARGIN, Band
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
    band: Band = field(default_factory=Band)
    adjacent: Adjacent = field(default_factory=Adjacent)
    converter: Converter = field(default_factory=Converter)

    def item(self, rng: np.random.Generator, class_index: int, snr_db: float) -> Item:
        drawn, name, count = Drawn(), self.classes[class_index], self.frame_length
        silent = MODULATORS[name] is None
        behind = rng.random() < self.band.share
        length = count + MARGIN if behind else count
        clean = np.zeros(length, np.complex64) if silent else self._clean(rng, name, length, drawn)
        power = 1.0 if silent else 10 ** (-snr_db / 10)
        noise = white_noise(rng, length, power)
        half_band = self._half_band(name, drawn)
        if behind:
            taps = self.band.draw(rng, half_band, drawn)
            clean = filtered(clean, taps)
            taps = taps / np.float32(math.sqrt(float(taps @ taps)))  # leaves the noise its power
            noise = filtered(noise, taps)
        if not silent:
            first, last = int(drawn.get("burst_begin", 0)), int(drawn.get("burst_end", count))
            mean = np.vdot(clean[first:last], clean[first:last]).real / (last - first)
            clean.view(np.float32)[...] *= np.float32(1 / math.sqrt(mean or 1.0))
        noisy = self._received(rng, None if silent else half_band, clean, noise, drawn)
        return Item(noisy, clean, noise, class_index, math.nan if silent else snr_db, drawn)

    def _clean(self, rng: np.random.Generator, name: str, length: int, drawn: Drawn) -> np.ndarray:
        """The signal behind channel and front end, of any power: complex64 [length]."""
        echoes = self.fading.draw(rng, drawn)
        taps = self._filter(rng, drawn)
        before = len(taps) - 1 + (len(echoes[0]) - 1 if echoes else 0)
        modulator = MODULATORS[name]
        assert modulator is not None
        waveform, own = modulator(rng, length + before, self.samples_per_symbol)
        drawn.update(own)
        signal = np.asarray(waveform, dtype=np.complex64)
        burst = self.burst.draw(rng, self.frame_length, drawn)
        if burst:
            signal = self._cut(signal, *burst)
        signal = signal * self.oscillator.draw(rng, length + before, drawn)
        if echoes:
            signal = _through(signal, *echoes)
        direct, image = self.arms.draw_imbalance(rng, drawn)
        signal = unbalanced(signal, direct, image)
        return filtered(signal, taps) if len(taps) > 1 else signal

    def _cut(self, signal: np.ndarray, first: int, last: int, ramp: float) -> np.ndarray:
        """A burst that stands at these samples of the frame, once all filters have passed.

        Filters delay by half of their length; an edge at the frame's own edge is none.
        """
        shift = (len(signal) - self.frame_length) // 2
        begin = first + shift if first else 0
        end = last + shift if last < self.frame_length else len(signal)
        return cut(signal, begin, end, ramp)

    def _half_band(self, name: str, drawn: Drawn) -> float | None:
        half_band = half_band_of(name, drawn)
        if half_band is None:
            return None
        return half_band + abs(drawn.get("carrier_offset", 0.0))

    def _filter(self, rng: np.random.Generator, drawn: Drawn) -> np.ndarray:
        if rng.random() >= self.filter_share:
            return np.ones(1, dtype=np.float32)
        low, high = self.filter_cutoff
        cutoff = drawn["filter_cutoff"] = low + (high - low) * rng.random()
        return low_pass(round(cutoff, 3))

    def _received(
        self,
        rng: np.random.Generator,
        half_band: float | None,
        clean: np.ndarray,
        noise: np.ndarray,
        drawn: Drawn,
    ) -> np.ndarray:
        """What the converter hands over: signal, noise, and what belongs to neither."""
        heard = clean + noise
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
STRONG = replace(LIVE, name="live_strong", snr_db=(-5.0, 30.0))
"""To begin with: a third of the frames of `live` lie below -5 dB, where little can be learnt."""
