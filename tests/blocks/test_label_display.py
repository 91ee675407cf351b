# SPDX-License-Identifier: GPL-3.0-or-later
"""The display shows what the labels say, and harms nobody, whatever arrives."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pmt
import pytest
from gnuradio import analog, blocks, denomae, gr
from gnuradio.denomae.display_record import SLOT_S, Kind, LabelRecord
from gnuradio.denomae.display_words import (
    class_name,
    density_colours,
    explanation,
    headline,
    hertz,
    percent,
)
from gnuradio.denomae.pdu import label_to_pdu

from denomae.errors import DenomaeError

pytestmark = pytest.mark.timeout(60)

LABELS = pmt.intern("labels")


@pytest.fixture(scope="module")
def application():
    """Qt, without a screen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QT_QPA_PLATFORM", "offscreen")
        from PyQt5.QtWidgets import QApplication

        made = QApplication.instance() or QApplication(["test"])
        yield made


class Teller(gr.basic_block):
    """Says what it is told to say."""

    def __init__(self):
        gr.basic_block.__init__(self, name="teller", in_sig=None, out_sig=None)
        self.message_port_register_out(LABELS)


class Studio(gr.top_block):
    """A signal into a display, and labels into it, as many as a test likes."""

    def __init__(self, **parameters):
        super().__init__()
        self.display = denomae.label_display(**parameters)
        self.source = analog.sig_source_c(32e3, analog.GR_COS_WAVE, 1e3, 1.0)
        self.pace = blocks.throttle(gr.sizeof_gr_complex, 200e3)
        self.pace.set_max_noutput_items(1024)
        self.teller = Teller()
        self.connect(self.source, self.pace, self.display)
        self.msg_connect(self.teller, "labels", self.display, "labels")

    def tell(self, message):
        self.teller.message_port_pub(LABELS, message)


def until(true, application, within_s=30.0):
    """Let Qt work until something is true."""
    end = time.monotonic() + within_s
    while not true() and time.monotonic() < end:
        application.processEvents()
        time.sleep(0.002)  # of a loop that ends when it is true
    return true()


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_the_picture_becomes_what_the_labels_and_the_signal_are(application, label_factory):
    studio = Studio(averaging_s=0)
    window = studio.display.widget()
    window.resize(480, 360)
    window.show()
    studio.start()
    try:
        for label, verdict in (("qpsk", "known"), ("bpsk", "unknown"), ("noise", "noise")):
            studio.tell(label_to_pdu(label_factory(label=label, verdict=verdict)))
            wanted = Kind(label, "psk", verdict)
            assert until(
                lambda wanted=wanted: getattr(window._verdict.summary, "kind", None) == wanted,
                application,
            )
        assert until(lambda: studio.display.counters()["images"] > 1, application)
        assert until(lambda: window._constellation.picture is not None, application)
        before = window.grab().toImage()
        studio.tell(label_to_pdu(label_factory(label="qpsk", snr_db=29.0)))
        assert until(lambda: window._verdict.summary.snr_db == 29.0, application)
        assert window.grab().toImage() != before
    finally:
        studio.stop()
        studio.wait()
    assert studio.display.counters()["shown"] == 4


def test_what_is_no_label_is_counted_and_skipped(application, label_factory):
    studio = Studio(source="mine")
    studio.start()
    rubbish = [
        pmt.PMT_NIL,
        pmt.intern("qpsk"),
        pmt.cons(pmt.make_dict(), pmt.make_f32vector(2, 0.5)),
        pmt.cons(pmt.PMT_T, pmt.PMT_F),
    ]
    try:
        for message in rubbish:
            studio.tell(message)
        studio.tell(label_to_pdu(label_factory(source="yours")))
        studio.tell(label_to_pdu(label_factory(source="mine")))
        counters = studio.display.counters
        assert until(lambda: counters()["shown"] == 1, application)
        assert counters()["malformed"] == len(rubbish) and counters()["other"] == 1
    finally:
        studio.stop()
        studio.wait()


def test_a_flood_and_a_closed_window_harm_nothing(application, label_factory):
    from PyQt5 import sip

    studio = Studio()
    window = studio.display.widget()
    window.show()
    message = label_to_pdu(label_factory())

    def arrived():
        counters = studio.display.counters()
        return counters["shown"] + counters["passed_over"]

    studio.start()
    try:
        for _ in range(5000):
            studio.tell(message)
        assert until(lambda: arrived() == 5000, application)
        record = studio.display._intake.shown.record
        assert len(record._recent) <= 64 and len(record._slots) == 300
        window.close()
        sip.delete(window)
        seen = studio.pace.nitems_written(0)
        studio.tell(message)
        assert until(lambda: arrived() == 5001, application)
        assert until(lambda: studio.pace.nitems_written(0) > seen + 10_000, application)
    finally:
        studio.stop()
        studio.wait()


def test_ten_starts_and_stops_count_from_zero_and_leave_nothing(application, label_factory):
    def held():
        return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))

    studio = Studio()
    message = label_to_pdu(label_factory())
    for cycle in range(10):
        studio.start()
        studio.tell(message)
        assert until(lambda: studio.display.counters()["shown"] == 1, application)
        studio.stop()
        studio.wait()
        if cycle == 1:
            before = held()
    assert until(lambda: all(a <= b for a, b in zip(held(), before, strict=True)), application)


def test_it_can_be_taken_out_and_put_back_while_the_flowgraph_runs(application, label_factory):
    studio = Studio()
    studio.start()
    try:
        for _ in range(3):
            studio.lock()
            studio.disconnect(studio.pace, studio.display)
            studio.connect(studio.pace, studio.display)
            studio.unlock()
            studio.tell(label_to_pdu(label_factory()))
            assert until(lambda: studio.display.counters()["shown"] == 1, application)
            assert until(lambda: studio.display.counters()["images"] > 0, application)
    finally:
        studio.stop()
        studio.wait()


