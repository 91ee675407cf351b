# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole comparison as one command: what there is to run, how, and what comes out."""
