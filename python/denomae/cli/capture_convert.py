# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae capture convert`: any recording as a SigMF pair."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from denomae.cli.capture_source import Source
from denomae.cli.text import counted, note

if TYPE_CHECKING:
    from denomae.captures import Copied


@dataclass(frozen=True, kw_only=True)
class Convert(Source):
    """Write a recording as a SigMF pair, with its annotations."""

    output: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUTPUT")]
    """Name of the pair, with or without .sigmf-meta."""
    store: str | None = None
    """Store the samples as cf32_le, ci16_le, ci8 or another complex datatype (real ones are made
    analytic); by default they are copied as they are."""
    mark: str = ""
    """Annotate all of it with this label, such as qpsk."""
    force: bool = False
    """Replace files that are there."""

    def run(self) -> int:
        from denomae import captures

        with self.open() as capture:
            tell(
                captures.copy_capture(capture, self.output, None, self.store, self.force, self.mark)
            )
        return 0


def tell(copied: Copied) -> None:
    """What was written, on stderr."""
    note(
        f"{copied.path} holds {counted(copied.sample_count, 'sample')} and"
        f" {counted(copied.annotation_count, 'annotation')}"
    )
    if copied.clipped_numbers:
        share = copied.clipped_numbers / (2 * copied.sample_count)
        note(f"{copied.path.name}: {share:.2%} of the numbers lay beyond full scale and are cut")
