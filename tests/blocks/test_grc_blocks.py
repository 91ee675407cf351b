# SPDX-License-Identifier: GPL-3.0-or-later
"""The descriptions in grc/ are what GNU Radio Companion wants, and what the blocks are."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
import yaml
from gnuradio import denomae, gr

GRC = Path(__file__).resolve().parents[2] / "grc"
FILES = sorted(GRC.glob("*.block.yml"))
BLOCKS = [
    "denomae_classifier",
    "denomae_denoiser",
    "denomae_label_publisher",
    "denomae_rate_adapter",
]


def class_of(block: str) -> type:
    """What a GRC block makes: `gnuradio.denomae.x` of `denomae_x`."""
    return getattr(denomae, block.removeprefix("denomae_"))


def signature_of(block: str) -> inspect.Signature:
    """Of a class of C++ too, which says it in the first line of its documentation."""
    made = class_of(block)
    told = re.search(r"__init__\(self: [\w.]+(.*)\) -> None", made.__init__.__doc__ or "")
    if told is None:
        return inspect.signature(made)
    parts = re.findall(r", (\w+): [^=,]+?(?: = ([^,]+))?(?=,|$)", told[1])
    return inspect.Signature(
        inspect.Parameter(
            name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=ast.literal_eval(default) if default else inspect.Parameter.empty,
        )
        for name, default in parts
    )


def description(block):
    return yaml.safe_load((GRC / f"{block}.block.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    """GRC itself, without its window, with our blocks."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("HOME", str(home))
        patch.setenv("GRC_BLOCKS_PATH", str(GRC))
        from gnuradio.grc.core import Constants
        from gnuradio.grc.core.platform import Platform

        patch.setattr(Constants, "CACHE_FILE", str(home / "cache.json"))
        version = (gr.major_version(), gr.api_version(), gr.minor_version())
        made = Platform(name="test", prefs=gr.prefs(), version=gr.version(), version_parts=version)
        shared = [Path(path) for path in made.config.block_paths]
        ours_and_the_frame = [
            str(GRC),
            *(str(path) for folder in shared for path in folder.glob("*.domain.yml")),
            *(str(path) for folder in shared for path in folder.glob("options.block.yml")),
        ]
        made.build_library(ours_and_the_frame)  # all of GNU Radio's own would take many seconds
        yield made


@pytest.fixture
def placed(platform):
    """Puts a block into an empty flowgraph, with some of its parameters set, and checks it."""

    def place(block, **parameters):
        flowgraph = platform.make_flow_graph()
        made = flowgraph.new_block(block)
        made.params["id"].set_value("placed")
        for key, value in parameters.items():
            made.params[key].set_value(value)
        flowgraph.rewrite()
        made.validate()
        return made

    return place


