# SPDX-License-Identifier: GPL-3.0-or-later
"""The recording that `denomae capture` is told to read: the arguments its subcommands share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from denomae.cli.text import note

if TYPE_CHECKING:
    from denomae.captures import Capture


@dataclass(frozen=True, kw_only=True)
class Source:
    """What to open, and what to know of it."""

    capture: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="CAPTURE")]
    """SigMF (either file of a pair, or an archive), WAV, .tim or raw samples."""
    datatype: str | None = None
    """How raw samples are stored: cf32_le, ci16_le, ci8, cu8; by default the suffix says it."""
    sample_rate_hz: Annotated[float | None, tyro.conf.arg(name="sample-rate")] = None
    """Samples a second, in Hz; wins over the recording's own."""
    center_frequency_hz: Annotated[float | None, tyro.conf.arg(name="center-frequency")] = None
    """In Hz; wins over the recording's own."""

    def open(self) -> Capture:
        """The capture, its notes told."""
        from denomae import captures

        capture = captures.open_capture(
            self.capture, self.datatype, self.sample_rate_hz, self.center_frequency_hz
        )
        for sentence in capture.notes:
            note(sentence)
        return capture
