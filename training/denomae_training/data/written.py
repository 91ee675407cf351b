# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of a recipe's items on disk: whole or not there, and resumable after a kill.

A set grows in a folder called `.part` and takes its name when its last file and its checksums are
in it. Item i is the recipe's item i of the seed, so that a set that was begun goes on where it was.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from denomae.captures.files import replacing
from denomae.errors import CaptureError, DenomaeError
from denomae_training.data.plan import Frame, Plan, Writer
from denomae_training.data.written_hdf5 import Hdf5Writer
from denomae_training.data.written_sigmf import SigmfWriter
from denomae_training.signals.dataset import made_ahead
from denomae_training.signals.recipe import synthesize

RECORD, CHECKSUMS = "set.json", "SHA256SUMS"
FRAMES_LIMIT = 20_000_000
_LOCK = "lock"
_BEGINNING = {_LOCK, RECORD + ".part"}  # all that a kill leaves before the record is written
_SPARE_BYTES = 2**24
WRITERS: dict[str, type[Writer]] = {"sigmf": SigmfWriter, "hdf5": Hdf5Writer}


def write_set(
    plan: Plan,
    folder: Path,
    workers: int = 1,
    advance: Callable[[int], None] = lambda frames: None,
) -> bool:
    """Writes a set, or goes on with one that was stopped.

    Args:
        folder: gets the set; nothing may be there but this same set.
        workers: processes that synthesize.
        advance: called with the number of frames that were added or were there already.

    Returns:
        Whether anything was left to do.

    Raises:
        DenomaeError: another set is there, there is no room, or it cannot be written: then nothing
            is left of it.
    """
    if not 1 <= plan.frames <= FRAMES_LIMIT or not 0 <= plan.seed < 2**64:
        raise DenomaeError(
            f"{plan.frames} frames of the seed {plan.seed} were asked for, wanted 1 to"
            f" {FRAMES_LIMIT} frames and a seed from 0 to 2**64 - 1"
        )
    folder = Path(os.path.abspath(folder))
    if _is_there(plan, folder):
        return False
    part = folder.with_name(folder.name + ".part")
    if not part.exists():
        _check_room(plan, folder)
    try:
        part.mkdir(parents=True, exist_ok=True)
        with _locked(part):
            try:
                _begin(plan, part)
                _fill(WRITERS[plan.format](plan, part), workers, advance)
                (part / _LOCK).unlink()
                os.rename(part, folder)
            except (OSError, CaptureError):
                shutil.rmtree(part, ignore_errors=True)
                raise
    except CaptureError as error:
        raise DenomaeError(f"{error}; nothing of {folder} is kept") from None
    except OSError as error:
        raise DenomaeError(f"{folder} cannot be written: {error.strerror or error}") from None
    return True


def _is_there(plan: Plan, folder: Path) -> bool:
    """Whether this very set is whole already; another thing of that name is an error."""
    if not os.path.lexists(folder):
        return False
    if folder.is_dir() and not any(folder.iterdir()):
        return False
    _check_same(plan, folder)
    return True


def _begin(plan: Plan, part: Path) -> None:
    """Claims an empty folder, or makes sure that what was begun there is this set."""
    if {path.name for path in part.iterdir()} <= _BEGINNING:
        _write(part / RECORD, json.dumps(plan.record(), indent=2) + "\n")
    _check_same(plan, part)


def _check_same(plan: Plan, folder: Path) -> None:
    try:
        found: Any = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if found == plan.record():
        return
    asked = plan.record()
    if not isinstance(found, dict) or found.keys() != asked.keys():
        raise DenomaeError(f"{folder} is there, and is no set of this program; choose another name")
    differs = [key for key in asked if found[key] != asked[key]]
    raise DenomaeError(
        f"{folder} holds {_said(found)}, and {_said(asked)} were asked for, which differ in"
        f" {', '.join(differs)}; choose another name, or delete it"
    )


def _said(record: dict[str, Any]) -> str:
    return (
        f"{record['frames']} frames of {record['recipe']}, seed {record['seed']}, as"
        f" {record['format']}"
    )


def _check_room(plan: Plan, folder: Path) -> None:
    samples = [len(synthesize(plan.recipe, plan.seed, i).noisy) for i in range(plan.sampled)]
    needed = WRITERS[plan.format].bytes_needed(plan, sum(samples) / len(samples)) + _SPARE_BYTES
    place = next(path for path in folder.parents if path.exists())
    free = shutil.disk_usage(place).free
    if needed > free:
        raise DenomaeError(
            f"{folder} would take about {needed / 1e9:.3g} GB, and {free / 1e9:.3g} GB are free"
            " there; make room, or write fewer frames"
        )


def _fill(writer: Writer, workers: int, advance: Callable[[int], None]) -> None:
    plan, done = writer.plan, writer.done()
    advance(min(done * plan.frames_a_part, plan.frames))
    parts = made_ahead(partial(_part, plan), done, plan.parts, workers, ahead=2)
    for part, frames in enumerate(parts, start=done):
        writer.write(part, frames)
        advance(len(frames))
    writer.finish()
    _write(writer.folder / CHECKSUMS, "".join(_checksums(writer.folder)))


def _part(plan: Plan, part: int) -> list[Frame]:
    first = part * plan.frames_a_part
    last = min(first + plan.frames_a_part, plan.frames)
    found = []
    for index in range(first, last):
        item = synthesize(plan.recipe, plan.seed, index)
        found.append(Frame(index, item.noisy, item.class_index, item.snr_db, item.drawn))
    return found


def _checksums(folder: Path) -> Iterator[str]:
    """Lines that `sha256sum --check` reads."""
    for path in sorted(folder.iterdir()):
        if path.name in (CHECKSUMS, CHECKSUMS + ".part", _LOCK):
            continue
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while piece := file.read(2**20):
                digest.update(piece)
        yield f"{digest.hexdigest()}  {path.name}\n"


def _write(path: Path, text: str) -> None:
    with replacing(path) as (file,):
        file.write(text.encode())


@contextmanager
def _locked(part: Path) -> Iterator[None]:
    """One process at a time. A record lock: forked workers do not hold it on after a kill."""
    with open(part / _LOCK, "wb") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DenomaeError(f"{part} is being written by another process") from None
        yield