def test_every_block_has_a_description():
    assert [path.name for path in FILES] == [f"{block}.block.yml" for block in BLOCKS]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_description_holds_to_the_schema_of_grc(path):
    from gnuradio.grc.core.schema_checker import BLOCK_SCHEME, Validator

    checker = Validator(BLOCK_SCHEME)
    assert checker.run(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert not checker.messages  # an unknown key is a message, not a failure


def test_a_key_that_grc_does_not_know_would_be_noticed():
    from gnuradio.grc.core.schema_checker import BLOCK_SCHEME, Validator

    checker = Validator(BLOCK_SCHEME)
    checker.run({**description("denomae_classifier"), "colour": "blue"})
    assert checker.messages


@pytest.mark.parametrize("block", BLOCKS)
def test_grc_loads_the_block_into_its_category(platform, block):
    loaded = platform.blocks[block]
    assert Path(loaded.loaded_from).parent == GRC
    assert loaded.category == ["DenoMAE"]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_defaults_are_valid_and_are_those_of_the_block(placed, block):
    made = placed(block)
    problems = [text for _, text in made.iter_error_messages() if "not connected" not in text]
    assert not problems
    signature = signature_of(block).parameters
    for name, parameter in signature.items():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            shown = made.params[name].get_evaluated()
            assert shown == parameter.default or shown != shown and parameter.default != shown


@pytest.mark.parametrize("block", BLOCKS)
def test_the_template_gives_each_parameter_to_the_block_under_its_name(placed, block):
    code = placed(block).templates.render("make")
    given = {}
    exec(
        code.replace(f"denomae.{block.removeprefix('denomae_')}(", "call("),
        {"call": lambda *a, **k: given.update(a=a, k=k)},
    )
    bound = signature_of(block).bind(*given["a"], **given["k"])
    assert list(bound.arguments) == [
        name
        for name, parameter in signature_of(block).parameters.items()
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    for name, value in bound.arguments.items():
        wanted = placed(block).params[name].get_evaluated()
        assert value == wanted or value != value and wanted != wanted


@pytest.mark.parametrize("block", BLOCKS)
def test_what_changes_while_running_calls_a_method_that_there_is(block):
    for callback in description(block)["templates"].get("callbacks", []):
        name, parameter = re.fullmatch(r"(\w+)\(\$\{(\w+)\}\)", callback).groups()
        assert name == f"set_{parameter}"
        assert callable(getattr(class_of(block), name))


def test_gate_and_threshold_change_while_running():
    callbacks = description("denomae_classifier")["templates"]["callbacks"]
    assert {"set_gate_db(${gate_db})", "set_threshold(${threshold})"} <= set(callbacks)


def lines_of_the_documentation(block):
    """Each line of the documentation by what stands before its first colon."""
    lines = description(block)["documentation"].splitlines()
    return {name: text for name, colon, text in (line.partition(":") for line in lines) if colon}


@pytest.mark.parametrize("block", BLOCKS)
def test_the_documentation_has_a_line_for_every_parameter_with_its_unit(block):
    lines = lines_of_the_documentation(block)
    for parameter in description(block)["parameters"]:
        name, _, unit = re.fullmatch(r"(.*?)( every)?(?: \((.+)\))?", parameter["label"]).groups()
        assert name in lines, parameter["label"]
        unit = {"s": "seconds", None: ""}.get(unit, unit)
        assert unit in lines[name], f"{parameter['label']}: its line does not say {unit}"


@pytest.mark.parametrize("block", BLOCKS)
def test_the_documentation_tells_what_a_default_outside_the_range_means(block):
    lines = lines_of_the_documentation(block)
    for parameter in description(block)["parameters"]:
        if parameter["default"] in ("0", "float('nan')", "float('-inf')"):
            line = lines[re.sub(r"( every)? \(.*", "", parameter["label"])]
            assert f" {parameter['default']}: " in line, parameter["label"]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_documentation_tells_what_every_port_takes_or_gives(block):
    lines = lines_of_the_documentation(block)
    for title, side in (("Input", "inputs"), ("Output", "outputs")):
        ports = description(block).get(side, [])
        assert (title in lines) == bool(ports)
        for port in ports:
            said = "message port " + port["id"] if port["domain"] == "message" else port["dtype"]
            assert said in lines[title]


@pytest.mark.parametrize(
    "block, parameter, value",
    [
        ("denomae_classifier", "sample_rate", "-1"),
        ("denomae_classifier", "sample_rate", "float('nan')"),
        ("denomae_classifier", "sample_rate", "float('inf')"),
        ("denomae_classifier", "center_frequency", "float('inf')"),
        ("denomae_classifier", "gate_db", "float('nan')"),
        ("denomae_classifier", "threshold", "1.5"),
        ("denomae_classifier", "threshold", "-0.5"),
        ("denomae_classifier", "hysteresis_db", "-3"),
        ("denomae_classifier", "hop", "-1"),
        ("denomae_classifier", "hop", "0.5"),
        ("denomae_classifier", "queue_frames", "0"),
        ("denomae_classifier", "batch_size", "0"),
        ("denomae_classifier", "status_interval_s", "-1"),
        ("denomae_classifier", "passthrough_delay", "-2"),
        ("denomae_denoiser", "delay_samples", "-1"),
        ("denomae_denoiser", "gate_db", "float('nan')"),
        ("denomae_denoiser", "hop", "-1"),
        ("denomae_denoiser", "hysteresis_db", "-3"),
        ("denomae_denoiser", "queue_frames", "-1"),
        ("denomae_denoiser", "batch_size", "0"),
        ("denomae_denoiser", "gain_interval_s", "-1"),
        ("denomae_label_publisher", "address", "5757"),
        ("denomae_label_publisher", "queue_labels", "0"),
        ("denomae_rate_adapter", "target_bandwidth", "0.9"),
        ("denomae_rate_adapter", "interval", "100"),
    ],
)
def test_grc_refuses_a_value_that_the_block_would_refuse(placed, block, parameter, value):
    right = {text for _, text in placed(block).iter_error_messages()}
    made = placed(block, **{parameter: value})
    wrong = {text for _, text in made.iter_error_messages()} - right
    assert wrong
    if 'Assertion "' in str(wrong):  # all that GRC shows of it, so it must name the parameter
        assert parameter in str(wrong)
    with pytest.raises(Exception, match=parameter) as refused:
        exec(made.templates.render("make"), {"denomae": denomae, "self": None})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("delay, hidden", [("-1", True), ("0", False), ("1000", False)])
def test_the_classifier_shows_a_stream_output_where_there_is_one(placed, delay, hidden):
    stream, labels = placed("denomae_classifier", passthrough_delay=delay).sources
    assert (stream.dtype, labels.name) == ("complex", "labels")
    assert (stream.hidden, labels.hidden) == (hidden, False)


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("sample_rate", "0"),
        ("center_frequency", "-1e3"),
        ("gate_db", "float('-inf')"),
        ("threshold", "0"),
        ("threshold", "1"),
        ("hysteresis_db", "0"),
        ("hop", "0"),
    ],
)
def test_grc_takes_a_value_at_the_edge_that_has_a_meaning(placed, parameter, value):
    right = {text for _, text in placed("denomae_classifier").iter_error_messages()}
    made = placed("denomae_classifier", **{parameter: value})
    assert {text for _, text in made.iter_error_messages()} == right
