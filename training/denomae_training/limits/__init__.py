# SPDX-License-Identifier: GPL-3.0-or-later
"""The limit of a recipe: the best accuracy that any classifier could reach on it, by likelihood."""
