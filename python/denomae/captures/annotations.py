# SPDX-License-Identifier: GPL-3.0-or-later
"""SigMF annotations: marks on stretches of a capture; ground truth and labels both are."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, overload

import numpy as np

from denomae.labels import Label

_NAN = float("nan")
GENERATOR = "denomae"  # of every annotation made from a label, before the model's name
_EXTRA_KEYS = ("label", "confidence", "family", "family_confidence", "verdict", "snr_db")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Annotation:
    """A mark on `sample_count` samples from `sample_start`, counted from the file's first sample.

    Attributes:
        sample_start: 0 or more.
        sample_count: 0 or more; None: up to the end of the capture segment.
        label: short text, SigMF's `core:label`.
        comment: longer text.
        generator: who made the annotation.
        freq_lower_edge_hz: both edges, or neither.
        freq_upper_edge_hz: both edges, or neither.
        snr_db: of the signal under the mark, in the sampled band, where somebody said it; SigMF
            has no key for it, so that it is `denomae:snr_db`.
        extra: further keys with their namespace, written as they are; readers leave them out.
    """

    sample_start: int
    sample_count: int | None
    label: str = ""
    comment: str = ""
    generator: str = ""
    freq_lower_edge_hz: float | None = None
    freq_upper_edge_hz: float | None = None
    snr_db: float | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

    @property
    def sample_stop(self) -> int | None:
        """The first sample after the mark; None where the count is."""
        return None if self.sample_count is None else self.sample_start + self.sample_count


class Annotations(Sequence[Annotation]):
    """Many annotations in little memory: numbers in arrays, each distinct text once.

    `starts` and `counts` are int64 [A] in order of `sample_start`; a count of -1 stands for None.
    """

    def __init__(self) -> None:
        self._columns = [array("q"), array("q"), array("d"), array("d"), array("d")]
        self._texts = [array("l"), array("l"), array("l")]  # label, comment, generator
        self._table: dict[str, int] = {}
        self._words: tuple[str, ...] = ()
        self.starts = self.counts = np.empty(0, np.int64)

    def append(
        self,
        start: int,
        count: int | None,
        texts: tuple[str, str, str],
        low_hz: float | None,
        high_hz: float | None,
        snr_db: float | None,
    ) -> None:
        """Adds one, its texts being label, comment and generator; `finish` must follow the last."""
        starts, counts, lows, highs, snrs = self._columns
        starts.append(start)
        counts.append(-1 if count is None else count)
        lows.append(_NAN if low_hz is None else low_hz)
        highs.append(_NAN if high_hz is None else high_hz)
        snrs.append(_NAN if snr_db is None else snr_db)
        table = self._table
        for column, text in zip(self._texts, texts, strict=True):
            number = table.get(text)
            if number is None:
                number = table[text] = len(table)
            column.append(number)

    def finish(self, first_sample: int, sample_count: int) -> int:
        """Sorts them and fits them into a capture of `sample_count` samples.

        Args:
            first_sample: the number by which the annotations call the capture's first sample; all
                of them begin there or later.
            sample_count: of the capture.

        Returns:
            How many reached past the capture's end: cut there, or gone where they began there.
        """
        starts, counts, lows, highs, snrs = (np.array(column) for column in self._columns)
        starts -= first_sample
        order = np.argsort(starts, kind="stable")
        order = order[starts[order] < sample_count]
        gone = len(starts) - len(order)
        self.starts, self.counts = starts[order], counts[order]
        self._lows, self._highs, self._snrs = lows[order], highs[order], snrs[order]
        self._numbers = [np.array(column, dtype=np.int64)[order] for column in self._texts]
        over = self.counts > sample_count - self.starts
        self.counts[over] = sample_count - self.starts[over]
        self._words = tuple(self._table)
        self._table.clear()
        self._columns, self._texts = [array("q") for _ in range(5)], []
        return gone + int(np.count_nonzero(over))

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, index: int) -> Annotation: ...

    @overload
    def __getitem__(self, index: slice) -> list[Annotation]: ...

    def __getitem__(self, index: int | slice) -> Annotation | list[Annotation]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        count = int(self.counts[index])
        low, high, snr = (float(c[index]) for c in (self._lows, self._highs, self._snrs))
        label, comment, generator = (self._words[column[index]] for column in self._numbers)
        return Annotation(
            sample_start=int(self.starts[index]),
            sample_count=None if count < 0 else count,
            label=label,
            comment=comment,
            generator=generator,
            freq_lower_edge_hz=None if low != low else low,
            freq_upper_edge_hz=None if high != high else high,
            snr_db=None if snr != snr else snr,
        )

    def __iter__(self) -> Iterator[Annotation]:
        return (self[i] for i in range(len(self)))


def annotate(labels: Iterable[Label], one_sided: bool = False) -> Iterator[Annotation]:
    """One annotation a label, lazily.

    `core:label` is the class, or `unknown` where that is the verdict; the frequency edges are those
    of the sampled band, where rate and centre are known; confidence, family, verdict and SNR stand
    in the comment for people and under `denomae:` for programs.

    Args:
        labels: of one capture, in order.
        one_sided: the capture's samples are real: its band begins at the centre frequency.
    """
    for label in labels:
        centre, rate = label.center_frequency_hz, label.sample_rate_hz
        known_band = centre is not None and rate is not None
        # The rounding of a label's JSON is wanted here too.
        values = label.to_dict()
        snr = "" if values["snr_db"] is None else f", SNR {values['snr_db']:.1f} dB"
        best = f"{label.label} " if label.verdict == "unknown" else ""
        yield Annotation(
            sample_start=label.sample_offset,
            sample_count=label.sample_count,
            label="unknown" if label.verdict == "unknown" else label.label,
            comment=f"{best}{label.confidence:.3f}, family {label.family}"
            f" {label.family_confidence:.3f}{snr}",
            generator=f"{GENERATOR} {label.model}",
            freq_lower_edge_hz=centre - (0 if one_sided else rate / 2) if known_band else None,
            freq_upper_edge_hz=centre + rate / 2 if known_band else None,
            extra={f"denomae:{key}": values[key] for key in _EXTRA_KEYS if values[key] is not None},
        )
