# SPDX-License-Identifier: GPL-3.0-or-later
"""What flowgraphs with a receiver need beside their blocks; the examples call it from snippets.

A driver that is missing, a receiver that is not there and one that goes away while it runs are
things that happen to users. Each becomes one line that says what to do.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any

import numpy as np
from gnuradio import gr

from denomae.errors import DenomaeError

from .tuning import Tuner, bandwidth, one_line, remembered

__all__ = ["Tuner", "bandwidth", "edges", "need", "opening", "remembered", "watch"]

BLOCK = "aerial"
"""The flowgraph's source block, by whose name its errors are known. Companion makes blocks in the
reverse order of their names, so this one is opened last: samples that wait while a model loads
would come late."""
TICK_S = 0.25
SILENT_S = 3.0
STOP_S = 3.0
_ANSWER_S = 3.0
_TCP_DEFAULTS = ("127.0.0.1", 1234)  # gr-osmosdr's own


@dataclass(frozen=True)
class Driver:
    """A way to a receiver: its Python module, and what to do where something is missing."""

    module: str
    package: str
    receiver: str
    advice: str


DRIVERS = {
    "osmosdr": Driver(
        "osmosdr",
        "gr-osmosdr (sudo apt install gr-osmosdr)",
        "RTL-SDR",
        "plug one in, or give --args rtl_tcp=host:port",
    ),
    "uhd": Driver(
        "gnuradio.uhd",
        "GNU Radio with UHD support (gr-uhd)",
        "USRP",
        "connect one, or say which with --args, such as --args addr=192.168.10.2",
    ),
    "iio": Driver(
        "gnuradio.iio",
        "GNU Radio with IIO support (gr-iio)",
        "PlutoSDR",
        "connect one, or say where it is, such as --args ip:192.168.2.1",
    ),
    "soapy": Driver(
        "gnuradio.soapy",
        "GNU Radio with SoapySDR support (gr-soapy)",
        "SoapySDR receiver",
        "connect one, install its module (such as soapysdr-module-rtlsdr), or say which with "
        "--driver and --args",
    ),
}


def need(driver: str) -> None:
    """End the program with one line if a driver's Python module cannot be imported.

    To be called where a flowgraph imports its modules, before the driver's own.

    Raises:
        SystemExit: it cannot; inside Companion ImportError, which is shown at the import block.
    """
    wanted = DRIVERS[driver]
    try:
        importlib.import_module(wanted.module)
    except ImportError as error:
        if "gnuradio.grc" in sys.modules:
            raise
        sys.exit(f"{wanted.package} is not installed for {sys.executable}: {error}")


def opening(driver: str, args: str) -> None:
    """To be called before a flowgraph makes its blocks: what fails then becomes one line.

    Args:
        driver: one of `DRIVERS`.
        args: the receiver's device arguments.

    Raises:
        SystemExit: nobody answers at the `rtl_tcp` address in `args`, for which gr-osmosdr would
            wait without an end.
    """
    sys.excepthook = partial(_explain, DRIVERS[driver], args, sys.excepthook)
    if driver == "osmosdr":
        for argument in args.replace(",", " ").split():
            key, _, address = argument.partition("=")
            if key == "rtl_tcp":
                _expect_rtl_tcp(address)


def watch(
    flowgraph: Any,
    block: Any,
    tick: Callable[[], None],
) -> None:
    """Report a receiver that falls silent, and let no driver hold the end.

    To be called once the flowgraph has started. A driver may wait for samples that never come, and
    `wait()` of the flowgraph for the driver: then the process ends `STOP_S` after `stop()`.

    Args:
        flowgraph: the flowgraph (`gr.top_block`).
        block: a block that reads what the receiver sends.
        tick: called every `TICK_S`, from a thread of its own, until the flowgraph stops.
    """
    stopped = threading.Event()
    stop, wait = flowgraph.stop, flowgraph.wait
    watching = threading.Thread(
        target=_watch, args=(block, tick, stopped), name="denomae watch", daemon=True
    )

    def stop_watching_too() -> None:
        stopped.set()
        watching.join(1)
        stop()

    flowgraph.stop = stop_watching_too
    flowgraph.wait = partial(_wait_or_exit, wait, stopped)
    watching.start()


def edges(rate: float, offset: float, width: float, level_db: float, length: int = 1024) -> list:
    """A signal that marks the edges of a band in a spectrum display, as two lines.

    Args:
        rate: of the display's samples, Hz.
        offset: middle of the band, Hz from the middle of the display.
        width: of the band, Hz.
        level_db: of the lines.
        length: of the display's FFT, in samples; the lines lie in the nearest of its bins.

    Returns:
        Complex samples [length], to be repeated.
    """
    bins = [round((offset + side * width / 2) * length / rate) for side in (-1, 1)]
    phases = 2j * np.pi / length * np.outer(bins, np.arange(length))
    return list(10 ** (level_db / 20) * np.exp(phases).sum(axis=0))


def _expect_rtl_tcp(address: str) -> None:
    host, _, port = address.partition(":")
    host = host or _TCP_DEFAULTS[0]
    where = f"{host}:{port or _TCP_DEFAULTS[1]}"
    try:
        with socket.create_connection((host, int(port or _TCP_DEFAULTS[1])), _ANSWER_S) as server:
            greeting = server.makefile("rb").read(4)
    except TimeoutError:
        sys.exit(f"the rtl_tcp server at {where} says nothing for {_ANSWER_S:.0f} s: is it in use?")
    except (OSError, ValueError, OverflowError) as error:
        sys.exit(f"no rtl_tcp server at {where} ({error}): start one there with rtl_tcp -a {host}")
    if greeting != b"RTL0":
        sys.exit(f"what answers at {where} is no rtl_tcp server: it said {greeting!r}")


def _explain(
    driver: Driver,
    args: str,
    otherwise: Callable[..., Any],
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    """As `sys.excepthook`: one line for what a user can mend, the traceback for anything else."""
    lines = [frame.line or "" for frame in traceback.extract_tb(trace)]
    said = one_line(error)
    if isinstance(error, DenomaeError):
        print(said, file=sys.stderr)
    elif any(line.startswith(f"self.{BLOCK} =") for line in lines):
        print(
            f"no {driver.receiver} found ({args or 'any'}): {driver.advice}; {said}",
            file=sys.stderr,
        )
    elif any(line.startswith(f"self.{BLOCK}.") for line in lines):
        print(f"the {driver.receiver} ({args or 'any'}) refuses a setting: {said}", file=sys.stderr)
    else:
        otherwise(kind, error, trace)


def _wait_or_exit(wait: Callable[[], None], stopped: threading.Event) -> None:
    waiting = threading.Thread(target=wait, name="denomae receiver wait", daemon=True)
    waiting.start()
    while waiting.is_alive() and not stopped.is_set():
        waiting.join(0.1)
    waiting.join(STOP_S)
    if waiting.is_alive():
        gr.logger("receiver").error("its driver does not end: leaving without it")
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(1)


def _watch(
    block: Any,
    tick: Callable[[], None],
    stopped: threading.Event,
) -> None:
    logger = gr.logger("receiver")
    seen, changed_at, silent = 0, time.monotonic(), False
    while not stopped.wait(TICK_S):
        tick()
        before, seen, now = seen, block.nitems_read(0), time.monotonic()
        if seen != before:
            changed_at = now
        if silent != (now - changed_at >= SILENT_S):
            silent = not silent
            if silent:
                logger.error(
                    f"no samples for {SILENT_S:.0f} s: was it unplugged, or its server closed? "
                    "Close the window, and start again once it is back"
                )
            else:
                logger.info("samples again")
