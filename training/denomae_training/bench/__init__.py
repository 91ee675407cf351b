# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast training's parts are here, each figure beside its peer from the same run."""
