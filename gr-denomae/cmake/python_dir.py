# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints where packages go beneath an installation prefix, relative to it."""

import os
import sys
import sysconfig


def python_dir(prefix: str) -> str:
    """Folder for packages relative to `prefix`, such as ``lib/python3.11/site-packages``."""
    own = sysconfig.get_path("platlib")
    relative = os.path.relpath(os.path.realpath(own), os.path.realpath(prefix))
    if os.path.realpath(prefix) != "/usr" and not relative.startswith(os.pardir):
        return relative
    if "deb_system" in sysconfig.get_scheme_names():
        if os.path.realpath(prefix) == "/usr":
            return "lib/python3/dist-packages"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return f"lib/{version}/{os.path.basename(own)}"


if __name__ == "__main__":
    print(python_dir(sys.argv[1]))
