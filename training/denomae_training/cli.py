# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `denomae-train`."""

from __future__ import annotations

import os
import sys
from typing import Any

from denomae.errors import DenomaeError

_DESCRIPTION = (
    "Pretrain, fine-tune and evaluate DenoMAE models. Behind any command, --config FILE.yaml gives "
    "its options, such as the run.yaml that lies in every run's folder; what stands on the command "
    "line as well wins."
)


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; a user's error is one sentence and exit code 2."""
    # numpy's products here are small: a second thread would only take a core from a worker. To be
    # said before numpy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    from denomae_training.commands.bench import Bench
    from denomae_training.commands.calibrate import Calibrate
    from denomae_training.commands.check_signals import CheckSignals
    from denomae_training.commands.choices import Choices
    from denomae_training.commands.data import Data
    from denomae_training.commands.evaluate import Evaluate
    from denomae_training.commands.finetune import Finetune
    from denomae_training.commands.impairments import Impairments
    from denomae_training.commands.limit import Limit
    from denomae_training.commands.live_model import LiveModel
    from denomae_training.commands.pretrain import Pretrain
    from denomae_training.commands.protocol import Protocol
    from denomae_training.commands.prove import Prove
    from denomae_training.commands.recipes import Recipes
    from denomae_training.commands.record import Record
    from denomae_training.commands.report import Report
    from denomae_training.commands.study import Study
    from denomae_training.commands.synth import Synth

    commands = {
        "pretrain": Pretrain,
        "finetune": Finetune,
        "calibrate": Calibrate,
        "evaluate": Evaluate,
        "live-model": LiveModel,
        "prove": Prove,
        "report": Report,
        "record": Record,
        "protocol": Protocol,
        "choices": Choices,
        "impairments": Impairments,
        "study": Study,
        "recipes": Recipes,
        "data": Data,
        "synth": Synth,
        "limit": Limit,
        "bench": Bench,
        "check-signals": CheckSignals,
    }
    try:
        _command(commands, sys.argv[1:] if arguments is None else arguments).run()
    except (DenomaeError, OSError) as error:
        print(f"denomae-train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "denomae-train: stopped; the same command goes on from the last state", file=sys.stderr
        )
        return 130
    return 0


def _command(commands: dict[str, type], arguments: list[str]) -> Any:
    """The subcommand that the arguments ask for, with its options."""
    import tyro

    from denomae_training.commands.configuration import (
        blank,
        from_plain,
        read_configuration,
        split_config,
    )

    path, rest = split_config(arguments)
    if path is None or not rest or rest[0] not in commands:
        return tyro.extras.subcommand_cli_from_dict(
            commands, prog="denomae-train", description=_DESCRIPTION, args=rest
        )
    command = commands[rest[0]]
    default = from_plain(blank(command), read_configuration(path), str(path))
    return tyro.cli(command, default=default, args=rest[1:], prog=f"denomae-train {rest[0]}")
