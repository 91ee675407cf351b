# SPDX-License-Identifier: GPL-3.0-or-later
"""script/companion opens the example in GNU Radio Companion, and F6 plays it to its end."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
import zmq
from companion_session import ABSENT, Checkout, private_screen

from denomae.labels import Label

pytestmark = pytest.mark.timeout(400)

ROOT = Path(__file__).resolve().parents[2]
needs_a_screen = pytest.mark.skipif(
    bool(ABSENT), reason=f"{', '.join(ABSENT)} absent; script/bootstrap --test installs it"
)


# four seconds of the recording in one
SHORT = {"file_source__length": "2*4*samp_rate", "speed__value": "4.0"}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def checkout(tmp_path, home) -> Checkout:
    return Checkout.make(tmp_path / "checkout", home)


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with private_screen() as number:
        yield number


@pytest.fixture
def subscriber(tmp_path) -> Iterator[zmq.Socket]:
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RCVHWM, 0)
        socket.set(zmq.RECONNECT_IVL, 10)
        socket.subscribe(b"denomae/label")
        socket.connect(f"ipc://{tmp_path}/labels")
        yield socket


def received(socket: zmq.Socket) -> list[Label]:
    labels = []
    while socket.poll(500):
        labels.append(Label.from_json(socket.recv_multipart()[1]))
    return labels


def all_but_the_first_few(labels: list[Label]) -> bool:
    """The first of some 120 frames may be labelled before the subscription comes."""
    numbers = [label.sequence for label in labels]
    return len(labels) > 60 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@needs_a_screen
def test_f6_plays_the_example_from_wherever_companion_was_started(
    checkout, display, subscriber, tmp_path
):
    flowgraph = checkout.flowgraph(
        **SHORT,
        address__value=repr(f"ipc://{tmp_path}/labels"),
        disabled="look",  # the console takes a minute for what it prints
    )
    elsewhere, users_blocks = tmp_path / "elsewhere", tmp_path / "blocks"
    elsewhere.mkdir()
    users_blocks.mkdir()
    seen = checkout.start(
        Path("../checkout/examples") / flowgraph.name,
        cwd=elsewhere,
        display=display,
        steps="run",
        GRC_BLOCKS_PATH=str(users_blocks),
        GR_CONF_GRC_XTERM_EXECUTABLE="/",  # no program: what it says comes to Companion's console
    )
    described = (ROOT / "grc").glob("*.block.yml")
    blocks = sorted(yaml.safe_load(path.read_text(encoding="utf-8"))["label"] for path in described)
    assert {"DenoMAE": blocks} in seen["tree"]
    ours = str(checkout.folder / ".venv/share/gnuradio/grc/blocks")
    assert seen["block_paths"][:2] == [ours, str(users_blocks)]
    assert seen["file"] == str(flowgraph) and not seen["errors"]
    console = seen["console"]
    assert str(checkout.folder / ".venv/bin/python") in console  # not the system's
    assert console.endswith("\n>>> Done\n"), console  # with another status than 0 it says so
    assert "Traceback" not in console
    assert "frames " in console  # the status line
    assert all_but_the_first_few(received(subscriber))
    assert sorted(path.name for path in flowgraph.parent.iterdir()) == [
        "captures",
        "classify_capture.grc",
        "classify_capture.py",
    ]
    assert not list(elsewhere.iterdir()) and not list(users_blocks.iterdir())


@needs_a_screen
@pytest.mark.skipif(shutil.which("xterm") is None, reason="xterm is absent")
def test_without_a_full_path_the_terminal_is_found_and_shows_the_flowgraph(
    checkout, display, subscriber, tmp_path
):
    flowgraph = checkout.flowgraph(**SHORT, address__value=repr(f"ipc://{tmp_path}/labels"))
    seen = checkout.start(
        flowgraph, cwd=tmp_path, display=display, steps="run", GR_CONF_GRC_XTERM_EXECUTABLE="xterm"
    )
    assert f"Executing: {shutil.which('xterm')} -e " in seen["console"]
    assert all_but_the_first_few(received(subscriber))


@needs_a_screen
def test_a_value_that_cannot_be_is_an_error_in_companion_and_nothing_runs(checkout, display):
    flowgraph = checkout.flowgraph(classifier__hop="-1", gate_db__value="float('nan')")
    seen = checkout.start(flowgraph, cwd=flowgraph.parent, display=display, steps="run")
    errors = "\n".join(seen["errors"])
    assert 'Assertion "hop >= 0" failed' in errors
    assert "Assertion \"str(gate_db) != 'nan'\" failed" in errors
    assert not seen["may_run"] and "Executing" not in seen["console"]


def run_script(checkout: Checkout, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout.folder / "script" / "companion"],
        env=checkout.environment(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_without_a_display_it_says_so_in_one_sentence_before_it_installs_anything(checkout):
    done = run_script(checkout, display="")
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.count("\n") == 1 and "there is no display here" in done.stderr


def test_a_display_that_cannot_be_opened_is_named_in_one_sentence(checkout):
    done = run_script(checkout, display=f"{checkout.folder}/nowhere:0")
    assert done.returncode == 1 and done.stdout == "bootstrap \n"
    assert done.stderr.count("\n") == 1 and f"'{checkout.folder}/nowhere:0'" in done.stderr


def test_a_companion_that_is_not_there_is_named_in_one_sentence(checkout, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("env", "bash", "sh", "dirname"):
        os.symlink(shutil.which(name), tools / name)
    done = run_script(checkout, display=":0", PATH=str(tools))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "gnuradio-companion is not in the PATH" in done.stderr


def test_its_help_needs_no_display(checkout):
    done = subprocess.run(
        [checkout.folder / "script" / "companion", "--help"],
        env=checkout.environment(display=""),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0 and "script/companion [FLOWGRAPH.grc ...]" in done.stdout
