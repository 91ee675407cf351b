# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be chosen when an encoder is taught to classify, besides its schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from denomae.errors import DenomaeError
from denomae.modalities import LIVE_MODALITIES, MODALITIES, NOISY_MODALITIES, in_table_order
from denomae.model.presets import Architecture
from denomae.model.sparse import Kept

SHORT = {
    "image": ("noisy_image",),
    "signal": ("noisy_signal",),
    "spectra": ("noisy_spectra",),
    "both": LIVE_MODALITIES,
    "all": NOISY_MODALITIES,
}


@dataclass(frozen=True)
class Tuning:
    """How to teach a classifier."""

    labels: int = 0
    """How many labelled frames there are, the same number of each class, seen again and again;
    0: every frame is a new one."""
    mode: Literal["whole", "head", "linear"] = "whole"
    """What learns: the whole model; the head alone, behind an encoder that stays as it is; or a
    linear probe of that encoder, which is a figure and no model."""
    modalities: tuple[str, ...] = ("both",)
    """What the model looks at: image, signal, spectra; both, which are image and signal; all; or
    modalities by their names."""
    visible_share: float = 1.0
    """Share of each modality's tokens that training shows at first; with a frozen encoder 1."""
    whole_from: float = 0.0
    """From this share of the schedule on, all tokens are shown."""
    image_share: float | None = None
    """Of an image's patches the model looks only at those with the most in them, so many of all;
    None: as what it starts from, else all. Recorded in the checkpoint."""
    signal_every: int | None = None
    """Of a signal's patches only at every so-manieth; None: as what it starts from, else all."""
    label_smoothing: float = 0.0
    augment: Literal["none", "phase"] = "none"
    """phase: each frame is turned by a random carrier phase each time it is seen. Right where a
    recipe's phase is random anyway; `paper10` has a fixed one, which tells classes apart."""
    validation_frames: int = 1000
    """By which the best of the models on the way is kept."""
    evaluations: int = 10
    """How often, in equal parts of the schedule, a model is held against them."""

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities by their names, in table order."""
        return modality_names(self.modalities)

    def kept(self, before: Kept, architecture: Architecture) -> Kept:
        """The tokens that the model looks at, where no random part of them is shown.

        Args:
            before: of what it starts from.

        Raises:
            DenomaeError: a share or a step that cannot be, or a part behind a frozen encoder, whose
                features are means of all tokens.
        """
        if self.mode != "whole":
            if (self.image_share, self.signal_every) != (None, None):
                raise DenomaeError(
                    f"a part of the tokens is wanted with the mode {self.mode}, which takes all; "
                    "leave --image-share and --signal-every out, or fine-tune the whole model"
                )
            return Kept()
        share = before.image_share if self.image_share is None else self.image_share
        every = before.signal_every if self.signal_every is None else self.signal_every
        most = architecture.frame_length // architecture.signal_patch
        if not 0 < share <= 1:
            raise DenomaeError(f"image_share is {share:g}; wanted a share above 0, up to 1")
        if not 1 <= every <= most:
            raise DenomaeError(f"signal_every is {every}; wanted 1 to {most}, the signal's patches")
        return Kept(share, every)


def modality_names(chosen: Sequence[str]) -> tuple[str, ...]:
    """Modality names of `image`, `signal`, `both` or of their own names, in table order.

    Raises:
        DenomaeError: a word that is none of them.
    """
    unknown = [word for word in chosen if word not in SHORT and word not in MODALITIES]
    if unknown or not chosen:
        raise DenomaeError(
            f"modalities are {list(chosen)}; wanted one of {list(SHORT)}, or some of "
            f"{list(MODALITIES)}"
        )
    return in_table_order({name for word in chosen for name in SHORT.get(word, (word,))})
