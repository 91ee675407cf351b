# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae bench`: how fast the live path is on this machine, each figure beside its peer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from denomae.cli.text import note
from denomae.errors import DenomaeError

_BULK_BATCH, _BULK_BATCHES = 256, 8  # what a GPU is fed when nobody waits for a label


@dataclass(frozen=True)
class Bench:
    """Measure the live path here: raster, recordings, model, sampler, latency, memory."""

    json: bool = False
    """Print one JSON object a row instead of a table."""
    device: str = "auto"
    """Where the model runs: auto, cpu, cuda or cuda:1."""
    seconds: float = 60.0
    """For how long the long rows run; the others take a part of it."""
    batch_size: int = 32
    """Most frames that are classified at once."""
    base: bool = False
    """Also the paper's size on its image, with random weights; always on a GPU."""
    flowgraph: bool = True
    """The rows that need GNU Radio, from a process of its own."""
    markdown: Path | None = None
    """Also write the table, headed by what the machine is, to this file."""

    def run(self) -> int:
        from denomae.bench.machine import machine
        from denomae.bench.row import table

        if not self.seconds > 0:
            raise DenomaeError(f"--seconds is {self.seconds:g}, wanted seconds above 0")
        if self.batch_size < 1:
            raise DenomaeError(f"--batch-size is {self.batch_size}, wanted 1 or more")
        if self.markdown is not None:
            self.markdown.touch()  # rather now than after minutes
        about = machine()
        for line in about:
            note(line)
        rows = []
        for row in self._rows():
            rows.append(row)
            if self.json:
                print(row.to_json(), flush=True)
            else:
                note(f"{row.name}: {row.note if row.value is None else 'done'}")
        if not self.json:
            print("\n".join(table(rows)))
        if self.markdown is not None:
            head = [f"- {line}" for line in about]
            self.markdown.write_text("\n".join([*head, "", *table(rows), ""]), encoding="utf-8")
        return 1 if any(row.failed for row in rows) else 0

    def _rows(self) -> Iterator[Any]:
        from denomae.bench import captures, flowgraph, raster
        from denomae.bench import engine as engines
        from denomae.bench.timing import torch_threads
        from denomae.device import available_cores, choose_device, default_threads
        from denomae.engine import Engine

        short = self.seconds / 5
        gpu = choose_device(self.device).type == "cuda"
        engine = Engine.load(device=self.device, batch_size=self.batch_size)
        yield from raster.rows(engine.config.architecture.image, engine.device, short)
        yield from captures.rows(short)
        row = engines.throughput("IQ to label, shipped model", engine, short)
        yield row
        yield engines.latency(
            "latency p99 at half, no flowgraph", engine, (row.value or 0) / 2, self.seconds / 2
        )
        if not gpu and available_cores() > default_threads():
            with torch_threads(available_cores()):
                yield engines.throughput("IQ to label, shipped model, all cores", engine, short)
        if gpu:
            bulk = Engine.load(device=self.device, batch_size=_BULK_BATCH)
            yield engines.throughput("IQ to label, shipped model, bulk", bulk, short, _BULK_BATCHES)
        if self.base or gpu:
            sizes = (_BULK_BATCH, _BULK_BATCHES) if gpu else (self.batch_size, 1)
            yield engines.throughput("IQ to label, base", self._base(sizes[0]), short, sizes[1])
        if self.flowgraph:
            arguments = ["--device", self.device, "--seconds", str(self.seconds)]
            yield from flowgraph.rows([*arguments, "--batch-size", str(self.batch_size)])

    def _base(self, batch_size: int) -> Any:
        from denomae.engine import Engine
        from denomae.model.presets import PRESETS

        return Engine.untrained(
            PRESETS["base"], ("noisy_image",), device=self.device, batch_size=batch_size
        )
