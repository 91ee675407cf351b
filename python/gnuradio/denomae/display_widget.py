# SPDX-License-Identifier: GPL-3.0-or-later
"""The display's window; importing this imports Qt."""

from __future__ import annotations

import time
from typing import Any, Protocol

from PyQt5.QtCore import QSize, Qt, QTimer
from PyQt5.QtGui import QColor, QPalette
from PyQt5.QtWidgets import QWidget

from .display_density import FadingDensity
from .display_record import SLOT_S, LabelRecord
from .display_views import DensityView, HeaderView, StripView, VerdictView
from .display_words import BACKGROUND

PERIOD_MS = 50
_SLOWER = 2  # words and bars change every so many periods: nobody reads faster
_SILENT_S = 2.0


class Shown(Protocol):
    """What the window shows, read on the GUI's thread."""

    record: LabelRecord
    title: str
    averaging_s: float
    malformed: int


class DisplayWidget(QWidget):
    """Draws what has changed, at most 20 times a second, on the GUI's thread.

    Args:
        shown: labels and words.
        images: the `constellation_image` whose pictures are shown.
        side: pixels of its images, which are square.
    """

    def __init__(self, shown: Shown, images: Any, side: int) -> None:
        super().__init__()
        self._shown = shown
        self._density = FadingDensity(images, side)
        self._header, self._verdict = HeaderView(self), VerdictView(self)
        self._constellation, self._strip = DensityView(self), StripView(self)
        self._periods, self._strip_number, self._said = 0, -1, None
        palette = self.palette()
        palette.setColor(QPalette.Window, QColor(BACKGROUND))
        self.setPalette(palette)
        self.setAutoFillBackground(True)
        self.setMinimumSize(360, 260)
        self._timer = QTimer(self)  # ends with the window
        self._timer.setTimerType(Qt.CoarseTimer)
        self._timer.timeout.connect(self._look)
        self._timer.start(PERIOD_MS)

    def sizeHint(self) -> QSize:
        return QSize(960, 600)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        width, height = self.width(), self.height()
        unit = max(8.5, min(26.0, height / 31, width / 50))
        edge = round(unit)
        header, strip = round(2.0 * unit), round(max(6.0 * unit, 0.19 * height))
        middle = height - header - strip - round(3.0 * unit)
        side = max(40, min(middle, round(0.46 * width)))
        top = edge + header + round(0.4 * unit)
        self._header.setGeometry(edge, round(0.6 * unit), width - 2 * edge, header)
        self._constellation.setGeometry(edge, top, side, middle)
        left = edge + side + round(1.4 * unit)
        self._verdict.setGeometry(left, top, width - left - edge, middle)
        self._strip.setGeometry(edge, height - strip - round(0.5 * unit), width - 2 * edge, strip)
        for view in (self._header, self._constellation, self._verdict, self._strip):
            view.unit = unit
            view.update()

    def _look(self) -> None:
        if not self.isVisible():
            return
        now = time.monotonic()
        if self._density.update(now):
            self._constellation.picture = self._density.picture()
            self._constellation.update()
        self._periods += 1
        if self._periods % _SLOWER == 0:
            self._look_at_labels()
        number = int(now / SLOT_S)
        if number != self._strip_number:
            self._strip_number = number
            self._look_at_strip()

    def _look_at_labels(self) -> None:
        shown = self._shown
        summary = shown.record.summary(shown.averaging_s)
        age_s = 0.0 if summary is None else summary.age_s
        silent_s = float(int(age_s)) if age_s >= max(_SILENT_S, 2 * shown.averaging_s) else 0.0
        rate, dropped = shown.record.rate(), 0 if summary is None else summary.last.dropped_frames
        header = (shown.title, round(rate, 1), dropped, shown.malformed)
        if header != self._header_said():
            self._header.title, self._header.rate = shown.title, round(rate, 1)
            self._header.dropped, self._header.malformed = dropped, shown.malformed
            self._header.update()
        said = (shown.record.version, silent_s, shown.averaging_s)
        if said != self._said:
            self._said = said
            self._verdict.summary, self._verdict.silent_s = summary, silent_s
            self._verdict.setToolTip("" if summary is None else "\n".join(summary.last.warnings))
            self._verdict.update()

    def _header_said(self) -> tuple[str, float, int, int]:
        header = self._header
        return header.title, header.rate, header.dropped, header.malformed

    def _look_at_strip(self) -> None:
        runs = tuple(self._shown.record.runs())
        if runs != self._strip.runs:
            self._strip.runs = runs
            self._strip.update()
