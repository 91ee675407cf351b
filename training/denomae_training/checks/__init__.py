# SPDX-License-Identifier: GPL-3.0-or-later
"""Proofs of the modulators and the recipes from outside: closed forms, and GNU Radio.

One file a kind of signal; each yields rows (`row.Row`). GNU Radio runs as another process
(`gnu_radio.GnuRadio`); without it, the rows that need it say so.
"""
