# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorder: complex samples and labels in, SigMF recordings in a folder."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pmt
from gnuradio import gr

from denomae.errors import DenomaeError

from .denomae_python import stretch_sink
from .parameters import frequency_hz, number, rate_hz, refusal, text
from .record_trigger import trigger_of
from .recorder import MOST_SAMPLES, NOMINAL_RATE_HZ, Plan, Recorder
from .recordings import Shelf
from .system_port import forget_done, post_done, take_all
from .timeline import Timeline

_LABELS = pmt.intern("labels")
_LIFE = pmt.intern("life")


class sigmf_recorder(gr.hier_block2):
    """Records a complex stream, or what labels single out of it, as SigMF with those labels.

    Message port `labels` takes label PDUs of a classifier of the same stream; it may stay open.
    Samples go to disk on a C++ thread behind a bounded memory: what a slow disk cannot take is
    dropped, counted and told in the metadata, and the stream never waits. Files are pairs of
    `.sigmf-data` (cf32_le) and `.sigmf-meta`, called `basename_UTC_NUMBER`; the metadata are
    replaced in one step about once a second, so that what is on disk is valid at any time.

    A file has a capture segment where it begins, behind each gap, and where the frequency or the
    time changes, with `core:global_index`, the offset in the stream. Each label whose frame begins
    in the file is an annotation. Times are those of `rx_time` tags, or else the host's clock when
    the file was opened. A changed sample rate begins another file.

    Args:
        directory: of the files; made where it is not there.
        basename: of the files.
        sample_rate: Hz; 0: from `rx_rate` tags.
        center_frequency: Hz; nan: from `rx_freq` tags.
        trigger: "always", or what labels are reason to record: "class", "unknown" (their verdict),
            "confidence" (below `trigger_confidence`).
        trigger_class: for "class": class names, with commas between them.
        trigger_confidence: for "confidence", 0..1.
        pre_trigger_s: seconds recorded before the frame of such a label (≥ 0).
        post_trigger_s: seconds recorded behind the frame of the last one (≥ 0).
        max_file_mb: megabytes (10⁶ bytes) of samples from which on the next file begins; 0: any.
        max_file_s: seconds of samples from which on the next file begins; 0: any.
        buffer_s: seconds of samples in memory, more than `pre_trigger_s`: they must reach from the
            pre-trigger to the time when the label comes, and bridge what a slow disk makes wait.
        record: whether anything is recorded now.

    Raises:
        DenomaeError: one of these cannot be; says which, what was found and what was wanted.
    """

    def __init__(
        self,
        directory: str = "recordings",
        basename: str = "denomae",
        sample_rate: float = 0.0,
        center_frequency: float = math.nan,
        trigger: str = "always",
        trigger_class: str = "",
        trigger_confidence: float = 0.5,
        pre_trigger_s: float = 0.1,
        post_trigger_s: float = 0.5,
        max_file_mb: float = 1000.0,
        max_file_s: float = 0.0,
        buffer_s: float = 2.0,
        record: bool = True,
    ) -> None:
        gr.hier_block2.__init__(
            self,
            "denomae_sigmf_recorder",
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
            gr.io_signature(0, 0, 0),
        )
        self._rate = rate_hz("sample_rate", sample_rate) or None
        frequency = _known(frequency_hz("center_frequency", center_frequency))
        self._trigger = (trigger, trigger_class, trigger_confidence)
        wanted = trigger_of(*self._trigger)
        shelf = Shelf(
            Path(_named("directory", directory)).expanduser(),
            _file_name("basename", basename),
            _at_least_0("max_file_mb", max_file_mb, "megabytes"),
            _at_least_0("max_file_s", max_file_s, "seconds"),
            wanted.description,
        )
        before = _at_least_0("pre_trigger_s", pre_trigger_s, "seconds")
        behind = _at_least_0("post_trigger_s", post_trigger_s, "seconds")
        buffer = _buffer(buffer_s, before, self._rate)
        record = _truth("record", record)
        capacity = max(1, round((self._rate or NOMINAL_RATE_HZ) * buffer))
        self._sink = stretch_sink(min(capacity, MOST_SAMPLES))
        self._sink.set_rate_boundaries(self._rate is None)
        plan = Plan(shelf, wanted, before, behind, buffer, record)
        self._keeper = _keeper()
        # it may hold the logger but no block: what is held in a circle outlives the flowgraph
        self._recorder = Recorder(
            self._sink, plan, Timeline(self._rate, frequency), self._keeper.logger.warn
        )
        self._keeper.recorder = self._recorder
        self._inlet = _inlet(self._recorder)
        self.message_port_register_hier_in("labels")
        self.connect(self, self._sink)
        self.msg_connect(self._keeper, "life", self._keeper, "life")
        self.msg_connect(self, "labels", self._inlet, "labels")

    def set_directory(self, directory: str) -> None:
        """Of the next file; may be called while the flowgraph runs."""
        self._set_shelf(directory=Path(_named("directory", directory)).expanduser())

    def set_basename(self, basename: str) -> None:
        """Of the next file; may be called while the flowgraph runs."""
        self._set_shelf(basename=_file_name("basename", basename))

    def set_sample_rate(self, sample_rate: float) -> None:
        """See the class; may be called while the flowgraph runs, and begins another file."""
        rate = rate_hz("sample_rate", sample_rate) or None
        _buffer(self._recorder.plan.buffer_s, 0.0, rate)
        if rate != self._rate:
            self._rate = rate
            self._recorder.say_rate(rate)

    def set_center_frequency(self, center_frequency: float) -> None:
        """See the class; may be called while the flowgraph runs, and begins another segment."""
        self._recorder.say_frequency(_known(frequency_hz("center_frequency", center_frequency)))

    def set_trigger(self, trigger: str) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._set_trigger(trigger, *self._trigger[1:])

    def set_trigger_class(self, trigger_class: str) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._set_trigger(self._trigger[0], trigger_class, self._trigger[2])

    def set_trigger_confidence(self, trigger_confidence: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._set_trigger(*self._trigger[:2], trigger_confidence)

    def set_pre_trigger_s(self, pre_trigger_s: float) -> None:
        """See the class; may be called while the flowgraph runs, for the labels that follow."""
        before = _at_least_0("pre_trigger_s", pre_trigger_s, "seconds")
        _buffer(self._recorder.plan.buffer_s, before, self._rate)
        self._set_plan(pre_trigger_s=before)

    def set_post_trigger_s(self, post_trigger_s: float) -> None:
        """See the class; may be called while the flowgraph runs, for the labels that follow."""
        self._set_plan(post_trigger_s=_at_least_0("post_trigger_s", post_trigger_s, "seconds"))

    def set_max_file_mb(self, max_file_mb: float) -> None:
        """Of the next file; may be called while the flowgraph runs."""
        self._set_shelf(max_file_mb=_at_least_0("max_file_mb", max_file_mb, "megabytes"))

    def set_max_file_s(self, max_file_s: float) -> None:
        """Of the next file; may be called while the flowgraph runs."""
        self._set_shelf(max_file_s=_at_least_0("max_file_s", max_file_s, "seconds"))

    def set_buffer_s(self, buffer_s: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        buffer = _buffer(buffer_s, self._recorder.plan.pre_trigger_s, self._rate)
        self._set_plan(buffer_s=buffer)

    def set_record(self, record: bool) -> None:
        """See the class; may be called while the flowgraph runs: the file is closed, or begun."""
        self._set_plan(record=_truth("record", record))

    def counters(self) -> dict[str, int]:
        """What has happened since the block was made.

        `recorded_samples` are in files, and `dropped_samples` should be, but the disk was too slow
        or full; `files` and their `annotations`; messages `refused` as no labels; labels `missed`,
        because their samples had left the memory before they came, and are in no file; `failures`
        to open or to write a file. Every sample of the stream was recorded, dropped, or not wanted.
        """
        return self._recorder.counters()

    def _set_plan(self, **values: Any) -> None:
        self._recorder.plan = replace(self._recorder.plan, **values)

    def _set_shelf(self, **values: Any) -> None:
        self._set_plan(shelf=replace(self._recorder.plan.shelf, **values))

    def _set_trigger(self, *values: Any) -> None:
        wanted = trigger_of(*values)
        self._trigger = values
        self._set_plan(trigger=wanted)
        self._set_shelf(description=wanted.description)


class _keeper(gr.basic_block):
    """Carries the recorder's life: it ends when everything is on disk. Connected with itself."""

    def __init__(self) -> None:
        gr.basic_block.__init__(self, name="denomae_recorder_keeper", in_sig=None, out_sig=None)
        self.message_port_register_out(_LIFE)
        self.message_port_register_in(_LIFE)
        self.recorder: Recorder

    def start(self) -> bool:
        forget_done(self)
        self.recorder.begin(lambda: post_done(self))
        return True

    def stop(self) -> bool:
        self.recorder.stop()
        return True


class _inlet(gr.basic_block):
    """Takes labels. GNU Radio starts it only where something is connected to it."""

    def __init__(self, recorder: Recorder) -> None:
        gr.basic_block.__init__(self, name="denomae_recorder_inlet", in_sig=None, out_sig=None)
        self._recorder = recorder
        self.message_port_register_in(_LABELS)
        self.gateway.set_msg_handler_pybind(_LABELS, "_on_label")

    def start(self) -> bool:
        forget_done(self)
        for _ in take_all(self, _LABELS):  # of the run before, whose offsets say nothing here
            pass
        self._recorder.open_labels()
        return True

    def stop(self) -> bool:
        for message in take_all(self, _LABELS):
            self._on_label(message)
        self._recorder.close_labels()
        return True

    def _on_label(self, message: Any) -> None:
        self._recorder.give(message)


def _at_least_0(name: str, value: Any, unit: str) -> float:
    wanted = f"finite {unit} of at least 0"
    found = number(name, value, wanted)
    if not 0 <= found < math.inf:
        raise refusal(name, value, wanted)
    return found


def _buffer(value: Any, pre_trigger_s: float, rate: float | None) -> float:
    wanted = f"finite seconds above pre_trigger_s, which is {pre_trigger_s:g}"
    found = number("buffer_s", value, wanted)
    if not pre_trigger_s < found < math.inf:
        raise refusal("buffer_s", value, wanted)
    if rate is not None and found * rate > MOST_SAMPLES:
        raise refusal("buffer_s", value, f"at most {MOST_SAMPLES / rate:g} s at that sample_rate")
    return found


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _named(name: str, value: Any) -> str:
    found = text(name, value)
    if not found or "\0" in found:
        raise refusal(name, value, "the name of a folder")
    return found


def _file_name(name: str, value: Any) -> str:
    found = text(name, value)
    if not found or "/" in found or "\0" in found or len(found.encode()) > 200:
        raise refusal(name, value, "the beginning of a file's name, without a folder")
    return found


def _truth(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):  # what a check box of GRC may give
        return bool(value)
    raise DenomaeError(f"{name} is {str(value)[:60]!r}, wanted True or False")
