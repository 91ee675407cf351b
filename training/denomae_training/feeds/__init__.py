# SPDX-License-Identifier: GPL-3.0-or-later
"""How frames reach an objective: which ones, in which order, and what it sees of them."""
