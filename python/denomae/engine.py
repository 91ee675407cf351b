# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: frames in, labels out, in batches on one device."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
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
from denomae.errors import CheckpointError, DenomaeError
from denomae.labels import SCHEMA, Label, Place
from denomae.modalities import build, unit_power
from denomae.model.classifier import Classifier
from denomae.model.presets import Architecture

NOISE_FAMILY = "noise"
CLIPPED_SHARE = 0.01  # of a frame's samples at full scale, that make its label doubtful
FULL_SCALE = 0.99


class Engine:
    """A classifier that is ready to run.

    Make one with `Engine.load`. `classify` may be called from any one thread at a time.
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
        self._model = model.to(device).eval()
        names = list(dict.fromkeys(config.families[name] for name in config.classes))
        members = [[config.families[c] == family for c in config.classes] for family in names]
        self._family_names = names
        self._membership = torch.tensor(
            members, dtype=torch.float32, device=device
        ).T  # [classes, families]

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
        """Run one full batch of noise, so that the first real frame does not wait for caches."""
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
        frames = self._checked(frames)
        if places is None:
            n = self.frame_length
            places = [Place(sample_offset=i * n, sample_count=n) for i in range(len(frames))]
        if len(places) != len(frames):
            raise DenomaeError(
                f"{len(frames)} frames came with {len(places)} places; wanted one a frame"
            )
        labels: list[Label] = []
        for start in range(0, len(frames), self.max_batch):
            part = frames[start : start + self.max_batch]
            probabilities, families, snr_db = self.probabilities(part)
            if not np.isfinite(probabilities).all():
                raise DenomaeError(
                    f"{self.model_name} gave probabilities that are no numbers; "
                    "use another checkpoint, or precision fp32"
                )
            clipped = _clipped(part)
            for i in range(len(part)):
                labels.append(
                    self._label(
                        probabilities[i],
                        families[i],
                        float(snr_db[i]),
                        places[start + i],
                        start + i,
                        bool(clipped[i]),
                    )
                )
        latency_ms = (time.perf_counter() - began) * 1e3
        for label in labels:
            object.__setattr__(label, "latency_ms", latency_ms)  # not yet seen by anyone
        return labels

    @torch.inference_mode()
    def probabilities(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Calibrated probabilities of one batch, unchecked.

        Args:
            frames: complex64 [B, N], finite and not all zero.

        Returns:
            of the classes float32 [B, classes], of the families float32 [B, families], and the
            SNR estimate in dB float32 [B].
        """
        iq = torch.from_numpy(frames).to(self.device, non_blocking=True)  # only IQ crosses over
        if self.config.power_normalisation == "unit":
            iq = unit_power(iq)
        inputs = build({"noisy": iq}, self.config.modalities, self.config.architecture.image)
        with torch.autocast(
            self.device.type, self.precision, enabled=self.precision != torch.float32
        ):
            verdict = self._model(inputs)
        classes = (verdict.logits.float() / self.config.calibration.temperature).softmax(1)
        families = classes @ self._membership
        return classes.cpu().numpy(), families.cpu().numpy(), verdict.snr_db.float().cpu().numpy()

    def _checked(self, frames: np.ndarray) -> np.ndarray:
        frames = np.asarray(frames)
        if frames.ndim != 2 or frames.shape[1] != self.frame_length or frames.dtype != np.complex64:
            raise DenomaeError(
                f"frames are {frames.dtype} of shape {list(frames.shape)}; "
                f"wanted complex64 of shape [B, {self.frame_length}]"
            )
        if len(frames) == 0:
            return frames
        frames = np.ascontiguousarray(frames)
        parts = frames.view(np.float32)
        broken = ~np.isfinite(parts).all(1)
        if broken.any():
            first = int(np.argmax(broken))
            raise DenomaeError(
                f"frame {first} holds NaN or infinite samples "
                f"({int(broken.sum())} of {len(frames)} frames do); "
                "wanted finite samples: leave such frames out"
            )
        empty = ~parts.any(1)
        if empty.any():
            raise DenomaeError(
                f"frame {int(np.argmax(empty))} holds nothing but zeros "
                f"({int(empty.sum())} of {len(frames)} frames do); "
                "wanted a signal or noise: leave such frames out"
            )
        return frames

    def _label(
        self,
        probabilities: np.ndarray,
        families: np.ndarray,
        snr_db: float,
        place: Place,
        number: int,
        clipped: bool,
    ) -> Label:
        best, family = int(probabilities.argmax()), int(families.argmax())
        name = self.classes[best]
        confidence = float(probabilities[best])
        if confidence < self.threshold:
            verdict = "unknown"
        else:
            verdict = "noise" if self.families[name] == NOISE_FAMILY else "known"
        return Label(
            schema=SCHEMA,
            source="",
            sequence=number,
            label=name,
            confidence=confidence,
            family=self._family_names[family],
            family_confidence=min(1.0, float(families[family])),
            verdict=verdict,
            probabilities=dict(zip(self.classes, probabilities.tolist(), strict=True)),
            snr_db=None if self.families[name] == NOISE_FAMILY else snr_db,
            sample_offset=place.sample_offset,
            sample_count=place.sample_count,
            time=place.time,
            center_frequency_hz=place.center_frequency_hz,
            sample_rate_hz=place.sample_rate_hz,
            model=self.model_name,
            dropped_frames=0,
            latency_ms=0.0,
            warnings=("clipping: samples at full scale; lower the receiver's gain",)
            if clipped
            else (),
        )


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


def _clipped(frames: np.ndarray) -> np.ndarray:
    """Which frames look clipped: full scale is reached, and by many samples alike. bool [B]."""
    parts = np.abs(frames.view(np.float32))
    peak = parts.max(1, keepdims=True)
    return (peak[:, 0] >= FULL_SCALE) & ((parts >= peak).mean(1) >= CLIPPED_SHARE)


def check_recorded_answers(engine: Engine, folder: Path = SHIPPED) -> tuple[int, int]:
    """Compare an engine with the answers that its checkpoint gave when it was recorded.

    Returns:
        how many of the recorded frames get the same label with a probability within 0.05, and how
        many were recorded.
    """
    recorded = json.loads((folder / "recorded.json").read_text(encoding="utf-8"))
    frames = np.load(folder / "recorded.npy", allow_pickle=False)
    labels = engine.classify(frames)
    same = sum(
        label.label == answer["label"] and abs(label.confidence - answer["confidence"]) <= 0.05
        for label, answer in zip(labels, recorded, strict=True)
    )
    return same, len(recorded)


def record_answers(engine: Engine, frames: np.ndarray, folder: Path) -> None:
    """Write frames (complex64 [B, N]) and what the engine says of them beside its checkpoint."""
    answers = [
        {"label": label.label, "confidence": round(label.confidence, 4)}
        for label in engine.classify(frames)
    ]
    np.save(folder / "recorded.npy", frames)
    partial = folder / "recorded.json.partial"
    partial.write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")
    partial.replace(folder / "recorded.json")
