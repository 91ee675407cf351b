# SPDX-License-Identifier: GPL-3.0-or-later
"""From an encoder to a classifier: label budgets, frozen or free encoders, new classes."""
