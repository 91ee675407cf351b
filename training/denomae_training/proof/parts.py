# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a proof that need no GNU Radio: refusal of unknown waveforms, and calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from denomae_training.evaluation.calibration import FALSE_ALARM
from denomae_training.evaluation.outcome import Outcome
from denomae_training.proof.elsewhere import Progress
from denomae_training.proof.frames import drawn, signals
from denomae_training.proof.grading import share
from denomae_training.proof.refusal import FROM_LOGITS, Bank, auroc, mean_auroc, refused
from denomae_training.proof.said import Subject
from denomae_training.proof.settings import (
    KNOWN_SNR_DB,
    Counts,
)
from denomae_training.proof.trust import trust
from denomae_training.proof.unknowns import KINDS, unknown_frame
from denomae_training.signals.recipe import Recipe


def of_unknowns(
    subject: Subject, recipe: Recipe, seed: int, counts: Counts, tell: Progress
) -> dict[str, Any]:
    """Refusal scores compared on known and unknown frames, and noise against signals at 0 dB."""
    temperature = subject.config.calibration.temperature
    has_signal = signals(recipe)
    tell("known frames")
    bank_frames = drawn(recipe, "bank", seed, counts.known, KNOWN_SNR_DB, has_signal)
    bank = Bank(subject.asked(bank_frames.frames), bank_frames.class_index, temperature)
    fitted, known = (
        subject.asked(drawn(recipe, name, seed, counts.known, KNOWN_SNR_DB, has_signal).frames)
        for name in ("thresholds", "known")
    )
    before, familiar = bank.scores(fitted), bank.scores(known)
    strange, now = {}, {}
    for kind in KINDS:
        tell(f"unknown: {kind}")
        frames = [
            unknown_frame(kind, seed, index, KNOWN_SNR_DB, subject.frame_length)[0]
            for index in range(counts.unknown)
        ]
        said = subject.asked(np.stack(frames))
        strange[kind] = bank.scores(said)
        now[kind] = share(subject.refuses(said))
    scores = {}
    for name, values in familiar.items():
        kinds = {kind: strange[kind][name] for kind in KINDS}
        threshold = float(np.quantile(before[name], FALSE_ALARM))
        scores[name] = {
            "from_logits": name in FROM_LOGITS,
            "auroc": {kind: round(auroc(values, found), 5) for kind, found in kinds.items()},
            "mean_auroc": round(mean_auroc(values, kinds), 5),
            "threshold": round(threshold, 5),
            "known_refused": share(values < threshold),
            "unknown_refused": {
                k: round(refused(found, threshold), 5) for k, found in kinds.items()
            },
            "values": {
                "known": _spread(values),
                "unknown": _spread(np.concatenate(list(kinds.values()))),
            },
        }
    return {
        "snr_db": list(KNOWN_SNR_DB),
        "false_alarm": FALSE_ALARM,
        "kinds": list(KINDS),
        "frames": {"known": counts.known, "each_unknown": counts.unknown},
        "scores": scores,
        "checkpoint": {
            "score": subject.score,
            "threshold": subject.config.calibration.threshold,
            "known_refused": share(subject.refuses(known)),
            "unknown_refused": now,
        },
        "noise": _noise(subject, recipe, seed, counts, tell),
    }


def _noise(
    subject: Subject, recipe: Recipe, seed: int, counts: Counts, tell: Progress
) -> dict[str, Any] | None:
    """How well the probability of `noise` tells empty frames from signals at 0 dB."""
    if "noise" not in recipe.synthesizes.classes:
        return None
    tell("noise against signals")
    number = recipe.synthesizes.classes.index("noise")
    empty = drawn(recipe, "empty", seed, counts.empty, (0.0, 0.0), [number])
    full = drawn(recipe, "full", seed, counts.empty, (0.0, 0.0), signals(recipe))
    named = [-subject.probabilities(subject.asked(one.frames))[:, number] for one in (full, empty)]
    return {"frames": counts.empty, "auroc": round(auroc(*named), 5)}


def of_trust(
    subject: Subject, recipe: Recipe, seed: int, counts: Counts, tell: Progress
) -> dict[str, Any]:
    """Calibration and SNR estimate over the recipe's whole range of SNR."""
    tell("calibration")
    known = drawn(recipe, "calibration", seed, counts.calibration, recipe.snr_db)
    said = subject.asked(known.frames)
    outcome = Outcome(
        said.logits,
        said.snr_db,
        torch.from_numpy(known.class_index),
        torch.from_numpy(known.snr_db).float(),
    )
    return trust(outcome, subject.config.calibration.temperature, seed)


def _spread(values: np.ndarray, count: int = 201) -> list[float]:
    """Values at evenly spaced shares: what a histogram is drawn from."""
    return [float(f"{value:.5g}") for value in np.quantile(values, np.linspace(0, 1, count))]
