# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `denomae`: one file a subcommand.

Exit codes: 0 done, 1 an answer that is no (`doctor` found something broken, `labels --count` got
fewer), 2 something that the user can mend, said in one sentence on stderr; 130 and 141 after
Ctrl-C and a closed pipe, as a shell expects them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from denomae.errors import DenomaeError

USER_ERROR, INTERRUPTED, PIPE_CLOSED = 2, 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one subcommand and returns the exit code; `arguments` are `sys.argv[1:]` by default."""
    import tyro

    # None of these imports torch: a typing error and --help answer at once.
    from denomae.cli.bench import Bench
    from denomae.cli.capture import Capture
    from denomae.cli.classify import Classify
    from denomae.cli.doctor import Doctor
    from denomae.cli.export import Export
    from denomae.cli.info import Info
    from denomae.cli.labels import Labels

    command = tyro.extras.subcommand_cli_from_dict(
        {
            "info": Info,
            "classify": Classify,
            "capture": Capture,
            "labels": Labels,
            "doctor": Doctor,
            "bench": Bench,
            "export": Export,
        },
        prog="denomae",
        description="Recognise modulations in IQ samples.",
        args=arguments,
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    try:
        code = command.run()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader has seen enough. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return _fail("stopped", INTERRUPTED)
    except DenomaeError as error:
        return _fail(str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}")
    except ImportError as error:
        return _fail(f"a library is missing ({error}); `denomae doctor` says what to install")
    except MemoryError:
        return _fail("there is not enough memory; try a smaller --batch-size")
    except RuntimeError as error:
        if type(error).__name__ != "OutOfMemoryError":  # torch's, without importing it
            raise
        return _fail("the device has not enough memory; try a smaller --batch-size")


def _fail(sentence: str, code: int = USER_ERROR) -> int:
    print("denomae: " + " ".join(sentence.splitlines()), file=sys.stderr)
    return code
