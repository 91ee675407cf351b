# SPDX-License-Identifier: GPL-3.0-or-later
"""The DenoMAE model, one part a file; read `presets`, `encoder`, `decoder`, `classifier`."""
