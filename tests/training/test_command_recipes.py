# SPDX-License-Identifier: GPL-3.0-or-later
import json

from denomae_training.cli import main
from denomae_training.signals.recipes import RECIPES


def test_every_recipe_is_listed_with_its_classes_length_and_snr(capsys):
    assert main(["recipes"]) == 0
    text = capsys.readouterr().out
    for name, recipe in RECIPES.items():
        assert f"\n{name}\n" in f"\n{text}"
        assert " ".join(recipe.classes) in text
    assert "1024 samples, 8 a symbol" in text and "-20 to 30 dB" in text


def test_the_list_as_json_is_one_object_a_line(capsys):
    assert main(["recipes", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["name"] for line in lines] == list(RECIPES)
    for line in lines:
        assert line["classes"] == list(RECIPES[line["name"]].classes)


def test_one_recipe_is_shown_with_its_own_parameters_and_its_source(capsys):
    assert main(["recipes", "--name", "radioml24"]) == 0
    text = capsys.readouterr().out
    assert "delay_spreads" in text and "arXiv 1712.04578" in text and "live11" not in text


def test_an_unknown_recipe_is_one_sentence(capsys):
    assert main(["recipes", "--name", "dream"]) == 2
    assert "no recipe 'dream'" in capsys.readouterr().err
