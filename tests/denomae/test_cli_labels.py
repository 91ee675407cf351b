# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae labels` against a real publisher on the loopback."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable

import pytest
import zmq
from test_labels import EXAMPLE

from denomae.cli import main
from denomae.cli.labels import Tally, describe
from denomae.labels import TOPIC, Label

pytestmark = pytest.mark.timeout(60)


def numbered(*sequences: int, source: str = "roof") -> list[Label]:
    return [dataclasses.replace(EXAMPLE, source=source, sequence=n) for n in sequences]


@pytest.fixture()
def publish() -> Iterable[Callable]:
    """Gives a function that sends messages once somebody listens, and returns the address."""
    context = zmq.Context()
    threads = []

    def start(messages: list[list[bytes]]) -> str:
        socket = context.socket(zmq.XPUB)
        port = socket.bind_to_random_port("tcp://127.0.0.1")

        def run() -> None:
            with socket:
                socket.recv()  # the subscription: from now on nothing is lost
                for parts in messages:
                    socket.send_multipart(parts)
                socket.poll(30_000)  # until the subscriber leaves

        thread = threading.Thread(target=run)
        thread.start()
        threads.append(thread)
        return f"tcp://127.0.0.1:{port}"

    yield start
    for thread in threads:
        thread.join(40)
        assert not thread.is_alive()
    context.term()


def wire(labels: Iterable[Label]) -> list[list[bytes]]:
    return [[TOPIC, label.to_json().encode()] for label in labels]


def test_labels_are_printed_as_they_come_and_gaps_are_counted(
    publish: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = numbered(5, 6, 9, 10)
    address = publish(wire(sent))
    assert main(["labels", address, "--count", "4", "--json"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [label.to_json() for label in sent]
    assert "2 labels of 'roof' lost here" in err
    assert "4 labels from 1 source, 2 lost on the way" in err.splitlines()[-1]


def test_what_is_no_label_is_counted_and_passed_over(
    publish: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = [
        [TOPIC, b"{"],
        [TOPIC],
        [TOPIC, b"{}", b"x"],
        [TOPIC, b"\xff\xfe"],
        [TOPIC + b"s", b"{}"],
    ]
    address = publish([*bad, *wire(numbered(1))])
    assert main(["labels", address, "--count", "1"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1 and "#1" in out
    assert "5 messages that could not be read" in err


def test_a_publisher_that_sent_too_much_is_listened_to_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.set(zmq.LINGER, 0)
        port = socket.bind_to_random_port("tcp://127.0.0.1")

        def run() -> None:
            assert socket.recv() == b"\x01" + TOPIC
            socket.send_multipart([TOPIC, bytes(2**17)])
            assert socket.recv() == b"\x00" + TOPIC  # it left,
            assert socket.recv() == b"\x01" + TOPIC  # and came again
            socket.send_multipart(wire(numbered(3))[0])

        thread = threading.Thread(target=run)
        thread.start()
        assert main(["labels", f"tcp://127.0.0.1:{port}", "--count", "1"]) == 0
        thread.join(40)
        assert not thread.is_alive()
    out, err = capsys.readouterr()
    assert "#3" in out and "sent far more than a label" in err


def test_too_few_labels_before_the_timeout_is_a_no(
    publish: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    address = publish(wire(numbered(1)))
    assert main(["labels", address, "--count", "2", "--timeout", "0.5"]) == 1
    assert "1 label from 1 source" in capsys.readouterr().err


@pytest.mark.parametrize(
    "address", ["5555", "localhost:5555", "tcp://", "tcp://*:5555", "carrier://x", ""]
)
def test_an_address_that_is_none_is_one_sentence(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["labels", address]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "tcp://127.0.0.1:5555" in err


@pytest.mark.parametrize("option", [["--count", "0"], ["--timeout", "0"], ["--timeout", "nan"]])
def test_options_out_of_range_are_one_sentence(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["labels", "tcp://127.0.0.1:5555", *option]) == 2
    assert option[0] in capsys.readouterr().err


def test_ctrl_c_ends_with_a_summary(publish: Callable) -> None:
    command = [sys.executable, "-m", "denomae", "labels", publish(wire(numbered(1, 2)))]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert "#1" in run.stdout.readline() and "#2" in run.stdout.readline()
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=30)
    assert run.returncode == 0
    assert "2 labels from 1 source, 0 lost" in err and "Traceback" not in err


def test_each_source_has_its_own_count_and_may_begin_anew() -> None:
    tally = Tally()
    lost = [tally.add(label) for label in [
        *numbered(7, 8), *numbered(0, 1, source="cellar"), *numbered(12), *numbered(0, 1),
    ]]  # fmt: skip
    assert lost == [0, 0, 0, 0, 3, 0, 0]
    assert (tally.labels, tally.gaps.lost, tally.gaps.restarts) == (7, 3, 1)
    assert "2 sources" in tally.summary() and "1 restart" in tally.summary()


def test_a_label_from_elsewhere_cannot_steer_the_terminal() -> None:
    line = describe(dataclasses.replace(EXAMPLE, source="\x1b[2J", warnings=("a\nb",)))
    assert "\x1b" not in line and "\n" not in line


def test_a_close_call_is_described_by_its_family() -> None:
    line = describe(dataclasses.replace(EXAMPLE, confidence=0.6, family_confidence=0.97))
    assert "psk family" in line and "qpsk" not in line
