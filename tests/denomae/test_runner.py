# SPDX-License-Identifier: GPL-3.0-or-later
"""How batches run on a device, all but CUDA itself: a lane on the CPU stands for the GPU's."""

import logging

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from denomae import Engine, raster
from denomae.forward import Forward
from denomae.lanes import CpuLane
from denomae.model.presets import PRESETS
from denomae.runner import Runner, recorded_sizes

LENGTH = 1024


class RecordingLane(CpuLane):
    """Work on the CPU that can be recorded: it reads and writes the same memory each time."""

    captures = True

    def __init__(self, most: int | None = None) -> None:
        self.most = most
        self.replayed: list[int] = []

    def capture(self, work):
        rows = work()
        if self.most is not None and len(rows) <= self.most:
            raise RuntimeError("operation not permitted when stream is capturing\nmore lines")

        def again():
            self.replayed.append(len(rows))
            return rows.copy_(work())

        return again

    def download(self, rows):
        taken = rows.numpy().copy()  # as from a GPU: the next replay overwrites the original
        return lambda: taken


def _frames(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, LENGTH, 2), dtype=np.float32).view(np.complex64)[..., 0]


@pytest.fixture(scope="module")
def engine(nano_checkpoint) -> Engine:
    return Engine.load(nano_checkpoint, device="cpu", precision="fp32", batch_size=6, threads=1)


def _runner(engine: Engine, lane: RecordingLane) -> Runner:
    runner = Runner(engine._forward, lane, engine.device, LENGTH, engine.max_batch)
    runner.prepare()
    return runner


@pytest.mark.parametrize("batch_size", [1, 2, 3, 8, 33, 1000])
def test_the_recorded_sizes_hold_every_batch_with_at_most_half_of_padding(batch_size):
    sizes = recorded_sizes(batch_size)
    assert sizes == sorted(set(sizes)) and sizes[-1] == batch_size
    for count in range(1, batch_size + 1):
        assert next(size for size in sizes if size >= count) < 2 * count


def test_a_recorded_batch_gives_the_rows_of_one_at_its_own_size(engine):
    lane = RecordingLane()
    recorded = _runner(engine, lane)
    assert recorded.recorded == (1, 2, 4, 6)
    eager = Runner(engine._forward, CpuLane(), engine.device, LENGTH, engine.max_batch)
    for count in (6, 1, 5, 2, 3):
        frames = _frames(count, seed=count)
        rows = recorded.start(frames)()
        assert rows.shape == (count, engine._forward.row_length)
        np.testing.assert_allclose(rows, eager.start(frames)(), atol=1e-5)
    assert lane.replayed == [6, 1, 6, 2, 4]


def test_what_a_broken_frame_leaves_in_the_padding_spoils_no_other(engine):
    runner = _runner(engine, RecordingLane())
    broken = _frames(6)
    broken[1:] = complex("nan")
    runner.start(broken)()
    frames = _frames(5, seed=1)
    assert np.isfinite(runner.start(frames)()).all()


def test_batches_of_one_call_come_back_in_order(nano_checkpoint):
    engine = Engine.load(nano_checkpoint, device="cpu", precision="fp32", batch_size=4, threads=1)
    frames = _frames(15)
    before = engine.classify(frames)
    engine._runner = _runner(engine, RecordingLane())
    after = engine.classify(frames)
    for one, other in zip(before, after, strict=True):
        assert (one.sequence, one.label) == (other.sequence, other.label)
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    classes, families, snr_db = engine.probabilities(frames)
    assert classes.shape == (15, 11) and snr_db.shape == (15,)
    for label, row, sums in zip(after, classes, families, strict=True):
        assert list(label.probabilities.values()) == pytest.approx(row.tolist(), abs=1e-6)
        assert label.family_confidence == pytest.approx(float(sums.max()), abs=1e-6)


def test_a_device_that_cannot_record_says_so_and_runs_on(engine, caplog):
    with caplog.at_level(logging.WARNING, "denomae"):
        runner = _runner(engine, RecordingLane(most=2))
    assert runner.recorded == ()
    assert len(caplog.records) == 1
    assert "cpu cannot record batches of 2 frames (operation not permitted" in caplog.text
    assert "more lines" not in caplog.text
    assert np.isfinite(runner.start(_frames(3))()).all()


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("preset", ["nano", "small"])
def test_nothing_between_iq_and_the_rows_looks_at_a_value(preset, precision, monkeypatch):
    # Fake tensors have shapes alone: what would wait for a GPU, or break a CUDA graph, raises.
    monkeypatch.setattr(raster, "_kernels", None)  # a GPU draws with torch
    engine = Engine.untrained(
        PRESETS[preset], ("noisy_image", "noisy_signal"), device="cpu", precision="fp32", threads=1
    )
    forward = Forward(engine._model, engine.config, engine.device, precision)
    frames = torch.from_numpy(_frames(2))
    engine._model.encoder.blocks = engine._model.encoder.blocks[:1]
    with torch.inference_mode():
        assert torch.isfinite(forward(frames)).all()  # the raster's tables are made now
        with FakeTensorMode(allow_non_fake_inputs=True) as mode:
            rows = forward(mode.from_tensor(frames))
    assert rows.shape == (2, forward.row_length) and rows.dtype == torch.float32
