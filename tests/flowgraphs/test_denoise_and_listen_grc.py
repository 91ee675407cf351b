# SPDX-License-Identifier: GPL-3.0-or-later
"""The example with a loudspeaker compiles with `grcc`, and what it plays holds less noise."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from examples_bench import compiled

pytestmark = pytest.mark.timeout(300)

# ALSA's own device `null` takes all samples and plays none.
_LISTEN = """
import sys, time
sys.path.insert(0, {folder!r})
from PyQt5 import Qt
import numpy as np
from gnuradio import blocks
from denoise_and_listen import denoise_and_listen
application = Qt.QApplication(["test"])
window = denoise_and_listen(device="null")
window.set_offset_hz(0)
window.set_snr_db(4)
sent, received, denoised = (blocks.vector_sink_c() for _ in range(3))
window.connect(window.transmitter, blocks.delay(8, window.delay), sent)
window.connect(window.as_late, received)
window.connect(window.denoiser, denoised)
window.start()
window.show()
until = time.monotonic() + 200
while window.speaker.nitems_read(0) < 96000 and time.monotonic() < until:
    application.processEvents()
    time.sleep(0.01)
window.stop()
window.wait()
np.save({folder!r} + "/denoised.npy", [
    np.array(sink.data()[window.delay : window.delay + 131072])
    for sink in (sent, received, denoised)
])
"""


def snr_db(signal: np.ndarray, clean: np.ndarray) -> float:
    """Behind a channel that delays by a few samples and turns by a phase."""
    found = []
    for lag in range(-8, 9):
        clean_then, then = np.roll(clean, lag)[8:-8], signal[8:-8]
        gain = np.vdot(clean_then, then) / np.vdot(clean_then, clean_then)
        left = np.mean(np.abs(then - gain * clean_then) ** 2)
        found.append(10 * np.log10(np.mean(np.abs(gain * clean_then) ** 2) / left))
    return max(found)


def test_what_is_played_holds_less_noise(tmp_path):
    compiled("denoise_and_listen", tmp_path)
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", _LISTEN.format(folder=str(tmp_path))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sent, received, denoised = np.load(tmp_path / "denoised.npy")
    assert len(sent) == 131072
    assert snr_db(received, sent) == pytest.approx(4, abs=0.2)
    assert snr_db(denoised, sent) > 4 + 2.5
