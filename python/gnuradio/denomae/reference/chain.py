# SPDX-License-Identifier: GPL-3.0-or-later
"""What the flowgraphs have in common: files in and out, and the root raised cosine."""

from __future__ import annotations

from typing import Any

import numpy as np
from gnuradio import blocks, filter, gr

COMPLEX, FLOAT, BYTE = gr.sizeof_gr_complex, gr.sizeof_float, gr.sizeof_char
SPAN = 16  # symbols on either side of the middle of matched filters
FINE = 512  # places in a symbol at which a filter's middle may be


def run(source: str, item_in: int, chain: list[Any], item_out: int, sink: str) -> None:
    """Run a file through blocks, one after another, into a file."""
    top = gr.top_block()
    end = blocks.file_sink(item_out, sink)
    end.set_unbuffered(False)
    top.connect(blocks.file_source(item_in, source), *chain, end)
    top.run()
    end.close()


def root_raised_cosine(
    samples_per_symbol: int, rolloff: float, timing: int = 0, span: int = SPAN
) -> list[float]:
    """GNU Radio's root raised cosine of unit energy a symbol, `timing` / FINE symbols late.

    Tap span * samples_per_symbol is the middle where timing is 0.
    """
    parts = FINE // samples_per_symbol
    whole = 2 * span * FINE + 1
    fine = filter.firdes.root_raised_cosine(1.0, FINE, 1.0, rolloff, whole)
    fine = np.concatenate([np.zeros(timing), fine, np.zeros(FINE - timing)])
    taps = fine[::parts]
    return list(taps * np.sqrt(samples_per_symbol / np.sum(taps**2)))
