# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m gnuradio.denomae.bench`: one JSON object a row on stdout."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from denomae.bench.row import Row

from .blocks import block_rows
from .display import display_row
from .live import live_rows
from .sampler import sampler_rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m gnuradio.denomae.bench", description=__doc__)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="of the long rows; the others take a fifth"
    )
    parser.add_argument("--batch-size", type=int, default=32)
    arguments = parser.parse_args()
    for row in _rows(arguments):
        print(row.to_json(), flush=True)
    return 0


def _rows(arguments: argparse.Namespace) -> Iterator[Row]:
    yield from sampler_rows(arguments.seconds / 5)
    yield from block_rows(arguments.device, arguments.batch_size, arguments.seconds / 5)
    yield display_row(arguments.seconds / 5)
    yield from live_rows(arguments.device, arguments.batch_size, arguments.seconds)


if __name__ == "__main__":
    sys.exit(main())
