# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae bench`: how fast the live path is on this machine, each figure beside its peer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from denomae.cli.text import note
from denomae.errors import DenomaeError

_CPU_BATCH, _GPU_BATCH = 32, 256


@dataclass(frozen=True)
class Bench:
    """Measure the live path here: raster, recordings, model, sampler, latency, memory."""

    json: bool = False
    """Print one JSON object a row instead of a table."""
    device: str = "auto"
    """Where the model runs: auto, cpu, cuda or cuda:1."""
    seconds: float = 60.0
    """For how long the long rows run; the others take a part of it."""
    batch_size: int | None = None
    """Most frames that are classified at once; by default 32 on a CPU and 256 on a GPU."""
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
        batch_size = self.batch_size or (_GPU_BATCH if gpu else _CPU_BATCH)
        engine = Engine.load(device=self.device, batch_size=batch_size)
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
        if self.base or gpu:
            yield engines.throughput("IQ to label, base", self._base(batch_size), short)
        if self.flowgraph:
            arguments = ["--device", self.device, "--seconds", str(self.seconds)]
            yield from flowgraph.rows([*arguments, "--batch-size", str(batch_size)])

    def _base(self, batch_size: int) -> Any:
        from denomae.engine import Engine
        from denomae.model.presets import PRESETS

        return Engine.untrained(
            PRESETS["base"], ("noisy_image",), device=self.device, batch_size=batch_size
        )
