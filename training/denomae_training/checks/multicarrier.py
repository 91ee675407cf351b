# SPDX-License-Identifier: GPL-3.0-or-later
"""OFDM: through GNU Radio's prefix removal, transform and decision maker, and its modulator."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from denomae_training.checks import closed_forms, measures
from denomae_training.checks.effort import Effort
from denomae_training.checks.gnu_radio import GnuRadio, pairs
from denomae_training.checks.linear import compared
from denomae_training.checks.row import Row, not_run
from denomae_training.signals import ofdm
from denomae_training.signals.modulator import draw_numbers

CLOSED = {
    "bpsk": closed_forms.bipolar(2),
    "qpsk": closed_forms.square(4),
    "16qam": closed_forms.square(16),
    "64qam": closed_forms.square(64),
}
# of `ofdm.SYSTEMS`, with the samples of a useful symbol and of its prefix
SYSTEMS = ((0, 64, 16), (1, 64, 8), (8, 256, 18), (13, 2048, 64))


def checks(effort: Effort, gnu_radio: GnuRadio) -> Iterator[Row]:
    """Each of `SYSTEMS` with each modulation of its carriers in turn."""
    for place, (number, useful, prefix) in enumerate(SYSTEMS):
        modulation = list(CLOSED)[place % len(CLOSED)]
        yield from _system(number, useful, prefix, modulation, effort, gnu_radio)


def _system(
    number: int, useful: int, prefix: int, modulation: str, effort: Effort, gnu_radio: GnuRadio
) -> Iterator[Row]:
    if gnu_radio.missing:
        yield not_run("live", "ofdm", "symbol-error rate of the carriers", gnu_radio.missing)
        return
    system = ofdm.SYSTEMS[number]
    carriers = ofdm.carrier_numbers(system)
    points = ofdm.POINTS[modulation]
    rng = effort.rng("ofdm", system.source)
    symbols = math.ceil(effort.symbols / len(carriers))
    sent = draw_numbers(rng, len(points), symbols * len(carriers)).reshape(symbols, -1)
    values = points.take(sent)
    count = symbols * (useful + prefix)
    ours = ofdm.waveform(values, carriers, count, useful, prefix / useful, 0.0)
    theirs = gnu_radio.call(
        "modulate_ofdm",
        values.astype(np.complex64),
        np.complex64,
        useful=useful,
        prefix=prefix,
        numbers=carriers.tolist(),
    )
    shape = f"{len(carriers)} carriers of {useful}, prefix {prefix}, {modulation}"
    yield from compared("live", "ofdm", shape, ours, theirs[: len(ours)], limit=-80.0)
    source, what = "closed form", "symbol-error rate of the carriers"
    for wanted in effort.error_rates:
        gamma = closed_forms.gamma_for(CLOSED[modulation], wanted)
        # the transform adds `useful` samples of a carrier of power 1
        noisy = ours + measures.white_noise(rng, count, useful / gamma)
        seen = gnu_radio.call("carriers", noisy, np.complex64, useful=useful, prefix=prefix)
        seen = seen.reshape(-1, useful)[:, carriers + useful // 2] / useful
        seen = np.ascontiguousarray(seen, dtype=np.complex64)
        decided = gnu_radio.call("nearest", seen, np.uint8, points=pairs(points))
        errors = int(np.count_nonzero(decided != sent.reshape(-1)[: len(decided)]))
        decibels = 10 * math.log10(gamma)
        detail = f"{shape}, E_s/N_0 {decibels:.2f} dB, {len(decided)} carriers in all"
        yield Row("live", "ofdm", what, detail, errors / len(decided), wanted, source, 0.1,
                  errors=errors, es_n0_db=decibels)  # fmt: skip
