# SPDX-License-Identifier: GPL-3.0-or-later
"""What the classes of public sets are called here, where they are the same waveform.

None stands for a waveform that none of our classes is: PAM4 has levels on both sides of 0 and our
4ask on one, CPFSK has the deviation of MSK, our am has a carrier and our ssb none. The AM-SSB of
RadioML 2016 is noise alone: its public generator multiplies the message by a sine of 0 Hz.
"""

from __future__ import annotations

from collections.abc import Sequence

RADIOML_2016: dict[str, str | None] = {
    "8PSK": "8psk",
    "AM-DSB": "am",
    "AM-SSB": None,
    "BPSK": "bpsk",
    "CPFSK": None,
    "GFSK": "gfsk",
    "PAM4": None,
    "QAM16": "16qam",
    "QAM64": "64qam",
    "QPSK": "qpsk",
    "WBFM": "fm",
}

# In the true order. The list that is shipped beside the file has another one, which is wrong.
RADIOML_2018: dict[str, str | None] = {
    "OOK": "ook",
    "4ASK": "4ask",
    "8ASK": None,
    "BPSK": "bpsk",
    "QPSK": "qpsk",
    "8PSK": "8psk",
    "16PSK": None,
    "32PSK": None,
    "16APSK": "16apsk",
    "32APSK": "32apsk",
    "64APSK": None,
    "128APSK": None,
    "16QAM": "16qam",
    "32QAM": None,
    "64QAM": "64qam",
    "128QAM": None,
    "256QAM": "256qam",
    "AM-SSB-WC": None,
    "AM-SSB-SC": "ssb",
    "AM-DSB-WC": "am",
    "AM-DSB-SC": None,
    "FM": "fm",
    "GMSK": "gmsk",
    "OQPSK": "oqpsk",
}

CSPB: dict[str, str | None] = {
    "bpsk": "bpsk",
    "qpsk": "qpsk",
    "8psk": "8psk",
    "dqpsk": "pi4dqpsk",
    "16qam": "16qam",
    "64qam": "64qam",
    "256qam": "256qam",
    "msk": None,
}


# Of the recipe `live`.
OURS = frozenset(
    "noise carrier am ssb fm ook 4ask bpsk qpsk oqpsk pi4dqpsk 8psk 16apsk 32apsk 16qam 64qam"
    " 256qam 2fsk 4fsk gfsk gmsk ofdm chirp ppm".split()
)


def our_names(classes: Sequence[str], table: dict[str, str | None]) -> tuple[str | None, ...]:
    """Our names of a set's classes; None for one that is not ours, or not in the table."""
    return tuple(table.get(name) for name in classes)
