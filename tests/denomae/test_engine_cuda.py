# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine on a GPU: the same labels as on the CPU, at once, and in constant memory."""

import time

import numpy as np
import pytest
import torch

from denomae import Engine
from denomae.checkpoint import SHIPPED
from denomae.engine import check_recorded_answers
from denomae.model.presets import PRESETS
from denomae.raster import PAPER_IMAGE, ImageSpec, constellation_image_by_windows
from denomae.raster import constellation_image_torch as constellation_image
from denomae.runner import recorded_sizes

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="this machine has no GPU that PyTorch can use"
)


def _frames(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 1024, 2), dtype=np.float32).view(np.complex64)[..., 0]


@pytest.fixture(scope="module")
def warm() -> Engine:
    engine = Engine.load(device="cuda", batch_size=48)
    engine.warm_up()
    return engine


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_gpu_gives_the_recorded_answers_with_and_without_graphs(precision):
    engine = Engine.load(device="cuda", precision=precision)
    same, recorded = check_recorded_answers(engine)
    assert same == recorded >= 20
    engine.warm_up()
    assert engine._runner.recorded == tuple(recorded_sizes(engine.max_batch))
    assert check_recorded_answers(engine) == (recorded, recorded)


def test_a_gpu_in_fp32_gives_the_probabilities_of_the_cpu():
    frames = np.concatenate([np.load(SHIPPED / "recorded.npy"), _frames(20)])
    on_cpu = Engine.load(device="cpu", precision="fp32").probabilities(frames)
    on_gpu = Engine.load(device="cuda", precision="fp32").probabilities(frames)
    for one, other in zip(on_cpu, on_gpu, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=2e-3)


def test_graphs_give_what_the_same_batches_give_without(warm):
    eager = Engine.load(device="cuda", batch_size=48)
    for count in (48, 1, 31, 2, 100):
        frames = _frames(count, seed=count)
        for one, other in zip(eager.probabilities(frames), warm.probabilities(frames), strict=True):
            # products of another size may be summed in another order, in bf16
            np.testing.assert_allclose(one[:, None], other[:, None], rtol=0.05, atol=0.03)


def test_the_published_preset_runs_in_graphs_and_agrees_with_the_cpu():
    architecture = PRESETS["base"]
    frames = _frames(3)
    gpu = Engine.untrained(architecture, device="cuda", precision="bf16", batch_size=4)
    gpu.warm_up()
    assert gpu._runner.recorded == (1, 2, 4)
    cpu = Engine.untrained(architecture, device="cpu", precision="fp32")
    np.testing.assert_allclose(
        gpu.probabilities(frames)[0], cpu.probabilities(frames)[0], rtol=0.1, atol=5e-3
    )


@pytest.mark.parametrize("spec", [ImageSpec(), PAPER_IMAGE])
def test_the_raster_of_a_gpu_is_that_of_the_cpu(spec):
    parts = torch.from_numpy(_frames(6))
    frames = parts * torch.tensor([1e-6, 0.3, 0.7, 1.0, 2.0, 30.0])[:, None]
    torch.testing.assert_close(
        constellation_image(frames.cuda(), spec).cpu(),
        constellation_image_by_windows(frames, spec),
        rtol=0,
        atol=1 / 255,
    )


def test_the_first_frame_after_the_warm_up_waits_for_nothing():
    engine = Engine.load(device="cuda", batch_size=32)
    engine.warm_up()
    took = []
    for i in range(40):
        frame = _frames(1, seed=i)
        began = time.perf_counter()
        engine.classify(frame)
        took.append(time.perf_counter() - began)
    # Tables, plans or recordings still to be made take hundreds of milliseconds.
    assert took[0] < 0.05 + 20 * sorted(took)[20]


def test_a_thousand_batches_leave_no_memory_behind(warm):
    for count in range(1, warm.max_batch + 1):
        warm.classify(_frames(count))
    torch.cuda.synchronize()
    reserved, allocated = torch.cuda.memory_reserved(), torch.cuda.memory_allocated()
    for i in range(1000):
        warm.classify(_frames(1 + i % (2 * warm.max_batch), seed=i))
    torch.cuda.synchronize()
    assert torch.cuda.memory_allocated() <= allocated
    assert torch.cuda.memory_reserved() <= reserved


def test_batches_under_way_are_not_mixed_up(warm):
    frames = _frames(48 * 5)
    together = warm.probabilities(frames)[0]
    for i in range(0, len(frames), 48):
        alone = warm.probabilities(frames[i : i + 48])[0]
        np.testing.assert_allclose(together[i : i + 48], alone, atol=1e-3)


def test_a_batch_that_nobody_waited_for_is_not_lost(warm):
    frames = [_frames(48, seed=i) for i in range(5)]
    under_way = [warm._runner.start(part) for part in frames]  # more than may be under way at once
    for part, take in zip(frames, under_way, strict=True):
        np.testing.assert_allclose(
            warm._forward.split(take())[0], warm.probabilities(part)[0], atol=1e-3
        )
