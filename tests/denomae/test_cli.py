# SPDX-License-Identifier: GPL-3.0-or-later
"""The command as its user meets it: help, mistakes, `info` and `doctor`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from denomae.cli import main
from denomae.cli.doctor import _ask, _library
from denomae.model.presets import PRESETS


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr; nothing on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("denomae: ") and err.count("\n") == 1 and "Traceback" not in err
    return err


def test_a_mistyped_path_is_told_without_waiting_for_torch() -> None:
    program = (
        "import sys; from denomae.cli import main; code = main(['classify', 'nowhere.cf32']);"
        " print(code, 'torch' in sys.modules, 'gnuradio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["2", "False", "False"]
    assert done.stderr == "denomae: nowhere.cf32 does not exist\n"


def test_help_names_every_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("info", "classify", "labels", "doctor"))


@pytest.mark.parametrize("arguments", [["fly"], ["classify"], ["classify", "x", "--hop", "far"]])
def test_a_command_that_means_nothing_has_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize("command", [["info"], ["classify", "{capture}"]])
def test_a_checkpoint_or_device_that_is_not_there_is_one_sentence(
    tmp_path: Path, nano_checkpoint: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    capture = tmp_path / "a.ci8"
    capture.write_bytes(b"\1" * 4096)
    command = [word.format(capture=capture) for word in command]
    missing = tmp_path / "missing"
    assert main([*command, "--checkpoint", str(missing)]) == 2
    assert str(missing) in sentence(capsys)
    assert main([*command, "--checkpoint", str(nano_checkpoint), "--device", "cuda:77"]) == 2
    assert "cuda:77" in sentence(capsys)


def test_info_says_what_the_model_knows(
    nano_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", "--checkpoint", str(nano_checkpoint), "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"model +untrained [0-9a-f]{12}\n", out)
    assert "1024 samples" in out and "2 to 16" in out and "-10 to 30 dB" in out
    assert re.search(r"psk +bpsk, qpsk, 8psk\n", out)
    assert "64 x 64 x 3" in out and "cpu" in out


def test_the_table_of_presets_has_a_row_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--presets"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert set(PRESETS) <= set(rows)
    # The encoder of `base` is ViT-B/16, of 86 million parameters.
    assert re.search(r"\b8[5-9],\d{3},\d{3}\b", rows["base"])
    for word in ("patches", "width", "depth", "heads", "decoders", "parameters", "gmac"):
        assert word in rows["preset"]


@pytest.mark.timeout(300)
def test_the_doctor_s_exit_code_is_its_report(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert code == any(re.match(r".{19}BROKEN ", line) for line in lines)
    report = {line[:18].strip(): line[19:].split()[0] for line in lines[:-1]}
    for name in ("python", "numpy", "torch", "timm", "pyzmq", "compiled kernels", "device"):
        assert report[name] in ("ok", "missing")
    assert {"GNU Radio", "shipped model"} <= set(report)


def test_the_doctor_names_a_library_that_is_not_there() -> None:
    finding = _library("a-library-that-nobody-wrote")
    assert (finding.status, finding.found) == ("BROKEN", "not installed")
    assert "script/bootstrap" in finding.to_do


def test_the_doctor_asks_another_process_and_hears_its_complaint() -> None:
    assert _ask("print('noise'); print('3.10')") == ("3.10", "")
    answer, complaint = _ask("import a_module_that_nobody_wrote")
    assert answer is None and "ModuleNotFoundError" in complaint
