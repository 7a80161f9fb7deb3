from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from cache.folder import Store
from core.abilities import ABILITIES
from core.abilities.neutral_texts import neutral_texts
from core.analysis.generation_quality import mask_generation_qualities, perplexity
from core.inference.encoding import unknown_words
from core.masks.ablation import Ablator
from core.masks.mask import Mask, random_subset
from core.models.loading import LoadedModel, load
from core.models.spec import ModelSpec
from core.models.weight_space import WeightSpace
from core.run.experiment import Experiment
from core.run.specs import MaskSpec
from tests.core.tiny_models import log_probabilities


@pytest.fixture(scope="module")
def demo() -> LoadedModel:
    return load(ModelSpec("demo", device="cpu"))


def neutral_perplexity(loaded: LoadedModel) -> float:
    texts = neutral_texts("basic")
    answers = [loaded.tokenizer(one.text, add_special_tokens=False)["input_ids"] for one in texts]
    return perplexity(
        log_probabilities(loaded.model, loaded.tokenizer, [one.prompt for one in texts], answers)
    )


def test_perplexity_by_hand() -> None:
    # Four tokens of probability 1/2, 1/2, 1/4 and 1: the geometric mean of 2, 2, 4, 1, not of the texts' own.
    assert perplexity([[math.log(0.5), math.log(0.5), math.log(0.25)], [0.0]]) == pytest.approx(2.0)
    assert perplexity([[-math.log(826)] * 9]) == pytest.approx(826)
    assert perplexity([[-1000.0]]) == math.inf
    assert perplexity([[-math.inf, -1.0]]) == math.inf


@pytest.mark.parametrize(
    ("values", "said"), [([], "no tokens"), ([[]], "no tokens"), ([[-1.0, math.nan]], "not a number")]
)
def test_perplexity_of_nothing_is_an_error(values: list[list[float]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        perplexity(values)


def test_shares_of_answers_that_are_none(tmp_path: Path) -> None:
    experiment, mask = Experiment(ModelSpec(), Store(tmp_path)), MaskSpec(ABILITIES[0].id, "mlp", "top", 0.01)
    loop = "the cat the cat the cat the cat"
    for one, texts in ((None, ["so 7"] * 4), (mask, [loop, " \n", "[invalid]", "It is Paris."])):
        key, key_inputs = experiment.generation_quality_request(one)
        columns = {
            "logprobs": [[-1.0] * 3] * 4,
            "written": texts,
            "finish": ["eos"] * 4,
            "tokens": [[1, 2, 3]] * 4,
            "written_logprobs": [[-1.0] * 3] * 4,
        }
        experiment.store.generation_quality.save(key, key_inputs, columns)
    found = mask_generation_qualities(experiment, [mask])[mask]
    assert (found.base_repeating.score, found.base_unreadable.score) == (0.0, 0.0)
    assert (found.repeating.score, found.unreadable.score, found.repeating.n) == (0.25, 0.5, 4)
    assert found.repeating.low < 0.25 < found.repeating.high


def test_neutral_texts_are_many_kinds_of_what_the_model_knows(demo: LoadedModel) -> None:
    basic, standard = neutral_texts("basic"), neutral_texts("standard")
    assert len(basic) == 3 * len(ABILITIES)
    assert all(not unknown_words(demo.tokenizer, f"{one.prompt} {one.text}") for one in basic)
    assert len({one.text for one in standard}) == len(standard) >= 10
    assert all(one.prompt == "" and len(one.text.split()) > 25 for one in standard)


def test_perplexity_tells_a_whole_model_from_a_collapsed_one(demo: LoadedModel) -> None:
    intact = neutral_perplexity(demo)
    assert 1.0 < intact < 2.0
    space = WeightSpace(demo.model)
    ablator = Ablator(space)
    with ablator.applied(Mask(random_subset(space.size, space.size // 1000, 0))):
        assert neutral_perplexity(demo) == pytest.approx(intact, rel=0.2)
    with ablator.applied(Mask(random_subset(space.size, space.size // 2, 0))):
        assert neutral_perplexity(demo) > 5 * intact
    assert neutral_perplexity(demo) == intact


def test_generation_quality_needs_no_torch() -> None:
    code = "import sys, core.abilities.neutral_texts as n; n.neutral_texts('basic')"
    code += "; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
