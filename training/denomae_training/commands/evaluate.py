# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train evaluate`."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

from denomae.checkpoint import CheckpointConfig, load_model, read_config
from denomae.cli.text import print_table
from denomae.errors import DenomaeError
from denomae.model.denoiser import denoised
from denomae_training.commands.common import open_machine, recipe_of
from denomae_training.evaluation import TestSet, report_of
from denomae_training.evaluation.card import fill_card, sample_of_answers
from denomae_training.evaluation.cost import cost_of
from denomae_training.evaluation.denoising import denoising_report, linear_classes
from denomae_training.evaluation.table import denoising_lines, lines_of
from denomae_training.evaluation.tokens import COLUMNS, by_tokens, kept_grid
from denomae_training.loop.schedule import Machine
from denomae_training.signals.recipe import Recipe

LOWEST_DB, HIGHEST_DB = -20.0, 20.0  # tested at least from here to there
FARTHEST_DB = 60


@dataclass(frozen=True)
class Evaluate:
    """Measure a classifier on the test frames: accuracy at each SNR beside the limit, confusion,
    calibration and cost; or a denoiser: the SNR that each class gains."""

    checkpoint: Path
    recipe: str = "live"
    seed: int = 1
    snr: tuple[float, ...] = ()
    """Where, in dB; empty: from -20 to 20 dB, or to the ends of the recipe's range beyond."""
    snr_step_db: float = 2.0
    frames_per_snr: int = 480
    """Classes equally often."""
    batch_size: int = 64
    """At which the throughput is measured."""
    tokens: tuple[float, ...] = ()
    """Shares of each image's patches, those with the most in them: accuracy and speed with each,
    for example 0.25 0.5 1."""
    signal_every: tuple[int, ...] = (1,)
    """With --tokens: of a signal's patches every so-manieth, each with each share."""
    json: bool = False
    """Print JSON lines: one object an SNR, then one of all the rest."""
    output: Path | None = None
    """A folder for `evaluation.json`, `accuracy.png`, `confusion.png` and `reliability.png`; of a
    denoiser for `denoising.json`."""
    page: Path | None = None
    """A Markdown page, such as a model card, whose tables of the set `evaluation` are written
    anew."""
    picture: Path | None = None
    """Where to draw the accuracy of every class at every SNR, as PNG."""
    machine: Machine = field(default_factory=Machine)

    def run(self) -> None:
        recipe = recipe_of(self.recipe)
        grid = self._grid(recipe)
        config = read_config(self.checkpoint)
        if config.kind == "denoiser":
            return self._denoiser(config, recipe, grid)
        own = config.classes[: len(recipe.classes)]  # those behind them it learnt from recordings
        if config.kind != "classifier" or own != recipe.classes:
            raise DenomaeError(
                f"{self.checkpoint} is a {config.kind} checkpoint of {list(config.classes)}; "
                f"wanted a classifier of {list(recipe.classes)}, which may know more behind them"
            )
        device, precision = open_machine(self.machine)
        model = load_model(self.checkpoint, config).to(device)
        tests = TestSet(recipe, self.seed, self.frames_per_snr * len(grid), grid)
        built = tests.build(config.modalities, config.architecture, device)
        outcome = built.answers(model)
        report = report_of(outcome, config.classes, recipe, config.calibration.temperature)
        cost = cost_of(model, self.batch_size, precision)
        sample = sample_of_answers(outcome, grid, len(recipe.classes))
        rows = []
        if self.tokens:
            grid = kept_grid(self.tokens, self.signal_every, config.architecture)
            rows = by_tokens(model, built, grid, self.batch_size, precision)
            report["tokens"] = [dataclasses.asdict(row) for row in rows]
        record = {
            "checkpoint": config.name,
            "weights_sha256": config.weights_sha256,
            "seed": self.seed,
            "frames_per_snr": self.frames_per_snr,
            "sample": sample,
            "cost": dataclasses.asdict(cost),
        } | report
        if self.json:
            for row in report["rows"]:
                print(json.dumps(row))
            print(json.dumps({name: v for name, v in record.items() if name != "rows"}))
        else:
            print("\n".join(lines_of(report, cost)))
            if rows:
                print_table(COLUMNS, [row.cells for row in rows])
        if self.output:
            from denomae_training.evaluation.pictures import draw_report

            self.output.mkdir(parents=True, exist_ok=True)
            text = json.dumps(record, indent=1, allow_nan=False) + "\n"
            (self.output / "evaluation.json").write_text(text, encoding="utf-8")
            draw_report(report, f"{config.name} on {recipe.name}", self.output)
        if self.page:
            fill_card(self.page, report, config.families)
        if self.picture:
            from denomae_training.picture import draw_accuracy

            draw_accuracy(report["rows"], config.families, self.picture)

    def _denoiser(self, config: CheckpointConfig, recipe: Recipe, grid: tuple[float, ...]) -> None:
        device, _ = open_machine(self.machine)
        model = load_model(self.checkpoint, config).to(device)
        report = denoising_report(
            lambda views: denoised(model, {name: views[name] for name in config.modalities}),
            recipe,
            config.architecture,
            grid,
            self.frames_per_snr // len(recipe.classes),
            self.seed,
            device,
            # where classes have no spectrum of their own, one that knows it is no filter
            wiener=bool(linear_classes(recipe)),
        )
        record = {"checkpoint": config.name, "weights_sha256": config.weights_sha256} | report
        if self.json:
            for row in report["rows"]:
                print(json.dumps(row))
        else:
            print("\n".join(denoising_lines(report)))
        if self.output:
            self.output.mkdir(parents=True, exist_ok=True)
            text = json.dumps(record, indent=1, allow_nan=False) + "\n"
            (self.output / "denoising.json").write_text(text, encoding="utf-8")

    def _grid(self, recipe: Recipe) -> tuple[float, ...]:
        """Where the model is tested."""
        for name, least in (
            ("frames_per_snr", len(recipe.classes)),
            ("batch_size", 1),
            ("seed", 0),
        ):
            if getattr(self, name) < least:
                raise DenomaeError(f"{name} is {getattr(self, name)}; wanted {least} or more")
        if not 0 < self.snr_step_db < math.inf:
            raise DenomaeError(f"snr_step_db is {self.snr_step_db:g}; wanted a step above 0 dB")
        for snr_db in self.snr:
            if not abs(snr_db) <= FARTHEST_DB:
                raise DenomaeError(
                    f"snr has {snr_db:g} dB; wanted values from -{FARTHEST_DB} to {FARTHEST_DB}"
                )
        if self.snr:
            return tuple(sorted(set(self.snr)))
        low, high = min(LOWEST_DB, recipe.snr_db[0]), max(HIGHEST_DB, recipe.snr_db[1])
        steps = math.floor((high - low) / self.snr_step_db + 1e-9)
        return tuple(low + number * self.snr_step_db for number in range(steps + 1))
