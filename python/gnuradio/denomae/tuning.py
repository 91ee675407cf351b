# SPDX-License-Identifier: GPL-3.0-or-later
"""Tuning a receiver and the classifier behind it, so that no label is of the wrong place."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

from gnuradio import gr

from denomae.errors import DenomaeError

RATE_TOLERANCE = 1e-5
"""More than the clock of a receiver is off; less than two rates of its dividers lie apart."""
OFFSET = 0.25
"""From the receiver's middle, where its spike at DC is, to the signal's, in receiver's rates."""


class Tuner:
    """Sets a receiver's rate and frequency, and says to the classifier what it has granted.

    While the driver is at work the classifier cuts no frames, and afterwards it throws its
    `settle_samples` away. The receiver is tuned `OFFSET` of its rate below the signal; between it
    and the classifier stands a filter that shifts by the same share of the rate, and decimates.

    To be called with a pair, (frequency of the signal, rate of the receiver), both Hz, from one
    thread. A setting that the driver refuses is an error in the log; the classifier is told
    what the receiver has then, and cuts no frames where the receiver does not even tell that.

    Args:
        classifier: a `classifier`, or what has its `begin_retune` and `end_retune`.
        tuning: the pair that the receiver was opened with.
        decimation: samples of the receiver to one of the classifier's.
        set_rate: asks the receiver for a rate, Hz.
        get_rate: the rate that it has granted, Hz.
        set_frequency: asks for a centre frequency, Hz.
        get_frequency: the one that it has granted, Hz.
        granted: called with the rate granted whenever that was asked for, such as for displays.
    """

    def __init__(
        self,
        classifier: Any,
        tuning: tuple[float, float],
        decimation: int,
        *,
        set_rate: Callable[[float], Any],
        get_rate: Callable[[], float],
        set_frequency: Callable[[float], Any],
        get_frequency: Callable[[], float],
        granted: Callable[[float], Any],
    ) -> None:
        self._classifier, self._decimation = classifier, decimation
        self._set_rate, self._get_rate = set_rate, get_rate
        self._set_frequency, self._get_frequency = set_frequency, get_frequency
        self._granted = granted
        self._rate = tuning[1]
        self._center = tuning[0] - OFFSET * tuning[1]
        self._tuning = tuning
        self._told: tuple[float, float] | None = None  # the receiver's rate and frequency
        self._reported: tuple[float, float] | None = None
        self._logger = gr.logger("receiver")
        self(tuning)

    def __call__(self, tuning: tuple[float, float]) -> None:
        """Tune; what is set already is not set again."""
        self._tuning = tuning
        self._told = None
        frequency, rate = tuning
        self._classifier.begin_retune()
        try:
            if rate != self._rate:
                self._rate = self._asked("rate", self._set_rate, rate)
            has_rate = self._get_rate()
            center = frequency - OFFSET * has_rate
            if center != self._center:
                self._center = self._asked("frequency", self._set_frequency, center)
            has_center = self._get_frequency()
        except Exception as error:  # of a driver: whatever it throws
            self._rate = self._center = math.nan  # ask for them again
            self._logger.error(
                "it does not tell its rate and frequency, and there are no labels until it does: "
                + one_line(error)
            )
            return
        self._report(rate, has_rate)
        self._granted(has_rate)
        self._classifier.end_retune(has_center + OFFSET * has_rate, has_rate / self._decimation)
        self._told = has_rate, has_center

    def check(self) -> None:
        """Tune anew where the receiver has another rate or frequency by now than it told."""
        try:
            has = self._get_rate(), self._get_frequency()
        except Exception:  # said by the next line
            has = None
        if has is None or has != self._told:
            self(self._tuning)

    def _asked(self, what: str, setting: Callable[[float], Any], value: float) -> float:
        try:
            setting(value)
        except Exception as error:
            self._logger.error(f"it refuses the {what} {value:.12g} Hz: {one_line(error)}")
            return math.nan  # to be asked again
        return value

    def _report(self, asked: float, has: float) -> None:
        if abs(has / asked - 1) > RATE_TOLERANCE and self._reported != (asked, has):
            self._reported = asked, has
            self._logger.info(
                f"it runs at {has:.12g} samples/s instead of {asked:.12g}; the labels tell its own"
            )


def remembered(
    tuning: tuple[float, float],
    *,
    set_rate: Callable[[int], Any],
    set_frequency: Callable[[int], Any],
) -> dict[str, Callable[..., Any]]:
    """Settings and answers for a `Tuner`, for a driver that never tells what it granted.

    It is taken to have what it was last asked for and did not refuse.

    Args:
        tuning: the pair that the receiver was opened with, as for `Tuner`.
        set_rate: asks the receiver for a rate, in whole Hz.
        set_frequency: asks for a centre frequency, in whole Hz.
    """
    frequency, rate = tuning
    has = {"rate": round(rate), "frequency": round(frequency - OFFSET * rate)}

    def asking(what: str, setting: Callable[[int], Any]) -> Callable[[float], None]:
        def ask(hz: float) -> None:
            setting(round(hz))
            has[what] = round(hz)

        return ask

    return {
        "set_rate": asking("rate", set_rate),
        "get_rate": lambda: has["rate"],
        "set_frequency": asking("frequency", set_frequency),
        "get_frequency": lambda: has["frequency"],
    }


def bandwidth(rate: float, decimation: int) -> float:
    """The classifier's rate behind a receiver at `rate` and a decimation by `decimation`, Hz.

    Raises:
        SystemExit: there is no such rate; says so in one line. Inside Companion DenomaeError,
            which is shown at the variable.
    """
    sentence = ""
    if not (math.isfinite(rate) and rate > 0):
        sentence = f"--rate is {rate:g}, wanted the receiver's samples per second, above 0"
    elif decimation < 1:
        sentence = f"--decimation is {decimation}, wanted a whole number of at least 1"
    if not sentence:
        return rate / decimation
    if "gnuradio.grc" in sys.modules:
        raise DenomaeError(sentence)
    sys.exit(sentence)


def one_line(error: BaseException) -> str:
    """What an error says, without its line breaks."""
    return " ".join(str(error).split())
