"""The microscope's numbers, worked out in the browser, against the engine's: the modules without a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.spatial.distance import squareform

from kdcore import measures
from kdcore.methods.hinton import hinton
from kdcore.methods.smoothed import uniform_rest
from kdcore.signal import Signal, cross_entropy, entropy, kl_divergence, log_soft_labels
from tests.browser.server import Server

EXACT: Any = {"rtol": 1e-6, "atol": 1e-6}
Ask = Callable[[str, Any], Any]

temperatures = st.floats(0.25, 64)
logit = st.one_of(st.floats(-12, 12), st.sampled_from([-500.0, 0.0, 300.0, 800.0, 1e-9]))


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    classes = draw(st.integers(3, 12))
    row = st.lists(logit, min_size=classes, max_size=classes)
    return {
        "teacher": draw(row),
        "logits": draw(row),
        "label": draw(st.integers(0, classes - 1)),
        "temperature": draw(temperatures),
        "alpha": draw(st.floats(0, 1)),
        "squared": draw(st.booleans()),
        "seed": draw(st.integers(0, 1000)),
    }


batches = st.lists(cases(), min_size=1, max_size=20)
in_batches = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def page(browser: Browser, server: Server) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(f"{server.url}/lab/microscope/numbers.js")
    yield page
    page.close()


@pytest.fixture
def ask(page: Page) -> Ask:
    """Run `body` with the modules at hand, on the given values."""

    def run(body: str, given: Any) -> Any:
        script = f"""async (given) => {{
          const parts = ["numbers", "targets", "world", "choosing", "reading"];
          const modules = await Promise.all(parts.map((name) => import(`/lab/microscope/${{name}}.js`)));
          const all = Object.assign({{}}, ...modules);
          const plain = (value) => JSON.parse(JSON.stringify(value, (_, part) =>
            ArrayBuffer.isView(part) ? [...part] : typeof part === "number" && !Number.isFinite(part) ? null : part));
          return plain(({body})(given, all));
        }}"""
        return page.evaluate(script, given)

    return run


def tensor(values: Any) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@in_batches
@given(batches)
def test_soft_labels_entropy_and_distance_are_the_engines(ask: Ask, batch: list[dict[str, Any]]) -> None:
    answers = ask(
        """(batch, m) => batch.map(({ teacher, logits, label, temperature }) => {
          const [one, two] = [teacher, logits].map((row) => m.logSoftmax(row, temperature));
          return { logs: one, entropy: m.entropy(one), kl: m.divergence(one, two), wrong: m.onWrong(one, label),
                   first: m.firstChoice(teacher) };
        })""",
        batch,
    )
    for case, said in zip(batch, answers, strict=True):
        one, two = (log_soft_labels(tensor([case[who]]), case["temperature"]) for who in ("teacher", "logits"))
        np.testing.assert_allclose(said["logs"], one[0], **EXACT)
        np.testing.assert_allclose(said["entropy"], entropy(one)[0], **EXACT)
        np.testing.assert_allclose(said["kl"], kl_divergence(one, two)[0], **EXACT)
        wrong = np.delete(one[0].exp().numpy(), case["label"])
        np.testing.assert_allclose(said["wrong"]["mass"], wrong.sum(), **EXACT)
        shares = np.delete(said["wrong"]["shares"], case["label"])
        np.testing.assert_allclose(shares.sum(), 1, **EXACT)
        np.testing.assert_allclose(shares * wrong.sum(), wrong, **EXACT)
        assert said["first"] == int(tensor(case["teacher"]).argmax())


@in_batches
@given(batches)
def test_what_the_student_is_told_is_the_gradient_of_the_engines_loss(ask: Ask, batch: list[dict[str, Any]]) -> None:
    answers = ask(
        """(batch, m) => batch.map((given) =>
             m.gradient({ ...given, target: m.logSoftmax(given.teacher, given.temperature) }))""",
        batch,
    )
    for case, said in zip(batch, answers, strict=True):
        student, teacher = tensor([case["logits"]]).requires_grad_(), Signal(tensor([case["teacher"]]))
        labels = torch.tensor([case["label"]])
        soft = hinton(Signal(student), teacher, labels, temperature=case["temperature"], t_squared=case["squared"])[
            "soft"
        ]
        parts = {
            "hard": (1 - case["alpha"]) * cross_entropy(student, labels).mean(),
            "soft": case["alpha"] * soft.mean(),
        }
        wanted = {name: torch.autograd.grad(part, student)[0][0] for name, part in parts.items()}
        for name, gradient in wanted.items():
            np.testing.assert_allclose(said[name], gradient, **EXACT)
        np.testing.assert_allclose(said["both"], wanted["hard"] + wanted["soft"], **EXACT)


@in_batches
@given(batches)
def test_agreement_about_the_wrong_classes_is_the_engines(ask: Ask, batch: list[dict[str, Any]]) -> None:
    said = ask(
        "(batch, m) => batch.map(({ teacher, logits, label }) => m.wrongClassAgreement(logits, teacher, label))", batch
    )
    for case, agreement in zip(batch, said, strict=True):
        logits, teacher = tensor([case["logits"]]), tensor([case["teacher"]])
        wanted = measures.wrong_class_agreement(logits, teacher, torch.tensor([case["label"]]))
        np.testing.assert_allclose(agreement, wanted, **EXACT)


@in_batches
@given(batches)
def test_other_targets_keep_what_they_promise(ask: Ask, batch: list[dict[str, Any]]) -> None:
    answers = ask(
        """(batch, m) => batch.map(({ teacher, label, temperature, seed }) => Object.fromEntries(m.TARGETS.map(
             (kind) => [kind, m.target(kind, { logits: teacher, label, temperature, seed })])))""",
        batch,
    )
    for case, said in zip(batch, answers, strict=True):
        own = log_soft_labels(tensor([case["teacher"]]), case["temperature"])
        first = int(tensor(case["teacher"]).argmax())
        np.testing.assert_allclose(said["teacher"]["logs"], own[0], **EXACT)
        assert [value == 0 for value in said["hard"]["logs"]] == [k == case["label"] for k in range(own.shape[-1])]
        smoothed = tensor(said["smoothed"]["logs"])
        np.testing.assert_allclose(entropy(smoothed), entropy(own)[0], **EXACT)
        rest = np.delete(smoothed.numpy(), first)
        assert smoothed[first] >= smoothed.max() - 1e-12 and np.ptp(rest) < 1e-9
        # Sorted: where two logits differ in the last digit only, rounding decides which the engine calls the first.
        engines = log_soft_labels(uniform_rest(own))[0]
        np.testing.assert_allclose(smoothed.exp().sort().values, engines.exp().sort().values, atol=5e-4)
        shuffled = said["shuffled"]["logits"]
        assert sorted(shuffled) == sorted(case["teacher"]) and shuffled[first] == case["teacher"][first]


def test_shuffling_leaves_no_wrong_class_its_own_number(ask: Ask) -> None:
    logits = [9.0, 1, 2, 3, 4, 5, 6, 7, 8, 0]
    for seed, shuffled in enumerate(ask("(seeds, m) => seeds.map((s) => m.wrongPlaces([9,1,2,3,4,5,6,7,8,0], s))",
                                        list(range(50)))):  # fmt: skip
        assert all(a != b for a, b in zip(shuffled[1:], logits[1:], strict=True)), seed


def test_at_high_temperature_the_soft_part_matches_centred_logits(ask: Ask) -> None:
    random = np.random.default_rng(0)
    rows = random.normal(scale=4, size=(20, 2, 10)).tolist()
    answers = ask(
        """(rows, m) => rows.map(([logits, target]) => [1, 8, 64, 4096].map((temperature) => {
          const alpha = 0.7, logs = m.logSoftmax(target, temperature);
          const { soft } = m.gradient({ logits, target: logs, label: 0, temperature, alpha });
          const tends = m.limit({ logits, target, alpha });
          return { soft, tends, cosine: m.cosine(soft, tends) };
        }))""",
        rows,
    )
    for said in answers:
        cosines = [at["cosine"] for at in said]
        assert cosines[2] > 0.98 and cosines[3] > 0.9999
        np.testing.assert_allclose(said[3]["soft"], said[3]["tends"], atol=2e-3)
        one, two = np.array(said[1]["soft"]), np.array(said[1]["tends"])
        np.testing.assert_allclose(cosines[1], one @ two / np.linalg.norm(one) / np.linalg.norm(two), **EXACT)


def test_the_picture_of_the_world_is_the_engines(ask: Ask) -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 7, 120)
    teacher = random.normal(size=(120, 7)) * 3 + 4 * np.eye(7)[labels]
    student = teacher + random.normal(size=teacher.shape)
    for temperature in (0.25, 1.0, 4.0, 64.0):
        said = ask(
            """({ teacher, student, labels, temperature }, m) => {
              const matrix = m.similarity(teacher, labels, 7, temperature);
              return { matrix, clustered: m.clustered(matrix), apart: m.apart(teacher, student, labels, temperature),
                       pair: m.mostAlike(matrix), cell: m.behind(teacher, labels, [2, 5], temperature),
                       difference: m.cellDifference(matrix, m.similarity(student, labels, 7, temperature)) };
            }""",
            {
                "teacher": teacher.tolist(),
                "student": student.tolist(),
                "labels": labels.tolist(),
                "temperature": temperature,
            },
        )
        matrix = np.array(said["matrix"])
        wanted = measures.class_similarity(tensor(teacher), torch.tensor(labels), temperature).numpy()
        np.testing.assert_allclose(matrix, wanted, **EXACT)
        _check_clusters(matrix, said["clustered"])
        beside = np.where(np.eye(7, dtype=bool), -1, wanted)
        assert said["pair"] == list(np.unravel_index(beside.argmax(), beside.shape))
        one, two = (log_soft_labels(tensor(logits), temperature) for logits in (teacher, student))
        np.testing.assert_allclose(said["apart"]["kl"], kl_divergence(one, two).mean(), **EXACT)
        agreement = measures.wrong_class_agreement(tensor(student), tensor(teacher), torch.tensor(labels))
        np.testing.assert_allclose(said["apart"]["agreement"], agreement, **EXACT)
        other = measures.class_similarity(tensor(student), torch.tensor(labels), temperature).numpy()
        off = ~np.eye(7, dtype=bool)
        np.testing.assert_allclose(said["difference"], np.abs(wanted - other)[off].mean(), **EXACT)
        shares = one[:, 5].exp().numpy()
        assert [item["at"] for item in said["cell"]] == sorted(np.flatnonzero(labels == 2), key=lambda at: -shares[at])


def _check_clusters(matrix: NDArray[np.float64], said: dict[str, Any]) -> None:
    """Average linkage as SciPy does it: the same heights; and every cluster stands together in the order."""
    far = 1 - (matrix + matrix.T) / 2
    np.fill_diagonal(far, 0)
    heights = squareform(cophenet(linkage(squareform(far, checks=False), "average")))
    ours = np.zeros_like(heights)
    for merge in reversed(said["merges"]):
        ours[np.ix_(merge["members"], merge["members"])] = merge["height"]
        places = sorted(said["order"].index(k) for k in merge["members"])
        assert places == list(range(places[0], places[-1] + 1))
    np.fill_diagonal(ours, 0)
    np.testing.assert_allclose(ours, heights, **EXACT)


def test_examples_come_in_the_order_asked_for(ask: Ask) -> None:
    random = np.random.default_rng(2)
    labels = random.integers(0, 5, 60)
    logits = random.normal(size=(60, 5)) * 2 + 3 * np.eye(5)[labels]
    said = ask(
        """({ logits, labels }, m) => {
          const examples = m.judged(logits, labels);
          const lists = Object.keys(m.ORDERS).map((order) => [order, m.arranged(examples, labels, { order })]);
          return { lists: Object.fromEntries(lists), first: m.mostAmbiguous(examples),
                   threes: m.arranged(examples, labels, { order: "given", only: 3 }) };
        }""",
        {"logits": logits.tolist(), "labels": labels.tolist()},
    )
    two_best = np.sort(logits, -1)[:, -2:]
    lead, right = two_best[:, 1] - two_best[:, 0], logits.argmax(-1) == labels
    spread = entropy(log_soft_labels(tensor(logits))).numpy()
    assert said["lists"]["ambiguous"] == np.argsort(lead, kind="stable").tolist()
    assert said["lists"]["unsure"] == np.argsort(-spread, kind="stable").tolist()
    assert said["lists"]["certain"] == np.argsort(spread, kind="stable").tolist()
    assert said["lists"]["wrong"] == [at for at in np.argsort(lead, kind="stable") if not right[at]]
    assert said["lists"]["given"] == list(range(60))
    assert said["threes"] == np.flatnonzero(labels == 3).tolist()
    assert said["first"] == int(np.where(right, lead, np.inf).argmin())


def test_a_label_that_is_withheld_says_nothing(ask: Ask) -> None:
    said = ask(
        """(given, m) => m.gradient({ logits: [1, 2, 3], target: m.logSoftmax([3, 2, 1], 2), label: -1,
             temperature: 2, alpha: 0.5 })""",
        None,
    )
    assert said["hard"] == [0, 0, 0] and np.abs(said["soft"]).max() > 0


def test_a_students_distance_is_the_distance_to_what_stands_as_the_target(ask: Ask) -> None:
    said = ask(
        """(given, m) => m.TARGETS.map((kind) => m.read({ teacher: [4, 3, 0, -1], label: 0, kind, seed: 5,
             students: [{ name: "s", label: "s", logits: [2, 0, 1, -1] }], temperature: 2, alpha: 1 }))""",
        None,
    )
    student = log_soft_labels(tensor([[2.0, 0, 1, -1]]), 2.0)
    for reading in said:
        target = tensor([[-torch.inf if value is None else value for value in reading["heard"]["logs"]]])
        wanted = torch.nansum(target.exp() * (target - student)).item()
        np.testing.assert_allclose(reading["voices"][0]["divergence"], wanted, **EXACT)
