# SPDX-License-Identifier: GPL-3.0-or-later
"""How samples lie in a file: SigMF's datatypes, and the numbers that they become."""

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
    """One datatype: I and Q in turn, I first; or one real number a sample.

    Integers are scaled to full scale 1: signed ones by 2**(bits - 1), unsigned ones about the
    middle of their range, so that cu8 is (x - 127.5) / 127.5. Floats stay as they are.

    Attributes:
        name: SigMF's, or `ci24_le` and `ri24_le`, which SigMF does not have and WAV does.
        number: of I, of Q or of a real sample, byte order included; int32 for 24 bits.
        real: one number a sample instead of two.
        packed: three bytes a number.
    """

    name: str
    number: np.dtype
    real: bool = False
    packed: bool = False

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample."""
        return (1 if self.real else 2) * (3 if self.packed else self.number.itemsize)

    @property
    def sigmf_name(self) -> str:
        """What `sigmf_bytes` are to SigMF."""
        return self.name.replace("i24", "i32")

    def sigmf_bytes(self, raw: np.ndarray) -> np.ndarray:
        """The same samples in a datatype that SigMF has: 24 bits become 32 without a loss.

        Args:
            raw: uint8 [S * sample_bytes].

        Returns:
            uint8; `raw` itself unless the datatype is packed.
        """
        if not self.packed:
            return raw
        wide = np.zeros((raw.size // 3, 4), np.uint8)
        wide[:, 1:] = raw.reshape(-1, 3)  # little-endian: times 256, full scale stays 1
        return wide.reshape(-1)

    def decode(self, raw: np.ndarray) -> np.ndarray:
        """Samples from their bytes.

        Args:
            raw: uint8 [S * sample_bytes], contiguous.

        Returns:
            complex64 [S], or float32 [S] where they are real; in memory of its own.
        """
        count = raw.size // self.sample_bytes
        samples = np.empty(count, np.float32 if self.real else np.complex64)
        self.decode_into(raw, samples)
        return samples

    def decode_into(self, raw: np.ndarray, samples: np.ndarray) -> None:
        """The same into memory that is there.

        Args:
            raw: uint8 [S * sample_bytes], contiguous.
            samples: complex64 [S], or float32 [S] where they are real; contiguous.
        """
        numbers, floats = self.sigmf_bytes(raw).view(self.number), samples.view(np.float32)
        if self.number.kind == "f":
            with np.errstate(over="ignore", invalid="ignore"):  # a float64 beyond float32 is inf
                floats[:] = numbers
            return
        shift, scale = self._shift_and_scale()
        if self.number.itemsize <= 2:  # exact in float32
            floats[:] = numbers
            if shift:
                floats -= np.float32(shift)
                floats /= np.float32(scale)
            else:
                floats *= np.float32(1 / scale)  # a power of two: as exact as to divide, and faster
            return
        floats[:] = (numbers.astype(np.float64) - shift) / scale  # scaled, and then rounded

    def encode(self, samples: np.ndarray) -> tuple[np.ndarray, int]:
        """Bytes of samples, the inverse of `decode` up to rounding; for complex datatypes.

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
        CaptureError: no SigMF datatype.
    """
    match = _DATATYPE.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        shown = repr(name)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        raise CaptureError(
            f"{where} is {shown}, wanted a SigMF one such as cf32_le, ci16_le, ci8 or cu8"
        )
    kind, number, order = match.groups()
    byte_order = ">" if order == "_be" else "<"
    return Datatype(name, np.dtype(byte_order + _KINDS[number]), real=kind == "r")


def is_datatype(name: str) -> bool:
    """Whether SigMF has a datatype of that name."""
    return _DATATYPE.fullmatch(name) is not None


def packed_24_bit(real: bool) -> Datatype:
    """Three bytes a number, little-endian and signed, as in WAV."""
    return Datatype("ri24_le" if real else "ci24_le", np.dtype("<i4"), real=real, packed=True)
