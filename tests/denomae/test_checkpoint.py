# SPDX-License-Identifier: GPL-3.0-or-later
import json
import pickle
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from denomae.checkpoint import load_model, read_config, weights_digest
from denomae.errors import CheckpointError


@pytest.fixture
def copy(nano_checkpoint, tmp_path):
    return shutil.copytree(nano_checkpoint, tmp_path / "copy")


def _edit(folder, change):
    path = folder / "config.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def _edit_tensors(folder, change):
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")
    _edit(folder, lambda d: d.update(weights_sha256=weights_digest(folder)))


def _refusal(**change):
    return {"score": "energy", "threshold": 3.0, "from_db": 5.0} | change


def test_a_record_without_a_refusal_is_read_and_one_with_it_comes_back(copy):
    _edit(copy, lambda d: d["calibration"].pop("refusal", None))
    assert read_config(copy).calibration.refusal is None
    _edit(copy, lambda d: d["calibration"].update(refusal=_refusal(threshold=-2)))
    refusal = read_config(copy).calibration.refusal
    assert (refusal.score, refusal.threshold, refusal.from_db) == ("energy", -2.0, 5.0)


def test_a_checkpoint_comes_back_as_it_was_written(nano_checkpoint):
    model = load_model(nano_checkpoint)
    stored = load_file(nano_checkpoint / "model.safetensors")
    assert all(torch.equal(stored[name], tensor) for name, tensor in model.state_dict().items())
    assert not model.training and len(weights_digest(nano_checkpoint)) == 64


@pytest.mark.parametrize(
    "change, said",
    [
        (
            lambda d: d.update(format="denomae.checkpoint/9"),
            "format: found 'denomae.checkpoint/9', wanted 'denomae.checkpoint/1'",
        ),
        (lambda d: d.pop("classes"), "the field 'classes' is missing"),
        (lambda d: d.update(colour="red"), "unknown field 'colour'"),
        (lambda d: d.update(classes="bpsk"), "classes: found str 'bpsk', wanted a list"),
        (
            lambda d: d.update(classes=["bpsk", "bpsk"]),
            "classes: found .*, wanted one or more different names",
        ),
        (
            lambda d: d["architecture"].update(width="wide"),
            "architecture: width: found str 'wide', wanted int",
        ),
        (lambda d: d["architecture"].update(width=10**9), "architecture.width: found 1000000000"),
        (
            lambda d: d["architecture"].update(depth=65),
            "architecture.depth: found 65, wanted 1 to 64",
        ),
        (
            lambda d: d["architecture"].update(decoder_heads=5),
            "architecture.decoder_width: found 64, wanted a multiple of 4 and of its 5 heads",
        ),
        (
            lambda d: d["architecture"]["image"].update(half_size_px=[-1, 6, 10]),
            "architecture.image.half_size_px: found .-1, 6, 10., wanted 3 whole numbers",
        ),
        (
            lambda d: d["calibration"].update(temperature=float("inf")),
            "calibration: temperature: found inf, wanted a finite number",
        ),
        (
            lambda d: d["architecture"].update(width=True),
            "architecture: width: found bool True, wanted int",
        ),
        (
            lambda d: d["architecture"].update(frame_length=1000),
            "architecture.frame_length: found 1000, wanted a multiple",
        ),
        (
            lambda d: d["architecture"]["image"].update(decay_px=[1.0, "x", 2.0]),
            r"decay_px\[1\]: found str 'x', wanted float",
        ),
        (
            lambda d: d.update(modalities=["waterfall"]),
            "modalities: found .'waterfall'., wanted one or more of",
        ),
        (lambda d: d.update(kind="magic"), "kind: found 'magic', wanted one of"),
        (
            lambda d: d["calibration"].update(temperature=0),
            "calibration: found .*, wanted a temperature above 0",
        ),
        (
            lambda d: d["calibration"].pop("threshold"),
            "calibration: the field 'threshold' is missing",
        ),
        (
            lambda d: d["calibration"].update(threshold=1.5),
            "calibration: found .*, wanted a temperature above 0 and a threshold in 0..1",
        ),
        (
            lambda d: d["calibration"].update(refusal={"score": "energy", "threshold": 1.0}),
            "calibration: refusal: the field 'from_db' is missing",
        ),
        (
            lambda d: d["calibration"].update(refusal=_refusal(score="magic")),
            "refusal: score: found 'magic', wanted one of .'probability', 'logit', 'energy', 'dist",
        ),
        (
            lambda d: d["calibration"].update(refusal=_refusal(threshold=-1e6)),
            "calibration.refusal.threshold: found -1000000.0, wanted -10000 to 10000",
        ),
        (
            lambda d: d["calibration"].update(refusal=_refusal(score="probability", threshold=2)),
            "calibration.refusal.threshold: found 2.0, wanted a probability in 0..1",
        ),
        (
            lambda d: d["calibration"].update(refusal=_refusal(from_db=500)),
            "calibration.refusal.from_db: found 500.0, wanted -100 to 100 dB",
        ),
        (
            lambda d: d["calibration"].update(refusal=_refusal(score="distance")),
            "calibration.refusal.middles: found '0 rows of .. numbers', wanted rows of 10 numbers",
        ),
        (
            lambda d: d["calibration"].update(
                refusal=_refusal(score="distance", middles=[[0.0] * 10], weights=[[1.0] * 10])
            ),
            "calibration.refusal.weights: found '1 rows', wanted 10 rows",
        ),
        (lambda d: d["families"].pop("am"), "families: found .*, wanted a family for each"),
    ],
)
def test_a_wrong_field_is_named(copy, change, said):
    _edit(copy, change)
    with pytest.raises(CheckpointError, match=said) as error:
        load_model(copy)
    assert "config.json" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda t: t.pop("head.snr.bias"), "the tensor 'head.snr.bias' is missing"),
        (
            lambda t: t.update(extra=torch.zeros(1)),
            "found the tensor 'extra', which the architecture does not have",
        ),
        (
            lambda t: t.update({"head.snr.bias": torch.zeros(3)}),
            r"'head.snr.bias': found the shape \[3\], wanted \[1\]",
        ),
        (
            lambda t: t.update({"head.snr.bias": torch.zeros(1, dtype=torch.int64)}),
            "found the type I64, wanted F32 or BF16",
        ),
    ],
)
def test_a_wrong_tensor_is_named(copy, change, said):
    _edit_tensors(copy, change)
    with pytest.raises(CheckpointError, match=said) as error:
        load_model(copy)
    assert "model.safetensors" in str(error.value)


