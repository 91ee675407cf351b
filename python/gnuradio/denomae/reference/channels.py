# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio's channel models, and this module's rate adapter: complex64 in and out."""

from __future__ import annotations

import cmath

from gnuradio import blocks, channels, gr

from .chain import COMPLEX, run


def through_channel(
    source: str,
    sink: str,
    epsilon: float,
    frequency_offset: float,
    phase: float,
    taps: list[list[float]] | None = None,
) -> None:
    """GNU Radio's Channel Model without its noise, which `make_noise` gives apart.

    Args:
        epsilon: input samples an output sample.
        frequency_offset: cycles a sample.
        phase: radians.
        taps: of the echoes.
    """
    echoes = [complex(*tap) for tap in taps or [[1.0, 0.0]]]
    chain = [
        blocks.multiply_const_cc(cmath.exp(1j * phase)),
        channels.channel_model(0.0, frequency_offset, epsilon, echoes, 1),
    ]
    run(source, COMPLEX, chain, COMPLEX, sink)


def through_fading(
    source: str,
    sink: str,
    doppler: float,
    rice: float,
    delays: list[float],
    magnitudes: list[float],
    seed: int,
    phase_noise: float,
    imbalance_db: float,
    imbalance_degrees: float,
) -> None:
    """Frequency-selective Rice fading, phase noise and the imbalance of a receiver's arms.

    Args:
        doppler: largest, cycles a sample.
        rice: power of the line of sight over that of the rest.
        delays: of the echoes, samples.
        phase_noise: radians, rms.
    """
    fading = channels.selective_fading_model(8, doppler, True, rice, seed, delays, magnitudes, 16)
    chain = [
        fading,
        channels.phase_noise_gen(phase_noise, 0.01),
        channels.iqbal_gen(imbalance_db, imbalance_degrees, 1),
    ]
    run(source, COMPLEX, chain, COMPLEX, sink)


def make_noise(source: str, sink: str, count: int, seed: int) -> None:
    """White noise of unit power: the Channel Model's, without a signal."""
    top = gr.top_block()
    end = blocks.file_sink(COMPLEX, sink)
    top.connect(
        blocks.null_source(COMPLEX),
        blocks.head(COMPLEX, count + 1024),  # its resampler keeps some
        channels.channel_model(1.0, 0.0, 1.0, [1.0], seed),
        blocks.head(COMPLEX, count),
        end,
    )
    top.run()
    end.close()


def adapt(source: str, sink: str, interval: int) -> None:
    """The rate adapter that a live flowgraph has before its classifier."""
    from gnuradio import denomae  # this module's own block, which is what is to be judged

    run(source, COMPLEX, [denomae.rate_adapter(interval=interval)], COMPLEX, sink)


CHANNELS = {
    "through_channel": through_channel,
    "through_fading": through_fading,
    "make_noise": make_noise,
    "adapt": adapt,
}
