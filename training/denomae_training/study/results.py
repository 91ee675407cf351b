# SPDX-License-Identifier: GPL-3.0-or-later
"""What studies have left in their folders: figures and what is drawn, by data and conditions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from torch import Tensor

from denomae.errors import DenomaeError
from denomae_training.loop.files import read_weights
from denomae_training.report.summary import Measure
from denomae_training.study.run import DRAWN, FIGURES, RECORD

FAIRNESS = ("published", "fair")


@dataclass(frozen=True)
class Found:
    """One model under one kind of conditions, of one seed or several.

    Attributes:
        figures: of each seed, as `measure` made them.
        folder: of the first seed.
    """

    data: str
    fairness: str
    name: str
    figures: tuple[dict[str, Any], ...]
    folder: Path
    classes: tuple[str, ...]

    @property
    def title(self) -> str:
        return self.figures[0]["title"]

    @property
    def is_network(self) -> bool:
        """Not so of the pixels themselves, which have neither maps nor weights."""
        return "maps" in self.figures[0]

    def value(self, *path: str, scale: float = 1.0, digits: int = 1) -> Measure | None:
        """A figure's mean over seeds, and its deviation where there are several."""
        values = []
        for each in self.figures:
            for name in path:
                each = each.get(name) if isinstance(each, dict) else None
            if each is not None:
                values.append(scale * each)
        if not values:
            return None
        return Measure(fmean(values), stdev(values) if len(values) > 1 else None, digits)

    def drawn(self) -> dict[str, Tensor]:
        """The tensors of the first seed."""
        return read_weights(self.folder / DRAWN)


Studies = dict[tuple[str, str], list[Found]]


def read_studies(folder: Path) -> Studies:
    """Data and fairness to its models, in the order in which they were studied.

    Raises:
        DenomaeError: a file is damaged.
    """
    seeds: dict[tuple[str, str, str], list[tuple[dict, Path, tuple[str, ...]]]] = {}
    for record in sorted(folder.glob(f"*/{RECORD}")):
        what = _read(record)
        for name in what["models"]:
            path = record.parent / name / FIGURES
            if path.is_file():
                key = (what["data"], what["fairness"], name)
                seeds.setdefault(key, []).append((_read(path), path.parent, tuple(what["classes"])))
    studies: Studies = {}
    for (data, fairness, name), found in seeds.items():
        figures = tuple(each for each, _, _ in found)
        studies.setdefault((data, fairness), []).append(
            Found(data, fairness, name, figures, found[0][1], found[0][2])
        )
    return studies


def unfinished(folder: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    """Data and fairness to the models that were to be studied and have no figures yet."""
    found = {}
    for record in sorted(folder.glob(f"*/{RECORD}")):
        what = _read(record)
        names = [n for n in what["models"] if not (record.parent / n / FIGURES).is_file()]
        if names:
            found[what["data"], what["fairness"]] = tuple(names)
    return found


def named(studies: Studies, data: str, fairness: str, name: str) -> Found | None:
    """One model; None where it was not run."""
    found: Sequence[Found] = studies.get((data, fairness), ())
    return next((each for each in found if each.name == name), None)


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DenomaeError(
            f"{path} cannot be read ({error}); delete it, and the same study makes it again"
        ) from error
