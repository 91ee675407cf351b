# SPDX-License-Identifier: GPL-3.0-or-later
"""A source of drawn chunks, and what the frame sampler must make of them, in numpy."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pmt
from gnuradio import gr


def tag(offset: int, key: str, value: object) -> gr.tag_t:
    """A tag as a source would put it on its stream."""
    made = gr.tag_t()
    made.offset, made.key, made.value = offset, pmt.intern(key), value
    return made


@dataclass
class Stream:
    """Samples with tags: offset → value, of each kind."""

    samples: np.ndarray  # complex64 [n]
    times: dict[int, tuple[int, float]] = field(default_factory=dict)
    rates: dict[int, float] = field(default_factory=dict)
    frequencies: dict[int, float] = field(default_factory=dict)

    def tags(self) -> list[gr.tag_t]:
        tags = [
            tag(offset, "rx_time", pmt.make_tuple(pmt.from_uint64(whole), pmt.from_double(part)))
            for offset, (whole, part) in self.times.items()
        ]
        tags += [tag(k, "rx_rate", pmt.from_double(v)) for k, v in self.rates.items()]
        tags += [tag(k, "rx_freq", pmt.from_double(v)) for k, v in self.frequencies.items()]
        return tags


class ChunkSource(gr.sync_block):
    """Plays a stream in chunks of given sizes, the last size repeated; then ends."""

    def __init__(self, stream: Stream, sizes: list[int]) -> None:
        super().__init__("chunk_source", None, [np.complex64])
        self._stream, self._sizes = stream, sizes
        self._tags = stream.tags()
        self._position = self._call = 0

    def start(self) -> bool:
        self._position = self._call = 0
        return True

    def work(self, input_items, output_items) -> int:
        left = len(self._stream.samples) - self._position
        if not left:
            return -1
        size = self._sizes[min(self._call, len(self._sizes) - 1)]
        count = min(size, left, len(output_items[0]))
        end = self._position + count
        output_items[0][:count] = self._stream.samples[self._position : end]
        for one in self._tags:
            if self._position <= one.offset < end:
                self.add_item_tag(0, one.offset, one.key, one.value)
        self._position, self._call = end, self._call + 1
        return count


@dataclass
class Expected:
    """What comes out, and the counters."""

    offsets: list[int] = field(default_factory=list)
    seen: int = 0
    gated: int = 0
    invalid: int = 0
    discontinuities: int = 0
    used: set[int] = field(default_factory=set)  # samples of whole frames


def times_taken(stream: Stream) -> dict[int, tuple[int, float]]:
    """The time tags but those that agree, to half a sample, with the count from the one taken last.

    A tag that stands where rate or frequency change is taken in any case.
    """
    taken: dict[int, tuple[int, float]] = {}
    changes = changes_of(stream.rates) | changes_of(stream.frequencies)
    for offset, (whole, part) in sorted(stream.times.items()):
        if taken and offset not in changes:
            since, (whole_then, part_then) = max(taken.items())
            rates = rates_between(stream, since, offset)
            if len(rates) == 1:
                told = Fraction(whole) - whole_then + Fraction(part) - Fraction(part_then)
                if abs(told * Fraction(rates.pop()) - (offset - since)) <= Fraction(1, 2):
                    continue
        taken[offset] = whole, part
    return taken


def changes_of(values: dict[int, float]) -> set[int]:
    """The offsets of tags whose value is another than the one before."""
    return {b for a, b in pairwise(sorted(values)) if values[a] != values[b]}


def rates_between(stream: Stream, first: int, last: int) -> set[float]:
    """The rates that were in force from one sample to another."""
    before = in_force(stream.rates, first)
    known = {before[1]} if before else set()
    return known | {rate for k, rate in stream.rates.items() if first < k <= last}


def expected(
    stream: Stream, length: int, hop: int, gate_db: float = -np.inf, hysteresis_db: float = 3.0
) -> Expected:
    """The definition, from the whole stream at once: stretches between breaks, then windows."""
    breaks = set(sorted(times_taken(stream))[1:])
    breaks |= changes_of(stream.rates) | changes_of(stream.frequencies)
    edges = [0, *sorted(breaks), len(stream.samples)]
    result = Expected(discontinuities=len(breaks))
    for begin, end in pairwise(edges):
        is_open = False
        for start in range(begin, end - length + 1, hop):
            frame = stream.samples[start : start + length].astype(np.complex128)
            result.seen += 1
            result.used |= set(range(start, start + length))
            if not np.isfinite(frame).all():
                result.invalid += 1
                continue
            power = np.mean(frame.real**2 + frame.imag**2)
            with np.errstate(divide="ignore"):
                level_db = 10 * np.log10(power)
            is_open = level_db >= (gate_db - hysteresis_db if is_open else gate_db)
            if is_open and power > 0:
                result.offsets.append(start)
            else:
                result.gated += 1
    return result


def in_force(values: dict[int, object], offset: int) -> tuple[int, object] | None:
    """Offset and value of the last tag at or before a sample."""
    before = [k for k in values if k <= offset]
    return (max(before), values[max(before)]) if before else None


def time_in_force(stream: Stream, offset: int) -> tuple[int, tuple[int, float]] | None:
    """Offset and value of the last time tag; None after a rate that changed since."""
    told = in_force(times_taken(stream), offset)
    return told if told and len(rates_between(stream, told[0], offset)) < 2 else None
