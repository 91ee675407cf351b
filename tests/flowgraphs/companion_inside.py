#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in the PATH as `gnuradio-companion`: runs the real one and works its window from within.

The environment says what to do: COMPANION_REAL is the program, COMPANION_STEPS one of `STEPS`, and
COMPANION_REPORT the JSON file in which to write what was seen.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, GdkX11, Gio, GLib, Gtk  # noqa: E402, F401 (GdkX11: for get_xid)

HANG_S = 150.0  # much more than any one step takes
report: dict[str, Any] = {}


def run_the_flowgraph() -> Iterator[None]:
    """Looks at the blocks and the flowgraph, presses F6, and waits until the flowgraph ended."""
    from gnuradio.grc.gui import Actions

    window = yield from until_the_window_is_up()
    page, text = window.current_page, window.console.text_display.get_buffer()
    tree = window.btwin.treeview.get_model()
    report["tree"] = [{row[0]: [child[0] for child in row.iterchildren()]} for row in tree]
    report["block_paths"] = window.config.block_paths
    report["file"] = page.file_path
    report["errors"] = list(page.flow_graph.get_error_messages())
    report["may_run"] = Actions.FLOW_GRAPH_EXEC.get_enabled()
    press("F6")
    if report["may_run"]:
        console = lambda: text.get_text(*text.get_bounds(), False)  # noqa: E731
        yield from until("the flowgraph to start", lambda: "Executing: " in console())
        yield from until("its end", lambda: page.process is None and "\n>>> Done" in end(console()))
    else:
        for _ in range(5):
            yield  # the key would be at work by now
    report["console"] = text.get_text(*text.get_bounds(), False)


def take_a_picture() -> Iterator[None]:
    """The window as a PNG file, beside the report; our part of the block tree is open."""
    window = yield from until_the_window_is_up()
    window.btwin.expand_module_in_tree("DenoMAE")
    for _ in range(5):
        yield  # until all is drawn
    drawn = window.get_window()
    picture = Gdk.pixbuf_get_from_window(drawn, 0, 0, drawn.get_width(), drawn.get_height())
    picture.savev(os.environ["COMPANION_REPORT"] + ".png", "png", [], [])


def draw_the_flowgraphs() -> Iterator[None]:
    """Each open flowgraph as a PNG file named after it, as by File, Screen Capture."""
    from gnuradio.grc.gui.Utils import make_screenshot

    window = yield from until_the_window_is_up()
    for page in window.get_pages():
        flowgraph = page.flow_graph
        window.notebook.set_current_page(window.notebook.page_num(page))
        yield from until("it to be drawn", lambda drawn=flowgraph: drawn.get_extents()[2] > 0)
        report[page.file_path] = list(flowgraph.get_error_messages())
        name = Path(page.file_path).with_suffix(".png").name
        make_screenshot(flowgraph, str(Path(os.environ["COMPANION_REPORT"]).with_name(name)))


STEPS = {"run": run_the_flowgraph, "picture": take_a_picture, "draw": draw_the_flowgraphs}


def end(console: str) -> str:
    return console.rpartition("Executing: ")[2]


def press(key: str) -> None:
    """A key as from the keyboard, by way of the X server; there is no window manager to ask."""
    window = Gio.Application.get_default().main_window.get_window()
    window.get_display().sync()  # or the server may not have mapped it yet
    subprocess.run(["xdotool", "windowfocus", str(window.get_xid()), "key", key], check=True)


def until_the_window_is_up() -> Iterator[None]:
    # `init` is set once everything named on the command line has been opened
    application = Gio.Application.get_default
    yield from until("Companion to be ready", lambda: getattr(application(), "init", False))
    window = application().main_window
    yield from until("its window", lambda: window.get_window().is_viewable())
    return window


def until(what: str, happened: Callable[[], bool]) -> Iterator[None]:
    deadline = time.monotonic() + HANG_S
    while not happened():
        for dialog in Gtk.Window.list_toplevels():
            if isinstance(dialog, Gtk.MessageDialog) and dialog.get_visible():
                raise RuntimeError(f"instead of {what} a dialog came: {dialog.props.text}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {HANG_S:g} s for {what}")
        yield


def main() -> None:
    steps = STEPS[os.environ["COMPANION_STEPS"]]()

    def tick() -> bool:
        try:
            next(steps)
            return True
        except StopIteration:
            status = 0
        except BaseException:
            traceback.print_exc()
            status = 1
        Path(os.environ["COMPANION_REPORT"]).write_text(json.dumps(report), encoding="utf-8")
        if status:
            os._exit(status)
        press("ctrl+q")
        return False

    GLib.timeout_add(100, tick)
    sys.argv[0] = os.environ["COMPANION_REAL"]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
