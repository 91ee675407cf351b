# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the display's window; importing this imports Qt."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QBrush, QColor, QFont, QFontMetricsF, QImage, QPainter, QPen
from PyQt5.QtWidgets import QWidget

from .display_record import SPAN_S, Run, Summary
from .display_words import (
    ALARM,
    BACKGROUND,
    FAINT,
    INK,
    LINE,
    PANEL,
    UNKNOWN,
    UNSURE,
    WARNING,
    class_name,
    explanation,
    family_colour,
    family_name,
    first_warning,
    headline,
    hertz,
    percent,
    rate_text,
)

_MOST_BARS = 8
_SNR_DB = (-10.0, 30.0)
_LEFT = Qt.AlignLeft | Qt.AlignVCenter
_RIGHT = Qt.AlignRight | Qt.AlignVCenter
_TICKS_S = (60, 45, 30, 15, 0)


class View(QWidget):
    """A part that paints itself whole; `unit` is the height of its ordinary text in pixels."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WA_OpaquePaintEvent)
        self.unit = 12.0

    def paintEvent(self, _event) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(BACKGROUND))
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setRenderHint(QPainter.SmoothPixmapTransform)
        self.paint(painter, float(self.width()), float(self.height()))
        painter.end()

    def paint(self, painter: QPainter, width: float, height: float) -> None:
        """To be written by each."""

    def text(
        self, painter, box, text, colour=INK, size=1.0, bold=False, align=_LEFT, elide=True
    ) -> float:
        """One line of text in a box; its width in pixels."""
        font = QFont(self.font())
        font.setPixelSize(max(6, round(size * self.unit)))
        font.setBold(bold)
        metrics = QFontMetricsF(font)
        if elide:
            text = metrics.elidedText(text, Qt.ElideRight, box.width())
        painter.setFont(font)
        painter.setPen(QColor(colour))
        painter.drawText(box, align, text)
        return metrics.horizontalAdvance(text)

    def block(self, painter, box, colour, radius=0.3) -> None:
        """A filled box with round corners."""
        painter.setPen(Qt.NoPen)
        painter.setBrush(QColor(colour))
        radius = min(radius * self.unit, box.width() / 2, box.height() / 2)
        painter.drawRoundedRect(box, radius, radius)


class HeaderView(View):
    """Title, labels a second, what was dropped."""

    title, rate, dropped, malformed = "", 0.0, 0, 0

    def paint(self, painter, width, height):
        u = self.unit
        right = f"{self.rate:.0f} labels/s" if self.rate >= 9.5 else f"{self.rate:.1f} labels/s"
        lost = f"{self.dropped:,} dropped"
        parts = [(right, FAINT), (lost, ALARM if self.dropped else FAINT)]
        if self.malformed:
            parts.append((f"{self.malformed:,} malformed", ALARM))
        end = width - 0.2 * u
        for text, colour in reversed(parts):
            end -= self.text(painter, QRectF(0, 0, end, height), text, colour, align=_RIGHT)
            end -= 1.4 * u
        self.text(painter, QRectF(0.2 * u, 0, end - u, height), self.title, INK, 1.15, bold=True)


class DensityView(View):
    """The constellation."""

    picture: np.ndarray | None = None

    def paint(self, painter, width, height):
        side = min(width, height)
        box = QRectF((width - side) / 2, (height - side) / 2, side, side)
        if self.picture is not None:
            rows, columns = self.picture.shape
            pixels = np.ascontiguousarray(self.picture)
            image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format_RGB32)
            painter.drawImage(box, image)
        painter.setBrush(Qt.NoBrush)
        painter.setPen(QPen(QColor(255, 255, 255, 26), 1))
        centre = box.center()
        painter.drawLine(QPointF(box.left(), centre.y()), QPointF(box.right(), centre.y()))
        painter.drawLine(QPointF(centre.x(), box.top()), QPointF(centre.x(), box.bottom()))
        painter.setPen(QPen(QColor(LINE), 1))
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        u = self.unit
        inside = box.adjusted(0.5 * u, 0.3 * u, -0.5 * u, -0.3 * u)
        self.text(painter, inside, "I", FAINT, 0.85, align=Qt.AlignRight | Qt.AlignVCenter)
        self.text(painter, inside, "Q", FAINT, 0.85, align=Qt.AlignHCenter | Qt.AlignTop)


class VerdictView(View):
    """What it is, how sure, how strong, and what else it may be."""

    summary: Summary | None = None
    silent_s = 0.0  # since the last label, where that is long

    def paint(self, painter, width, height):
        u = self.unit
        if self.summary is None:
            box = QRectF(0, 0, width, height)
            self.text(painter, box, "waiting for labels", FAINT, 1.3, align=Qt.AlignCenter)
            return
        kind = self.summary.kind
        colour = family_colour(kind.family) if kind.verdict == "known" else UNSURE
        if self.silent_s:
            colour = FAINT
        self._headline(painter, width, colour)
        self._tiles(painter, QRectF(0, 5.3 * u, width, 2.6 * u))
        warning = first_warning(self.summary.last)
        bottom = height - (1.5 * u if warning else 0)
        self._bars(painter, QRectF(0, 8.6 * u, width, bottom - 8.6 * u), colour)
        if warning:
            box = QRectF(0, height - 1.4 * u, width, 1.4 * u)
            self.text(painter, box, f"! {warning}", WARNING, 0.9)

    def _headline(self, painter, width, colour):
        u, kind, summary = self.unit, self.summary.kind, self.summary
        text = headline(kind.label, kind.verdict, kind.family if kind.close_call else "")
        size = 2.4 if kind.close_call else 2.9  # two words
        self.text(painter, QRectF(0, -0.2 * u, 0.7 * width, 3.6 * u), text, colour, size, bold=True)
        share = summary.probabilities.get(kind.label, 0.0)
        if kind.verdict != "unknown":
            sure = summary.family_confidence if kind.close_call else share
            box = QRectF(0.7 * width, -0.2 * u, 0.3 * width, 3.6 * u)
            self.text(painter, box, percent(sure), INK, 1.9, align=_RIGHT)
        below = explanation(
            kind.label, kind.family, kind.verdict, summary.family_confidence, kind.close_call
        )
        if kind.verdict == "unknown" or kind.close_call:
            below += f", {percent(share)}"
        if self.silent_s:
            below = f"no labels for {self.silent_s:.0f} s"
        self.text(painter, QRectF(0, 3.3 * u, width, 1.5 * u), below, FAINT)

    def _tiles(self, painter, box):
        u, label = self.unit, self.summary.last
        snr_db = self.summary.snr_db
        texts = [
            ("SNR", "—" if snr_db is None else f"{snr_db:.0f} dB"),
            ("rate", rate_text(label.sample_rate_hz)),
            ("frequency", hertz(label.center_frequency_hz)),
        ]
        shares, left = (0.24, 0.30, 0.46), box.left()
        for (name, value), share in zip(texts, shares, strict=True):
            tile = QRectF(left, box.top(), share * box.width() - 0.4 * u, box.height())
            left += share * box.width()
            self.block(painter, tile, PANEL)
            inside = tile.adjusted(0.6 * u, 0.15 * u, -0.3 * u, -0.15 * u)
            top = QRectF(inside.left(), inside.top(), inside.width(), 0.45 * inside.height())
            low = QRectF(inside.left(), top.bottom(), inside.width(), 0.5 * inside.height())
            self.text(painter, top, name, FAINT, 0.78)
            self.text(painter, low, value, INK, 1.0, bold=True)
            if name == "SNR" and snr_db is not None:
                self._gauge(painter, tile, snr_db)

    def _gauge(self, painter, tile, snr_db):
        low, high = _SNR_DB
        share = min(1.0, max(0.02, (snr_db - low) / (high - low)))
        edge = 0.3 * self.unit
        line = QRectF(tile.left() + edge, tile.bottom() - 3, share * (tile.width() - 2 * edge), 2)
        self.block(painter, line, FAINT, 0.1)

    def _bars(self, painter, box, colour):
        u = self.unit
        most = min(_MOST_BARS, int(box.height() / (1.25 * u)))
        shown = list(self.summary.probabilities.items())[:most]
        if not shown:
            return
        pitch = min(2.4 * u, box.height() / max(most, 1))
        names, numbers = 6.2 * u, 3.9 * u
        for i, (name, share) in enumerate(shown):
            best = name == self.summary.kind.label
            row = QRectF(0, box.top() + i * pitch, box.width(), pitch)
            ink = INK if best else FAINT
            name_box = QRectF(0, row.top(), names - 0.5 * u, pitch)
            self.text(painter, name_box, class_name(name), ink, 1.0, best)
            rail = QRectF(
                names, row.center().y() - 0.24 * pitch, box.width() - names - numbers, 0.48 * pitch
            )
            self.block(painter, rail, PANEL)
            if share > 0.004:
                bar = QRectF(rail.left(), rail.top(), max(2.0, share * rail.width()), rail.height())
                self.block(painter, bar, colour if best else "#44546a")
            number_box = QRectF(0, row.top(), box.width(), pitch)
            self.text(painter, number_box, percent(share), ink, align=_RIGHT)


class StripView(View):
    """The labels of the last minute; now is at the right."""

    runs: tuple[Run, ...] = ()

    def paint(self, painter, width, height):
        u = self.unit
        strip = QRectF(0, 1.7 * u, width, height - 3.1 * u)
        self.block(painter, strip, PANEL, 0.2)
        for run in self.runs:
            self._run(painter, strip, run)
        self._legend(painter, QRectF(0, 0, width, 1.5 * u))
        for tick in _TICKS_S:
            at = width * (1 - tick / SPAN_S)
            box = QRectF(at - 3 * u, strip.bottom() + 0.2 * u, 6 * u, 1.2 * u)
            align = Qt.AlignHCenter
            if tick == _TICKS_S[0]:
                box, align = QRectF(0, box.top(), 6 * u, box.height()), Qt.AlignLeft
            elif tick == 0:
                box, align = QRectF(width - 6 * u, box.top(), 6 * u, box.height()), Qt.AlignRight
            self.text(painter, box, f"−{tick} s" if tick else "now", FAINT, 0.8, align=align)

    def _run(self, painter, strip, run):
        left = strip.left() + strip.width() * (1 - run.from_s / SPAN_S)
        right = strip.left() + strip.width() * (1 - run.to_s / SPAN_S)
        box = QRectF(left, strip.top(), max(1.0, right - left), strip.height())
        if run.kind.verdict == "unknown":
            painter.fillRect(box, QColor(LINE))
            painter.fillRect(box, QBrush(QColor(UNKNOWN), Qt.BDiagPattern))
        else:
            painter.fillRect(box, QColor(family_colour(run.kind.family)))
        painter.fillRect(QRectF(left, strip.top(), 1, strip.height()), QColor(BACKGROUND))
        self._name(painter, box, run)

    def _name(self, painter, box, run):
        """The run's name, along the strip where there is room, across it where that has."""
        kind = run.kind
        text = headline(kind.label, kind.verdict, kind.family if kind.close_call else "")
        ink = BACKGROUND if run.kind.verdict == "known" else INK
        font = QFont(self.font())
        font.setPixelSize(max(6, round(self.unit)))
        font.setBold(True)
        length = QFontMetricsF(font).horizontalAdvance(text) + 0.4 * self.unit
        along, across = box.width() / length, box.height() / length
        if along >= 0.65:
            self.text(painter, box, text, ink, min(0.95, along), True, Qt.AlignCenter, elide=False)
        elif across >= 0.55 and min(0.95, across) * 1.15 * self.unit < box.width():
            painter.save()
            painter.translate(box.center())
            painter.rotate(-90)
            turned = QRectF(-box.height() / 2, -box.width() / 2, box.height(), box.width())
            size = min(0.95, across)
            self.text(painter, turned, text, ink, size, True, Qt.AlignCenter, elide=False)
            painter.restore()

    def _legend(self, painter, box):
        u = self.unit
        self.text(painter, box.adjusted(0.2 * u, 0, 0, 0), "last minute", FAINT, 0.9)
        end = box.right() - 0.2 * u
        known = [run.kind.family for run in self.runs if run.kind.verdict != "unknown"]
        names = sorted(set(known), key=lambda name: (name == "noise", name), reverse=True)
        items = [(family_name(name), family_colour(name)) for name in names]
        if any(run.kind.verdict == "unknown" for run in self.runs):
            items.insert(0, ("unknown", UNKNOWN))
        for name, colour in items:
            if end < 12 * u:
                return
            whole = QRectF(box.left(), box.top(), end - box.left(), box.height())
            end -= self.text(painter, whole, name, FAINT, 0.9, align=_RIGHT) + 1.1 * u
            chip = QRectF(end + 0.2 * u, box.center().y() - 0.35 * u, 0.7 * u, 0.7 * u)
            self.block(painter, chip, colour, 0.15)
            end -= 0.7 * u
