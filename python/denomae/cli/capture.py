# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae capture`: what a recording is, and the same recording as SigMF, whole or in part.

Nothing here imports torch: looking at a file takes no seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from denomae.cli.capture_convert import Convert
from denomae.cli.capture_cut import Cut
from denomae.cli.capture_info import Info


@dataclass(frozen=True)
class Capture:
    """Show a recording, convert it to SigMF, or cut a span out of it."""

    action: Annotated[
        Annotated[Info, tyro.conf.subcommand("info", prefix_name=False)]
        | Annotated[Convert, tyro.conf.subcommand("convert", prefix_name=False)]
        | Annotated[Cut, tyro.conf.subcommand("cut", prefix_name=False)],
        tyro.conf.arg(name=""),
    ]

    def run(self) -> int:
        return self.action.run()
