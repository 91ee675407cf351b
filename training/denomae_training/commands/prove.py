# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train prove`."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from denomae.checkpoint import SHIPPED
from denomae.errors import DenomaeError
from denomae_training.commands.common import open_machine, recipe_of
from denomae_training.loop.schedule import Machine
from denomae_training.proof.settings import Counts
from denomae_training.report.table import to_markdown

Part = Literal["gnu-radio", "others", "recordings", "unknowns", "calibration", "symbols"]


@dataclass(frozen=True)
class Prove:
    """Judge a classifier by what it never saw: GNU Radio's signals, real recordings, unknown
    waveforms; and by how far its confidence and its SNR can be believed.

    Nothing here trains or tunes. The same command goes on where it was stopped, and measures again
    what depends on other weights or settings.
    """

    output: Path
    """A folder for `metrics.json`, `proof.md`, a JSON file of each part, and pictures."""
    checkpoint: Path = SHIPPED
    """A classifier; the shipped model by default."""
    parts: tuple[Part, ...] = (
        "gnu-radio",
        "others",
        "recordings",
        "unknowns",
        "calibration",
        "symbols",
    )
    others: Path | None = None
    """Frames by another generator, which `script/torchsig-frames` writes; without it they are not
    run."""
    captures: Path | None = None
    """The folder of the real recordings; without it they are not run."""
    captures_interval: int = 8192
    """Samples that the rate adapter before them measures at once."""
    seed: int = 1
    counts: Counts = field(default_factory=Counts)
    page: Path | None = None
    """A Markdown page whose tables of the set `proof` are written anew."""
    pictures: Path | None = None
    """A folder that gets the pictures as well, named proof-*.png."""
    machine: Machine = field(default_factory=Machine)

    def run(self) -> None:
        from denomae_training.proof.said import Subject
        from denomae_training.proof.tables import tables
        from denomae_training.proof.targets import targets

        if self.seed < 0 or not self.parts:
            raise DenomaeError(
                f"seed is {self.seed} and parts are {list(self.parts)}; wanted a seed of 0 or more "
                "and one part or more"
            )
        self.counts.check()
        device, precision = open_machine(self.machine)
        subject = Subject(self.checkpoint, device, precision)
        self.output.mkdir(parents=True, exist_ok=True)
        found = self._measured(subject)
        config = subject.config
        record = {
            "checkpoint": config.name,
            "weights_sha256": config.weights_sha256,
            "recipe": config.recipe,
            "seed": self.seed,
            "counts": dataclasses.asdict(self.counts),
            "targets": [dataclasses.asdict(target) for target in targets(found)],
            "parts": found,
        }
        text = json.dumps(record, indent=1, allow_nan=False) + "\n"
        (self.output / "metrics.json").write_text(text, encoding="utf-8")
        made = tables(found)
        title = f"{config.name} {config.weights_sha256[:12]}"
        pages = [f"# {title}", ""]
        for table in made.values():
            pages += [f"## {table.title}", "", to_markdown(table), ""]
        pictures = self._draw(found, config.families, title)
        pages += [f"![{path.stem}]({path.name})" for path in pictures]
        (self.output / "proof.md").write_text("\n".join(pages) + "\n", encoding="utf-8")
        if self.page is not None:
            from denomae_training.report.markdown import fill_file

            fill_file(self.page, {"proof": made})
        print(to_markdown(made["targets"]))
        print(f"{self.output} holds metrics.json, proof.md and {len(pictures)} pictures")

    def _measured(self, subject: Any) -> dict[str, Any]:
        from denomae_training.checks.gnu_radio import GnuRadio
        from denomae_training.proof import elsewhere, parts
        from denomae_training.proof.by_symbols import of_symbols
        from denomae_training.proof.others import of_others
        from denomae_training.proof.run import part

        config = subject.config
        recipe = recipe_of(config.recipe)
        own = recipe.synthesizes.classes
        if config.classes[: len(own)] != own:
            raise DenomaeError(
                f"{self.checkpoint} is a classifier of {list(config.classes)}, and its recipe "
                f"{config.recipe} has {list(own)}; wanted those classes first, in that order"
            )
        counts, seed = self.counts, self.seed
        same = {
            "weights": config.weights_sha256,
            "calibration": dataclasses.asdict(config.calibration),
            "seed": seed,
        }
        console = Console(stderr=True)
        found: dict[str, Any] = {}
        with GnuRadio() as gnu_radio, console.status("") as status:
            tell: Callable[[str], None] = status.update

            def of(name: str, settings: dict[str, Any], measure: Callable[[], Any]) -> None:
                if name in self.parts:
                    found[name] = part(self.output, name, same | settings, measure)

            if gnu_radio.missing:
                for name in ("gnu-radio", "recordings"):
                    if name in self.parts:
                        found[name] = {"not_run": f"there is no GNU Radio ({gnu_radio.missing})"}
            else:
                of(
                    "gnu-radio",
                    {"frames": counts.gnu_radio},
                    lambda: elsewhere.of_gnu_radio(subject, gnu_radio, seed, counts, tell),
                )
            if self.others is not None:
                path = self.others
                what = {"file": hashlib.sha256(path.read_bytes()).hexdigest()}
                of("others", what, lambda: of_others(subject, path))
            elif "others" in self.parts:
                found["others"] = {"not_run": "no frames of another generator (--others)"}
            if self.captures is not None and not gnu_radio.missing:
                folder, interval = self.captures, self.captures_interval
                of(
                    "recordings",
                    {"frames": counts.per_recording, "interval": interval},
                    lambda: elsewhere.of_recordings(
                        subject, gnu_radio, folder, interval, counts, tell
                    ),
                )
            elif "recordings" in self.parts and "recordings" not in found:
                found["recordings"] = {"not_run": "no folder of recordings was named (--captures)"}
            of(
                "unknowns",
                {"frames": [counts.known, counts.unknown, counts.empty]},
                lambda: parts.of_unknowns(subject, recipe, seed, counts, tell),
            )
            of(
                "calibration",
                {"frames": counts.calibration},
                lambda: parts.of_trust(subject, recipe, seed, counts, tell),
            )
            of(
                "symbols",
                {"frames": counts.strong},
                lambda: of_symbols(subject, recipe, seed, counts, tell),
            )
        return found

    def _draw(self, found: dict[str, Any], families: dict[str, str], title: str) -> list[Path]:
        from denomae_training.proof.pictures import draw

        drawn = draw(found, families, title, self.output)
        if self.pictures is not None:
            self.pictures.mkdir(parents=True, exist_ok=True)
            for path in drawn:
                shutil.copyfile(path, self.pictures / f"proof-{path.name}")
        return drawn
