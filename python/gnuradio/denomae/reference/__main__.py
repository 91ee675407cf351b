# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m gnuradio.denomae.reference`: runs flowgraphs that it is asked for on stdin.

A request is one line of JSON: `call`, a name of `CALLS`; `input` and `output`, files of samples
in the machine's byte order; and the further arguments. The answer is one line of JSON on
stdout: `{"done": true}`, or `{"error": "..."}`.
"""

from __future__ import annotations

import json
import sys

from .channels import CHANNELS
from .modulators import MODULATORS
from .receivers import RECEIVERS
from .transmitters import TRANSMITTERS

CALLS = {**MODULATORS, **RECEIVERS, **TRANSMITTERS, **CHANNELS}


def main() -> int:
    print(json.dumps({"calls": sorted(CALLS)}), flush=True)
    for line in sys.stdin:
        try:
            request = json.loads(line)
            CALLS[request.pop("call")](request.pop("input"), request.pop("output"), **request)
            answer: dict[str, object] = {"done": True}
        except Exception as error:  # whatever it is, the asking process must hear of it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
