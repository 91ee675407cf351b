# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorders in real flowgraphs, and what they left on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pmt
import sigmf
from gnuradio import blocks, denomae, gr
from gnuradio.denomae.pdu import label_to_pdu
from gnuradio.denomae.system_port import post_done

from denomae.captures import open_capture
from denomae.labels import Label

RATE = 1e6
PORT = pmt.intern("labels")


def numbered(count: int, first: int = 0) -> np.ndarray:
    """Samples that tell their own offset in the stream, complex64 [count]."""
    offsets = np.arange(first, first + count)
    return ((offsets >> 12) + 1j * (offsets & 4095)).astype(np.complex64)


def offsets_of(samples: np.ndarray) -> np.ndarray:
    """The inverse of `numbered`, int64 [count]."""
    return (samples.real.astype(np.int64) << 12) + samples.imag.astype(np.int64)


class Flowgraph(gr.top_block):
    """Numbered samples into a recorder, and a source of messages at its `labels`.

    The run goes on until `end`, however soon the stream ends: labels always come in time, because
    the recorder's memory holds the whole stream unless a test says otherwise.
    """

    def __init__(self, folder: Path, count: int, tags=(), pace_hz: float = 0, **parameters: Any):
        super().__init__()
        values = {"sample_rate": RATE, "buffer_s": max(1.0, 4 * count / RATE), **parameters}
        self.source = blocks.vector_source_c(numbered(count), False, 1, list(tags))
        self.recorder = denomae.sigmf_recorder(str(folder), **values)
        self.mouth = gr.basic_block("mouth", None, None)
        self.mouth.message_port_register_out(PORT)
        if pace_hz:
            self.pace = blocks.throttle(gr.sizeof_gr_complex, pace_hz)
            self.pace.set_max_noutput_items(1024)
            self.connect(self.source, self.pace, self.recorder)
        else:
            self.connect(self.source, self.recorder)
        self.msg_connect(self.mouth, "labels", self.recorder, "labels")

    def say(self, label: Label | Any) -> None:
        """Publish a label, or any message."""
        message = label_to_pdu(label) if isinstance(label, Label) else label
        self.mouth.message_port_pub(PORT, message)

    def end(self) -> dict[str, int]:
        """All labels have been given: the recorder's counters when `wait` has returned."""
        post_done(self.mouth)
        self.wait()
        return self.recorder.counters()

    def record(self, *labels: Label | Any) -> dict[str, int]:
        """Play the stream once from its start, with these labels."""
        self.source.rewind()
        self.start()
        for label in labels:
            self.say(label)
        return self.end()


class Written:
    """One pair of files, which `sigmf` and our own reader both took for valid."""

    def __init__(self, meta_path: Path) -> None:
        self.path = meta_path
        self.meta = json.loads(meta_path.read_text(encoding="utf-8"))
        sigmf.fromfile(str(meta_path), skip_checksum=True).validate()
        with open_capture(meta_path) as capture:
            self.samples = capture.read(0, capture.sample_count)
            self.segments, self.notes = capture.segments, capture.notes
            self.annotations = list(capture.annotations)
        self.offsets = offsets_of(self.samples)

    @property
    def range(self) -> tuple[int, int]:
        """First and last offset, where nothing in between is missing."""
        assert (np.diff(self.offsets) == 1).all()
        return int(self.offsets[0]), int(self.offsets[-1]) + 1

    def marked(self) -> list[tuple[str, int, int]]:
        """Each annotation of a label with the range of the stream's samples that it lies on."""
        found = []
        for mark in self.annotations:
            if mark.label:
                on = self.offsets[mark.sample_start : mark.sample_stop]
                found.append((mark.label, int(on[0]), int(on[-1]) + 1))
        return found

    def dropped(self) -> int:
        """Samples that the metadata say are missing."""
        return sum(mark.get("denomae:dropped_samples", 0) for mark in self.meta["annotations"])


def written(folder: Path) -> list[Written]:
    """All recordings of a folder, in the order of the stream; nothing else lies there."""
    metas = sorted(folder.glob("*.sigmf-meta"), key=lambda path: path.stem.rsplit("_", 1)[1])
    assert len(list(folder.iterdir())) == 2 * len(metas)
    return [Written(path) for path in metas]
