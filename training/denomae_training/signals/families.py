# SPDX-License-Identifier: GPL-3.0-or-later
"""Every class that a recipe may have, and the family it belongs to."""

from __future__ import annotations

FAMILIES: dict[str, str] = {
    "noise": "noise",
    "carrier": "carrier",
    "am": "analog",
    "ssb": "analog",
    "fm": "analog",
    "ook": "ask",
    "4ask": "ask",
    "bpsk": "psk",
    "qpsk": "psk",
    "oqpsk": "psk",
    "pi4dqpsk": "psk",
    "8psk": "psk",
    "16apsk": "qam",
    "32apsk": "qam",
    "16qam": "qam",
    "64qam": "qam",
    "256qam": "qam",
    "2fsk": "fsk",
    "4fsk": "fsk",
    "gfsk": "fsk",
    "gmsk": "fsk",
    "ofdm": "multicarrier",
    "chirp": "spread",
    "ppm": "pulse",
}
