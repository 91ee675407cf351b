# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels of one stream that vote together, so that a display does not flicker.

A hidden Markov filter (L. R. Rabiner, Proc. IEEE 77, 1989, the forward recursion). The hidden state
is the class; within a frame's length of samples the signal changes with a stated probability, and
then to any class alike. A frame's calibrated probabilities, over the uniform prior that the model
was trained with, are the likelihood of what it saw. The result is the posterior of the newest
frame's class given the last few frames: no label waits for a later one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from denomae.errors import DenomaeError
from denomae.labels import Label, parse_rfc3339
from denomae.rfc3339 import NANOSECONDS

MOST_FRAMES = 256
CHANGE = 0.02
NOISE = "noise"  # the family of what is no signal
_SMALLEST = 1e-6  # labels have six digits, and no frame is proof against all others


@dataclass(frozen=True)
class _Vote:
    """What one frame says, and how far it lies behind the one before it."""

    whole: np.ndarray  # likelihood of each class, the largest 1: [classes]
    part: np.ndarray  # the same to the power of the share of samples that are new
    change: float  # probability that the signal is not that of the frame before
    refused: bool  # unknown, though one class fits: it says nothing about classes


class Smoother:
    """Takes the labels of one source in order, and gives each as the last frames together see it.

    `probabilities`, `label`, `confidence`, `family`, `family_confidence` and `verdict` are new; all
    other keys stay as they were. The vote begins anew

    - behind a gap of more than `frames` frames' lengths, in samples or, with `trust_times`, in
      time (samples that a receiver lost leave no gap in the count);
    - when the count of labels or samples goes back, or sample rate, frequency, frame length, model
      or source change;
    - where noise begins and where it ends, so that no burst is judged by the one before it.

    A signal that changes without any of these needs evidence: the filter forgets as fast as the
    new frames contradict the old, and nothing older than `frames` frames ever counts.

    **Frames that overlap** see the same samples and are not independent. Each then votes with the
    share of its samples that is new: its likelihood is raised to the power of step / length, so
    that a sample counts once however small the hop is. The change of signal goes with the step too.

    A frame that was refused although a class fits it well (verdict `unknown` above the threshold)
    says nothing about classes; when more than half of the voting frames are such, so is the vote.

    Args:
        families: class to family, in the model's order of classes.
        frames: most frames that vote together, the newest included (1 to 256). One that signals
            change behind is followed after at most so many frames, as a rule after one or two.
        change: probability that the signal changes within a frame's length (above 0, at most 1).
        threshold: probability below which the verdict is `unknown` (0 to 1).
        trust_times: False where times have more jitter than a few frames, as a host's clock has.

    Raises:
        DenomaeError: one of these cannot be.
    """

    def __init__(
        self,
        families: Mapping[str, str],
        frames: int = 8,
        change: float = CHANGE,
        threshold: float = 0.0,
        trust_times: bool = True,
    ) -> None:
        if (
            isinstance(frames, bool)
            or not isinstance(frames, int)
            or not 1 <= frames <= MOST_FRAMES
        ):
            raise DenomaeError(
                f"{frames!r} frames were to vote together; wanted an integer, 1 to {MOST_FRAMES}"
            )
        if not 0 < change <= 1:
            raise DenomaeError(
                f"the probability of a change is {change!r}, wanted one above 0 and at most 1"
            )
        if not 0 <= threshold <= 1:
            raise DenomaeError(f"the threshold is {threshold!r}, wanted a probability from 0 to 1")
        if not families:
            raise DenomaeError("there is no class to vote for; wanted each class with its family")
        self.frames, self.change, self.threshold = frames, change, threshold
        self._trust_times = trust_times
        self._classes = tuple(families)
        self._class_set = frozenset(families)
        self._family_names = tuple(dict.fromkeys(families.values()))
        self._family_of = np.array([self._family_names.index(name) for name in families.values()])
        self._families = dict(families)
        self._votes: deque[_Vote] = deque(maxlen=frames)
        self._last: Label | None = None  # as it came
        self._noise = False  # whether the last verdict given was noise

    def reset(self) -> None:
        """Forget all labels."""
        self._votes.clear()
        self._last = None
        self._noise = False

    def __call__(self, label: Label) -> Label:
        """The next label of the source, as the vote sees it.

        Raises:
            DenomaeError: its classes are not those of the vote.
        """
        if label.probabilities.keys() != self._class_set:
            raise DenomaeError(
                f"a label of {label.source!r} has the classes {list(label.probabilities)}, the "
                f"vote is among {list(self._classes)}; a vote takes the labels of one model"
            )
        elapsed = self._elapsed_frames(label)
        if elapsed is None:
            self.reset()
        self._votes.append(self._vote(label, elapsed))
        self._last = label
        smoothed = self._label_of(label, self._posterior())
        noise = smoothed.verdict == NOISE
        if noise != self._noise:
            newest = self._votes[-1]
            self._votes.clear()
            self._votes.append(newest)
        self._noise = noise
        return smoothed

    def _elapsed_frames(self, label: Label) -> float | None:
        """From the last frame's start to this one's, in frames' lengths; None: the vote is over."""
        last = self._last
        if last is None or _circumstances(label) != _circumstances(last):
            return None
        samples = label.sample_offset - last.sample_offset
        if label.sequence <= last.sequence or samples <= 0 or not label.sample_count:
            return None
        lost = self._lost_samples(last, label, samples)
        if lost < -label.sample_count:
            return None
        elapsed = (samples + max(0.0, lost)) / label.sample_count
        return elapsed if elapsed - 1 <= self.frames else None

    def _lost_samples(self, last: Label, label: Label, samples: int) -> float:
        """Samples that went by beyond those counted, as the times tell; 0 where nobody knows."""
        known = last.time is not None and label.time is not None
        if not (self._trust_times and known and label.sample_rate_hz):
            return 0.0
        (s0, ns0), (s1, ns1) = parse_rfc3339(last.time), parse_rfc3339(label.time)
        lost = ((s1 - s0) + (ns1 - ns0) / NANOSECONDS) * label.sample_rate_hz - samples
        return lost if abs(lost) > 1 else 0.0  # less is rounding

    def _vote(self, label: Label, elapsed: float | None) -> _Vote:
        refused = label.verdict == "unknown" and label.confidence >= self.threshold
        whole = np.ones(len(self._classes))
        if not refused:
            given = label.probabilities
            whole = np.maximum([given[name] for name in self._classes], _SMALLEST)
            whole /= whole.max()
        if elapsed is None:
            return _Vote(whole, whole, 1.0, refused)
        part = whole if elapsed >= 1 else whole**elapsed
        return _Vote(whole, part, 1 - (1 - self.change) ** elapsed, refused)

    def _posterior(self) -> np.ndarray:
        """Of the newest frame's class, given the votes; in the model's order."""
        votes = iter(self._votes)
        posterior = next(votes).whole
        posterior = posterior / posterior.sum()
        uniform = 1 / len(self._classes)
        for vote in votes:
            posterior = ((1 - vote.change) * posterior + vote.change * uniform) * vote.part
            posterior /= posterior.sum()
        return posterior

    def _label_of(self, label: Label, posterior: np.ndarray) -> Label:
        shares = posterior.tolist()
        best = int(posterior.argmax())
        sums = np.bincount(self._family_of, posterior, len(self._family_names))
        family = int(sums.argmax())
        refused = sum(vote.refused for vote in self._votes)
        if 2 * refused > len(self._votes) or shares[best] < self.threshold:
            verdict = "unknown"
        else:
            verdict = NOISE if self._families[self._classes[best]] == NOISE else "known"
        smoothed = dict(zip(self._classes, shares, strict=True))
        return replace(
            label,
            label=self._classes[best],
            confidence=shares[best],
            family=self._family_names[family],
            family_confidence=min(1.0, float(sums[family])),
            verdict=verdict,
            probabilities={name: smoothed[name] for name in label.probabilities},
        )


def _circumstances(label: Label) -> tuple[object, ...]:
    """What stays the same as long as a signal may be the same."""
    return (
        label.source,
        label.model,
        label.sample_count,
        label.sample_rate_hz,
        label.center_frequency_hz,
    )
