# SPDX-License-Identifier: GPL-3.0-or-later
"""What several rooms' tests share."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A shell that starts this in the background leaves SIGINT ignored, and every program that a test
# starts would inherit that and not hear the Ctrl-C it is tested with.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no failure; what hangs is ended by pytest's own time-out.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def nano_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A valid checkpoint of the smallest size with untrained weights: for plumbing alone."""
    import torch

    from denomae.checkpoint import (
        FORMAT,
        Calibration,
        CheckpointConfig,
        Provenance,
        write_checkpoint,
    )
    from denomae.modalities import LIVE_MODALITIES
    from denomae.model.classifier import Classifier
    from denomae.model.presets import PRESETS

    families = {
        "noise": "noise",
        "carrier": "carrier",
        "am": "analog",
        "fm": "analog",
        "ook": "ask",
        "bpsk": "psk",
        "qpsk": "psk",
        "8psk": "psk",
        "16qam": "qam",
        "2fsk": "fsk",
        "gmsk": "fsk",
    }
    config = CheckpointConfig(
        format=FORMAT,
        name="untrained",
        kind="classifier",
        architecture=PRESETS["nano"],
        modalities=LIVE_MODALITIES,
        classes=tuple(families),
        families=families,
        power_normalisation="unit",
        recipe="live",
        samples_per_symbol=(2.0, 16.0),
        snr_db=(-10.0, 30.0),
        calibration=Calibration(1.0, 0.0),
        metrics={},
        provenance=Provenance(0, 0, 0, "unknown"),
    )
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("checkpoint") / "untrained"
    write_checkpoint(
        folder, config, Classifier(config.architecture, config.modalities, len(families))
    )
    return folder


@pytest.fixture(scope="session")
def nano_denoiser(nano_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A valid denoiser of the smallest size, untrained but no identity, on that encoder."""
    from dataclasses import replace

    import torch

    from denomae.checkpoint import load_model, read_config, write_checkpoint
    from denomae.model.denoiser import Denoiser

    start, classifier = read_config(nano_checkpoint), load_model(nano_checkpoint)
    config = replace(start, kind="denoiser", reconstructed=("noisy_signal",))
    torch.manual_seed(0)
    model = Denoiser(
        config.architecture, config.modalities, config.reconstructed, len(config.classes)
    )
    model.encoder.load_state_dict(classifier.encoder.state_dict())
    model.head.load_state_dict(classifier.head.state_dict())
    torch.nn.init.normal_(model.decoders["noisy_signal"].leave.weight, std=0.1)
    folder = tmp_path_factory.mktemp("checkpoint") / "denoiser"
    write_checkpoint(folder, config, model)
    return folder
