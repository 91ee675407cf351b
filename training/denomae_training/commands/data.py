# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train data`."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from denomae.cli.text import counted, print_table
from denomae.errors import DenomaeError
from denomae_training.commands.common import recipe_of
from denomae_training.data.recordings import SHARES
from denomae_training.data.report import Report, report


@dataclass(frozen=True)
class Data:
    """Show what a labelled set holds: frames by class, by side of the split, and by SNR."""

    captures: Path
    """A folder or collection of SigMF recordings whose annotations say the class, or a public set:
    RadioML's .pkl or .hdf5, or the folder of CSPB.ML.2018."""
    recipe: str | None = None
    """Check the labels against the classes of this recipe, and cut its frame length."""
    frame_length: int = 1024
    """Into which recordings are cut, where there is no recipe."""
    split_seed: int = 0
    """Which recordings go to which side."""
    leave_out_unknown: bool = False
    """Leave out frames whose class the recipe does not know."""
    json: bool = False
    """Print one JSON object."""

    def run(self) -> None:
        recipe = recipe_of(self.recipe) if self.recipe else None
        found = report(
            self.captures,
            recipe,
            self.frame_length,
            SHARES,
            self.split_seed,
            self.leave_out_unknown,
        )
        if self.json:
            print(json.dumps(found.to_dict()))
        else:
            _print(self.captures, found, "recipe's name" if recipe else "our name")
            if recipe:
                there = {row.name for row in found.rows if row.frames}
                lacking = [name for name in recipe.classes if name not in there]
                if lacking:
                    print(f"No frames of: {', '.join(lacking)}")
        for sentence in found.notes:
            print(f"denomae-train: {sentence}", file=sys.stderr)
        if found.problem:
            raise DenomaeError(found.problem)


def _print(path: Path, found: Report, name: str) -> None:
    frames = sum(row.frames for row in found.rows)
    which = "block" if found.recordings_are_guessed else "recording"
    print(
        f"{path.name}: {found.kind}, {counted(frames, 'frame')} of {found.frame_length} samples in"
        f" {counted(found.recordings, which)}"
    )
    sides = list(found.rows[0].sides) if found.rows else []
    rows = [
        [
            row.label,
            row.name or "-",
            f"{row.recordings:,}",
            f"{row.frames:,}",
            *(f"{row.sides[side]:,}" for side in sides),
            "",
        ]
        for row in found.rows
    ]
    print_table(["label", name, f"{which}s", "frames", *sides, ""], rows, left=2)
    columns = list(found.rows[0].snr_db)
    rows = [[row.label, *(f"{row.snr_db[c]:,}" for c in columns), ""] for row in found.rows]
    print_table(["frames at an SNR of", *columns, ""], rows)
