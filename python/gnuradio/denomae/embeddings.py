# SPDX-License-Identifier: GPL-3.0-or-later
"""From a batch of frames to the messages of their embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pmt

from denomae.labels import Place

from .frame_pdu import frame_pdu
from .places import places_of

if TYPE_CHECKING:
    from denomae import Engine


@dataclass(frozen=True)
class Embed:
    """An engine's `embed`; equal for one engine, so that encoders have joint batches."""

    engine: Engine

    def __call__(
        self, frames: np.ndarray, places: list[Place]
    ) -> Sequence[tuple[np.ndarray, Place]]:
        return list(zip(self.engine.embed(frames), places, strict=True))


class Embeddings:
    """The task of an encoder: a message for each frame.

    Args:
        engine: a loaded engine.
        source: name in every message.
        time_source: where a frame's time comes from, see `places_of`.
    """

    def __init__(self, engine: Engine, source: str, time_source: str) -> None:
        self.engine = engine
        self.compute = Embed(engine)
        self._time_source = time_source
        self._source, self._model = pmt.intern(source), pmt.intern(engine.model_name)

    def places(self, batch: Any) -> list[Place]:
        return places_of(batch, self.engine.frame_length, self._time_source)

    def items(
        self, batch: Any, answers: Sequence[tuple[np.ndarray, Place]], sequence: int, dropped: int
    ) -> list[Any]:
        return [
            frame_pdu(
                pmt.init_f32vector(len(embedding), embedding.tolist()),
                place,
                sequence + i,
                dropped,
                self._source,
                self._model,
            )
            for i, (embedding, place) in enumerate(answers)
        ]
