# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands share: looking things up by name, a run's folder, a checkpoint's record."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch

from denomae.checkpoint import FORMAT, Calibration, CheckpointConfig, Provenance
from denomae.device import choose_device, choose_precision
from denomae.errors import DenomaeError
from denomae.model.presets import PRESETS, Architecture
from denomae_training.commands.configuration import (
    blank,
    from_plain,
    read_configuration,
    to_plain,
    write_configuration,
)
from denomae_training.loop.distributed import here, own_device
from denomae_training.loop.schedule import Machine
from denomae_training.signals.recipe import Recipe
from denomae_training.signals.recipes import RECIPES

Images = Literal["raw", "differential", "corrected", "synchronised"]

# between a run's start and its resumption
MAY_CHANGE = ("machine", "schedule.frames", "schedule.accumulate")
_PACKAGE = Path(__file__).resolve().parents[1]
# what a run has come to; a folder with none of it, such as that of a command which was refused, is
# any command's
_RESULTS = ("state-*", "best-*", "checkpoint", "encoder", "report.json")


def recipe_of(name: str) -> Recipe:
    if name not in RECIPES:
        raise DenomaeError(f"no recipe {name!r}; wanted one of {list(RECIPES)}")
    return RECIPES[name]


def architecture_of(preset: str, images: Images = "raw", lag: int = 1) -> Architecture:
    """A preset, its images of these samples.

    Raises:
        DenomaeError: there is no such preset, or a lag that no frame has.
    """
    if preset not in PRESETS:
        raise DenomaeError(f"no preset {preset!r}; wanted one of {list(PRESETS)}")
    architecture = PRESETS[preset]
    if not 1 <= lag < architecture.frame_length:
        raise DenomaeError(
            f"image_lag is {lag}; wanted 1 to {architecture.frame_length - 1} samples"
        )
    return replace(architecture, image=replace(architecture.image, samples=images, lag=lag))


def open_run(command: Any) -> None:
    """Make a run's folder and record the command in it, as `run.yaml`; a resumed run must be the
    same command once there is anything of it to go on from. Options that a record does not name,
    being newer than it, had their defaults.

    Args:
        command: a dataclass with `output`, the folder.

    Raises:
        DenomaeError: the folder holds a run of another command; names the first difference.
    """
    output: Path = command.output
    record = output / "run.yaml"
    if record.is_file() and _begun(output):
        then = from_plain(blank(type(command)), read_configuration(record), str(record))
        before, now = flat(to_plain(then)), flat(to_plain(command))
        for name in sorted(before.keys() | now.keys()):
            if not name.startswith(MAY_CHANGE) and before.get(name) != now.get(name):
                raise DenomaeError(
                    f"{output} holds a run with {name} {before.get(name)!r}, this command has "
                    f"{now.get(name)!r}; choose another folder, or the same command to go on"
                )
    if here().rank == 0:
        output.mkdir(parents=True, exist_ok=True)
        write_configuration(record, command)


def open_machine(machine: Machine) -> tuple[torch.device, torch.dtype]:
    """This process's device and the precision, with torch's threads set."""
    device = own_device(choose_device(machine.device))
    if machine.threads:
        torch.set_num_threads(machine.threads)
    return device, choose_precision(machine.precision, device)


def checkpoint_config(
    name: str,
    kind: Literal["pretrained", "classifier", "encoder", "denoiser"],
    architecture: Architecture,
    modalities: tuple[str, ...],
    recipe: Recipe,
    provenance: Provenance,
    calibration: Calibration | None = None,
    metrics: dict[str, float] | None = None,
) -> CheckpointConfig:
    """The record of a checkpoint that was trained on a recipe."""
    classes = recipe.classes if kind == "classifier" else ()
    return CheckpointConfig(
        format=FORMAT,
        name=name,
        kind=kind,
        architecture=architecture,
        modalities=modalities,
        classes=classes,
        families=recipe.families if classes else {},
        power_normalisation=recipe.power_normalisation,
        recipe=recipe.name,
        samples_per_symbol=recipe.samples_per_symbol,
        snr_db=recipe.snr_db,
        calibration=calibration or Calibration(),
        metrics={key: round(value, 5) for key, value in (metrics or {}).items()},
        provenance=provenance,
    )


def commit(place: Path = _PACKAGE) -> str:
    """The commit of the checkout that this code runs from, or "unknown"; "+changes" behind it where
    a file was changed since.

    Args:
        place: of this package.
    """
    if place.parent.name != "training":  # installed: a repository around it would be another's
        return "unknown"
    head = _git(place, "rev-parse", "HEAD")
    if not head:
        return "unknown"
    return head + ("+changes" if _git(place, "status", "--porcelain", "-uno") else "")


def _git(place: Path, *arguments: str) -> str:
    """What git says; nothing where it fails."""
    command = ["git", "-C", str(place), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _begun(folder: Path) -> bool:
    """Whether a run's folder holds something of a run."""
    log = folder / "log.jsonl"
    rows = log.is_file() and log.stat().st_size > 0
    return rows or any(next(folder.glob(name), None) for name in _RESULTS)


def flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one, with dotted names."""
    one: dict[str, Any] = {}
    for key, value in data.items():
        inner = flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
        one |= inner
    return one