def test_weights_that_are_no_numbers_are_refused(copy):
    _edit_tensors(copy, lambda t: t["head.classes.bias"].fill_(float("nan")))
    with pytest.raises(CheckpointError, match="'head.classes.bias': found NaN or infinity"):
        load_model(copy)


def test_weights_of_another_checkpoint_are_refused(copy):
    _edit(copy, lambda d: d.update(weights_sha256="0" * 64))
    with pytest.raises(CheckpointError, match="does not belong to its config.json"):
        load_model(copy)


def test_weights_in_bf16_are_read(copy):
    _edit_tensors(copy, lambda t: t.update({name: tensor.bfloat16() for name, tensor in t.items()}))
    assert next(load_model(copy).parameters()).dtype == torch.float32


@pytest.mark.parametrize("keep", [0, 5, 1000, -1])
def test_a_truncated_file_is_said_to_be_so(copy, keep):
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="model.safetensors is not a whole safetensors file"):
        load_model(copy)


def test_a_pickle_is_never_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    path = tmp_path / "model.pt"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CheckpointError, match="is a pickle, which can run any code"):
        read_config(path)
    torch.save({"w": torch.zeros(1)}, tmp_path / "zip.pt")
    with pytest.raises(CheckpointError, match="is a pickle"):
        read_config(tmp_path / "zip.pt")
    assert not (tmp_path / "exploded").exists()


def test_what_is_no_checkpoint_is_said_to_be_none(tmp_path, copy):
    with pytest.raises(CheckpointError, match="no checkpoint at .*nowhere; wanted a folder"):
        read_config(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="holds no config.json"):
        read_config(tmp_path)
    (copy / "config.json").write_bytes(b"\xff{")
    with pytest.raises(CheckpointError, match="is not JSON"):
        read_config(copy)
    (copy / "config.json").write_text("[1]")
    with pytest.raises(CheckpointError, match="format: found None"):
        read_config(copy)


def test_a_field_that_older_records_lack_has_the_value_it_meant_then(copy):
    _edit(copy, lambda d: d["architecture"].pop("signal_form"))
    assert read_config(copy).architecture.signal_form == "patches"
    _edit(copy, lambda d: d["architecture"].update(signal_form="spiral"))
    with pytest.raises(CheckpointError, match="signal_form: found 'spiral', wanted one of"):
        read_config(copy)
