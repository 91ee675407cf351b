# SPDX-License-Identifier: GPL-3.0-or-later
"""How long and how fast every run of a protocol learns: the same for all that are compared."""

from __future__ import annotations

from dataclasses import dataclass, replace

from denomae_training.loop.schedule import Schedule

SEEN_SNR_DB = (-10.0, 10.0)  # of frames to learn from; tests go from -20 to 20


@dataclass(frozen=True)
class Settings:
    """Frames, labels and schedules. Schedules' `frames` follow from the epochs."""

    pretraining_epochs: int
    finetuning_epochs: int
    pretraining: Schedule
    finetuning: Schedule
    pretraining_frames: int = 10_000
    labels: int = 1_000
    validation_frames: int = 1_000
    test_frames: int = 10_080  # 48 of each class at each SNR
    decoded_share: float = 1.0
    """Of the masked tokens, see `objectives.masked`."""
    denoising_epochs: int = 6
    denoising_snr_db: tuple[float, ...] = (-10.0, -5.0, 0.0, 5.0, 10.0)
    denoising_frames: int = 50
    """Of each class at each of these SNRs."""

    def pretraining_of(self, frames: int) -> Schedule:
        """The schedule over a set of so many frames: equal epochs, not equal steps."""
        return _over(self.pretraining, frames * self.pretraining_epochs, 0.1)

    def finetuning_of(self, labels: int) -> Schedule:
        """The schedule over so many labelled frames: equal epochs, not equal steps."""
        return _over(self.finetuning, labels * self.finetuning_epochs, 0.05)

    def denoising_of(self, frames: int) -> Schedule:
        """The schedule of the decoders that denoise, over as many frames as pretraining has."""
        return _over(self.pretraining, frames * self.denoising_epochs, 0.1)


def _over(schedule: Schedule, frames: int, rise: float) -> Schedule:
    """A schedule over so many frames, the rate rising in their first share `rise`."""
    return replace(schedule, frames=frames, warmup_frames=round(rise * frames))


def _quick(beta2: float) -> Schedule:
    """For sizes that train from scratch: a high rate."""
    return Schedule(learning_rate=1e-3, shape="cosine", beta2=beta2)


SETTINGS: dict[str, Settings] = {
    "nano": Settings(6, 30, _quick(0.95), _quick(0.98), decoded_share=0.5),
    "tiny": Settings(50, 100, _quick(0.95), _quick(0.98)),
    # as published: AdamW at 1e-4, 100 epochs in batches of 64; then 150 in batches of 32
    "base": Settings(
        100,
        150,
        Schedule(batch_size=64, learning_rate=1e-4, shape="cosine"),
        Schedule(batch_size=32, learning_rate=1e-4, shape="cosine", beta2=0.98),
    ),
}
