# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames to train on: synthesized, cut from labelled recordings, or both; and sets on disk."""
