# SPDX-License-Identifier: GPL-3.0-or-later
"""Labelled frames by another generator, from a file: `script/torchsig-frames` writes such a one."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from denomae.errors import DenomaeError
from denomae_training.proof.grading import Graded
from denomae_training.proof.said import Subject
from denomae_training.proof.settings import CLASS_FROM_DB, FAMILY_FROM_DB

_WANTED = {"frames": "complex64 [F, N]", "class_name": "strings [F]", "snr_db": "float32 [F]"}


def read_frames(path: Path, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames complex64 [F, length], the names of their classes [F], and their SNR in dB [F].

    Raises:
        DenomaeError: no such file, or it holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            frames, names, levels = (file[name] for name in _WANTED)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DenomaeError(
            f"{path} cannot be read as frames of another generator ({error}); wanted an .npz file "
            f"of {_WANTED}, as script/torchsig-frames writes it"
        ) from error
    if (
        frames.dtype != np.complex64
        or frames.ndim != 2
        or frames.shape[1] != length
        or names.shape != frames.shape[:1]
        or names.dtype.kind != "U"
        or levels.shape != frames.shape[:1]
    ):
        raise DenomaeError(
            f"{path} holds frames {frames.dtype} {list(frames.shape)}, classes {names.dtype} "
            f"{list(names.shape)} and SNRs {list(levels.shape)}; wanted {_WANTED} with N = {length}"
        )
    return frames, names, levels.astype(float)


def of_others(subject: Subject, path: Path) -> dict[str, Any]:
    """How often frames of another generator are named right, of classes that the model knows.

    Raises:
        DenomaeError: see `read_frames`; or none of its classes is known.
    """
    frames, names, levels = read_frames(path, subject.frame_length)
    classes = subject.config.classes
    known = np.isin(names, classes)
    if not known.any():
        raise DenomaeError(
            f"{path} has frames of {sorted(set(names.tolist()))}, none of which is a class of "
            f"{subject.config.name}: {list(classes)}"
        )
    truth = np.array([classes.index(name) for name in names[known]])
    graded = Graded(subject, subject.asked(frames[known]), truth, levels[known])
    return graded.report() | {
        "made": [name for name in classes if name in names],
        "family_from": graded.row(graded.snr_db >= FAMILY_FROM_DB)["family"],
        "class_from": graded.row(graded.snr_db >= CLASS_FROM_DB)["merged"],
    }
