# SPDX-License-Identifier: GPL-3.0-or-later
"""How a display names things, and which colours it gives them."""

from __future__ import annotations

import re

from denomae.labels import Label

BACKGROUND, PANEL, LINE = "#0d1117", "#141a23", "#263040"
INK, FAINT, ALARM = "#eef2f7", "#8793a4", "#ff6b5e"
UNSURE, UNKNOWN, WARNING = "#9aa5b4", "#62708a", "#f2a93b"

FAMILIES = {
    "noise": "#5d6877",
    "carrier": "#e6dcc0",
    "analog": "#f2a93b",
    "ask": "#ef5d43",
    "psk": "#3fa9f5",
    "qam": "#2fc6a2",
    "fsk": "#b18cf5",
    "multicarrier": "#f27ab5",
    "spread": "#c3d84c",
    "pulse": "#ff9d76",
}
_MORE = ("#79c7e3", "#d6a2ad", "#9dbf7f", "#c9a7f0", "#e0b96a")

# From nothing to the densest, as red, green and blue.
_DENSITY = (
    (0.00, (13, 17, 23)),
    (0.12, (27, 22, 62)),
    (0.32, (84, 28, 120)),
    (0.54, (176, 46, 104)),
    (0.74, (240, 108, 52)),
    (0.90, (253, 196, 78)),
    (1.00, (255, 252, 226)),
)

_NAMES = {"noise": "Noise", "carrier": "Carrier", "chirp": "Chirp", "pi4dqpsk": "π/4-DQPSK"}
_FAMILY_NAMES = {"noise": "noise", "carrier": "carrier", "multicarrier": "multicarrier"}
_WORDS = {"analog", "spread", "pulse"}


def class_name(name: str) -> str:
    """A class for people: `16qam` is 16-QAM."""
    if name in _NAMES:
        return _NAMES[name]
    parts = re.fullmatch(r"(\d+)([a-z]+.*)", name)
    return f"{parts[1]}-{parts[2].upper()}" if parts else name.upper()


def family_name(name: str) -> str:
    """A family for people: `psk` is PSK, but `analog` stays a word."""
    if name in _FAMILY_NAMES or name in _WORDS:
        return name
    return name.upper() if len(name) <= 4 else name


def family_colour(name: str) -> str:
    """The same colour for a family wherever it is shown."""
    return FAMILIES.get(name) or _MORE[sum(name.encode()) % len(_MORE)]


def hertz(value: float | None) -> str:
    """For example `433.920 MHz`; an em dash where nobody knows."""
    if value is None:
        return "—"
    for factor, unit, digits in ((1e9, "GHz", 6), (1e6, "MHz", 3), (1e3, "kHz", 1)):
        if abs(value) >= factor:
            return f"{value / factor:.{digits}f} {unit}"
    return f"{value:.0f} Hz"


def rate_text(value: float | None) -> str:
    """For example `2 MS/s`; an em dash where nobody knows."""
    if value is None:
        return "—"
    for factor, unit in ((1e6, "MS/s"), (1e3, "kS/s")):
        if value >= factor:
            return f"{value / factor:.4g} {unit}"
    return f"{value:.4g} S/s"


def headline(label: str, verdict: str, close_call_in: str = "") -> str:
    """The verdict in a word or two; of a close call, its family."""
    if close_call_in:
        return f"{family_name(close_call_in)} family"
    return {"unknown": "Unknown", "noise": "Noise"}.get(verdict) or class_name(label)


def explanation(
    label: str, family: str, verdict: str, family_confidence: float, close_call: bool = False
) -> str:
    """The line below the headline."""
    if verdict == "unknown":
        return f"cannot tell; closest: {class_name(label)}"
    if verdict == "noise":
        return "no signal in these frames"
    if close_call:
        return f"close call; most likely {class_name(label)}"
    return f"{family_name(family)} family, {percent(family_confidence)}"


def percent(share: float) -> str:
    """A probability; nothing is ever certain."""
    return ">99 %" if share >= 0.995 else f"{100 * share:.0f} %"


def first_warning(label: Label) -> str:
    """What makes a label doubtful, or nothing."""
    return label.warnings[0] if label.warnings else ""


def density_colours(size: int = 256, gamma: float = 0.6) -> list[int]:
    """The colour map, 0xffRRGGBB, from nothing to the densest."""
    colours = []
    for i in range(size):
        share = (i / (size - 1)) ** gamma
        at = next(k for k in range(1, len(_DENSITY)) if share <= _DENSITY[k][0])
        (low, from_rgb), (high, to_rgb) = _DENSITY[at - 1], _DENSITY[at]
        mix = (share - low) / (high - low)
        red, green, blue = (round(a + mix * (b - a)) for a, b in zip(from_rgb, to_rgb, strict=True))
        colours.append(0xFF000000 | red << 16 | green << 8 | blue)
    return colours
