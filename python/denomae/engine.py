# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: frames in, labels out, in batches on one device."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from denomae.checkpoint import (
    FORMAT,
    SHIPPED,
    Calibration,
    CheckpointConfig,
    Provenance,
    load_model,
    weights_digest,
)
from denomae.device import choose_precision
from denomae.embedding import Embedder
from denomae.errors import DenomaeError
from denomae.forward import Forward
from denomae.frames import checked, clipped
from denomae.labels import SCHEMA, Label, Place
from denomae.model.classifier import Classifier
from denomae.model.presets import Architecture
from denomae.ready import Ready, config_of, place_of
from denomae.recorded import check_recorded_answers, record_answers
from denomae.refusal import refuses

__all__ = ["Engine", "check_recorded_answers", "record_answers"]

_logger = logging.getLogger(__name__)
NOISE_FAMILY = "noise"
NARROWEST = 0.5  # of a symbol rate: what the slowest keyed signals occupy at least
STRONG_DB = 5.0  # from which on a bandwidth can be told
CLIPPING = ("clipping: samples at full scale; lower the receiver's gain",)


class Engine(Ready):
    """A classifier that is ready to run.

    Make one with `Engine.load`. `classify` and `embed` may be called from any one thread at a time.
    """

    def __init__(
        self,
        model: Classifier,
        config: CheckpointConfig,
        digest: str,
        device: torch.device,
        precision: torch.dtype,
        batch_size: int,
    ) -> None:
        self._model = model
        self._forward = Forward(model, config, device, precision)
        super().__init__(self._forward, config, digest, device, precision, batch_size)
        self.threshold = config.calibration.threshold
        slowest = config.samples_per_symbol[1]
        self._narrowest, self._told = NARROWEST / slowest, False
        self._narrow = (
            f"narrow: a keyed signal that takes less than {100 * self._narrowest:.2g} % of the "
            f"rate has more than the {slowest:g} samples a symbol that the model knows; use a "
            "lower rate, or a rate adapter"
        )
        self._is_noise = np.array(
            [config.families[name] == NOISE_FAMILY for name in config.classes], bool
        )

    @classmethod
    def load(
        cls,
        checkpoint: str | Path | None = None,
        device: str = "auto",
        precision: str = "auto",
        batch_size: int = 32,
        threads: int | None = None,
    ) -> Engine:
        """Load a checkpoint and make it ready.

        Args:
            checkpoint: its folder; None or "": the shipped model.
            device: "auto" (a GPU where there is one), "cpu", "cuda" or "cuda:1".
            precision: "fp32", "bf16", or "auto": bf16 where the hardware multiplies it natively.
            batch_size: most frames that are computed at once.
            threads: torch's CPU threads in this process; None: all cores but one, which the radio
                keeps. Without effect on a GPU.

        Raises:
            CheckpointError: the checkpoint cannot be used.
            DeviceError: the device is not there.
        """
        folder = Path(checkpoint) if checkpoint else SHIPPED
        advice = "fine-tune it first (denomae-train finetune)"
        config = config_of(folder, "classifier", advice)
        place = place_of(device, batch_size, threads)
        model = load_model(folder, config)
        return cls(
            model,
            config,
            weights_digest(folder),
            place,
            choose_precision(precision, place),
            batch_size,
        )

    @classmethod
    def untrained(
        cls,
        architecture: Architecture,
        modalities: tuple[str, ...] = ("noisy_image",),
        classes: int = 24,
        device: str = "auto",
        precision: str = "auto",
        batch_size: int = 32,
        threads: int | None = None,
        seed: int = 0,
    ) -> Engine:
        """An engine with random weights, to measure how fast an architecture runs.

        What it says of a frame means nothing. `classes` is their number; the other arguments and
        the errors are as in `load`.
        """
        place = place_of(device, batch_size, threads)
        names = tuple(f"class {i}" for i in range(classes))
        config = CheckpointConfig(
            format=FORMAT,
            name="untrained",
            kind="classifier",
            architecture=architecture,
            modalities=modalities,
            classes=names,
            families={name: name for name in names},
            power_normalisation="unit",
            recipe="none",
            samples_per_symbol=(1.0, float(architecture.frame_length)),
            snr_db=(-20.0, 30.0),
            calibration=Calibration(),
            metrics={},
            provenance=Provenance(seed, 0, 0, "none"),
        )
        with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they were
            torch.manual_seed(seed)
            model = Classifier(architecture, modalities, classes)
        digest = f"seed {seed}"
        return cls(model, config, digest, place, choose_precision(precision, place), batch_size)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.config.classes

    @property
    def families(self) -> dict[str, str]:
        """Class to family."""
        return self.config.families

    def classify(self, frames: np.ndarray, places: Sequence[Place] | None = None) -> list[Label]:
        """Label frames.

        Args:
            frames: complex64 [B, N], N the engine's frame length, at any power; B ≥ 0. More than
                `max_batch` are computed in several batches.
            places: where each frame began; None: one behind the other from sample 0.

        Returns:
            one label a frame. `source` is empty, `sequence` counts from 0 within the call,
            `dropped_frames` is 0 and `latency_ms` the time this call took: a stream fills them in.

        Raises:
            DenomaeError: the array has another shape or type, or a frame holds NaN, infinity or
                nothing but zeros: no label is invented for it.
        """
        began = time.perf_counter()
        frames = checked(frames, self.frame_length)
        if places is None:
            n = self.frame_length
            places = [Place(sample_offset=i * n, sample_count=n) for i in range(len(frames))]
        if len(places) != len(frames):
            raise DenomaeError(
                f"{len(frames)} frames came with {len(places)} places; wanted one a frame"
            )
        labels: list[Label] = []
        for start, part, take in self._runner.batches(frames):
            warnings = [CLIPPING if is_clipped else () for is_clipped in clipped(part)]
            rows = take()
            if not np.isfinite(rows[:, : len(self.classes)]).all():
                raise DenomaeError(
                    f"{self.model_name} gave probabilities that are no numbers; "
                    "use another checkpoint, or precision fp32"
                )
            labels += self._labels(rows, places[start : start + len(part)], start, warnings)
        latency_ms = (time.perf_counter() - began) * 1e3
        for label in labels:
            object.__setattr__(label, "latency_ms", latency_ms)  # not yet seen by anyone
        return labels

    def embed(self, frames: np.ndarray) -> np.ndarray:
        """One vector a frame: the mean of all tokens, which the classifier's head gets.

        Args:
            frames: as for `classify`.

        Returns:
            float32 [B, width of the architecture].

        Raises:
            DenomaeError: as `classify`.
        """
        embeddings = self._embed(checked(frames, self.frame_length))
        if not np.isfinite(embeddings).all():
            raise DenomaeError(
                f"{self.model_name} gave embeddings that are no numbers; "
                "use another checkpoint, or precision fp32"
            )
        return embeddings

    def warm_up_embedding(self) -> None:
        """As `warm_up`, for `embed`; a second call does nothing."""
        self._embed.warm_up()

    @cached_property
    def _embed(self) -> Embedder:
        return Embedder(self._forward, self.device, self.frame_length, self.max_batch)

    def probabilities(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Calibrated probabilities, unchecked.

        Args:
            frames: complex64 [B, N], finite and not all zero.

        Returns:
            of the classes float32 [B, classes], of the families float32 [B, families], and the
            SNR estimate in dB float32 [B].
        """
        return self._forward.split(self._rows(np.ascontiguousarray(frames)))

    def _too_narrow(self, bandwidths: np.ndarray, snr_db: np.ndarray) -> np.ndarray:
        """Whether keyed signals as narrow as these are slower than the model knows: bool [B]."""
        narrow = (bandwidths < self._narrowest) & (snr_db >= STRONG_DB)
        if narrow.any() and not self._told:
            self._told = True
            _logger.warning("%s: a frame is doubtful: %s", self.model_name, self._narrow)
        return narrow

    def _run(self, frames: np.ndarray) -> None:
        self.classify(frames)

    def _labels(
        self,
        rows: np.ndarray,
        places: Sequence[Place],
        first: int,
        warnings: Sequence[tuple[str, ...]],
    ) -> list[Label]:
        """The labels of one batch, numbered from `first`; their latency is not known yet."""
        classes, families, snr_db = self._forward.split(rows)
        narrow = self._too_narrow(self._forward.bandwidths(rows), snr_db)
        unknown = refuses(
            self.config.calibration.refusal,
            self.threshold,
            classes.max(1),
            self._forward.scores(rows),
            snr_db,
            self._is_noise[classes.argmax(1)],
        )
        best, family = classes.argmax(1).tolist(), families.argmax(1).tolist()
        family_confidence = np.minimum(families.max(1), 1.0).tolist()
        shares, snr_db = classes.tolist(), snr_db.tolist()
        labels = []
        for i, place in enumerate(places):
            name, confidence = self.classes[best[i]], shares[i][best[i]]
            is_noise = self.families[name] == NOISE_FAMILY
            if unknown[i]:
                verdict = "unknown"
            else:
                verdict = "noise" if is_noise else "known"
            labels.append(
                Label(
                    schema=SCHEMA,
                    source="",
                    sequence=first + i,
                    label=name,
                    confidence=confidence,
                    family=self._forward.family_names[family[i]],
                    family_confidence=family_confidence[i],
                    verdict=verdict,
                    probabilities=dict(zip(self.classes, shares[i], strict=True)),
                    snr_db=None if is_noise else snr_db[i],
                    sample_offset=place.sample_offset,
                    sample_count=place.sample_count,
                    time=place.time,
                    center_frequency_hz=place.center_frequency_hz,
                    sample_rate_hz=place.sample_rate_hz,
                    model=self.model_name,
                    dropped_frames=0,
                    latency_ms=0.0,
                    warnings=warnings[i] + ((self._narrow,) if narrow[i] and not is_noise else ()),
                )
            )
        return labels
