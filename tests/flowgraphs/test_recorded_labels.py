# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped model gives its recorded labels on the recorded capture.

`demo_labels.json` holds [sample offset, label, confidence] of every frame that passes the demo's
gate, as the demo's flowgraph gave them when the model was recorded:

    .venv/bin/python examples/demo/run_demo.py OUTPUT --speed 0 --device cpu
    .venv/bin/python tests/flowgraphs/test_recorded_labels.py OUTPUT/labels.jsonl
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
RECORDED = HERE / "demo_labels.json"
CAPTURE = HERE.parents[1] / "examples" / "captures" / "demo.sigmf-data"
GATE_DBFS = -45.0


@pytest.mark.timeout(240)
def test_the_shipped_model_gives_its_recorded_labels():
    pytest.importorskip("gnuradio.denomae")
    from gnuradio import blocks, denomae, gr
    from gnuradio.denomae.pdu import pdu_to_label

    flowgraph, heard = gr.top_block(), blocks.message_debug()
    source = blocks.file_source(gr.sizeof_short, str(CAPTURE), False)
    to_complex = blocks.interleaved_short_to_complex(False, False, 32768.0)
    classifier = denomae.classifier(device="cpu", policy="block", gate_db=GATE_DBFS)
    flowgraph.connect(source, to_complex, classifier)
    flowgraph.msg_connect(classifier, "labels", heard, "store")
    flowgraph.run()
    labels = [pdu_to_label(heard.get_message(i)) for i in range(heard.num_messages())]

    recorded = json.loads(RECORDED.read_text())
    assert [label.sample_offset for label in labels] == [offset for offset, _, _ in recorded]
    pairs = list(zip(labels, recorded, strict=True))
    # Processors round differently: that may tip a frame between two classes, not a clear verdict.
    clear = [(label, name) for label, (_, name, confidence) in pairs if confidence > 0.6]
    assert all(label.label == name for label, name in clear)
    assert len(clear) > 0.75 * len(recorded)
    moved = [abs(label.probabilities[name] - confidence) for label, (_, name, confidence) in pairs]
    assert max(moved) < 0.05


if __name__ == "__main__":
    lines = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    rows = [[line["sample_offset"], line["label"], round(line["confidence"], 3)] for line in lines]
    RECORDED.write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
