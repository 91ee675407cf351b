# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio's own modulators and receivers, for comparing others with them.

`denomae-train check-signals` starts this package as a process: the training code does not import
GNU Radio. Nothing here uses a block of this project.
"""
