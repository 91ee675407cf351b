# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae doctor`: what is installed, which device is there, does the model answer as recorded."""

from __future__ import annotations

import importlib
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

Status = Literal["ok", "missing", "BROKEN"]  # only what is broken makes the exit code 1

_LIBRARIES = ("numpy", "torch", "torchvision", "timm", "safetensors", "tyro", "rich")
_OPTIONAL_LIBRARIES = {"pyzmq": "`denomae labels` and the label publisher", "sigmf": "the demo"}
_OLDEST_PYTHON = (3, 10)
_INSTALL = "script/bootstrap installs it"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    status: Status
    found: str
    to_do: str = ""


@dataclass(frozen=True)
class Doctor:
    """Check the installation, the device, and the shipped model's recorded answers."""

    device: str = "auto"
    """The device to check: auto, cpu, cuda or cuda:0."""

    def run(self) -> int:
        broken = 0
        for finding in self._findings():
            to_do = f"; {finding.to_do}" if finding.to_do else ""
            print(f"{finding.name:<18} {finding.status:<8} {finding.found}{to_do}", flush=True)
            broken += finding.status == "BROKEN"
        print("something is broken" if broken else "all is well")
        return 1 if broken else 0

    def _findings(self) -> Iterator[Finding]:
        yield _python()
        for name in _LIBRARIES:
            yield _library(name)
        for name, use in _OPTIONAL_LIBRARIES.items():
            finding = _library(name)
            if finding.status == "BROKEN":
                finding = Finding(name, "missing", f"only {use} need it", _INSTALL)
            yield finding
        yield _kernels()
        yield from _gnuradio()
        yield _guarded("device", self._device)
        yield _guarded("shipped model", self._model)

    def _device(self) -> Finding:
        import torch

        from denomae.device import choose_device, choose_precision

        device = choose_device(self.device)
        precision = str(choose_precision("auto", device)).removeprefix("torch.")
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
        gpu = "" if device.type == "cuda" else "; no GPU is used"
        return Finding("device", "ok", f"{device} ({name}), {precision}{gpu}")

    def _model(self) -> Finding:
        from denomae.engine import Engine, check_recorded_answers

        engine = Engine.load(device=self.device)
        matching, total = check_recorded_answers(engine)
        found = f"{engine.model_name}, {matching} of {total} recorded answers given again"
        if matching == total and total:
            return Finding("shipped model", "ok", found)
        return Finding("shipped model", "BROKEN", found, "install the package anew")


def _python() -> Finding:
    found = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info < _OLDEST_PYTHON:
        return Finding("python", "BROKEN", found, "use 3.10 or newer")
    return Finding("python", "ok", found)


def _library(name: str) -> Finding:
    """Installed and importable are two things: a library of another build may be there and fail."""
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(name, "BROKEN", "not installed", _INSTALL)
    try:
        importlib.import_module({"pyzmq": "zmq"}.get(name, name))
    except Exception as error:
        return Finding(name, "BROKEN", f"{version}, but: {_first_line(error)}", _INSTALL)
    return Finding(name, "ok", version)


def _kernels() -> Finding:
    try:
        module = importlib.import_module("denomae._kernels")
    except ModuleNotFoundError:
        return Finding(
            "compiled kernels",
            "missing",
            "images are drawn by torch",
            "build the module with CMake",
        )
    except ImportError as error:
        return Finding("compiled kernels", "BROKEN", _first_line(error), "build the module anew")
    return Finding("compiled kernels", "ok", str(module.__file__))


def _gnuradio() -> Iterator[Finding]:
    """Asked of another process: this library never loads GNU Radio."""
    version, error = _ask("from gnuradio import gr; print(gr.version())")
    if version is None:
        missing = "ModuleNotFoundError" in error
        yield Finding(
            "GNU Radio",
            "missing" if missing else "BROKEN",
            "this Python has none; the library works without" if missing else error,
            "install gnuradio, and use an environment with the system's packages",
        )
        return
    yield Finding("GNU Radio", "ok", version)
    blocks, error = _ask("from gnuradio import denomae; print(denomae.__file__)")
    if blocks is not None:
        yield Finding("blocks", "ok", blocks)
    elif "ModuleNotFoundError" in error or "cannot import name 'denomae'" in error:
        yield Finding("blocks", "missing", "not installed", "build the module with CMake")
    else:
        yield Finding("blocks", "BROKEN", error, "build the module anew")


def _ask(program: str) -> tuple[str | None, str]:
    """The last line that a Python program prints, or None and the last line of its complaint."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, _first_line(error)
    if done.returncode or not done.stdout.strip():
        return None, (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return done.stdout.strip().splitlines()[-1], ""


def _guarded(name: str, check: Callable[[], Finding]) -> Finding:
    """A doctor reports whatever it meets and goes on."""
    try:
        return check()
    except Exception as error:
        return Finding(name, "BROKEN", _first_line(error), "see the lines above")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
