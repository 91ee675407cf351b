# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train limit`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from denomae.errors import DenomaeError
from denomae_training.commands.common import recipe_of

FARTHEST_DB = 60  # beyond, every frame is certain or none is


@dataclass(frozen=True)
class Limit:
    """Compute the best accuracy that any classifier could reach on a recipe, by likelihood."""

    recipe: str = "denomae10"
    snr: tuple[float, ...] = ()
    """Where, in dB; empty: over the recipe's range."""
    frames: int = 400
    """Of each class at each SNR."""
    phases: int = 1
    """More than 1: also for a classifier that knows the carrier's phase to be one of so many."""
    forest: int = 0
    """More than 0: also the accuracy of a random forest on ten moments, trained on so many frames
    of the recipe's range of SNR (needs scikit-learn)."""
    ignore_length: bool = True
    """Of paper10: also for a classifier that ignores how long frames are, which takes most of the
    time."""
    seed: int = 1
    output: Path | None = None
    """A folder for `limit-RECIPE.json` and, where matplotlib is there, `limit-RECIPE.png`."""

    def run(self) -> None:
        from denomae_training.limits.recipes import limit_of
        from denomae_training.limits.report import confusion_lines, header, line, row_of
        from denomae_training.limits.score import score

        for name, least in (("frames", 2), ("phases", 1), ("forest", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise DenomaeError(f"{name} is {getattr(self, name)}; wanted {least} or more")
        for snr_db in self.snr:
            if not abs(snr_db) <= FARTHEST_DB:
                raise DenomaeError(
                    f"snr has {snr_db:g} dB; wanted values from -{FARTHEST_DB} to {FARTHEST_DB}"
                )
        recipe = recipe_of(self.recipe)
        limit = limit_of(recipe, self.ignore_length)
        rival = None
        if self.forest:
            from denomae_training.limits.rival import MomentForest

            rival = MomentForest(recipe, self.seed, self.forest)
        print(f"The limit of {recipe.name}, for a classifier that knows {limit.knows}.")
        rows = []
        for snr_db in self.snr or limit.snr_db:
            trials = limit.trials(self.seed, snr_db, self.frames, self.phases)
            views = {
                name: score(table, trials.truth, trials.group)
                for name, table in trials.views.items()
            }
            best = score(trials.log_likelihood, trials.truth, trials.group)
            row = row_of(snr_db, limit.classes, best, views)
            if rival:
                accuracy, error = rival.accuracy(snr_db, self.frames * len(limit.classes))
                row["views"]["forest"] = {"accuracy": accuracy, "standard_error": error}
            if not rows:
                print(header(limit.classes, list(row["views"])))
            rows.append(row)
            print(line(row), flush=True)
        print("\nWhat is taken for what, over these SNRs alike (%):")
        print("\n".join(confusion_lines(rows, limit.classes)))
        if self.output:
            self._write(recipe.name, limit.knows, rows)

    def _write(self, name: str, knows: str, rows: list[dict]) -> None:
        from denomae_training.limits.report import draw_limit

        self.output.mkdir(parents=True, exist_ok=True)
        record = {
            "recipe": name,
            "knows": knows,
            "classes": list(rows[0]["class_accuracy"]),
            "frames_per_class": self.frames,
            "phases": self.phases,
            "forest_labels": self.forest,
            "seed": self.seed,
            "rows": rows,
        }
        text = json.dumps(record, indent=1) + "\n"
        (self.output / f"limit-{name}.json").write_text(text, encoding="utf-8")
        try:
            draw_limit(rows, f"The limit of {name}", self.output / f"limit-{name}.png")
        except ImportError:
            print("no picture: matplotlib is not installed")
