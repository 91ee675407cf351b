#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play the demo's capture through a GNU Radio flowgraph that says what it hears.

Ends by itself after 26 s. Exit code 0: at least 90 % of the frames at 10 dB and above are right,
and every label arrived in the other process. 1: not so, with the reason in one sentence.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console

from denomae.errors import DenomaeError

CAPTURE = Path(__file__).resolve().parents[1] / "captures" / "demo.sigmf-meta"


@dataclass(frozen=True)
class Options:
    """Play the demo's capture and hold the labels against its ground truth."""

    output: tyro.conf.Positional[Path] = Path("demo-output")
    """Folder for labels.jsonl, the annotated capture and the picture."""
    speed: float = 1.0
    """Times real time; 0: as fast as every frame can be classified."""
    checkpoint: str = ""
    """A checkpoint's folder; empty: the shipped model."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:0, ..."""


def main() -> int:
    options = tyro.cli(Options, prog="run_demo.py")
    console = Console(width=None if sys.stdout.isatty() else 120, soft_wrap=True)
    try:
        reason = run(console, options)
    except DenomaeError as error:
        print(f"run_demo.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("run_demo.py: stopped", file=sys.stderr)
        return 130
    if reason:
        console.print(f"[red]{reason}[/red]", highlight=False)
        return 1
    return 0


def run(console: Console, options: Options) -> str | None:
    """The whole demo; why it is no success, or None."""
    if options.speed < 0:
        raise DenomaeError(f"speed is {options.speed:g}, wanted 0 or more")
    meta = json.loads(CAPTURE.read_text(encoding="utf-8"))
    data = CAPTURE.with_suffix(".sigmf-data")
    rate_hz = float(meta["global"]["core:sample_rate"])
    frequency_hz = float(meta["captures"][0]["core:frequency"])
    length_s = data.stat().st_size / 4 / rate_hz
    console.print(
        f"A recording of {length_s:.0f} s at {rate_hz / 1e3:g} kS/s, {frequency_hz / 1e6:g} MHz: "
        "noise and ten modulations, each at 10 and 20 dB.",
        highlight=False,
    )
    # Seconds pass in these imports; the lines above should not wait for them.
    import numpy as np
    from flowgraph import DemoFlowgraph
    from picture import draw
    from playback import play
    from report import device_line, print_scores, write_annotated, write_labels
    from scoring import accuracy, score, shortcoming, truths_of

    console.print(device_line(options.device), highlight=False)
    options.output.mkdir(parents=True, exist_ok=True)
    flowgraph = DemoFlowgraph(
        data, rate_hz, frequency_hz, options.speed, options.checkpoint, options.device
    )
    address = flowgraph.publisher.endpoint()
    console.print(f"Labels are published at {address} (denomae labels {address}).\n")

    truths = truths_of(meta)
    heard = play(console, flowgraph, truths, length_s)
    result = score(heard.labels, truths)
    classes = list(heard.labels[0].probabilities) if heard.labels else []
    console.print()
    print_scores(console, result, classes)

    write_labels(options.output / "labels.jsonl", heard.labels)
    write_annotated(options.output, CAPTURE, heard.labels)
    values = np.fromfile(data, "<i2").astype(np.float32) / 32_768.0
    samples = values.view(np.complex64)
    if classes:
        draw(options.output / "demo.png", samples, rate_hz, result, classes, options.checkpoint)

    seen, gated, dropped = (heard.counters[name] for name in ("seen", "gated", "dropped"))
    latency = ""
    if heard.labels and options.speed:
        median, most = np.percentile([label.latency_ms for label in heard.labels], (50, 99))
        latency = f" Latency: median {median:.1f} ms, 99 % within {most:.1f} ms."
    console.print(
        f"Sampler: {seen} frames, {gated} below the gate, {dropped} dropped.{latency}\n"
        f"Labels: {heard.given} given, {heard.received} received by the other process, "
        f"{heard.gaps} missing.\n"
        f"Left in {options.output}: labels.jsonl, labelled.sigmf-meta and .sigmf-data, demo.png.",
        highlight=False,
    )
    reached = accuracy(result.signals(10.0))
    if reached is not None:
        frames = len(result.signals(10.0))
        console.print(
            f"[bold]Accuracy at 10 dB and above: {reached:.1%} of {frames} frames.[/bold]"
        )
    return shortcoming(result, heard.given, heard.received, heard.gaps)


if __name__ == "__main__":
    sys.exit(main())
