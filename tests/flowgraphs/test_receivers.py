# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples with a receiver compile, and say in one line what is missing."""

from __future__ import annotations

import re
import socket
import threading

import numpy as np
import pytest
import zmq
from gnuradio import analog, blocks, denomae, gr
from receiver_bench import KINDS, compiled, ended

pytestmark = pytest.mark.timeout(600)

MODULES = {
    "rtlsdr": "osmosdr",
    "usrp": "gnuradio.uhd",
    "soapy": "gnuradio.soapy",
    "pluto": "gnuradio.iio",
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize(
    "kind, found",
    [
        ("rtlsdr", "no RTL-SDR found (rtl=0): plug one in, or give --args rtl_tcp=host:port"),
        ("usrp", "no USRP found (any): connect one, or say which with --args"),
        ("soapy", "no SoapySDR receiver found (driver=rtlsdr): connect one, install its module"),
        ("pluto", "no PlutoSDR found (any): connect one, or say where it is"),
    ],
)
def test_without_a_receiver_each_says_so_in_one_line(programs, kind, found):
    status, lines = ended(programs[kind], "--address", "tcp://127.0.0.1:*")
    if status == -9 or any("Tuner" in line for line in lines):
        pytest.skip("a receiver is connected to this machine")
    assert status == 1
    assert sum(line.startswith(found) for line in lines) == 1, lines
    assert not any("Traceback" in line for line in lines)


@pytest.mark.parametrize("kind", KINDS)
def test_without_the_drivers_module_each_says_so_in_one_line(programs, kind):
    status, lines = ended(programs[kind], before=f"sys.modules['{MODULES[kind]}'] = None")
    assert status == 1
    assert lines[-1].endswith("import of " + MODULES[kind] + " halted; None in sys.modules") or (
        "cannot import" in lines[-1]
    )
    assert " is not installed for " in lines[-1]
    assert not any("Traceback" in line for line in lines)


def test_a_network_receiver_that_is_not_there_is_no_endless_wait(programs):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    status, lines = ended(programs["rtlsdr"], "--args", f"rtl_tcp=127.0.0.1:{port}")
    assert status == 1
    assert lines[-1].startswith(f"no rtl_tcp server at 127.0.0.1:{port} (")


def test_a_server_that_is_none_of_a_receiver_is_told_from_one():
    def answer(listener):
        client, _ = listener.accept()
        with client:
            client.sendall(b"HTTP/1.1 400")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        with pytest.raises(SystemExit, match="is no rtl_tcp server: it said b'HTTP'"):
            denomae.receivers.opening("osmosdr", f"rtl_tcp=127.0.0.1:{port},bias=1")
        thread.join()


def test_an_address_that_is_taken_is_told_in_one_line(programs):
    with zmq.Context() as context, context.socket(zmq.PUB) as taken:
        port = taken.bind_to_random_port("tcp://127.0.0.1")
        status, lines = ended(programs["rtlsdr"], "--address", f"tcp://127.0.0.1:{port}")
    assert status == 1
    assert str(port) in lines[-1] and not any("Traceback" in line for line in lines)


@pytest.fixture
def _hook(monkeypatch):
    monkeypatch.setattr("sys.excepthook", lambda *error: print("traceback of", error[1]))


@pytest.mark.usefixtures("_hook")
def test_only_what_the_receiver_says_is_explained(capsys):
    import sys

    denomae.receivers.opening("soapy", "driver=lime")

    class Aerial:
        def set_antenna(self, name):
            raise ValueError(f"source: Antenna {name} at channel 0\nis not supported")

    class Flowgraph:
        def refuse(self):
            self.aerial = Aerial()
            self.aerial.set_antenna("RX")

        def fail(self):
            raise ValueError("a mistake of ours")

    for name in ("refuse", "fail"):
        try:
            getattr(Flowgraph(), name)()
        except ValueError as error:
            sys.excepthook(type(error), error, error.__traceback__)
    said = capsys.readouterr()
    assert said.err == (
        "the SoapySDR receiver (driver=lime) refuses a setting: "
        "source: Antenna RX at channel 0 is not supported\n"
    )
    assert said.out == "traceback of a mistake of ours\n"


def test_the_marks_of_a_band_are_two_lines_at_its_edges():
    marks = np.array(denomae.receivers.edges(1.024e6, 256e3, 32e3, -20))
    spectrum = np.abs(np.fft.fft(marks)) / len(marks)
    lines = np.flatnonzero(spectrum > 1e-6)
    np.testing.assert_allclose(spectrum[lines], 0.1)
    np.testing.assert_allclose(np.fft.fftfreq(1024, 1 / 1.024e6)[lines], [240e3, 272e3])


def test_a_watch_over_a_receiver_that_plays_says_nothing_and_ends_with_the_flowgraph(capfd):
    flowgraph = gr.top_block()
    source = blocks.throttle(gr.sizeof_gr_complex, 1e5)
    sink = blocks.null_sink(gr.sizeof_gr_complex)
    flowgraph.connect(analog.sig_source_c(1e5, analog.GR_CONST_WAVE, 0, 1), source, sink)
    ticks = threading.Semaphore(0)
    flowgraph.start()
    denomae.receivers.watch(flowgraph, sink, tick=ticks.release)
    for _ in range(4):
        assert ticks.acquire(timeout=60)
    flowgraph.stop()
    flowgraph.wait()
    said = capfd.readouterr()
    assert "receiver" not in said.out + said.err
    assert not [t for t in threading.enumerate() if t.name == "denomae watch"]


@pytest.mark.parametrize(
    "kind, option, sentence",
    [
        ("rtlsdr", "--decimation=0", "--decimation is 0, wanted a whole number of at least 1"),
        ("usrp", "--decimation=-4", "--decimation is -4, wanted a whole number of at least 1"),
        ("pluto", "--decimation=0", "--decimation is 0, wanted a whole number of at least 1"),
        ("soapy", "--rate=0", "--rate is 0, wanted the receiver's samples per second, above 0"),
        (
            "usrp",
            "--rate=-1e6",
            "--rate is -1e+06, wanted the receiver's samples per second, above 0",
        ),
    ],
)
def test_an_option_that_cannot_be_is_told_in_one_line(programs, kind, option, sentence):
    status, lines = ended(programs[kind], option)
    assert status == 1
    assert lines[-1] == sentence
    assert not any("Traceback" in line for line in lines)


@pytest.mark.parametrize("kind", KINDS)
def test_the_sliders_reach_receiver_and_classifier_through_the_tuner_alone(programs, kind):
    """Driver and classifier are set by `set_tuning` alone, which the tuner replaces."""
    text = programs[kind].read_text()
    setters = re.findall(r"    def (set_\w+)\(self.*?\n(.*?)(?=\n    def |\ndef )", text, re.DOTALL)
    tuning = r"self\.aerial\.set_(center_freq|frequency|samp_rate|sample_rate|samplerate)\b|" + (
        r"self\.classifier\.set_(center_frequency|sample_rate)\b"
    )
    beside = {name for name, body in setters if re.search(tuning, body)}
    assert beside == {"set_tuning", "set_decimation"}  # nothing calls the latter
    assert "self.set_tuning = denomae.receivers.Tuner(" in text
