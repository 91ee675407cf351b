# SPDX-License-Identifier: GPL-3.0-or-later
"""One finished run as a JSON file: what was trained, on what, and how it scored."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from denomae.errors import DenomaeError
from denomae.modalities import PUBLISHED_MODALITIES
from denomae.typed import from_json, to_json

SCHEMA = "denomae.result/1"
PARTS = ("main", "labels", "scaling", "modalities", "masks", "noise", "denoising")


@dataclass(frozen=True)
class Pretraining:
    """What a run did before it saw a label; `waiting_share` is of the seconds, for data."""

    objective: str
    modalities: tuple[str, ...]
    masked_share: float | None
    frames: int
    epochs: float
    seconds: float
    frames_per_s: float
    waiting_share: float


@dataclass(frozen=True)
class Finetuning:
    """What a run did with labels; `mode` says what was trained: head, linear or whole."""

    modalities: tuple[str, ...]
    labels: int
    epochs: float
    mode: str
    seconds: float


@dataclass(frozen=True)
class Row:
    """The score at one SNR: shares are 0..1, `low` and `high` a Wilson interval of 95 %.

    `merged` counts classes that are one waveform as one; `limit` is the best that any classifier
    could reach. Each is None where there is none.
    """

    snr_db: float
    frames: int
    right: int
    accuracy: float
    low: float
    high: float
    merged: float | None
    limit: float | None


@dataclass(frozen=True)
class Result:
    """A finished run.

    Attributes:
        id: of this run alone; its file is `<id>.json`.
        method: denomae, mae, dae, vit-dae, wamim, patch-position, scratch, cnn, forest, ...
        title: what the run is, in words that a table can show, without the seed.
        parts: the questions that this run helps to answer, some of `PARTS`.
        recipe, preset: what the frames are, and how large the model is.
        pretraining, finetuning: None where there was none.
        scores: what `evaluate` reports: `rows`, one an SNR (see `Row`), and whatever else.
        denoising: of runs that denoise: one object a figure, with "snr_db" and numbers.
        commit, hardware, threads, versions: what computed it.
    """

    id: str
    method: str
    title: str
    parts: tuple[str, ...]
    recipe: str
    preset: str
    seed: int
    pretraining: Pretraining | None
    finetuning: Finetuning | None
    scores: dict[str, Any]
    commit: str
    hardware: str
    threads: int
    versions: dict[str, str]
    denoising: tuple[dict[str, Any], ...] = ()
    schema: str = SCHEMA

    @property
    def rows(self) -> tuple[Row, ...]:
        """Of the scores, ascending in SNR."""
        return _rows(self.scores.get("rows", []), f"{self.id}: scores.rows")

    @property
    def inputs(self) -> str:
        """What the model looks at when it classifies, in words."""
        return inputs_of(self.finetuning.modalities if self.finetuning else ())

    @property
    def labels(self) -> int:
        return self.finetuning.labels if self.finetuning else 0


def inputs_of(modalities: tuple[str, ...]) -> str:
    """What a classifier looks at, in words; the noisy ones go without "noisy"."""
    live = {"noisy_image": "image", "noisy_signal": "signal", "noisy_spectra": "spectra"}
    return " + ".join(live.get(name, name.replace("_", " ")) for name in modalities)


def learnt_from(modalities: tuple[str, ...]) -> str:
    """What was pretrained on, in words."""
    absent = [name for name in PUBLISHED_MODALITIES if name not in modalities]
    if len(absent) <= 1 and len(modalities) <= 5:
        return f"all but {absent[0].replace('_', ' ')}" if absent else "all five"
    return ", ".join(name.replace("_", " ") for name in modalities)


def write_result(folder: Path, result: Result) -> Path:
    """Write `<id>.json` into a folder, whole or not at all; returns the file."""
    check(result, result.id)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.id}.json"
    partial = path.with_name(path.name + ".partial")
    text = json.dumps(to_json(result), indent=1, allow_nan=False) + "\n"
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return path


def read_results(folder: Path) -> list[Result]:
    """All results in a folder and the folders below it, by path; other JSON is passed over.

    Raises:
        DenomaeError: there is no such folder, or a result is not as it must be; names the file and
            the field.
    """
    if not folder.is_dir():
        raise DenomaeError(f"no folder {folder}; wanted one that holds results, as JSON")
    results = [result for path in sorted(folder.rglob("*.json")) if (result := _read(path))]
    seen: dict[tuple[str, ...], str] = {}
    for result in results:
        key = (result.recipe, result.preset, result.id)
        if key in seen:
            raise DenomaeError(
                f"{folder} holds two results {result.id!r} of {result.recipe}-{result.preset}; "
                "give each run an id of its own"
            )
        seen[key] = result.id
    return results


def check(result: Result, where: str) -> None:
    """Refuse a result that cannot be.

    Raises:
        DenomaeError: names the field.
    """
    if result.schema != SCHEMA:
        raise DenomaeError(f"{where}: schema: found {result.schema!r}, wanted {SCHEMA!r}")
    unknown = [part for part in result.parts if part not in PARTS]
    if unknown:
        raise DenomaeError(f"{where}: parts: found {unknown[0]!r}, wanted some of {list(PARTS)}")
    if not result.id or Path(result.id).name != result.id:
        raise DenomaeError(f"{where}: id: found {result.id!r}, wanted a name that a file can have")
    _rows(result.scores.get("rows", []), f"{where}: scores.rows")
    for number, figure in enumerate(result.denoising):
        value = figure.get("snr_db")
        if not _number(value):
            raise DenomaeError(f"{where}: denoising[{number}]: snr_db: found {value!r}, wanted dB")


def _read(path: Path) -> Result | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DenomaeError(
            f"{path} is not JSON ({error}); take it away and run that part again"
        ) from None
    if not isinstance(data, dict) or not str(data.get("schema", "")).startswith("denomae.result/"):
        return None
    result = from_json(Result, data, str(path))
    check(result, str(path))
    return result


def _rows(data: Any, where: str) -> tuple[Row, ...]:
    if not isinstance(data, list):
        raise DenomaeError(f"{where}: found {type(data).__name__}, wanted a list")
    names = Row.__dataclass_fields__
    rows = []
    for number, given in enumerate(data):
        place = f"{where}[{number}]"
        if not isinstance(given, dict):
            raise DenomaeError(f"{place}: found {type(given).__name__}, wanted an object")
        values = {"merged": None, "limit": None} | {k: v for k, v in given.items() if k in names}
        row = from_json(Row, values, place)
        if not (0 <= row.right <= row.frames and row.frames > 0):
            raise DenomaeError(
                f"{place}: found {row.right} right of {row.frames} frames, wanted 0 to all of "
                "one or more"
            )
        if abs(row.accuracy - row.right / row.frames) > 1e-3:
            raise DenomaeError(
                f"{place}: found accuracy {row.accuracy}, but {row.right} right of {row.frames} "
                "frames; wanted the same twice"
            )
        if not 0 <= row.low <= row.high <= 1:
            raise DenomaeError(
                f"{place}: found the interval {row.low} to {row.high}, wanted it within 0 to 1"
            )
        rows.append(row)
    return tuple(sorted(rows, key=lambda row: row.snr_db))


def _number(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value)
