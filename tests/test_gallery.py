"""The gallery: words, formulas, drawings and figures agree with what the methods really do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from xml.etree import ElementTree

import pytest
from torch import Tensor, nn

from kdcore import Experiment, costs, diagram, formulas, gallery, lineage, methods, programmes, trial
from kdcore.diagram import Drawing
from kdcore.methods import Range, Terms, method
from kdcore.signal import Signal
from scripts import make_docs
from tests.small import known

ROOT = Path(__file__).parents[1]
COMMANDS = set(
    re.findall(
        r"\w+",
        "alpha angle arg bar bigl bigr big Big beta bigg cdot cdots cos cup delta Delta dfrac dots ell epsilon "
        "equiv eta exp frac gamma ge gg hat in infty int jmath kappa lambda langle ldots le left lVert lvert ll "
        "log mathbb mathbf mathcal mathrm mathrm max mid min mu nabla ne neq odot operatorname overline partial "
        "phi pi prod propto psi quad qquad rangle rho right rVert rvert sigma sim sin sqrt sum tau text tfrac "
        "theta tilde times to top Vert vert wedge widehat widetilde xi zeta circ lfloor rfloor lceil rceil "
        "mathbin ast leftarrow rightarrow mapsto oplus otimes forall exists notin subset setminus cap emptyset "
        "perp parallel approx star prime dagger bigcup limits nolimits substack begin end displaystyle textstyle "
        "tanh varepsilon varphi omega Omega Sigma Phi Pi Theta Lambda Gamma Psi binom not leq geq mp pm sup inf "
        "det ker deg sgn Pr colon middle overset underset underbrace overbrace hline textbf textit mathsf mathtt "
        "bm boldsymbol vec dot ddot check breve acute grave lbrace rbrace iff implies",
    )
)


@pytest.mark.parametrize("name", methods.names())
def test_every_method_is_described_and_its_formula_names_the_terms_it_returns(name: str) -> None:
    entry = gallery.get(name)
    assert name in gallery.words(), f"nobody wrote about {name} in assets/methods/"
    assert list(entry.formula) == list(trial.tried(name).terms)


@pytest.mark.parametrize("name", programmes.names())
def test_every_programme_is_described_and_drawn(name: str) -> None:
    experiment = Experiment()
    arms = programmes.get(name).arms(experiment) or experiment.arms
    drawn = lineage.drawing(name, arms, experiment)
    is_sound(drawn)
    titles = " ".join(" ".join((box.title, *box.lines)) for box in drawn.boxes)
    for arm in arms:
        assert all(word in titles for word in arm.name.replace("_", " ").split())
    entry = gallery.get(name)
    assert entry.family != "null" and "def arms" in entry.code
    assert name in gallery.words(), f"nobody wrote about the programme {name} in assets/methods/"


def test_nothing_is_described_that_is_not_there() -> None:
    assert set(gallery.words()) <= {*methods.names(), *programmes.names()}


def test_two_sentences_and_a_source_each() -> None:
    for name, words in gallery.words().items():
        sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z\"'])", words.idea)
        assert 1 <= len(sentences) <= 3, f"{name}: two sentences, please: {words.idea}"
        assert words.family == "null" or words.year, f"{name} needs a year"
        assert len(words.title) <= 40, f"{name}: {words.title!r} is too long for the list"


@pytest.mark.parametrize("name", methods.names())
def test_formulas_are_well_formed(name: str) -> None:
    entry = gallery.get(name)
    for written in (entry.loss, *entry.formula.values()):
        is_well_formed(written)
    rows = formulas.aligned(entry.loss, entry.formula).split(r"\\[4pt]")
    for row in rows:
        is_well_formed(row.replace(r"\begin{aligned}", "").replace(r"\end{aligned}", ""))
        assert row.count("&") == 1
    assert max(map(len, rows)) <= 220, "too long for a line; put a wide space before what may stand on the next one"


def is_well_formed(latex: str) -> None:
    """Braces, left and right, begin and end match; every command is one that KaTeX draws."""
    depth = 0
    for letter in re.sub(r"\\[{}]", "", latex):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0, latex
    assert depth == 0, latex
    assert len(re.findall(r"\\left\b", latex)) == len(re.findall(r"\\right\b", latex)), latex
    assert sorted(re.findall(r"\\begin\{(\w+)\}", latex)) == sorted(re.findall(r"\\end\{(\w+)\}", latex)), latex
    assert set(re.findall(r"\\([A-Za-z]+)", latex)) <= COMMANDS, latex
    assert "$" not in latex


@pytest.mark.parametrize("name", methods.names())
def test_every_method_can_be_drawn_from_its_declaration(name: str) -> None:
    declared, terms = methods.get(name), list(trial.tried(name).terms)
    drawn = diagram.drawing(declared, terms)
    is_sound(drawn)
    for need in declared.needs:
        if need == "labels":
            assert "labels" in drawn.places
        elif need != "live_teacher":
            words = gallery.NEEDS[need].split()
            assert all(word in drawn.says for word in words)
    for term in terms:
        assert all(word in drawn.says for word in term.split("_"))
    assert ("pieces" in drawn.places) == (declared.side is not None)
    assert ("teacher" in drawn.places) == declared.hears_teacher


def is_sound(drawn: Drawing) -> None:
    """Well-formed, inside its frame, no box on another, texts within their boxes, everything connected."""
    picture = ElementTree.fromstring(diagram.svg(drawn))
    left, top, width, height = map(float, picture.attrib["viewBox"].split())
    places = list(drawn.places.items())
    for number, (key, (x, y, across, tall)) in enumerate(places):
        assert left <= x and x + across <= left + width and top <= y and y + tall <= top + height, key
        for other, (u, v, wide, high) in places[number + 1 :]:
            assert x + across <= u or u + wide <= x or y + tall <= v or v + high <= y, f"{key} lies on {other}"
    for box in drawn.boxes:
        for text in (box.title, *box.lines):
            assert len(text) * 6.6 <= drawn.places[box.key][2], f"{text!r} is wider than its box"
    joined = {key for arrow in drawn.arrows for key in (arrow.start, arrow.end)}
    alone = {box.key for box in drawn.boxes} - joined
    assert all(key.startswith("arm") for key in alone), f"nothing leads to {alone}"
    assert {"says", "learns", "heard"} >= {arrow.stroke for arrow in drawn.arrows}


def pieces(student: object, teacher: object) -> nn.Module:
    return nn.Linear(10, 10)


def remembered(teacher: Signal, labels: Tensor) -> Tensor:
    return teacher.logits


@method(needs=("logits", "labels"), weight=3.0, side=pieces, prepare=remembered)
def toy_of_the_gallery(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    side: nn.Module,
    prepared: Tensor,
    ids: Tensor,
    progress: float,
    bend: Annotated[float, Range(0, 2)] = 0.5,
) -> Terms:
    """The student bends towards what is remembered. Nobody described it elsewhere.

    Returns `bent [..., batch]`.
    """
    return {"bent": bend * (side(student.logits) - prepared[ids]).square().sum(-1)}


def test_a_toy_that_nobody_described_speaks_through_its_docstrings() -> None:
    with known(toy_of_the_gallery):
        entry = gallery.get("toy_of_the_gallery")
        assert entry in gallery.entries()
        assert entry.title == "Toy of the gallery" and entry.family == "logits" and entry.year is None
        assert entry.idea.startswith("The student bends") and "def toy_of_the_gallery" in entry.code
        assert entry.file == "tests/test_gallery.py"
        tried = trial.tried("toy_of_the_gallery")
        assert dict(tried.terms) == {"bent": "example"} and tried.extra == 110
        assert formulas.loss(toy_of_the_gallery, ["bent"]) == r"L = \mathrm{CE}(y, q_1) + 3\,\text{bent}"
        drawn = diagram.drawing(toy_of_the_gallery, ["bent"])
        is_sound(drawn)
        for said in ("Learned pieces", "prepared once: remembered", "bend 0.5", "changes with time", "3 × loss"):
            assert said in drawn.says
        assert "toy_of_the_gallery" in make_docs.page() and "Toy of the gallery" in make_docs.listed()
    assert "toy_of_the_gallery" not in gallery.names()


def test_letters_of_a_formula_are_explained_where_they_stand() -> None:
    said = {name: formulas.notation(methods.get(name), gallery.get(name).formula) for name in methods.names()}
    assert "a hat" in said["dkd"] and "a hat" not in said["hinton"] and "$z$" not in said["hinton"]
    assert "$p$ and $q$" in said["hinton"] and "$p$" not in said["logit_mse"] and "$z$" in said["logit_mse"]
    assert "layers of teacher" in said["fitnets"] and "$p$" not in said["fitnets"]


def test_extra_weights_are_those_of_the_pieces_that_are_really_built() -> None:
    tried = trial.tried("hinton")
    assert tried.extra == 0
    assert tried.student == (9 * 1 * 4 + 4) + (9 * 4 * 8 + 8) + (8 * 10 + 10)


def test_words_that_are_wrong_are_refused_with_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "FOLDER", tmp_path)
    good = '[hinton]\ntitle = "A"\nfamily = "logits"\nidea = "B."\n'
    for text, said in ((good + 'colour = "red"\n', "colour"), (good.replace("logits", "magic"), "family")):
        (tmp_path / "a.toml").write_text(text)
        gallery.words.cache_clear()
        with pytest.raises(ValueError, match=rf"(?s)a\.toml: hinton: .*{said}"):
            gallery.words()
    (tmp_path / "a.toml").write_text(good)
    (tmp_path / "b.toml").write_text(good)
    with pytest.raises(ValueError, match=r"b\.toml: hinton is described in another file"):
        gallery.words()
    monkeypatch.undo()
    gallery.words.cache_clear()
    assert gallery.words()["hinton"].year == 2015


def test_published_tables_are_quoted_with_their_source() -> None:
    tables = gallery.published()
    same = tables["crd_same"]
    assert same.columns[5] == "R32x4→8x4" and same.rows["KD"][5] == 73.33 and same.rows["FSP"][1] is None
    for table in tables.values():
        assert table.source and table.setting
        assert set(table.methods) <= set(table.rows) and set(table.methods.values()) <= set(methods.names())


def test_in_the_quoted_table_plain_distillation_beats_every_feature_loss_but_crd_on_six_of_seven_pairs() -> None:
    rows = gallery.published()["crd_same"].rows
    others = [line for name, line in rows.items() if name not in ("Teacher", "Student", "KD", "CRD")]
    won = [kd > max(line[k] or 0 for line in others) for k, kd in enumerate(rows["KD"]) if kd is not None]
    assert sum(won) == 6 and not won[5]


def test_costs_are_measured_kept_and_forgotten_when_a_method_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DKLAB_HOME", str(tmp_path))
    assert costs.kept() == {} and costs.progress() is None
    told: list[float] = []
    measured = costs.measure(["dkd"], rounds=3, tell=told.append)
    assert list(measured) == ["hinton", "dkd"] and told[-1] == 1.0
    assert measured["hinton"].times == 1.0 and measured["dkd"].milliseconds > 0
    assert measured["dkd"].low <= measured["dkd"].times <= measured["dkd"].high
    costs.keep(measured)
    assert costs.kept() == measured
    monkeypatch.setattr(costs, "_machine", lambda: "another machine")
    assert costs.kept() == {}
    costs.file().write_text("{broken")
    assert costs.kept() == {}


def test_targets_of_costs() -> None:
    wanted = {
        "hinton": 1.3,
        "dkd": 1.3,
        "hard": 1.3,
        "fitnets": 2.5,
        "sp": 2.5,
        "crd": 4.0,
        "rkd": 10.0,
        "mutual": None,
    }
    assert {name: costs.target(name) for name in wanted if name in methods.names()} == {
        name: target for name, target in wanted.items() if name in methods.names()
    }


def test_what_is_derived_from_the_declarations_is_up_to_date() -> None:
    advice = "run python -m scripts.make_docs"
    assert make_docs.PAGE.read_text(encoding="utf-8") == make_docs.page(), advice
    readme = make_docs.README.read_text(encoding="utf-8")
    assert readme == make_docs.readme(readme), advice
    with pytest.raises(ValueError, match="needs the marks"):
        make_docs.readme("nothing")


def names_of(entries: Sequence[gallery.Entry]) -> list[str]:
    return [entry.name for entry in entries]


def test_order_is_by_what_moves_then_by_year() -> None:
    entries = gallery.entries()
    order = list(gallery.FAMILIES)
    ranks = [(order.index(entry.family), entry.year or 0) for entry in entries]
    assert ranks == sorted(ranks) and len(set(names_of(entries))) == len(entries)
    assert set(names_of(entries)) == {*methods.names(), *programmes.names()}


def test_drawing_is_for_both_themes() -> None:
    drawn = diagram.svg(diagram.drawing(methods.get("hinton"), ["soft"]))
    assert "#" not in drawn and "rgb" not in drawn, "colours belong to the page"
    assert 'role="img"' in drawn and "aria-label" in drawn
