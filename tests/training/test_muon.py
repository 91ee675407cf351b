# SPDX-License-Identifier: GPL-3.0-or-later
"""Muon beside torch's own, what it leaves to AdamW, and that its state comes back from the disk."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from denomae.model.classifier import Classifier
from denomae.model.presets import Architecture
from denomae_training.loop.muon import Muon, orthogonal
from denomae_training.loop.optimizer import optimizer_of
from denomae_training.loop.schedule import Schedule
from denomae_training.loop.state import load_state, save_state

PICO = Architecture(width=16, depth=2, heads=2, head_width=16)
SCHEDULE = Schedule(learning_rate=2e-3, optimizer="muon")


@pytest.mark.parametrize("shape", [(3, 24, 8), (2, 8, 24), (1, 16, 16)])
def test_singular_values_come_near_one_and_directions_stay(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    made = orthogonal(matrices)
    values = torch.linalg.svdvals(made)
    assert 0.6 < values.min() and values.max() < 1.3
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    inner = u.mT @ made @ v.mT  # diagonal in the matrix's own directions
    torch.testing.assert_close(
        inner, inner.diagonal(dim1=1, dim2=2).diag_embed(), atol=1e-4, rtol=0
    )


def test_it_moves_a_matrix_as_torch_s_own_does_but_for_its_rounding():
    torch.manual_seed(2)
    ours = nn.Parameter(torch.randn(24, 16))
    theirs = nn.Parameter(ours.detach().clone())
    bias = nn.Parameter(torch.zeros(2))
    one = Muon(
        [{"params": [ours], "weight_decay": 0.1, "orthogonal": True}, {"params": [bias]}], lr=0.01
    )
    other = torch.optim.Muon(
        [theirs], lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw", momentum=0.95
    )
    start = ours.detach().clone()
    for step in range(5):
        gradient = torch.randn(24, 16, generator=torch.Generator().manual_seed(step))
        ours.grad, theirs.grad, bias.grad = gradient.clone(), gradient.clone(), torch.ones(2)
        one.step()
        other.step()
    moved = (ours - start).norm()
    assert (ours - theirs).norm() < 0.02 * moved  # torch's products are bf16
    assert bias[0].item() == pytest.approx(-0.05, rel=1e-3)  # AdamW's: five times its rate


def _stepped(model: nn.Module, optimizer: torch.optim.Optimizer, steps: range) -> None:
    for step in steps:
        torch.manual_seed(step)
        for parameter in model.parameters():
            parameter.grad = torch.randn_like(parameter)
        optimizer.step()


def test_matrices_of_blocks_alone_are_its_own_and_all_else_is_adamw_s():
    model = Classifier(PICO, ("noisy_signal",), 3)
    optimizer = optimizer_of(model, SCHEDULE)
    names = {parameter: name for name, parameter in model.named_parameters()}
    turned = {
        names[p]
        for group in optimizer.param_groups
        if "orthogonal" in group
        for p in group["params"]
    }
    wanted = {n for n, p in model.named_parameters() if ".blocks." in n and p.ndim == 2}
    assert turned == wanted and len(wanted) == 8
    _stepped(model, optimizer, range(1))
    assert {names[p] for p, entry in optimizer.state.items() if "momentum" in entry} == wanted
    assert len(optimizer.state) == len(names)


def test_a_run_goes_on_to_the_bit_where_its_state_was_kept(tmp_path):
    torch.manual_seed(0)
    model = Classifier(PICO, ("noisy_signal",), 3)
    optimizer = optimizer_of(model, SCHEDULE)
    _stepped(model, optimizer, range(3))
    save_state(tmp_path, 3, model, optimizer)
    _stepped(model, optimizer, range(3, 5))
    again = Classifier(PICO, ("noisy_signal",), 3)
    later = optimizer_of(again, SCHEDULE)
    assert load_state(tmp_path, again, later) == 3
    _stepped(again, later, range(3, 5))
    for (name, one), other in zip(model.named_parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other), name
