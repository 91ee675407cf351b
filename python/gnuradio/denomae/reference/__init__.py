# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio's own modulators and receivers, for comparing others with them.

`denomae-train check-signals` and `prove` start this package as a process: the training code does
not import GNU Radio. But for the rate adapter, which `prove` judges together with a model, nothing
here uses a block of this project.
"""
