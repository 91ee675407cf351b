# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop: one for pretraining, fine-tuning and their rivals."""
