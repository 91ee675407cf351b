# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model is asked to get right; one file an objective."""
