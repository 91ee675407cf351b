# SPDX-License-Identifier: GPL-3.0-or-later
"""Constellations: the points of linear modulations, on their textbook lattices, and Gray labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def psk(order: int) -> np.ndarray:
    """Points of phase shift keying on the unit circle: complex64 [order]."""
    return np.exp(2j * np.pi * np.arange(order) / order).astype(np.complex64)


def ask(order: int) -> np.ndarray:
    """Points of unipolar amplitude shift keying, 0 .. order - 1: complex64 [order]."""
    return np.arange(order).astype(np.complex64)


def pam(order: int) -> np.ndarray:
    """Points of bipolar pulse amplitude modulation, odd integers around 0: complex64 [order]."""
    return (2 * np.arange(order) - order + 1).astype(np.complex64)


def square_qam(order: int) -> np.ndarray:
    """Points of square QAM, odd integers in both parts: complex64 [order]."""
    side = round(order**0.5)
    level = 2 * np.arange(side) - side + 1
    return (level[:, None] + 1j * level[None, :]).reshape(-1).astype(np.complex64)


def cross_qam(order: int) -> np.ndarray:
    """Points of cross-shaped QAM, 32 or 128: a square without its four corners: complex64 [order].

    Raises:
        ValueError: an order of another shape.
    """
    if order not in (32, 128):
        raise ValueError(f"no cross-shaped QAM of {order} points here; wanted 32 or 128")
    side, corner = {32: (6, 1), 128: (12, 2)}[order]
    points = square_qam(side * side)
    edge = side - 2 * corner
    return points[(np.abs(points.real) <= edge) | (np.abs(points.imag) <= edge)]


def apsk(
    counts: Sequence[int], radii: Sequence[float], phases: Sequence[float] | None = None
) -> np.ndarray:
    """Points on concentric rings: complex64 [sum of counts].

    Args:
        counts: points of each ring, evenly spaced.
        radii: of each ring.
        phases: of each ring's first point, radians; by default half a step.
    """
    rings = []
    for ring, (count, radius) in enumerate(zip(counts, radii, strict=True)):
        first = np.pi / count if phases is None else phases[ring]
        rings.append(radius * np.exp(1j * (first + 2 * np.pi * np.arange(count) / count)))
    return np.concatenate(rings).astype(np.complex64)


# Ring radii relative to the innermost by code rate, and phases: ETSI EN 302 307-1 (DVB-S2) and
# EN 302 307-2 (DVB-S2X), clause 5.4 of each.
APSK16_RADII = {
    "2/3": (1.0, 3.15),
    "3/4": (1.0, 2.85),
    "4/5": (1.0, 2.75),
    "5/6": (1.0, 2.70),
    "8/9": (1.0, 2.60),
    "9/10": (1.0, 2.57),
}
APSK32_RADII = {
    "3/4": (1.0, 2.84, 5.27),
    "4/5": (1.0, 2.72, 4.87),
    "5/6": (1.0, 2.64, 4.64),
    "8/9": (1.0, 2.54, 4.33),
    "9/10": (1.0, 2.53, 4.30),
}
APSK64_RADII = {"4/5": (1.0, 2.2, 3.6, 5.2), "5/6": (1.0, 2.2, 3.5, 5.0)}
APSK128_RADII = {
    "135/180": (1.0, 1.715, 2.118, 2.681, 2.75, 3.819),
    "140/180": (1.0, 1.715, 2.118, 2.681, 2.75, 3.733),
}
# Of the first quadrant, ring by ring, in 1/5040 of pi; the others are its mirror images.
_APSK128_PHASES = (
    (332, 927, 2187, 1593),
    (242, 1017, 2278, 1503),
    (414, 845, 2106, 1673),
    (427, 834, 2094, 1686),
    (133, 1126, 2387, 1393),
    (528, 111, 330, 732, 1149, 929, 1993, 2408, 2190, 1789, 1372, 1590),
)


def apsk16(rate: str) -> np.ndarray:
    """16APSK (4 + 12) of DVB-S2 at a code rate of `APSK16_RADII`: complex64 [16]."""
    return apsk((4, 12), APSK16_RADII[rate])


def apsk32(rate: str) -> np.ndarray:
    """32APSK (4 + 12 + 16) of DVB-S2 at a code rate of `APSK32_RADII`: complex64 [32]."""
    return apsk((4, 12, 16), APSK32_RADII[rate], (np.pi / 4, np.pi / 12, 0.0))


def apsk64(rate: str) -> np.ndarray:
    """64APSK (8 + 16 + 20 + 20) of DVB-S2X at a rate of `APSK64_RADII`: complex64 [64]."""
    return apsk((8, 16, 20, 20), APSK64_RADII[rate])


def apsk128(rate: str) -> np.ndarray:
    """128APSK of DVB-S2X at a code rate of `APSK128_RADII`: complex64 [128]."""
    quadrant = np.concatenate(
        [
            radius * np.exp(1j * np.pi * np.array(phases) / 5040)
            for radius, phases in zip(APSK128_RADII[rate], _APSK128_PHASES, strict=True)
        ]
    )
    points = [quadrant, -quadrant.conj(), -quadrant, quadrant.conj()]
    return np.concatenate(points).astype(np.complex64)


def unit_power(points: np.ndarray) -> np.ndarray:
    """Points scaled to a mean power of 1, not to be written to: complex64 [M]."""
    power = np.mean(np.abs(points.astype(np.complex128)) ** 2)
    scaled = (points / np.sqrt(power)).astype(np.complex64)
    scaled.setflags(write=False)
    return scaled


def gray(order: int) -> np.ndarray:
    """Labels of `order` points in a row or on a circle, one bit from neighbour to neighbour."""
    number = np.arange(order)
    return number ^ (number >> 1)


def gray_square(order: int) -> np.ndarray:
    """Labels of `square_qam(order)`, one bit from neighbour to neighbour: int [order]."""
    side = round(order**0.5)
    label = gray(side)
    return (label[:, None] * side + label[None, :]).reshape(-1)
