# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is measured, and what is wanted of it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from denomae.errors import DenomaeError


@dataclass(frozen=True)
class Counts:
    """How many frames are judged."""

    gnu_radio: int = 40
    """Transmissions of each class by GNU Radio; each gives one frame at every SNR."""
    per_recording: int = 400
    """Most frames of one recording; of more, evenly spread ones are judged."""
    unknown: int = 200
    """Of each kind of unknown waveform."""
    known: int = 1500
    """To hold the unknown ones against; as many again fit thresholds, and as many are the bank that
    scores of features look into."""
    empty: int = 500
    """Of noise alone, and as many of signals at 0 dB."""
    calibration: int = 8000
    """Over the whole range of SNR."""
    strong: int = 100
    """Of each class, by how many symbols they hold."""

    def check(self) -> None:
        """Raises a DenomaeError that names the first count below 1."""
        for option in fields(self):
            found = getattr(self, option.name)
            if found < 1:
                raise DenomaeError(f"counts.{option.name} is {found}; wanted 1 or more")


GNU_RADIO_SNR_DB = (0.0, 5.0, 10.0, 15.0, 20.0)
KNOWN_SNR_DB = (5.0, 20.0)
"""At which known and unknown frames are told apart."""
FAMILY_LEAST, FAMILY_FROM_DB = 0.98, 5.0
CLASS_LEAST, CLASS_FROM_DB = 0.95, 10.0
NOISE_AUROC, UNKNOWN_AUROC, REFUSED_MOST = 0.99, 0.92, 0.05
ERROR_MOST, BIN_ERROR_MOST = 0.03, 0.06  # of calibration
STRONG_LEAST, STRONG_SNR_DB, MANY_SYMBOLS = 0.92, (15.0, 30.0), 128
SNR_RMS_MOST_DB, SNR_RANGE_DB = 1.5, (-5.0, 20.0)
MERGED = {"256qam": "64qam"}  # counted as one
APART = ("32apsk",)  # reported by itself


@dataclass(frozen=True)
class Target:
    """What is wanted, what was found, and whether that is enough."""

    what: str
    wanted: str
    found: str
    met: bool
