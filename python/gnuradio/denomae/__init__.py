# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio blocks that recognise modulations: `from gnuradio import denomae`."""

from __future__ import annotations

from .label_publisher import denomae_label_publisher

__all__ = ["denomae_label_publisher"]
