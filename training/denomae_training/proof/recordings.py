# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of real recordings, behind the rate adapter that a live flowgraph has.

What a recording is, is known of its file; which frames hold the signal is found by their power.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from denomae.captures import open_capture
from denomae.errors import DenomaeError
from denomae_training.checks.gnu_radio import GnuRadio

FAMILY_OF = {
    "ask.complex": "ask",
    "enocean.complex": "ask",
    "fsk.complex": "fsk",
    "homematic.complex32s": "fsk",
    "ook_overshoot.complex16s": "ask",
    "ao73.wav": "psk",
}
"""What the recordings hold, by their own notes: those of Universal Radio Hacker's tests, and a
satellite's from gr-satellites."""
INTERVAL = 8192  # samples that the adapter measures at once
LOUD = 4.0  # times the floor's power: below it, a recording has no pauses
LOWEST = 10  # percentile of power that is the floor
LOUDEST = 0.01  # share of the blocks, the weakest of which is the signal's power
QUIET_BLOCKS = (16, 256)  # samples, of a short and of a long recording


@dataclass(frozen=True)
class Stretch:
    """Where a signal is: samples from `begin` up to `end`."""

    begin: int
    end: int


def recordings(folder: Path) -> list[Path]:
    """The files of a folder whose family is known.

    Raises:
        DenomaeError: there is none.
    """
    found = [folder / name for name in FAMILY_OF if (folder / name).is_file()]
    if not found:
        raise DenomaeError(
            f"{folder} holds none of the recordings whose family is known: {list(FAMILY_OF)}; "
            "leave --captures out, or name the folder that has them"
        )
    return found


def frames_of(path: Path, gnu_radio: GnuRadio, length: int, interval: int = INTERVAL) -> np.ndarray:
    """Frames of a recording's signal with a hop of an eighth: complex64 [F, length].

    Raises:
        DenomaeError: the file cannot be read, or GNU Radio is not there.
    """
    with open_capture(path) as capture:
        samples = capture.read(0, capture.sample_count)
    adapted = gnu_radio.call("adapt", continued(samples, interval), np.complex64, interval=interval)
    return cut(adapted, length)


def continued(samples: np.ndarray, interval: int) -> np.ndarray:
    """A recording and two intervals of its own noise behind it, so that all of it passes the
    adapter. What has no pauses stays as it is: complex64 [N] or [N + 2 intervals].
    """
    noise = own_noise(samples)
    return np.concatenate([samples, np.resize(noise, 2 * interval)]) if len(noise) else samples


def own_noise(samples: np.ndarray) -> np.ndarray:
    """The pauses of a recording, one behind the other; empty where there are none."""
    block = int(np.clip(len(samples) // 64, *QUIET_BLOCKS))
    count = len(samples) // block
    if not count:
        return samples[:0]
    blocks = samples[: count * block].reshape(count, block)
    power = np.mean(np.abs(blocks) ** 2, axis=1)
    floor, signal = _levels(power)
    if signal < LOUD * floor:
        return samples[:0]
    return blocks[power <= 2 * floor].reshape(-1)


def cut(samples: np.ndarray, length: int) -> np.ndarray:
    """Frames wherever there is a signal, with a hop of an eighth of their length.

    A stretch shorter than a frame gives all the frames that hold it whole; where the samples end
    before such a frame does, their own noise goes on.
    """
    hop = length // 8
    noise = own_noise(samples)
    if len(noise):
        samples = np.concatenate([np.resize(noise, length), samples, np.resize(noise, length)])
    frames = []
    for stretch in stretches(samples, length):
        first, last = stretch.begin, stretch.end - length
        if last < first:
            first, last = max(last, 0), min(stretch.begin, len(samples) - length)
        frames += [samples[at : at + length] for at in range(first, last + 1, hop)]
    return np.stack(frames) if frames else np.empty((0, length), np.complex64)


def stretches(samples: np.ndarray, length: int) -> list[Stretch]:
    """Where the power stands above the geometric mean of floor and signal.

    Pauses shorter than a frame belong to the signal: keying has them.
    """
    block = length // 8
    count = len(samples) // block
    if not count:
        return []
    power = np.mean(np.abs(samples[: count * block].reshape(count, block)) ** 2, axis=1)
    floor, signal = _levels(power)
    if signal < LOUD * floor:
        return [Stretch(0, len(samples))]
    loud = np.flatnonzero(power >= math.sqrt(floor * signal))
    breaks = np.flatnonzero(np.diff(loud) > 8)
    starts, ends = np.r_[loud[0], loud[breaks + 1]], np.r_[loud[breaks], loud[-1]]
    pairs = zip(starts, ends, strict=True)
    return [Stretch(int(start) * block, (int(end) + 1) * block) for start, end in pairs]


def _levels(power: np.ndarray) -> tuple[float, float]:
    """Of floor and signal, by the power of blocks; one loud block alone is a click."""
    loud = max(1, math.ceil(LOUDEST * len(power)))
    return float(np.percentile(power, LOWEST)), float(np.sort(power)[-min(loud + 1, len(power))])
