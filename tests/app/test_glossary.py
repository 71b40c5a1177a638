"""The glossary explains every term on screen: labels of controls, titles of panels, measures, methods, arms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import roles
from app.controls import CONTROLS
from app.glossary import find, terms, words
from kdcore import methods
from kdcore.claims import MEASURES

APP = Path(__file__).resolve().parents[2] / "app"
LAYOUT = (APP / "board" / "layout.js").read_text(encoding="utf-8")
TITLES = [
    *re.findall(r'title: "([^"]+)"', LAYOUT),
    *re.findall(r'chart\("\w+", "([^"]+)"\)', LAYOUT),
    *re.findall(r'(?:pictures|points): "([^"]+)"', LAYOUT),
]
SPOKEN = ["soft labels", "logits", "T", "fidelity", "interval", "epoch", "step", "split", "seed", "dark knowledge"]


def test_titles_of_panels_are_found_in_the_layout() -> None:
    assert len(TITLES) >= 8 and "Test accuracy" in TITLES and "Look alike" in TITLES


@pytest.mark.parametrize(
    "word",
    [
        *(control.label for control in CONTROLS),
        *TITLES,
        *methods.names(),
        *roles.LABELS.values(),
        *MEASURES,
        *SPOKEN,
    ],
)
def test_every_term_on_screen_is_explained(word: str) -> None:
    assert find(word), f"assets/glossary.toml does not explain {word!r}"


def test_a_term_is_one_sentence_and_a_word_has_one_meaning() -> None:
    listed = [word.casefold() for term in terms().values() for word in (term.term, *term.also)]
    assert len(listed) == len(set(listed)) == len(words())
    for term in terms().values():
        assert term.sentence[0].isupper() or term.sentence.startswith("A"), term.term
        assert term.sentence.endswith(".") and len(term.sentence) <= 160, term.term
        assert not re.search(r"[.!?] [A-Z]", term.sentence), f"{term.term}: one sentence, please"


def test_the_page_lists_all_terms_and_finds_one() -> None:
    page = AppTest.from_file(str(APP / "screens" / "glossary.py"), default_timeout=30).run()
    assert not page.exception
    assert len(page.markdown) == len(terms()) + 1
    page.text_input[0].set_value("effective number").run()
    assert not page.exception and len(page.markdown) < 6
    assert any("exp of the entropy" in shown.value for shown in page.markdown)
    page.text_input[0].set_value("<script>").run()
    assert not page.exception and "No term" in page.markdown[-1].value
