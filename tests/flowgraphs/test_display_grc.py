# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples with a display compile with `grcc` and show labels without a screen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from examples_bench import CAPTURE, ROOT, compiled

pytestmark = pytest.mark.timeout(180)

EXAMPLES = ["display", "transmitter_simulation"]

# Runs the program's flowgraph in its window until there is something to see, then closes it.
_LOOK = """
import sys, time
sys.path.insert(0, {folder!r})
from PyQt5 import Qt
import {example}
application = Qt.QApplication(["test"])
window = {example}.{example}({arguments})
window.start()
window.show()
until = time.monotonic() + 60
enough = lambda: (
    window.screen.counters()["shown"] >= 20 and window.screen.counters()["images"] >= 3
)
while not enough() and time.monotonic() < until:
    application.processEvents()
    time.sleep(0.01)
{then}
application.processEvents()
picture = window.screen.widget().grab().toImage()
colours = {{picture.pixel(x, y) for x in range(0, picture.width(), 5)
           for y in range(0, picture.height(), 5)}}
window.close()
print("colours", len(colours), "and", window.screen.counters())
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Where `grcc` has put what it makes of the flowgraphs."""
    home = tmp_path_factory.mktemp("home")
    for name in EXAMPLES:
        compiled(name, home)
    return home


def environment(home: Path) -> dict[str, str]:
    values = {**os.environ, "HOME": str(home), "GRC_BLOCKS_PATH": str(ROOT / "grc")}
    values.pop("DISPLAY", None)
    return {**values, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(home)}


def look(home: Path, example: str, arguments: str = "", then: str = "") -> str:
    """What the program printed that ran the example for a moment."""
    program = _LOOK.format(folder=str(home), example=example, arguments=arguments, then=then)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done.stdout


def test_the_recording_is_shown_with_its_labels(home):
    output = look(home, "display", f"capture={str(CAPTURE)!r}, speed=4.0")
    words = output[output.index("colours") :].split()
    assert int(words[1]) > 50  # density, bars and letters: no empty window
    assert "'malformed': 0" in output


_TURN = """
said = lambda: window.screen._intake.shown.record.summary(0.0)
for modulation, snr_db in ((4, 20.0), (1, 20.0)):
    window.set_modulation(modulation)
    window.set_snr_db(snr_db)
    wanted = ("qpsk", "bpsk", "8psk", "16qam", "gmsk", "fm")[modulation]
    while said().kind.label != wanted and time.monotonic() < until:
        application.processEvents()
        time.sleep(0.01)
    print("label", said().kind.label)
"""


def test_the_label_follows_the_transmitter_that_is_chosen(home):
    output = look(home, "transmitter_simulation", then=_TURN)
    assert output.split("colours")[0].split() == ["label", "gmsk", "label", "bpsk"]
