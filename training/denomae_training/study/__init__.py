# SPDX-License-Identifier: GPL-3.0-or-later
"""What masking teaches an encoder and what denoising teaches it: a published study, run again."""
