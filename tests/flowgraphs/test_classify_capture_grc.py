# SPDX-License-Identifier: GPL-3.0-or-later
"""The example flowgraph compiles with `grcc` and classifies its capture without a screen."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import zmq
from examples_bench import CAPTURE, compiled

from denomae.labels import Label

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    """What `grcc` makes of the flowgraph."""
    return compiled("classify_capture", tmp_path_factory.mktemp("home"))


def test_it_plays_the_capture_to_its_end_and_publishes_its_labels(program, tmp_path):
    address = f"ipc://{tmp_path}/labels"
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RCVHWM, 0)
        socket.set(zmq.RECONNECT_IVL, 10)
        socket.subscribe(b"denomae/label")
        socket.connect(address)
        with subprocess.Popen(
            [sys.executable, program, "--capture", CAPTURE, "--address", address, "--speed", "8"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        ) as process:
            output, _ = process.communicate(timeout=120)
        received = []
        while socket.poll(500):
            received.append(Label.from_json(socket.recv_multipart()[1]))
    assert process.returncode == 0, output
    assert "Traceback" not in output and "rror" not in output, output
    # the very first labels may be sent before the subscription has arrived
    assert len(received) > 250
    first = received[0].sequence
    assert [label.sequence for label in received] == list(range(first, first + len(received)))
    assert all(label.sample_offset % label.sample_count == 0 for label in received)
    assert {(x.source, x.sample_rate_hz, x.center_frequency_hz) for x in received} == {
        ("demo", 32e3, 433.92e6)
    }
    assert {label.time for label in received} == {None}  # no clock ran eight times as fast
    assert "frames " in output  # the status line
    assert received[-1].label in output  # and the labels themselves, from the message debug block


def test_at_its_own_speed_the_labels_have_times_that_run_forwards(program, tmp_path):
    samples = tmp_path / "short.sigmf-data"
    samples.write_bytes(CAPTURE.read_bytes()[: 4 * 32_000 * 2])
    with subprocess.Popen(
        [sys.executable, program, "--capture", samples, "--address", f"ipc://{tmp_path}/labels"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    ) as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    told = re.findall(r"\(time \. \{(\d+) ([\d.e-]+)\}\)", output)
    assert len(told) > 20, output
    seconds = [int(whole) + float(part) for whole, part in told]
    assert seconds[-1] - seconds[0] > 1


def test_a_capture_that_is_missing_ends_it_with_a_message(program, tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            program,
            "--capture",
            tmp_path / "nothing",
            "--address",
            f"ipc://{tmp_path}/labels",
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode != 0 and "nothing" in done.stdout + done.stderr
