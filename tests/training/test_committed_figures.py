# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of the model card are those of the weights that are shipped."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from denomae.checkpoint import SHIPPED, load_model, read_config
from denomae_training.evaluation import TestSet
from denomae_training.evaluation.card import SAMPLE_ROUNDS, fill_card
from denomae_training.signals.recipes import RECIPES

ROOT = Path(__file__).resolve().parents[2]
CARD = ROOT / "docs" / "model-card.md"
RECORD = json.loads((ROOT / "docs" / "model-card" / "evaluation.json").read_text())
MOST_ON_THE_EDGE = 0.01
"""Of the answers, that may differ: two classes within a rounding of each other on another machine,
or whose frames differ by 1e-5 under another numpy."""


def test_the_shipped_weights_answer_a_sample_of_the_test_frames_as_recorded():
    config = read_config(SHIPPED)
    assert RECORD["weights_sha256"] == config.weights_sha256
    recipe, grid = RECIPES[RECORD["recipe"]], tuple(row["snr_db"] for row in RECORD["rows"])
    frames = SAMPLE_ROUNDS * len(recipe.classes) * len(grid)
    tests = TestSet(recipe, RECORD["seed"], frames, grid)
    outcome = tests.build(config.modalities, config.architecture).answers(load_model(SHIPPED))
    named = torch.tensor(RECORD["sample"]["named"])
    assert len(named) == RECORD["sample"]["frames"] == frames
    assert (outcome.named != named).float().mean() <= MOST_ON_THE_EDGE
    assert int((named == outcome.class_index).sum()) == RECORD["sample"]["right"]


def test_the_card_has_the_figures_of_the_record(tmp_path):
    page = tmp_path / "model-card.md"
    page.write_text(CARD.read_text())
    fill_card(page, RECORD, read_config(SHIPPED).families)
    assert page.read_text() == CARD.read_text()
