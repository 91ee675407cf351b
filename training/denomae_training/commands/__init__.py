# SPDX-License-Identifier: GPL-3.0-or-later
"""The subcommands of `denomae-train`: each is a frozen dataclass that is also its options."""
