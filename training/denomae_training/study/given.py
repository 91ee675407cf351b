# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a protocol that a study may measure instead of training its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from denomae.errors import DenomaeError
from denomae_training.loop.schedule import Schedule


def given_pretraining(
    runs: Path | None, name: str, recipe: str, preset: str, seed: int, schedule: Schedule
) -> Path | None:
    """The folder of a finished pretraining; None where there is none.

    Raises:
        DenomaeError: it is one of another recipe, preset, seed or length.
    """
    folder = _folder(runs, f"pretrain-{name}-s{seed}")
    if folder is None or not (folder / "model.safetensors").is_file():  # written at the end
        return None
    _check(folder, schedule, recipe=recipe, preset=preset, seed=seed)
    return folder


def given_tuning(
    runs: Path | None, name: str, recipe: str, preset: str, seed: int, schedule: Schedule
) -> Path | None:
    """The best weights of a finished fine-tuning on the noisy image; None where there are none.

    Raises:
        DenomaeError: it is one of another recipe, preset or length.
    """
    folder = _folder(runs, f"finetune-{name}-image-s{seed}")
    if folder is None:
        return None
    best, record = sorted(folder.glob("best-*.safetensors")), folder / "evaluations.json"
    if not best or not record.is_file():
        return None
    _check(folder, schedule, recipe=recipe, preset=preset)
    try:
        last = max(row["step"] for row in json.loads(record.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DenomaeError(f"{record} cannot be read: {error}") from error
    return best[-1] if last == schedule.steps else None  # else it was stopped on the way


def _folder(runs: Path | None, name: str) -> Path | None:
    return None if runs is None or not (runs / name).is_dir() else runs / name


def _check(folder: Path, schedule: Schedule, **wanted: Any) -> None:
    path = folder / "run.yaml"
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        found = {**found, "schedule.frames": found["schedule"]["frames"]}
    except (OSError, yaml.YAMLError, TypeError, KeyError) as error:
        raise DenomaeError(
            f"{path} cannot be read ({error!r}), wanted the record of a protocol's run; give "
            "another folder with --runs, or none to train anew"
        ) from error
    for key, value in {**wanted, "schedule.frames": schedule.frames}.items():
        if found.get(key) != value:
            raise DenomaeError(
                f"{folder} is a run with {key} {found.get(key)!r}, wanted {value!r}; give the "
                "folder of this recipe's protocol with --runs, or none to train anew"
            )
