# SPDX-License-Identifier: GPL-3.0-or-later
"""The likelihood classifier of recipes of shaped waveforms.

A scene is what all classes of a trial have in common and the classifier knows: symbol rate, timing,
pulse, phase; and each class's own parameters. Which class was sent is all that it does not know.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from denomae_training.limits.keyed import KeyedFrame
from denomae_training.limits.shaped import REACH, LinearBurst
from denomae_training.limits.trials import Trials
from denomae_training.signals.definitions import Definition, Linear


@dataclass(frozen=True)
class Scene:
    """Complete definitions of the classes, at one symbol rate and timing.

    Attributes:
        definitions: class to definition with nothing left to be drawn.
        samples_per_symbol: of each class.
        timing: when the frame's first sample is, in symbols, 0..1.
        frame_length: samples.
    """

    definitions: Mapping[str, Definition]
    samples_per_symbol: Mapping[str, float]
    timing: float
    frame_length: int

    @cached_property
    def margin(self) -> int:
        """Samples on either side, in which the pulses of a frame's symbols may still reach."""
        slowest = max(
            (
                self.samples_per_symbol[name]
                for name, definition in self.definitions.items()
                if isinstance(definition, Linear)
            ),
            default=0,
        )
        return math.ceil(slowest * REACH)

    @cached_property
    def waves(self) -> dict[str, LinearBurst | KeyedFrame]:
        return {name: self._wave(name) for name in self.definitions}

    def _wave(self, name: str) -> LinearBurst | KeyedFrame:
        definition, rate = self.definitions[name], self.samples_per_symbol[name]
        if isinstance(definition, Linear):
            widened = np.arange(-self.margin, self.frame_length + self.margin)
            # Symbol 0 is the first in the middle of whose time the frame has begun.
            times = widened / rate + (self.timing - 1)
            return LinearBurst(definition, times, math.ceil(self.frame_length / rate))
        return KeyedFrame(definition, np.arange(self.frame_length) / rate + self.timing)

    def trials(
        self, rng: np.random.Generator, snr_db: float, frames: int, turns: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Frames of every class under every class.

        Args:
            turns: for the second result, how many phases, evenly around the circle with the true
                one among them, the classifier holds equally likely.

        Returns:
            log likelihoods relative to noise alone, [classes * frames, classes]: with the phase
            known, and with one of `turns` phases.
        """
        noise_power = 10 ** (-snr_db / 10)
        clean, power = zip(
            *(self._clean(wave, rng, frames) for wave in self.waves.values()), strict=True
        )
        samples, power = np.concatenate(clean), np.concatenate(power)
        noise = rng.standard_normal((*samples.shape, 2), dtype=np.float32).view(np.complex64)
        samples += np.float32(math.sqrt(noise_power / 2)) * noise[..., 0]
        known = self.log_ratios(samples, noise_power, power)
        angles = 2j * np.pi * np.arange(1, turns) / turns
        around = [
            self.log_ratios(samples * np.complex64(np.exp(angle)), noise_power, power)
            for angle in angles
        ]
        every = np.stack([known, *around])
        largest = every.max(0)
        return known, largest + np.log(np.exp(every - largest).mean(0))

    def _clean(
        self, wave: LinearBurst | KeyedFrame, rng: np.random.Generator, frames: int
    ) -> tuple[np.ndarray, np.ndarray]:
        if isinstance(wave, LinearBurst):
            return wave.bursts(rng, frames)
        samples = np.zeros((frames, self.frame_length + 2 * self.margin), dtype=np.complex64)
        samples[:, self.margin : self.margin + self.frame_length] = wave.frames(rng, frames)
        return samples, np.ones(frames)

    def log_ratios(self, samples: np.ndarray, noise_power: float, power: np.ndarray) -> np.ndarray:
        """Frames of `margin` + N + `margin` samples under every class: float64 [F, classes]."""
        inside = samples[:, self.margin : self.margin + self.frame_length]
        columns = [
            wave.log_ratio(samples, noise_power, power)
            if isinstance(wave, LinearBurst)
            else wave.log_ratio(inside, noise_power)
            for wave in self.waves.values()
        ]
        return np.stack(columns, 1)


def scene_trials(
    scenes: list[Scene], rng: np.random.Generator, snr_db: float, frames: int, turns: int
) -> Trials:
    """Frames of all classes in each scene, `frames` of a class over all scenes."""
    shares = np.diff(np.arange(len(scenes) + 1) * frames // len(scenes))
    parts = zip(scenes, shares, strict=True)
    # A scene keeps its pulses, tens of megabytes; those of a copy go with it.
    tables = [replace(scene).trials(rng, snr_db, share, turns) for scene, share in parts]
    known, turned = (np.concatenate(table) for table in zip(*tables, strict=True))
    classes = np.arange(len(scenes[0].definitions))
    truth = np.concatenate([np.repeat(classes, share) for share in shares])
    group = np.repeat(np.arange(len(scenes)), shares * len(classes))
    views = {f"phase one of {turns}": turned} if turns > 1 else {}
    return Trials(known, truth, group, views)
