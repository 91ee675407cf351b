# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether confidence and the SNR estimate can be believed, over all SNRs and in each 5 dB."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from denomae_training.evaluation.calibration import expected_calibration_error, reliability
from denomae_training.evaluation.outcome import Outcome
from denomae_training.proof.settings import SNR_RANGE_DB

BIN_DB = 5.0
LEAST = 30  # frames, below which a bin says nothing
_DRAWS = 100


def trust(outcome: Outcome, temperature: float, seed: int) -> dict[str, Any]:
    """All figures of answers to frames of an even spread over SNR, as JSON holds them.

    Frames without a signal count in `all`, not in the bins. `by_chance` is the calibration error
    that a perfectly calibrated model would show on average with so many frames, since few frames
    make one by themselves.
    """
    has = torch.isfinite(outcome.snr_db)
    finite = outcome.snr_db[has]
    edges = np.arange(
        math.floor(finite.min().item() / BIN_DB) * BIN_DB, finite.max().item() + 1e-6, BIN_DB
    )
    rows = []
    for low in edges.tolist():
        inside = outcome.part((outcome.snr_db >= low) & (outcome.snr_db < low + BIN_DB))
        if len(inside) >= LEAST:
            row = {"low_db": low, "high_db": low + BIN_DB}
            rows.append(row | _confidence(inside, temperature, seed) | _estimate(inside))
    low, high = SNR_RANGE_DB
    whole = outcome.part((outcome.snr_db >= low) & (outcome.snr_db <= high))
    return {
        "all": _confidence(outcome, temperature, seed),
        "temperature": temperature,
        "reliability": [asdict(part) for part in reliability(outcome, temperature)],
        "snr": {"low_db": low, "high_db": high} | _estimate(whole),
        "rows": rows,
    }


def _confidence(outcome: Outcome, temperature: float, seed: int) -> dict[str, Any]:
    return {
        "frames": len(outcome),
        "accuracy": round(outcome.accuracy, 5),
        "calibration_error": round(expected_calibration_error(outcome, temperature), 5),
        "by_chance": round(error_by_chance(outcome, temperature, seed), 5),
    }


def _estimate(outcome: Outcome) -> dict[str, Any]:
    error = outcome.snr_estimate_db - outcome.snr_db
    return {
        "snr_rms_error_db": round(error.square().mean().sqrt().item(), 4) if len(error) else None,
        "snr_bias_db": round(error.mean().item(), 4) if len(error) else None,
    }


def error_by_chance(outcome: Outcome, temperature: float, seed: int, bins: int = 15) -> float:
    """The mean calibration error if each frame were right with just the probability that is said:
    what counting alone brings."""
    confidence = (outcome.logits / temperature).softmax(1).amax(1).double().numpy()
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    rng = np.random.default_rng(seed)
    right = rng.random((_DRAWS, len(confidence))) < confidence
    gaps = np.zeros(_DRAWS)
    for number in np.unique(place):
        inside = place == number
        gaps += np.abs((right[:, inside] - confidence[inside]).sum(1))
    return float(gaps.mean() / max(len(confidence), 1))
