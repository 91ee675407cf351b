# SPDX-License-Identifier: GPL-3.0-or-later
"""How good a model is: test frames, scores beside the limit, calibration, cost, denoising."""

from denomae_training.evaluation.answers import answers, fixed_frames
from denomae_training.evaluation.calibration import calibrate, expected_calibration_error
from denomae_training.evaluation.outcome import Outcome, confusion
from denomae_training.evaluation.scores import report_of
from denomae_training.evaluation.test_set import SNR_GRID, BuiltTestSet, TestSet

__all__ = [
    "SNR_GRID",
    "BuiltTestSet",
    "Outcome",
    "TestSet",
    "answers",
    "calibrate",
    "confusion",
    "expected_calibration_error",
    "fixed_frames",
    "report_of",
]
