# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthesis, objectives, training and evaluation; nothing that runs live imports this."""
