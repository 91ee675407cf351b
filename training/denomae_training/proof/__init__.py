# SPDX-License-Identifier: GPL-3.0-or-later
"""What a checkpoint is worth on signals from elsewhere, on unknown ones, and how far it can be
believed: measured by instruments that no training has seen."""
