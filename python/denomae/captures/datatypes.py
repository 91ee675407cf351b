# SPDX-License-Identifier: GPL-3.0-or-later
"""How samples lie in a file: SigMF's datatypes, and the complex64 that they become."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from denomae.errors import CaptureError

# Matched in full: `cf32_leXYZ` is no datatype.
_DATATYPE = re.compile(r"(c|r)(f32|f64|i32|i16|u32|u16|i8|u8)(_le|_be)?", re.ASCII)
_KINDS = {
    "f32": "f4",
    "f64": "f8",
    "i32": "i4",
    "i16": "i2",
    "u32": "u4",
    "u16": "u2",
    "i8": "i1",
    "u8": "u1",
}


@dataclass(frozen=True)
class Datatype:
    """One complex datatype: I and Q in turn, I first.

    Integers are scaled to full scale 1: signed ones by 2**(bits - 1), unsigned ones about the
    middle of their range, so that cu8 is (x - 127.5) / 127.5. Floats stay as they are.
    """

    name: str
    number: np.dtype  # of I or of Q, byte order included

    @property
    def sample_bytes(self) -> int:
        """Bytes of one complex sample."""
        return 2 * self.number.itemsize

    def decode(self, raw: np.ndarray) -> np.ndarray:
        """Samples from their bytes.

        Args:
            raw: uint8 [S * sample_bytes], contiguous.

        Returns:
            complex64 [S], in memory of its own.
        """
        numbers = raw.view(self.number)
        if self.number.kind == "f":
            with np.errstate(over="ignore", invalid="ignore"):  # a float64 beyond float32 is inf
                return numbers.astype(np.float32).view(np.complex64)
        # Exact in float32 up to 16 bits; wider ones are scaled before they are rounded.
        wide = np.float32 if self.number.itemsize <= 2 else np.float64
        shift, scale = self._shift_and_scale()
        scaled = numbers.astype(wide)
        if shift:
            scaled -= wide(shift)
        scaled /= wide(scale)
        return scaled.astype(np.float32, copy=False).view(np.complex64)

    def encode(self, samples: np.ndarray) -> tuple[np.ndarray, int]:
        """Bytes of samples, the inverse of `decode` up to rounding.

        Args:
            samples: complex [S], finite where the datatype is an integer one.

        Returns:
            uint8 [S * sample_bytes], and how many of the 2 S numbers were clipped.

        Raises:
            CaptureError: NaN or an infinity meets an integer datatype.
        """
        parts = np.ascontiguousarray(samples, dtype=np.complex64).view(np.float32)
        if self.number.kind == "f":
            return np.ascontiguousarray(parts.astype(self.number)).view(np.uint8), 0
        if not np.isfinite(parts).all():
            raise CaptureError(
                f"the samples hold NaN or infinity, which {self.name} cannot store; write cf32_le"
            )
        shift, scale = self._shift_and_scale()
        levels = np.rint(parts.astype(np.float64) * scale + shift)
        limits = np.iinfo(self.number)
        clipped = int(np.count_nonzero((levels < limits.min) | (levels > limits.max)))
        stored = np.clip(levels, limits.min, limits.max).astype(self.number)
        return np.ascontiguousarray(stored).view(np.uint8), clipped

    def _shift_and_scale(self) -> tuple[float, float]:
        bits = 8 * self.number.itemsize
        if self.number.kind == "i":
            return 0.0, 2.0 ** (bits - 1)
        middle = (2.0**bits - 1) / 2
        return middle, middle


def parse_datatype(name: object, where: str = "the datatype") -> Datatype:
    """The datatype of that name; one of several bytes without `_le` or `_be` is little-endian.

    Raises:
        CaptureError: no SigMF datatype, or a real one.
    """
    match = _DATATYPE.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        shown = repr(name)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        raise CaptureError(
            f"{where} is {shown}, wanted a SigMF one such as cf32_le, ci16_le, ci8 or cu8"
        )
    kind, number, order = match.groups()
    if kind == "r":
        raise CaptureError(
            f"{where} is {name!r}, real samples; only complex ones (c...) are classified, so make"
            " them analytic first (for instance by a Hilbert filter) and store them as cf32_le"
        )
    byte_order = ">" if order == "_be" else "<"
    return Datatype(name, np.dtype(byte_order + _KINDS[number]))
