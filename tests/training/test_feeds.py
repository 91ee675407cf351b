# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of frames that are kept in memory: how much of it they take, and what happens without."""

import weakref

import pytest
import torch
from small_run import CPU, SMALL

from denomae.errors import DenomaeError
from denomae_training.data.source import Synthesized
from denomae_training.evaluation import TestSet, test_set
from denomae_training.feeds import feed
from denomae_training.feeds.feed import Kept, Made, feed_of
from denomae_training.feeds.order import Order
from denomae_training.feeds.whole import keep_bytes, set_bytes
from denomae_training.signals.recipes import RECIPES

TEN = RECIPES["denomae10"]
NAMES = ("noisy_image", "noisy_signal")
COUNT, AT_ONCE = 23, 5


def _kept() -> list:
    return list(Kept(Synthesized(TEN), 1, NAMES, SMALL, Order(4, COUNT), CPU).each(COUNT))


def _tested() -> list:
    return list(TestSet(TEN, 1, COUNT, (0.0,)).build(NAMES, SMALL).each(COUNT))


@pytest.fixture(params=[("_BUILD_AT_ONCE", feed, _kept), ("_AT_ONCE", test_set, _tested)])
def built(request, monkeypatch):
    name, module, build = request.param
    monkeypatch.setattr(module, name, AT_ONCE)
    return module, build


def test_a_set_that_is_kept_is_never_there_twice(built, monkeypatch):
    module, build = built
    own, made, alive = module.sample_of, [], []

    def watched(*given):
        alive.append(sum(values() is not None for values in made))
        sample = own(*given)
        made.extend(weakref.ref(values) for values in sample.views.values())
        return sample

    monkeypatch.setattr(module, "sample_of", watched)
    build()
    assert len(alive) == 5 and max(alive) <= len(NAMES)  # the part before, at most


def test_a_set_that_is_kept_has_the_frames_one_by_one(built):
    module, build = built
    (kept,) = build()
    items = (
        Synthesized(TEN).items(1, range(COUNT))
        if module is feed
        else TestSet(TEN, 1, COUNT, (0.0,)).items(0, COUNT)
    )
    alone = [module.sample_of(module.collect([i], TEN), NAMES, SMALL) for i in items]
    for name in NAMES:
        wanted = torch.cat([one.views[name] for one in alone])
        torch.testing.assert_close(kept.views[name], wanted)
    assert kept.class_index.tolist() == [item.class_index for item in items]
    assert kept.snr_db.tolist() == pytest.approx([item.snr_db for item in items])
    assert set_bytes(NAMES, SMALL, COUNT) == sum(kept.views[name].nbytes for name in NAMES)


@pytest.mark.parametrize("kind", [torch.OutOfMemoryError, RuntimeError, MemoryError])
def test_a_set_without_room_is_a_sentence(built, monkeypatch, kind):
    module, build = built
    own, calls = module.sample_of, []

    def full(*given):
        calls.append(given)
        if len(calls) == 3:
            raise kind("DefaultCPUAllocator: can't allocate memory")
        return own(*given)

    monkeypatch.setattr(module, "sample_of", full)
    with pytest.raises(DenomaeError, match="a set of 23 frames, .* GiB, does not fit into .* cpu;"):
        build()

    def mistaken(*given):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(module, "sample_of", mistaken)
    with pytest.raises(RuntimeError, match="a mistake"):
        build()


def test_a_gpu_keeps_what_half_of_its_free_memory_holds(monkeypatch):
    gpu, size = torch.device("cuda"), set_bytes(NAMES, SMALL, 1000)
    assert keep_bytes(CPU) == 6 << 30
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (2 * size - 2, 10 * size))
    assert keep_bytes(gpu) == size - 1
    asked = Synthesized(TEN), 1, NAMES, SMALL, Order(4, 1000), gpu
    assert isinstance(feed_of(*asked), Made)
    monkeypatch.setattr(feed, "Kept", lambda *_: "kept")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (2 * size, 10 * size))
    assert feed_of(*asked) == "kept"
