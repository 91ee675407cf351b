# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory this process holds."""

from __future__ import annotations

import os
from pathlib import Path


def resident_mib() -> float:
    """Resident memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
