# SPDX-License-Identifier: GPL-3.0-or-later
"""`live` with one impairment left out, to see what a model loses that never met it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from denomae.errors import DenomaeError
from denomae_training.signals.recipes.live import LIVE, Live

NOTHING, EVERYTHING = "nothing", "everything"  # what is left out

IMPAIRMENTS: dict[str, Callable[[Live], Live]] = {
    "offset": lambda live: replace(live, oscillator=replace(live.oscillator, offset=0.0)),
    "drift": lambda live: replace(live, oscillator=replace(live.oscillator, drift_share=0.0)),
    "phase-noise": lambda live: replace(live, oscillator=replace(live.oscillator, noise_share=0.0)),
    "bursts": lambda live: replace(live, burst=replace(live.burst, share=0.0)),
    "echoes": lambda live: replace(live, fading=replace(live.fading, share=0.0)),
    "imbalance": lambda live: replace(live, arms=replace(live.arms, imbalance_share=0.0)),
    "dc": lambda live: replace(live, arms=replace(live.arms, dc_share=0.0)),
    "filter": lambda live: replace(live, filter_share=0.0),
    "coloured-noise": lambda live: replace(live, band=replace(live.band, share=0.0)),
    "neighbours": lambda live: replace(live, adjacent=replace(live.adjacent, share=0.0)),
    "overload": lambda live: replace(live, converter=replace(live.converter, overload_share=0.0)),
    "few-bits": lambda live: replace(live, converter=replace(live.converter, bits=(16,))),
}
LEFT_OUT = (NOTHING, *IMPAIRMENTS, EVERYTHING)


def live_without(name: str) -> Live:
    """`live` without an impairment of `IMPAIRMENTS`, or without `nothing`, or without `everything`:
    then white noise, phase and timing are left.

    Raises:
        DenomaeError: no such impairment.
    """
    if name not in LEFT_OUT:
        raise DenomaeError(f"no impairment {name!r}; wanted one of {list(LEFT_OUT)}")
    changed = LIVE
    for impairment, left_out in IMPAIRMENTS.items():
        if name in (impairment, EVERYTHING):
            changed = left_out(changed)
    return changed if name == NOTHING else replace(changed, name=f"live_without_{name}")
