# SPDX-License-Identifier: GPL-3.0-or-later
"""Remakes docs/images/companion.png, and with `examples` as argument docs/images/examples/*.png:
`.venv/bin/python tests/flowgraphs/companion_picture.py [examples]`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from companion_session import ROOT, Checkout, private_screen
from PIL import Image

IMAGES = ROOT / "docs" / "images"

# As Companion's View menu and the mouse would set them: no console, room for the whole flowgraph.
PREFERENCES = """[main]
main_window_width = 1400
main_window_height = 480
blocks_window_position = 1196
console_window_visible = False
variable_editor_visable = False
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, private_screen() as display:
        checkout = Checkout.make(Path(folder) / "gr-denomae", Path(folder) / "home")
        (checkout.home / ".gnuradio" / "grc.conf").write_text(PREFERENCES)
        if sys.argv[1:] == ["examples"]:
            examples(checkout, display)
        else:
            flowgraph = checkout.flowgraph()
            checkout.start(flowgraph, cwd=flowgraph.parent, display=display, steps="picture")
            keep(checkout.folder / "report.png", IMAGES / "companion.png")


def examples(checkout: Checkout, display: str) -> None:
    """The flowgraph of every example, as Companion draws it."""
    folder = checkout.folder / "examples"
    for path in sorted((ROOT / "examples").glob("*.grc")):
        shutil.copy(path, folder)
    flowgraphs = sorted(folder.glob("*.grc"))
    report = checkout.start(*flowgraphs, cwd=folder, display=display, steps="draw")
    (IMAGES / "examples").mkdir(exist_ok=True)
    for path in flowgraphs:
        if report[str(path)]:
            raise RuntimeError(f"Companion finds errors in {path.name}: {report[str(path)]}")
        name = path.with_suffix(".png").name
        keep(checkout.folder / name, IMAGES / "examples" / name)


def keep(taken: Path, kept: Path) -> None:
    with Image.open(taken) as picture:
        small = picture.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    small.save(kept, optimize=True)


if __name__ == "__main__":
    main()
