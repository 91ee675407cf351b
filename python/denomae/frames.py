# SPDX-License-Identifier: GPL-3.0-or-later
"""What frames must be to get a label, and what makes a frame doubtful."""

from __future__ import annotations

import numpy as np

from denomae.errors import DenomaeError

CLIPPED_SHARE = 0.01  # of a frame's samples at full scale, that make its label doubtful
FULL_SCALE = 0.99


def checked(frames: np.ndarray, length: int) -> np.ndarray:
    """Frames complex64 [B, length] as one block of memory.

    Raises:
        DenomaeError: the array has another shape or type, or a frame holds NaN, infinity or
            nothing but zeros.
    """
    frames = np.asarray(frames)
    if frames.ndim != 2 or frames.shape[1] != length or frames.dtype != np.complex64:
        raise DenomaeError(
            f"frames are {frames.dtype} of shape {list(frames.shape)}; "
            f"wanted complex64 of shape [B, {length}]"
        )
    frames = np.ascontiguousarray(frames)
    lowest, highest = _extremes(frames)
    broken = ~(np.isfinite(lowest) & np.isfinite(highest))  # a NaN is its frame's extreme
    if broken.any():
        first = int(np.argmax(broken))
        raise DenomaeError(
            f"frame {first} holds NaN or infinite samples "
            f"({int(broken.sum())} of {len(frames)} frames do); "
            "wanted finite samples: leave such frames out"
        )
    empty = (lowest == 0) & (highest == 0)
    if empty.any():
        raise DenomaeError(
            f"frame {int(np.argmax(empty))} holds nothing but zeros "
            f"({int(empty.sum())} of {len(frames)} frames do); "
            "wanted a signal or noise: leave such frames out"
        )
    return frames


def clipped(frames: np.ndarray) -> list[bool]:
    """Which checked frames look clipped: full scale is reached, and by many samples alike."""
    lowest, highest = _extremes(frames)
    peaks = np.maximum(highest, -lowest)
    result = peaks >= FULL_SCALE
    if result.any():  # only these need a closer look
        parts = np.abs(frames.view(np.float32)[result])
        at_peak = np.count_nonzero(parts >= peaks[result, None], axis=1)
        result[result] = at_peak >= CLIPPED_SHARE * parts.shape[1]
    return result.tolist()


def _extremes(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest I or Q of each frame: float32 [B] each."""
    parts = frames.view(np.float32)
    return parts.min(1), parts.max(1)
