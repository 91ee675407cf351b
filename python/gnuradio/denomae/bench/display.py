# SPDX-License-Identifier: GPL-3.0-or-later
"""What the label display costs, beside the same flowgraph without it."""

from __future__ import annotations

import importlib.util
import os
import time
from typing import Any

from gnuradio import blocks, gr

from denomae import Engine
from denomae.bench.row import Row
from denomae.labels import Place

from ..pdu import label_to_pdu
from .radio import noise_samples

RATE_HZ = 1e6
LABELS_PER_S = 50
SIZE_PX = (900, 600)
_NAME = "label display, share of a core"


def display_row(seconds: float) -> Row:
    """A window that is drawn to memory: no graphics card helps, and none is needed."""
    if importlib.util.find_spec("PyQt5") is None:
        return Row.not_run(_NAME, "%", "the label display needs python3-pyqt5")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PyQt5 import QtCore, QtWidgets

    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(["bench"])
    model = Engine.load(device="cpu")
    frame = noise_samples(model.frame_length)[None]
    (label,) = model.classify(frame, places=[Place(0, model.frame_length)])

    def cpu_share(displayed: bool) -> float:
        flowgraph = gr.top_block()
        source = blocks.vector_source_c(noise_samples(64 * model.frame_length), True)
        pace = blocks.throttle(gr.sizeof_gr_complex, RATE_HZ)
        flowgraph.connect(source, pace)
        strobe = blocks.message_strobe(label_to_pdu(label), int(1000 / LABELS_PER_S))
        sink: Any
        if displayed:
            from ..label_display import label_display

            sink = label_display()
            sink.widget().resize(*SIZE_PX)
            sink.widget().show()
            flowgraph.msg_connect(strobe, "strobe", sink, "labels")
        else:
            sink = blocks.null_sink(gr.sizeof_gr_complex)
            flowgraph.msg_connect(strobe, "strobe", blocks.message_debug(False), "store")
        flowgraph.connect(pace, sink)
        flowgraph.start()
        _events(application, QtCore, 1.0)
        began, spent = time.perf_counter(), time.process_time()
        _events(application, QtCore, seconds / 2)
        share = (time.process_time() - spent) / (time.perf_counter() - began)
        flowgraph.stop()
        flowgraph.wait()
        if displayed:
            sink.widget().close()
        return 100 * share

    without, shown = cpu_share(False), cpu_share(True)
    note = (
        f"{RATE_HZ / 1e6:g} MS/s, {LABELS_PER_S} labels/s, {SIZE_PX[0]} x {SIZE_PX[1]} pixels; "
        "what it adds to the same flowgraph without it"
    )
    return Row.compared(_NAME, shown - without, "%", "the rest of the flowgraph", without, note)


def _events(application: Any, core: Any, seconds: float) -> None:
    core.QTimer.singleShot(int(seconds * 1000), application.quit)
    application.exec_()