def test_a_finite_stream_ends_with_the_labels_port_open(application):
    flowgraph = gr.top_block()
    display = denomae.label_display()
    flowgraph.connect(blocks.vector_source_c([1j] * 4096), display)
    flowgraph.run()
    assert display.counters()["images"] >= 1


def test_the_record_averages_and_follows_the_majority(label_factory):
    clock = Clock()
    record = LabelRecord(clock)
    assert record.summary(1.0) is None and record.runs() == [] and record.rate() == 0
    for share, verdict, snr_db in (
        (0.9, "known", 10.0),
        (0.5, "unknown", None),
        (0.7, "known", 20),
    ):
        record.put(
            label_factory(
                probabilities={"qpsk": share, "16qam": 1 - share}, verdict=verdict, snr_db=snr_db
            )
        )
        clock.now += 0.1
    summary = record.summary(1.0)
    assert summary.kind == Kind("qpsk", "psk", "known")
    assert summary.probabilities["qpsk"] == pytest.approx(0.7)
    assert summary.snr_db == 15.0
    assert record.summary(0.05).probabilities["qpsk"] == pytest.approx(0.7)
    assert record.summary(0.15).snr_db == 20.0


def test_the_strip_holds_a_minute_and_shows_gaps(label_factory):
    clock = Clock()
    record = LabelRecord(clock)
    for label in ("qpsk", None, "bpsk"):
        for _ in range(50):
            if label:
                record.put(label_factory(label=label))
            clock.now += SLOT_S / 2
    spans = [(run.kind.label, run.from_s, run.to_s) for run in record.runs()]
    assert [name for name, _, _ in spans] == ["qpsk", "bpsk"]
    assert spans[0][1:] == pytest.approx((15.0, 10.0), abs=2 * SLOT_S)
    assert spans[1][1:] == pytest.approx((5.0, 0.0), abs=2 * SLOT_S)
    assert record.rate() == pytest.approx(10.0, rel=0.1)
    clock.now += 61.0
    assert record.runs() == [] and record.rate() == 0


def test_words_are_those_of_the_field():
    names = ("qpsk", "16qam", "2fsk", "pi4dqpsk", "ofdm", "noise")
    assert [class_name(name) for name in names] == [
        "QPSK", "16-QAM", "2-FSK", "π/4-DQPSK", "OFDM", "Noise",
    ]  # fmt: skip
    assert headline("qpsk", "unknown") == "Unknown"
    assert "QPSK" in explanation("qpsk", "psk", "unknown", 0.4)
    assert percent(0.9999) == ">99 %" and percent(0.42) == "42 %"
    assert hertz(433.92e6) == "433.920 MHz" and hertz(None) == "—"


def test_the_denser_the_lighter():
    def light(colour):
        return 0.3 * (colour >> 16 & 255) + 0.6 * (colour >> 8 & 255) + 0.1 * (colour & 255)

    lights = [light(colour) for colour in density_colours()]
    assert lights == sorted(lights) and lights[-1] - lights[0] > 200


def test_without_an_application_it_says_so_and_the_module_imports_without_qt():
    program = """
import sys
sys.modules["PyQt5"] = None
from gnuradio import denomae
try:
    denomae.label_display()
except ValueError as error:
    assert "PyQt5" in str(error), error
del sys.modules["PyQt5"]
try:
    denomae.label_display()
except ValueError as error:
    assert "QApplication" in str(error), error
    print("refused twice")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "refused twice" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name, value", [("title", 3), ("source", None), ("averaging_s", -1), ("frame_length", 0)]
)
def test_what_cannot_be_is_refused_by_name(application, name, value):
    with pytest.raises(DenomaeError, match=f"{name} is "):
        denomae.label_display(**{name: value})


def test_a_close_call_is_shown_as_its_family(label_factory):
    clock = Clock()
    record = LabelRecord(clock)
    for label, other in (("qpsk", "8psk"), ("8psk", "qpsk")) * 5:
        record.put(
            label_factory(
                label=label,
                confidence=0.6,
                family_confidence=0.97,
                probabilities={label: 0.6, other: 0.37, "16qam": 0.03},
            )
        )
        clock.now += SLOT_S
    kind = record.summary(10.0).kind
    assert kind.close_call and kind.family == "psk"
    assert [run.kind for run in record.runs()] == [Kind("", "psk", "known", True)], "one run"
    assert headline(kind.label, kind.verdict, kind.family) == "PSK family"
    assert "8-PSK" in explanation("8psk", "psk", "known", 0.97, close_call=True)
    record.put(label_factory(confidence=0.6, family_confidence=0.97, verdict="unknown"))
    assert not record.summary(0.0).kind.close_call, "what is unknown has no family"


def test_classes_that_alternate_though_each_is_sure_are_a_close_call_together(label_factory):
    record = LabelRecord(Clock())
    for label, other in (("qpsk", "8psk"), ("8psk", "qpsk")) * 5:
        shares = {label: 0.95, other: 0.03, "16qam": 0.02}
        record.put(label_factory(label=label, family_confidence=0.98, probabilities=shares))
    assert record.summary(10.0).kind.close_call
    assert not record.summary(0.0).kind.close_call
    for _ in range(10):
        shares = {"16qam": 0.95, "qpsk": 0.03, "8psk": 0.02}
        record.put(
            label_factory(label="16qam", family="qam", family_confidence=0.95, probabilities=shares)
        )
    assert not record.summary(10.0).kind.close_call, "of two families"
