# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be is refused when the classifier is made, with one sentence."""

from __future__ import annotations

import pytest
from gnuradio import denomae

from denomae.errors import CheckpointError, DenomaeError, DeviceError

pytestmark = pytest.mark.timeout(120)


def one_sentence(refused):
    text = str(refused.value)
    return text and "\n" not in text


def test_a_checkpoint_that_is_missing_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="nowhere") as refused:
        denomae.classifier(str(tmp_path / "nowhere"))
    assert one_sentence(refused)


def test_a_folder_that_is_no_checkpoint_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=str(tmp_path)) as refused:
        denomae.classifier(str(tmp_path))
    assert one_sentence(refused)


@pytest.mark.parametrize("device", ["cuda:99", "abacus"])
def test_a_device_that_is_not_there_is_named(nano_checkpoint, device):
    with pytest.raises(DeviceError, match=device) as refused:
        denomae.classifier(str(nano_checkpoint), device)
    assert one_sentence(refused)


@pytest.mark.parametrize("name", ["", "config.json", "model.safetensors"])
def test_a_checkpoint_may_be_given_by_its_folder_or_a_file_in_it(nano_checkpoint, name):
    classifier = denomae.classifier(str(nano_checkpoint / name), "cpu", batch_size=2)
    assert classifier.engine().model_name.startswith("untrained ")


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("policy", "fastest"),
        ("time_source", "gps"),
        ("sample_rate", -1.0),
        ("sample_rate", float("nan")),
        ("center_frequency", float("inf")),
        ("gate_db", float("nan")),
        ("hysteresis_db", -1.0),
        ("hysteresis_db", float("nan")),
        ("hop", -1),
        ("hop", 0.5),
        ("queue_frames", 0),
        ("batch_size", 0),
        ("threshold", 1.5),
        ("threshold", -0.1),
        ("status_interval_s", -1.0),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_by_name(engine, parameter, value):
    with pytest.raises(DenomaeError, match=f"{parameter} is {value!r}") as refused:
        denomae.classifier(engine=engine, **{parameter: value})
    assert one_sentence(refused)


def test_a_queue_beyond_any_memory_is_refused(engine):
    with pytest.raises(ValueError, match="queue_frames"):
        denomae.classifier(engine=engine, queue_frames=2**40)


def test_values_that_cannot_be_are_refused_while_it_exists(engine):
    classifier = denomae.classifier(engine=engine)
    for change in (classifier.set_gate_db, classifier.set_hysteresis_db):
        with pytest.raises(DenomaeError):
            change(float("nan"))
    with pytest.raises(DenomaeError, match="threshold is 2"):
        classifier.set_threshold(2)
