# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarks that need a flowgraph; `denomae bench` runs them as a process of its own."""

from __future__ import annotations
