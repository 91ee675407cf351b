# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast the live path is here, each figure beside its peer, measured in the same run.

`denomae bench` runs it. The rows of a flowgraph are measured by `gnuradio.denomae.bench`, which is
started as a process of its own: this library does not import GNU Radio.
"""

from __future__ import annotations
