# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthesized signals: pulses, modulators, impairments, and the recipes that put them together."""
