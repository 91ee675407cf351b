# SPDX-License-Identifier: GPL-3.0-or-later
"""The display: a constellation and its labels, live, as a Qt widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pmt
from gnuradio import blocks, gr

from denomae.errors import DenomaeError

from .constellation_image import constellation_image
from .display_record import LabelRecord
from .parameters import count, seconds, text
from .pdu import label_of
from .system_port import forget_done, take_all

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QWidget

_LABELS = pmt.intern("labels")
_SIDE_PX = 128
_EXTENT = 2.0
_DECAY_PX, _HALF_SIZE_PX = (1.0, 2.0, 4.0), (4, 7, 14)
_IMAGES_PER_SECOND = 20.0
_MOST_REPORTED = 8
_MOST_WAITING = 512  # labels: GNU Radio itself sets no bound where a port has a handler


class label_display(gr.hier_block2):
    """Shows a signal and what it is said to be: `widget()` is to be put into a window.

    The constellation's density, bars of the most probable classes, the verdict in words, SNR, rate
    and frequency, a strip of the last minute, labels a second and dropped frames. It is drawn on
    the GUI's thread, at most 20 times a second; the stream and the labels' thread only leave what
    is newest, in a memory that does not grow. A window that is closed harms nothing.

    Input: complex samples, those that are classified. Message port `labels`: label PDUs; what is
    none is counted, reported in the log and skipped.

    Args:
        title: above the picture; empty: the source's name, or "Modulation".
        source: shows only the labels of the classifier of this name; empty: all.
        averaging_s: seconds over which probabilities and SNR are averaged (≥ 0); 0: the last label
            alone.
        frame_length: samples in one picture of the constellation (≥ 1).

    Raises:
        DenomaeError: one of these cannot be, PyQt5 is missing, or there is no QApplication yet.
    """

    def __init__(
        self,
        title: str = "",
        source: str = "",
        averaging_s: float = 0.5,
        frame_length: int = 1024,
    ) -> None:
        gr.hier_block2.__init__(
            self,
            "denomae_label_display",
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
            gr.io_signature(0, 0, 0),
        )
        frame_length = count("frame_length", frame_length, 1, most=2**31 - 1)
        self._intake = _label_intake()
        self.set_source(source)
        self.set_title(title)
        self.set_averaging_s(averaging_s)
        self._images = constellation_image(
            frame_length=frame_length,
            height=_SIDE_PX,
            width=_SIDE_PX,
            extent=_EXTENT,
            decay_px=_DECAY_PX,
            half_size_px=_HALF_SIZE_PX,
            images_per_second=_IMAGES_PER_SECOND,
        )
        self._widget = _widget(self._intake.shown, self._images)
        self.message_port_register_hier_in("labels")
        self.connect(self, self._images, blocks.null_sink(3 * _SIDE_PX**2))
        self.msg_connect(self, "labels", self._intake, "labels")

    def widget(self) -> QWidget:
        """What is to be put into a layout or shown as a window of its own."""
        return self._widget

    def set_title(self, title: str) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._title = text("title", title)
        self._intake.shown.title = self._title or self._intake.source or "Modulation"

    def set_source(self, source: str) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._intake.source = text("source", source)
        if hasattr(self, "_title"):
            self.set_title(self._title)

    def set_averaging_s(self, averaging_s: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._intake.shown.averaging_s = seconds("averaging_s", averaging_s)

    def counters(self) -> dict[str, int]:
        """Since the flowgraph began: labels `shown`, those of `other` sources, messages that were
        `malformed`, those `passed_over` unread because more than 512 waited, and `images` of the
        constellation."""
        intake = self._intake
        return {
            "shown": intake.shown.record.version,
            "other": intake.other,
            "malformed": intake.shown.malformed,
            "passed_over": intake.passed_over,
            "images": self._images.counters()["images"],
        }


class _Shown:
    """What the window reads."""

    def __init__(self) -> None:
        self.record = LabelRecord()
        self.title = ""
        self.averaging_s = 0.0
        self.malformed = 0


class _label_intake(gr.basic_block):
    """Puts the labels that arrive where the window finds them."""

    def __init__(self) -> None:
        gr.basic_block.__init__(self, name="denomae_label_intake", in_sig=None, out_sig=None)
        self.shown = _Shown()
        self.source = ""
        self.other = 0
        self.passed_over = 0
        self._reported: set[str] = set()
        self.message_port_register_in(_LABELS)
        self.gateway.set_msg_handler_pybind(_LABELS, "_on_label")

    def start(self) -> bool:
        forget_done(self)
        self.shown.record.clear()
        self.shown.malformed = self.other = self.passed_over = 0
        return True

    def _on_label(self, message: Any) -> None:
        if self.nmsgs(_LABELS) > _MOST_WAITING:
            for newer in take_all(self, _LABELS):
                self.passed_over += 1
                message = newer
        try:
            label = label_of(message)
        except DenomaeError as error:
            self.shown.malformed += 1
            self._report(str(error))
            return
        if self.source and label.source != self.source:
            self.other += 1
            return
        self.shown.record.put(label)

    def _report(self, sentence: str) -> None:
        kind = sentence.partition(" is ")[0]
        if kind not in self._reported and len(self._reported) < _MOST_REPORTED:
            self._reported.add(kind)
            self.logger.warn(f"skipped, as will be others like it: {sentence}")


def _widget(shown: _Shown, images: constellation_image) -> QWidget:
    try:
        from PyQt5.QtWidgets import QApplication
    except ImportError as error:
        raise DenomaeError(
            f"label_display needs PyQt5 (on Debian and Ubuntu: python3-pyqt5): {error}"
        ) from error
    if QApplication.instance() is None:  # Qt would end the process
        raise DenomaeError("label_display needs a QApplication, which there is not yet: make one")
    from .display_widget import DisplayWidget

    return DisplayWidget(shown, images, _SIDE_PX)
