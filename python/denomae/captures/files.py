# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain files that a user or a metadata file names, opened to read; and files made whole or not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from denomae.errors import CaptureError


def open_plain_file(path: Path) -> tuple[BinaryIO, int]:
    """An unbuffered file to read, and its size in bytes.

    Raises:
        CaptureError: it is not there, no plain file, or may not be read.
    """
    try:
        # Looked at before it is opened: opening a named pipe would wait for its writer.
        _check_plain(path, os.stat(path).st_mode)
        file = open(path, "rb", buffering=0)
    except FileNotFoundError:
        raise CaptureError(f"{path} does not exist") from None
    except PermissionError:
        raise CaptureError(f"{path} may not be read: permission denied") from None
    except (OSError, ValueError) as error:
        raise CaptureError(f"{path} cannot be opened: {error}") from None
    try:
        status = os.fstat(file.fileno())
        _check_plain(path, status.st_mode)
    except BaseException:
        file.close()
        raise
    return file, status.st_size


@contextmanager
def replacing(*paths: Path) -> Iterator[list[BinaryIO]]:
    """Files to write, which take their names, one after the other, only once all of them are whole.

    Whoever writes several names that one last by which readers find the others: where such a file
    is there already, it goes before the others change. Until then they are called `.part`.

    Raises:
        CaptureError: they cannot be written, for instance because the disk is full; then nothing
            is left of them.
    """
    parts = [path.with_name(path.name + ".part") for path in paths]
    try:
        with ExitStack() as stack:
            files = [stack.enter_context(open(part, "wb")) for part in parts]
            yield files
            for file in files:
                file.flush()
                os.fsync(file.fileno())
        if len(paths) > 1:
            paths[-1].unlink(missing_ok=True)
        for part, path in zip(parts, paths, strict=True):
            os.replace(part, path)
    except BaseException as error:
        for part in parts:
            part.unlink(missing_ok=True)
        # A closed pipe is none of ours, but of whoever makes what is written here.
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            raise CaptureError(f"{paths[0]} cannot be written: {error.strerror or error}") from None
        raise


def file_beside(meta_path: Path, name: str, key: str = "core:dataset") -> Path:
    """The file `name`, which `key` names, in the folder of a metadata file.

    Raises:
        CaptureError: `name` is no plain file name, or it is a link that leads out of the folder.
    """
    if name in ("", ".", "..") or any(mark in name for mark in "/\\\0"):
        raise CaptureError(
            f"{meta_path.name}: {key} is {name[:80]!r}, wanted the name of a file in its own folder"
        )
    folder = meta_path.parent
    path = folder / name
    try:
        real, real_folder = path.resolve(), folder.resolve()
    except (OSError, RuntimeError) as error:
        raise CaptureError(f"{path} cannot be followed: {error}") from None
    if real_folder not in real.parents:
        raise CaptureError(
            f"{path} is a link out of its folder, to {real}; samples are read from the folder of"
            " their metadata only, so copy them there"
        )
    return path


def _check_plain(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise CaptureError(f"{path} is a folder, wanted a file of samples")
    if not stat.S_ISREG(mode):
        raise CaptureError(f"{path} is no plain file (a pipe or a device), wanted a recording")
