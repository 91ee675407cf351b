# SPDX-License-Identifier: GPL-3.0-or-later
"""The modulator of each class that a receiver meets; no waveform belongs to two of them.

What keeps classes apart, beside the points and levels of digital modulations:

- 2fsk and 4fsk have rectangular frequency pulses, gfsk and gmsk Gaussian ones; gmsk has h = 0.5,
  which gfsk leaves out (`phase.KEYED`).
- oqpsk alone has an offset, pi4dqpsk alone a rotation; qpsk has neither.
- ook and 4ask are unipolar, so they have a carrier; bpsk has none.
- am has a carrier and a modulation index of 0.3 or more; ssb has neither carrier nor single
  tones; fm has a peak deviation of 0.4 message bandwidths or more. Messages are noise-like or
  tones, never square or linear in time as the digital modulations and chirps are.
"""

from __future__ import annotations

import math

from denomae_training.signals.analog import (
    am_modulator,
    carrier_modulator,
    fm_modulator,
    ssb_modulator,
)
from denomae_training.signals.chirp import chirp_modulator
from denomae_training.signals.constellations import (
    APSK16_RADII,
    APSK32_RADII,
    apsk16,
    apsk32,
    ask,
    psk,
    square_qam,
    unit_power,
)
from denomae_training.signals.definitions import ContinuousPhase, Definition, Linear
from denomae_training.signals.item import Drawn
from denomae_training.signals.linear import linear_modulator
from denomae_training.signals.modulator import Modulator
from denomae_training.signals.ofdm import ofdm_modulator
from denomae_training.signals.phase import KEYED, keyed_modulator
from denomae_training.signals.ppm import ppm_modulator

QUARTER_TURN = math.pi / 4
# Each class draws one of its definitions for each frame.
LINEAR: dict[str, tuple[Linear, ...]] = {
    "ook": (Linear(unit_power(ask(2)), "rectangle"), Linear(unit_power(ask(2)))),
    "4ask": (Linear(unit_power(ask(4))),),
    "bpsk": (Linear(unit_power(psk(2))),),
    "qpsk": (Linear(unit_power(psk(4))),),
    "oqpsk": (Linear(unit_power(square_qam(4)), offset=0.5),),
    "pi4dqpsk": (Linear(unit_power(psk(4)), rotation=QUARTER_TURN, differential=True),),
    "8psk": (Linear(unit_power(psk(8))),),
    "16apsk": tuple(Linear(unit_power(apsk16(rate))) for rate in APSK16_RADII),
    "32apsk": tuple(Linear(unit_power(apsk32(rate))) for rate in APSK32_RADII),
    "16qam": (Linear(unit_power(square_qam(16))),),
    "64qam": (Linear(unit_power(square_qam(64))),),
    "256qam": (Linear(unit_power(square_qam(256))),),
}
MODULATORS: dict[str, Modulator | None] = {
    "noise": None,
    "carrier": carrier_modulator(),
    "am": am_modulator(),
    "ssb": ssb_modulator(),
    "fm": fm_modulator(stereo_share=0.2),
    **{name: linear_modulator(variants) for name, variants in LINEAR.items()},
    **{name: keyed_modulator(ranges) for name, ranges in KEYED.items()},
    "ofdm": ofdm_modulator(),
    "chirp": chirp_modulator(),
    "ppm": ppm_modulator(),
}


def definition(name: str, drawn: Drawn) -> Definition | None:
    """What was drawn for a frame of a class, or None where symbols do not define the waveform."""
    if name in LINEAR:
        variant = LINEAR[name][int(drawn["variant"])]
        return Linear(
            variant.points,
            variant.pulse,
            drawn["rolloff"],
            variant.offset,
            variant.rotation,
            variant.differential,
        )
    if name in KEYED:
        return ContinuousPhase(drawn["index"], drawn.get("bandwidth_time"), KEYED[name].levels)
    return None
