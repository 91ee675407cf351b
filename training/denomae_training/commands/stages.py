# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that are run one after the other, each in a process of its own, none twice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from denomae.errors import DenomaeError
from denomae_training.commands.common import MAY_CHANGE, flat
from denomae_training.commands.configuration import to_plain, write_configuration
from denomae_training.commands.evaluate import Evaluate
from denomae_training.commands.finetune import Finetune
from denomae_training.commands.pretrain import Pretrain
from denomae_training.commands.record import Record

_COMMANDS = {Pretrain: "pretrain", Finetune: "finetune", Evaluate: "evaluate", Record: "record"}
STOPPED = 130


@dataclass(frozen=True)
class Stage:
    """One command of a plan.

    Attributes:
        name: of its files.
        command: an instance of the command's dataclass.
        frames: that it trains on; 0: it does not train.
    """

    name: str
    command: Any
    frames: int


def run_stage(stage: Stage, folder: Path, gpus: int = 0, quiet: bool = False) -> None:
    """Run a stage to its end, unless that was reached before.

    Args:
        folder: where `NAME.yaml`, the command, and `NAME.done`, what ended well, are kept.
        gpus: above 1, training runs in so many processes.
        quiet: what it says is shown only when it fails.

    Raises:
        DenomaeError: it failed, or what was done there before was another command.
        KeyboardInterrupt: it was stopped, by Ctrl-C or SIGTERM, and has saved.
    """
    record, done = folder / f"{stage.name}.yaml", folder / f"{stage.name}.done"
    if done.is_file():
        _same(stage, done)
        print(f"{stage.name}: done before", flush=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_configuration(record, stage.command)
    arguments = [_COMMANDS[type(stage.command)], "--config", str(record)]
    many = ["-m", "torch.distributed.run", "--nproc-per-node", str(gpus)]
    launcher = many if gpus > 1 and stage.frames else []
    if not quiet:
        print(f"{stage.name}: denomae-train {' '.join(arguments)}", flush=True)
    began = time.monotonic()
    code, said = _run([sys.executable, *launcher, "-m", "denomae_training", *arguments], quiet)
    if code == STOPPED:
        raise KeyboardInterrupt
    if code:
        what = f": {said.strip().splitlines()[-1]}" if said.strip() else "; what it said is above"
        raise DenomaeError(f"the stage {stage.name} ended with exit code {code}{what}")
    record.replace(done)
    if not quiet:
        print(f"{stage.name}: done in {time.monotonic() - began:.0f} s", flush=True)


def _same(stage: Stage, done: Path) -> None:
    """What was done is this stage; only where it is computed may differ."""
    before = flat(yaml.safe_load(done.read_text(encoding="utf-8")))
    now = flat(to_plain(stage.command))
    for name in sorted(before.keys() & now.keys()):
        if not name.startswith(MAY_CHANGE[:1]) and before[name] != now[name]:
            raise DenomaeError(
                f"{done.parent.parent} has a finished stage {stage.name} with {name} "
                f"{before[name]!r}, this command has {now[name]!r}; choose another folder, or the "
                "same command to go on"
            )


def _run(command: list[str], quiet: bool) -> tuple[int, str]:
    """Exit code, and what a quiet command said.

    The process has a session of its own, so that Ctrl-C reaches it once, from here, as SIGTERM.
    """
    pipe = subprocess.PIPE if quiet else None
    process = subprocess.Popen(
        command,
        stdout=pipe,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )
    with _forwarding(process) as stopped:
        said = process.communicate()[0]
    if stopped:
        return STOPPED, ""
    return process.returncode, said or ""


@contextlib.contextmanager
def _forwarding(process: subprocess.Popen) -> Iterator[list[int]]:
    """While it lasts, SIGINT and SIGTERM go to a process; gives what came."""
    came: list[int] = []

    def forward(number: int, _frame: object) -> None:
        came.append(number)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
