# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m denomae`, the same as the command `denomae`."""

from __future__ import annotations

import sys

from denomae.cli import main

if __name__ == "__main__":
    sys.exit(main())
