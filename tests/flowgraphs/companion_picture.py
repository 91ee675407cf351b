# SPDX-License-Identifier: GPL-3.0-or-later
"""Remakes docs/images/companion.png: `.venv/bin/python tests/flowgraphs/companion_picture.py`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from companion_session import ROOT, Checkout, private_screen
from PIL import Image

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
        flowgraph = checkout.flowgraph()
        checkout.start(flowgraph, cwd=flowgraph.parent, display=display, steps="picture")
        with Image.open(checkout.folder / "report.png") as picture:
            small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        small.save(ROOT / "docs" / "images" / "companion.png", optimize=True)


if __name__ == "__main__":
    main()
