# SPDX-License-Identifier: GPL-3.0-or-later
"""The denoising engine: frames in, the same frames with less noise out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from denomae.checkpoint import SHIPPED_DENOISER, CheckpointConfig, load_model, weights_digest
from denomae.device import choose_precision
from denomae.errors import CheckpointError, DenomaeError
from denomae.forward import DenoiserForward
from denomae.frames import checked
from denomae.labels import Place
from denomae.model.denoiser import Denoiser
from denomae.ready import Ready, config_of, place_of

MOST_GAIN_DB = 40.0


@dataclass(frozen=True)
class Estimate:
    """What the model makes of one frame.

    Attributes:
        samples: complex64 [N], at the frame's own power.
        snr_in_db: of the frame as it came, estimated by the head; None where the model has none.
        gain_db: by how much its SNR rose, see `gain_db`; None where that cannot be told.
    """

    samples: np.ndarray
    snr_in_db: float | None
    gain_db: float | None


class DenoisingEngine(Ready):
    """A denoiser that is ready to run.

    Make one with `DenoisingEngine.load`. It may be used from any one thread at a time.
    """

    def __init__(
        self,
        model: Denoiser,
        config: CheckpointConfig,
        digest: str,
        device: torch.device,
        precision: torch.dtype,
        batch_size: int,
    ) -> None:
        forward = DenoiserForward(model, config, device, precision)
        super().__init__(forward, config, digest, device, precision, batch_size)

    @classmethod
    def load(
        cls,
        checkpoint: str | Path | None = None,
        device: str = "auto",
        precision: str = "auto",
        batch_size: int = 8,
        threads: int | None = None,
    ) -> DenoisingEngine:
        """Load a checkpoint and make it ready.

        Args:
            checkpoint: the folder of a denoiser that gives the clean signal; None: the shipped one.
            batch_size: most frames that are computed at once; the other arguments are as in
                `Engine.load`.

        Raises:
            CheckpointError: the checkpoint cannot be used.
            DeviceError: the device is not there.
        """
        folder = Path(checkpoint) if checkpoint else SHIPPED_DENOISER
        advice = "train the denoising stage first (denomae-train pretrain objective:denoise)"
        config = config_of(folder, "denoiser", advice)
        given = config.reconstructed or config.modalities
        if DenoiserForward.NAME not in given or config.architecture.signal_form != "patches":
            raise CheckpointError(
                f"{folder} is a denoiser of {list(given)} that gives no I/Q signal back; wanted "
                f"one of {DenoiserForward.NAME}, as patches"
            )
        place = place_of(device, batch_size, threads)
        model = load_model(folder, config)
        digest = weights_digest(folder)
        return cls(model, config, digest, place, choose_precision(precision, place), batch_size)

    def denoise(self, frames: np.ndarray) -> np.ndarray:
        """Frames with less noise.

        Args:
            frames: complex64 [B, N], N the engine's frame length, at any power; B ≥ 0. More than
                `max_batch` are computed in several batches.

        Returns:
            complex64 [B, N], each frame at the power at which it came.

        Raises:
            DenomaeError: the array has another shape or type, a frame holds NaN, infinity or
                nothing but zeros, or the model's answer is no number.
        """
        return self._denoised(checked(frames, self.frame_length))[0]

    def estimates(
        self, frames: np.ndarray, places: Sequence[Place] | None = None
    ) -> list[Estimate]:
        """Frames with less noise, and how much less; arguments and errors as of `denoise`.

        Args:
            places: where the frames began, which changes nothing: so that a stream may ask for this
                as it asks for labels.
        """
        frames = checked(frames, self.frame_length)
        samples, snr_db = self._denoised(frames)
        known = np.isfinite(snr_db)
        gains = gain_db(frames, samples, np.where(known, snr_db, np.nan))
        return [
            Estimate(
                samples[i],
                float(snr_db[i]) if known[i] else None,
                float(gains[i]) if np.isfinite(gains[i]) else None,
            )
            for i in range(len(frames))
        ]

    def _run(self, frames: np.ndarray) -> None:
        self.estimates(frames)

    def _denoised(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        samples, snr_db = DenoiserForward.split(self._rows(frames))
        if not np.isfinite(samples).all():
            raise DenomaeError(
                f"{self.model_name} gave samples that are no numbers; "
                "use another checkpoint, or precision fp32"
            )
        return samples, snr_db


def gain_db(frames: np.ndarray, estimates: np.ndarray, snr_db: np.ndarray) -> np.ndarray:
    """By how much the SNR of frames rose, told without knowing the signal.

    A frame is x = s + n, with the noise n independent of the signal s, so of its power |x|² the
    noise has |x|² / (1 + SNR). Where y is the estimate of s with the least mean square error, its
    error s - y is orthogonal to everything that can be made of x, to x - y above all; and because
    n = (x - y) - (s - y), E|n|² = E|x - y|² + E|s - y|². So the noise that is left, E|s - y|², is
    what was there less what was taken away, and the gain is E|n|² / (E|n|² - E|x - y|²).

    It is as good as the estimate of the SNR, of a small difference above all: look at the median of
    many frames. Of a model that is no such estimate, one that has learnt little or takes away some
    of the signal as well, it tells the wrong thing.

    Args:
        frames, estimates: x and y, complex64 [B, N].
        snr_db: of the frames as they came, [B]; nan: unknown.

    Returns:
        dB, float64 [B], 0 to `MOST_GAIN_DB`; nan where the SNR is unknown or says that there was
        less noise than was taken away.
    """
    wide = frames.astype(np.complex128)
    power = np.mean(np.abs(wide) ** 2, axis=1)
    taken = np.mean(np.abs(wide - estimates) ** 2, axis=1)
    noise = power / (1 + 10 ** (np.asarray(snr_db, np.float64) / 10))
    left = noise - taken
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = 10 * np.log10(noise / left)
    return np.where(left > 0, np.clip(gain, 0, MOST_GAIN_DB), np.nan)
