# SPDX-License-Identifier: GPL-3.0-or-later
"""CSPB.ML.2018 and 2018R2: one .tim file a signal, and a text file with a line of truth for each.

A line of truth has nine fields: number, modulation, base symbol period, carrier offset,
excess bandwidth, two resampling factors, SNR in the signal's band in dB, noise density in dB.
Source: https://cyclostationary.blog, posts of February 2019 and September 2023.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import numpy as np

from denomae.captures.datasets.labelled import LabelledFrames, Truth
from denomae.captures.datasets.names import CSPB, our_names
from denomae.captures.files import open_plain_file
from denomae.captures.tim import HEADER_BYTES, parse_tim_header
from denomae.errors import CaptureError

SIGNAL_LIMIT = 500_000
_TRUTH_BYTES_LIMIT = 256 * 2**20
_TIM_NAME = re.compile(r"signal_(\d{1,9})\.tim", re.ASCII)


class CspbFrames(LabelledFrames):
    """Every signal cut into frames, in order of the signals' numbers."""

    def __init__(
        self,
        path: Path,
        frame_length: int,
        files: list[str],
        frame_counts: np.ndarray,
        truth: list[tuple[str, float]],
        notes: list[str],
    ) -> None:
        classes = sorted({modulation for modulation, _ in truth})
        super().__init__(
            path, "CSPB.ML.2018", classes, our_names(classes, CSPB), frame_length, notes
        )
        self._files = files
        self._signals = truth
        self._frame_counts = frame_counts
        self._starts = np.cumsum(frame_counts) - frame_counts
        self._count = int(frame_counts.sum())

    def __len__(self) -> int:
        return self._count

    def close(self) -> None:
        pass  # its files are open only while one is read

    def _read_truth(self) -> Truth:
        number = {name: index for index, name in enumerate(self.classes)}
        classes = np.array([number[modulation] for modulation, _ in self._signals], np.int16)
        snr_db = np.array([snr for _, snr in self._signals], np.float32)
        captures = np.arange(len(self._signals), dtype=np.int32)
        return Truth(*(np.repeat(each, self._frame_counts) for each in (classes, snr_db, captures)))

    def _read_frames(self, indices: np.ndarray) -> np.ndarray:
        frames = np.empty((len(indices), self.frame_length), np.complex64)
        signals = np.searchsorted(self._starts, indices, side="right") - 1
        for signal in np.unique(signals).tolist():
            places = np.flatnonzero(signals == signal)
            self._read_signal(signal, indices[places] - self._starts[signal], places, frames)
        return frames

    def _read_signal(
        self, signal: int, numbers: np.ndarray, places: np.ndarray, frames: np.ndarray
    ) -> None:
        path = Path(self._files[signal])
        file, size = open_plain_file(path)
        with file:
            header = os.pread(file.fileno(), HEADER_BYTES, 0)
            if parse_tim_header(header, size, path.name)[0].real:
                raise CaptureError(f"{path.name} holds real samples, wanted complex ones")
            for number, place in zip(numbers.tolist(), places.tolist(), strict=True):
                start = HEADER_BYTES + 8 * self.frame_length * number
                raw = os.pread(file.fileno(), 8 * self.frame_length, start)
                if len(raw) != 8 * self.frame_length:
                    raise CaptureError(f"{path.name} has shrunk since the set was opened")
                frames[place] = np.frombuffer(raw, "<c8")


def open_cspb(path: Path, frame_length: int) -> CspbFrames:
    """The signals in a folder (and in the folders in it) that its list has a line for.

    Args:
        path: the folder, with one list (.txt) in it, or the list.
        frame_length: samples in a frame; what is left at a signal's end is in no frame.

    Raises:
        CaptureError: no list or several, a line that is none, or no signal that it names.
    """
    list_path = _only_list(path) if path.is_dir() else path
    truth = _read_list(list_path)
    found = _find_signals(list_path.parent)
    numbers = sorted(set(truth) & set(found))
    counts = np.array([(found[n][1] - HEADER_BYTES) // (8 * frame_length) for n in numbers])
    if not len(counts) or counts.max() < 1:
        raise CaptureError(
            f"{list_path.parent} holds {len(found)} files signal_N.tim, and none of the"
            f" {len(truth)} signals of {list_path.name} has a frame of {frame_length} samples there"
        )
    notes = []
    unnamed = len(found) - len(numbers)
    if unnamed:
        notes.append(f"{list_path.name} has no line for {unnamed} signals; they are left out")
    files = [found[n][0] for n in numbers]
    return CspbFrames(path, frame_length, files, counts.clip(0), [truth[n] for n in numbers], notes)


def _only_list(folder: Path) -> Path:
    lists = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".txt")
    if len(lists) != 1:
        raise CaptureError(
            f"{folder} holds {len(lists)} .txt files, wanted one, the list of signals such as"
            " signal_record_C_2023.txt; or name the list itself"
        )
    return lists[0]


def _read_list(path: Path) -> dict[int, tuple[str, float]]:
    file, size = open_plain_file(path)
    file.close()
    if size > _TRUTH_BYTES_LIMIT:
        raise CaptureError(f"{path.name} has {size} bytes, wanted at most {_TRUTH_BYTES_LIMIT}")
    truth: dict[int, tuple[str, float]] = {}
    with open(path, encoding="latin-1") as lines:
        row = 0
        while line := lines.readline(1000):
            row += 1
            fields = line.split()
            if not fields:
                continue
            try:
                number, modulation, *_, snr, _ = fields
                if len(fields) != 9 or not modulation.isalnum() or len(modulation) > 40:
                    raise ValueError
                signal, snr_db = int(number), float(snr)
                if signal < 0 or not math.isfinite(snr_db):
                    raise ValueError
            except ValueError:
                raise CaptureError(
                    f"{path.name}, line {row}: {line.strip()[:60]!r} is no signal, wanted nine"
                    " fields such as 1 bpsk 11 -7.4e-04 9.9e-01 10 9 5.45 0.0"
                ) from None
            truth[signal] = modulation.lower(), snr_db
            if len(truth) > SIGNAL_LIMIT:
                raise CaptureError(f"{path.name} names more than {SIGNAL_LIMIT} signals")
    return truth


def _find_signals(folder: Path) -> dict[int, tuple[str, int]]:
    """Number → path and size of the plain files in a folder and in its folders; no link counts."""
    found: dict[int, tuple[str, int]] = {}
    inner = [folder]
    inner += sorted(Path(e.path) for e in os.scandir(folder) if e.is_dir(follow_symlinks=False))
    for place in inner:
        for entry in os.scandir(place):
            match = _TIM_NAME.fullmatch(entry.name)
            if match is None or not entry.is_file(follow_symlinks=False):
                continue
            size = entry.stat(follow_symlinks=False).st_size
            if found.setdefault(int(match[1]), (entry.path, size))[0] != entry.path:
                raise CaptureError(f"{folder} holds {entry.name} twice, wanted each signal once")
            if len(found) > SIGNAL_LIMIT:
                raise CaptureError(f"{folder} holds more than {SIGNAL_LIMIT} signals")
    return found
