# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: frames in, labels out, in batches on one device."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
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
    read_config,
    weights_digest,
)
from denomae.device import choose_device, choose_precision, default_threads
from denomae.embedding import Embedder
from denomae.errors import CheckpointError, DenomaeError
from denomae.forward import Forward
from denomae.frames import checked, clipped
from denomae.labels import SCHEMA, Label, Place
from denomae.lanes import Take, lane_for
from denomae.model.classifier import Classifier
from denomae.model.presets import Architecture
from denomae.recorded import check_recorded_answers, record_answers
from denomae.runner import Runner

__all__ = ["Engine", "check_recorded_answers", "record_answers"]

NOISE_FAMILY = "noise"
CLIPPING = ("clipping: samples at full scale; lower the receiver's gain",)


class Engine:
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
        self.config = config
        self.device = device
        self.precision = precision
        self.max_batch = batch_size
        self.model_name = f"{config.name} {digest[:12]}"
        self.threshold = config.calibration.threshold
        self._model = model
        self._forward = Forward(model, config, device, precision)
        n = config.architecture.frame_length
        lane = lane_for(device, batch_size, n, self._forward.row_length)
        self._runner = Runner(self._forward, lane, device, n, batch_size)

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
        config = read_config(folder)
        if config.kind != "classifier":
            raise CheckpointError(
                f"{folder} is a {config.kind} checkpoint without a classifier; fine-tune it first "
                "(denomae-train finetune)"
            )
        place = _place(device, batch_size, threads)
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
        place = _place(device, batch_size, threads)
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
    def frame_length(self) -> int:
        """Samples in a frame."""
        return self.config.architecture.frame_length

    @property
    def classes(self) -> tuple[str, ...]:
        return self.config.classes

    @property
    def families(self) -> dict[str, str]:
        """Class to family."""
        return self.config.families

    @property
    def samples_per_symbol(self) -> tuple[float, float]:
        """The range of samples a symbol that the model was trained on."""
        return self.config.samples_per_symbol

    def warm_up(self) -> None:
        """Run full batches of noise, so that the first real frame does not wait for caches.

        On a GPU this also records CUDA graphs of several batch sizes, which start in a fraction of
        the time: it takes seconds, and is worth it for all that runs live.
        """
        self._runner.prepare()
        rng = np.random.default_rng(0)
        noise = rng.standard_normal((self.max_batch, self.frame_length, 2), dtype=np.float32)
        self.classify(noise.view(np.complex64)[..., 0])

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
        for start, part, take in self._batches(frames):
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
        rows = [take() for _, _, take in self._batches(np.ascontiguousarray(frames))]
        empty = np.empty((0, self._forward.row_length), np.float32)
        return self._forward.split(np.concatenate([empty, *rows]))

    def _batches(self, frames: np.ndarray) -> Iterator[tuple[int, np.ndarray, Take]]:
        """Batches in order: where each begins, its frames, and what waits for its rows.

        On a GPU the next batch is under way when one is given out.
        """
        before = None
        for start in range(0, len(frames), self.max_batch):
            part = frames[start : start + self.max_batch]
            now = start, part, self._runner.start(part)
            if before is not None:
                yield before
            before = now
        if before is not None:
            yield before

    def _labels(
        self,
        rows: np.ndarray,
        places: Sequence[Place],
        first: int,
        warnings: Sequence[tuple[str, ...]],
    ) -> list[Label]:
        """The labels of one batch, numbered from `first`; their latency is not known yet."""
        classes, families, snr_db = self._forward.split(rows)
        best, family = classes.argmax(1).tolist(), families.argmax(1).tolist()
        family_confidence = np.minimum(families.max(1), 1.0).tolist()
        shares, snr_db = classes.tolist(), snr_db.tolist()
        labels = []
        for i, place in enumerate(places):
            name, confidence = self.classes[best[i]], shares[i][best[i]]
            is_noise = self.families[name] == NOISE_FAMILY
            if confidence < self.threshold:
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
                    warnings=warnings[i],
                )
            )
        return labels


def _place(device: str, batch_size: int, threads: int | None) -> torch.device:
    """The device of an engine, its CPU threads set."""
    if batch_size < 1:
        raise DenomaeError(f"the batch size is {batch_size}; wanted 1 or more")
    if threads is not None and threads < 1:
        raise DenomaeError(f"the number of threads is {threads}; wanted 1 or more")
    place = choose_device(device)
    if place.type == "cpu":
        torch.set_num_threads(threads or default_threads())
    return place
