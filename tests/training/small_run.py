# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that takes a second, for the tests of the training loop; also a program:

small_run.py FOLDER '{"schedule": {...}, "machine": {...}, "workers": 1, ...}'
"""

import json
import random
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from denomae.model.presets import PRESETS
from denomae_training.data.source import Synthesized
from denomae_training.feeds.feed import Made
from denomae_training.feeds.order import Order
from denomae_training.loop.distributed import here
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.loop.train import Run, train
from denomae_training.objectives.denomae import Denomae
from denomae_training.signals.recipes import RECIPES

CPU = torch.device("cpu")
SMALL = replace(
    PRESETS["nano"], width=16, depth=2, heads=2, decoder_width=16, decoder_heads=2, head_width=16
)
SCHEDULE = Schedule(frames=24, batch_size=4, learning_rate=1e-3, warmup_frames=0)
MACHINE = Machine(workers=0, threads=1, log_every=1, tensorboard=False)
SIGNALS = Denomae(modalities=("noisy_signal", "clean_signal"))


@dataclass(frozen=True)
class Either(Denomae):
    """Of the modalities only one in each batch: the parameters of the others get no gradient."""

    def loss(self, model, sample, generator, share):
        chosen = random.Random(generator.initial_seed()).choice(self.modalities)
        return Denomae(modalities=(chosen,)).loss(model, sample, generator, share)


@dataclass(frozen=True)
class Slow(Denomae):
    """Takes its time, so that another process can act in between."""

    def loss(self, *arguments):
        time.sleep(0.05)
        return super().loss(*arguments)


KINDS = {kind.__name__: kind for kind in (Denomae, Either, Slow)}


def feed_for(objective, schedule, workers=0, seed=1):
    """Frames of `denomae10`, made anew."""
    return Made(
        Synthesized(RECIPES["denomae10"]),
        seed,
        objective.needs,
        SMALL,
        Order(schedule.batch_size),
        CPU,
        workers,
        here(),
    )


def small_run(folder, schedule=SCHEDULE, machine=MACHINE, objective=SIGNALS, after=None, **more):
    """Train; returns the model's state."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    model = objective.model(SMALL)
    run = Run("small", 1, folder, schedule, machine)
    feed = feed_for(objective, schedule, **more)
    train(model, objective, feed, run, CPU, torch.float32, after)
    return {name: value.clone() for name, value in model.state_dict().items()}


def rows(folder):
    """The whole lines of a run's log."""
    path = folder / "log.jsonl"
    lines = path.read_text().splitlines() if path.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def main() -> None:
    torch.set_num_threads(1)
    folder, chosen = Path(sys.argv[1]), json.loads(sys.argv[2])
    state = small_run(
        folder,
        replace(SCHEDULE, **chosen.get("schedule", {})),
        replace(MACHINE, **chosen.get("machine", {})),
        KINDS[chosen.get("kind", "Denomae")](modalities=SIGNALS.modalities),
        workers=chosen.get("workers", 0),
    )
    torch.save(state, folder / f"end-{here().rank}.pt")


if __name__ == "__main__":
    from denomae.errors import DenomaeError

    try:
        main()
    except DenomaeError as error:
        sys.exit(f"small_run: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
