# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train report` as a whole: a folder of results and small models becomes a page."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from report_examples import example, several

from denomae.checkpoint import Provenance, write_checkpoint
from denomae.model.classifier import Classifier
from denomae.model.denoiser import Denoiser
from denomae.model.presets import PRESETS
from denomae.raster import ImageSpec
from denomae_training.cli import main
from denomae_training.commands.common import checkpoint_config
from denomae_training.objectives.denomae import Denomae
from denomae_training.report import pictures
from denomae_training.report.curves import Styles, draw_masks, draw_noise
from denomae_training.report.plan import Planned, write_plan
from denomae_training.report.result import write_result
from denomae_training.signals.recipes import RECIPES

SMALL = replace(
    PRESETS["nano"],
    image=ImageSpec(32, 32, 2.5, (0.5, 1.0), (3, 5)),
    width=32,
    heads=2,
    depth=1,
    head_width=16,
    decoder_width=16,
    decoder_heads=2,
)
EMPTY = {"meta", "img", "br", "hr", "link", "input"}


class Reader(HTMLParser):
    """Collects what a page holds, and refuses one whose tags do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.images = 0

    def handle_starttag(self, tag: str, attrs: list) -> None:
        values = dict(attrs)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values[name] for name in ("src", "href") if name in values]
        self.images += tag == "img"
        assert tag != "img" or values["alt"]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    assert not reader.open
    return reader


def _train(model: torch.nn.Module, folder: Path, kind: str, modalities: tuple[str, ...]) -> str:
    """A checkpoint of first weights, where they would lie behind a run."""
    recipe = RECIPES["denomae10"]
    record = Provenance(1, 0, 0, "unknown")
    config = checkpoint_config(folder.name, kind, SMALL, modalities, recipe, record)
    write_checkpoint(folder / "checkpoint", config, model)
    return str(folder)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> list[str]:
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("runs")
    five, both = Denomae(), ("noisy_image", "noisy_signal")
    return [
        _train(five.model(SMALL), folder / "five", "pretrained", five.modalities),
        "scratch=" + _train(Classifier(SMALL, both, 10), folder / "c", "classifier", both),
        _train(Denoiser(SMALL, both), folder / "denoiser", "denoiser", both),
    ]


@pytest.mark.timeout(400)
def test_a_folder_of_results_and_models_becomes_one_page(tmp_path, models, monkeypatch, capsys):
    monkeypatch.setattr(pictures, "RECONSTRUCTED_DB", (-10.0, 10.0))
    results, output = tmp_path / "results", tmp_path / "report"
    for result in several():
        write_result(results / "denomae10-nano", result)
    planned = [Planned("far", "A far run", "denomae10", "base", ("main",), "full")]
    write_plan(results, planned)
    code = main(
        ["report", "--results", str(results), "--output", str(output),
         "--checkpoints", *models, "--shown.frames", "2", "--shown.embedded-frames", "40",
         "--shown.embedded-db", "10"]
    )  # fmt: skip
    assert code == 0, capsys.readouterr().err
    page = _read(output / "index.html")
    words = " ".join(page.words)
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in page.links)
    assert {link[1:] for link in page.links if link[0] == "#"} <= set(page.ids)
    for said in ("Not run: masked share.", "A far run", "no class token", "−10 to −6"):
        assert said in words, said
    pngs = sorted(path.name for path in output.glob("*.png"))
    assert page.images == len(pngs)
    assert pngs == sorted(
        [f"denomae10-nano-{part}.png"
         for part in ("accuracy", "labels", "scaling", "modalities", "denoising")]
        + [f"{name}-attention.png" for name in ("five", "scratch", "denoiser")]
        + [f"{name}-reconstruction-{form}.png" for name in ("five", "denoiser")
           for form in ("image", "signal")]
        + ["embeddings.png"]
    )  # fmt: skip
    for name in pngs:
        pixels = np.asarray(Image.open(output / name).convert("L"), dtype=float)
        assert min(pixels.shape) > 150 and pixels.std() > 8, name
    assert (output / "denomae10-nano-main.csv").read_text().count("\n") == 5
    assert (output / "reconstructions.csv").read_text().count("\n") == 1 + 2 * 2
    assert "denomae10-base: methods side by side" in words


@pytest.mark.timeout(300)
def test_a_report_of_nothing_is_refused_and_so_are_wrong_models(tmp_path, models, capsys):
    results = tmp_path / "results"
    results.mkdir()
    command = ["report", "--results", str(results), "--output", str(tmp_path / "out")]
    for more, said in (
        ([], "holds no results"),
        (["--checkpoints", str(tmp_path / "x")], "no checkpoint at"),
        (["--checkpoints", models[0], models[0]], "are named ['five', 'five']; name each"),
        (["--checkpoints", models[0], "--shown.example", "morse"], "has no class 'morse'"),
    ):
        assert main([*command, *more]) == 2
        assert said in capsys.readouterr().err
    (results / "r.json").write_text('{"schema": "denomae.result/1", "id": "r"}')
    assert main(command) == 2
    assert "r.json: the field 'method' is missing" in capsys.readouterr().err


def test_masks_and_noise_are_drawn_where_there_are_results(tmp_path):
    shares = [example(f"m{k}", middle_db=-k, parts=("masks",)) for k in range(3)]
    shares = [replace(r, pretraining=replace(r.pretraining, masked_share=k / 4))
              for k, r in enumerate(shares)]  # fmt: skip
    level = example("s", "scratch", "from scratch", 3, parts=("masks",))
    noise = [example("n", title="given", parts=("noise",))]
    assert draw_masks([*shares, level], Styles([*shares, level]), tmp_path / "masks.png")
    assert not draw_masks([level], Styles([level]), tmp_path / "none.png")
    assert draw_noise(noise, tmp_path / "noise.png") and not draw_noise(shares, tmp_path / "n.png")
    for name in ("masks", "noise"):
        pixels = np.asarray(Image.open(tmp_path / f"{name}.png").convert("L"), dtype=float)
        assert pixels.std() > 8
    assert sorted(path.name for path in tmp_path.iterdir()) == ["masks.png", "noise.png"]
