# SPDX-License-Identifier: GPL-3.0-or-later
"""The two programs that we show to people who want labels in a program of their own."""

from __future__ import annotations

import ast
import re
import signal
import subprocess
from pathlib import Path

import pytest
import zmq
from classifier_bench import Recording, noise
from gnuradio import denomae
from gnuradio.denomae.pdu import label_to_pdu
from wire_bench import ANY, Flowgraph, Program

pytestmark = pytest.mark.timeout(600)

N = 1024
ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide.md"
CPP = ROOT / "examples" / "clients" / "labels.cc"


@pytest.fixture(scope="module")
def python_client():
    """The program that the guide shows."""
    section = GUIDE.read_text(encoding="utf-8").split("\n## Labels on the wire\n")[1]
    return re.search(r"```python\n(.*?)```", section.split("\n## ")[0], re.DOTALL).group(1)


@pytest.fixture(scope="module")
def cpp_client(tmp_path_factory):
    """The program in `examples/clients`, compiled by the command that it shows."""
    for header in ("zmq.hpp", "nlohmann/json.hpp"):
        if not (Path("/usr/include") / header).exists():
            pytest.skip(f"{header} is not here: sudo apt install cppzmq-dev nlohmann-json3-dev")
    command = re.search(r"^ \*   (g\+\+ .*)$", CPP.read_text(encoding="utf-8"), re.MULTILINE).group(
        1
    )
    program = tmp_path_factory.mktemp("clients") / "labels"
    words = command.replace("labels.cc", str(CPP)).replace("-o labels", f"-o {program}").split()
    done = subprocess.run([*words, "-Wall", "-Wextra"], capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    return program


@pytest.fixture(scope="module", params=["python", "cpp"])
def client(request):
    return request.getfixturevalue(f"{request.param}_client")


def end_by_ctrl_c(program):
    """What a program still says, and how it ends."""
    program.process.send_signal(signal.SIGINT)
    said, _ = program.process.communicate(timeout=20)
    return said.splitlines(), program.process.returncode


def test_the_guides_client_needs_nothing_of_this_project(python_client):
    nodes = list(ast.walk(ast.parse(python_client)))
    assert not [node for node in nodes if isinstance(node, ast.ImportFrom)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    assert set(names) == {"json", "sys", "zmq"}


def test_a_client_prints_every_label_and_counts_the_gaps(client, label_factory):
    flowgraph = Flowgraph()
    flowgraph.start()
    at = {"center_frequency_hz": 433.92e6}
    labels = [
        label_factory(source="north", sequence=3, confidence=0.97, snr_db=12.54, **at),
        label_factory(source="south", sequence=900, time=None, sample_offset=7, snr_db=None, **at),
        label_factory(source="north", sequence=4, verdict="unknown", center_frequency_hz=None),
        label_factory(source="north", sequence=10),  # 5 missed
        label_factory(source="south", sequence=902),  # 1 missed
        label_factory(source="north", sequence=0),  # it began anew
        label_factory(source="north", sequence=1),
        label_factory(source="south", sequence=903),
    ]
    with Program(client, flowgraph.publisher.endpoint()) as program:
        while not program.has_line(0.02):
            flowgraph.publish(label_to_pdu(label_factory(source="probe", label="carrier")))
        for label in labels:
            flowgraph.publish(label_to_pdu(label))
        lines = []
        while len(lines) < len(labels):
            line = program.line()
            lines += [line] if "carrier" not in line else []
        rest, code = end_by_ctrl_c(program)
    flowgraph.end()
    assert (rest, code) == (["6 labels missed"], 0)
    assert lines[:3] == [
        "2026-03-01T12:00:00.000123456Z  qpsk 97%  12.5 dB  433.920000 MHz",
        "sample 7  qpsk 75%  433.920000 MHz",
        "2026-03-01T12:00:00.000123456Z  psk? 88%  12.5 dB",
    ]


def test_a_client_reads_the_labels_of_a_live_classifier(client, engine):
    recording = Recording(noise(40 * N), engine, sample_rate=1e6, center_frequency=868e6)
    recording.publisher = denomae.label_publisher(ANY)
    recording.msg_connect(recording.classifier, "labels", recording.publisher, "labels")
    with Program(client, recording.publisher.endpoint()) as program:
        while not program.has_line(0.02):
            recording.play()
        labels = recording.play()
        last = f"sample {labels[-1].sample_offset}  "
        assert all(label.time is None for label in labels)
        lines = [program.line()]
        while sum(line.startswith(last) for line in lines) < 1:
            lines.append(program.line())
        assert all(line.endswith("868.000000 MHz") for line in lines)
        _, code = end_by_ctrl_c(program)
    assert code == 0


def test_a_client_skips_what_is_no_label(client, label_factory):
    text = label_factory(sequence=5).to_json().encode()
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.set(zmq.LINGER, 0)
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        with Program(client, f"tcp://127.0.0.1:{port}") as program:
            assert socket.recv() == b"\x01denomae/label"
            for parts in (
                [b"denomae/label"],
                [b"denomae/label", b"\xff\xfe"],
                [b"denomae/label", b"[" * 100_000],
                [b"denomae/label", b"[]"],
                [b"denomae/label", b"{}"],
                [b"denomae/label", b'{"schema": "denomae.label/2"}'],
                [b"denomae/label", text, b"{}"],
                [b"denomae/labels", b"7"],
                [b"denomae/label", text],
            ):
                socket.send_multipart(parts)
            assert "qpsk 75%" in program.line()
            assert end_by_ctrl_c(program) == (["0 labels missed"], 0)


def test_an_address_that_is_none_is_told_in_one_line(cpp_client):
    done = subprocess.run([cpp_client, "here"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "here is no address that ZMQ knows: Invalid argument\n"
