# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `denomae-train`."""

from __future__ import annotations

import os
import sys

from denomae.errors import DenomaeError


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; a user's error is one sentence and exit code 2."""
    # numpy's products here are small: a second thread would only take a core from a worker. To be
    # said before numpy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import tyro

    from denomae_training.commands.bench import Bench
    from denomae_training.commands.check_signals import CheckSignals
    from denomae_training.commands.data import Data
    from denomae_training.commands.evaluate import Evaluate
    from denomae_training.commands.finetune import Finetune
    from denomae_training.commands.limit import Limit
    from denomae_training.commands.pretrain import Pretrain
    from denomae_training.commands.recipes import Recipes
    from denomae_training.commands.record import Record
    from denomae_training.commands.synth import Synth

    command = tyro.extras.subcommand_cli_from_dict(
        {
            "pretrain": Pretrain,
            "finetune": Finetune,
            "evaluate": Evaluate,
            "record": Record,
            "recipes": Recipes,
            "data": Data,
            "synth": Synth,
            "limit": Limit,
            "bench": Bench,
            "check-signals": CheckSignals,
        },
        prog="denomae-train",
        description="Pretrain, fine-tune and evaluate DenoMAE models.",
        args=arguments,
    )
    try:
        command.run()
    except (DenomaeError, OSError) as error:
        print(f"denomae-train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "denomae-train: stopped; the same command goes on from the last state", file=sys.stderr
        )
        return 130
    return 0
