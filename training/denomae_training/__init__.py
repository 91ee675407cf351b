# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthesis, objectives, training and evaluation of DenoMAE; nothing that runs live imports this."""
