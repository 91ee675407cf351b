# SPDX-License-Identifier: GPL-3.0-or-later
"""The encoder: complex samples in, embeddings out of a message port."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .embeddings import Embeddings
from .engine import engine_or_own
from .frame_block import frame_block
from .hub import hub_of
from .parameters import choice, count, text
from .pdu_outlet import pdu_outlet
from .places import TIME_SOURCES

if TYPE_CHECKING:
    from denomae import Engine


class encoder(frame_block):
    """Gives an embedding of every frame of a complex stream.

    Message port `embeddings` gives one PDU a frame, `cons(dict, f32vector)`. The vector is the mean
    of all tokens of the model's encoder, which the classifier's head gets: `Engine.embed`. The
    dictionary says which frame it is (see `frame_pdu`), in the forms of a label's PDU. The model
    runs on a thread of its own behind a bounded queue, as the classifier's. With a finite source
    every embedding is out before the flowgraph's `wait()` returns.

    Args:
        source: name of this encoder in its messages.
        checkpoint, device, sample_rate, center_frequency, time_source, gate_db, hysteresis_db, hop,
        queue_frames, policy, batch_size, settle_samples, engine: as for `classifier`.

    Raises:
        DenomaeError: one of these cannot be; says which, what was found and what was wanted.
    """

    def __init__(
        self,
        checkpoint: str = "",
        device: str = "auto",
        source: str = "denomae",
        sample_rate: float = 0.0,
        center_frequency: float = math.nan,
        time_source: str = "tags",
        gate_db: float = -math.inf,
        hysteresis_db: float = 3.0,
        hop: int = 0,
        queue_frames: int = 256,
        policy: str = "newest",
        batch_size: int = 32,
        settle_samples: int = 0,
        engine: Engine | None = None,
    ) -> None:
        super().__init__(
            "denomae_encoder",
            sample_rate=sample_rate,
            center_frequency=center_frequency,
            gate_db=gate_db,
            hysteresis_db=hysteresis_db,
            hop=hop,
            queue_frames=queue_frames,
            policy=policy,
            settle_samples=settle_samples,
        )
        batch_size = count("batch_size", batch_size, 1)
        source = text("source", source)
        time_source = choice("time_source", time_source, TIME_SOURCES)
        engine = engine_or_own(engine, checkpoint, device, batch_size, embeds=True)
        self._task = Embeddings(engine, source, time_source)
        sink = self._sample(engine.frame_length)
        port = "embeddings"
        outlet = pdu_outlet("denomae_embedding_outlet", port, sink, self._task, hub_of(engine))
        self._send(outlet, port)

    def engine(self) -> Engine:
        """The engine that computes."""
        return self._task.engine

    def status(self) -> dict[str, Any]:
        """`counters()`, the number of `embeddings` sent, and the `error` that ended them."""
        return {
            **self.counters(),
            "embeddings": self._outlet.sent,
            "error": self._outlet.error,
        }
