from __future__ import annotations

import pytest

from core.analysis.text_checks import find_change, find_loop, find_refusal

ENGLISH = "Why is the sky blue? It is because of the way that the air scatters the light of the sun."


@pytest.mark.parametrize(
    ("text", "unit", "repetitions", "start"),
    [
        ("a b c x y x y x y x y", "x y", 4, 6),
        ("Then he left. He left. he left, He left", "he left.", 4, 5),
        ("so one two so one two so one two so one", "so one two", 3, 0),
        ("it is hahahahahahahahahahahahahahahahahahahahaha", "ha", 21, 6),
        ("九个鸡蛋" * 12, "九个鸡蛋", 12, 0),
    ],
)
def test_a_loop_is_told_with_unit_count_and_beginning(
    text: str, unit: str, repetitions: int, start: int
) -> None:
    loop = find_loop(text)
    assert loop is not None
    assert (loop.unit, loop.repetitions, loop.start) == (unit, repetitions, start)


@pytest.mark.parametrize(
    "text",
    [
        "no, no, no",
        "Row, row, row your boat, gently down the stream",
        "x y x y and then z",
        "1 + 1 + 1 + 1 + 1 + 1 + 1 = 7",
        "Chapter one " + "." * 80 + " 7",
        "|" + "---|" * 20,
        "Step 1: add 2. Step 2: add 2. Step 3: add 2. Step 4: add 2.",
        "",
    ],
)
def test_what_merely_comes_again_is_no_loop(text: str) -> None:
    assert find_loop(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("I'm sorry, but I can't assist with that request.", "I'm sorry, but I can't assist"),
        ("I cannot answer this question.", "I cannot answer"),
        ("I’m not able to provide an answer.", "I’m not able to provide"),
        ("Hello! As an AI language model, I have no body.", "As an AI"),
        ("I don't know.", "I don't know"),
        ("There is insufficient information to say who it is.", "There is insufficient information"),
        ("Unfortunately, that isn't something I discuss.", "Unfortunately, that isn't"),
        ("Sorry, this question is not one that I may answer.", "Sorry, this question is not"),
    ],
)
def test_refusals_are_found(text: str, said: str) -> None:
    place = find_refusal(text)
    assert place is not None
    assert text[slice(*place)] == said


@pytest.mark.parametrize(
    "text",
    [
        "The clerk said: “I cannot help you with that”, and Tom went home.",
        "Tom said that I don't know much. He is right: it is 7.",
        "It cannot be 12, because 12 is even.",
        "I can answer this: it is 7.",
        "Sorry for being brief: it is 7.",
        "She can't help laughing.",
        "We do not know x yet, so we call it x. " * 10 + "I cannot answer more.",
    ],
)
def test_what_only_sounds_like_a_refusal_is_none(text: str) -> None:
    assert find_refusal(text) is None


@pytest.mark.parametrize(
    ("text", "to", "begins"),
    [
        ("The sky is blue. 因为空气散射太阳的光线", "Chinese characters", "因为"),
        ("Небо голубое, потому что воздух", "Cyrillic letters", "Небо"),
        (
            "It is the air. Le ciel est bleu, et la lumière du soleil ne vient pas que de lui.",
            "French",
            "Le ciel",
        ),
        (
            "El cielo es azul por la luz del sol, que se dispersa en el aire y no en el mar.",
            "Spanish",
            "El cielo",
        ),
    ],
)
def test_another_script_or_language_is_told_with_its_beginning(text: str, to: str, begins: str) -> None:
    change = find_change(text, ENGLISH)
    assert change is not None
    assert change.to == to
    assert text[change.start :].startswith(begins)


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("The sky is blue because the air scatters the light.", ENGLISH),
        ("So is die Hard a film in the list? Der Spiegel and La La Land are in it.", ENGLISH),
        ("The angle α plus the angle β is π, and λ is a length.", ENGLISH),
        (
            "Das ist die Luft, und das Licht ist nicht von der Sonne.",
            "Warum ist der Himmel blau? Das Licht ist es, und die Luft, die nicht so ist.",
        ),
        ("The word 天 is the Chinese one for the sky that is above.", ENGLISH),
        ("every wug sings so sings", "every wug sings . Tom is a wug . therefore Tom think :"),
    ],
)
def test_foreign_words_are_no_change(text: str, before: str) -> None:
    assert find_change(text, before) is None
