"""Feature methods with their trainable pieces: many students at once, awkward layers, and real training on digits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import kdcore
from kdcore import Arm, Network, Signal, Teacher, Transfer, methods
from kdcore.groups import SidePieces
from kdcore.methods import total
from kdcore.training import Training
from tests.small import TEACHER, experiment, trained, weights_of

MAPS = ("attention", "fsp", "nst", "reviewkd")
VECTORS = ("ab", "factor", "fitnets", "ofd", "residual", "simkd", "unikd", "vid")
EITHER = [(name, maps) for name in (*MAPS, *VECTORS) for maps in (True, False) if maps or name in VECTORS]
WITH_PIECES = [(name, maps) for name, maps in EITHER if methods.get(name).side]
CNN, CNN_TEACHER = (
    Network("cnn", widths=(3, 4)),
    Teacher(network=Network("cnn", widths=(4, 5)), steps=150, learning_rate=0.01),
)
Shapes = dict[str, tuple[int, ...]]


class Case:
    """Layers of students and of a teacher; the students are as many as examples, classes and the student's units."""

    def __init__(self, name: str, maps: bool, *, students: tuple[int, ...] = (), size: int = 3, wider: int = 0) -> None:
        self.method, self.size = methods.get(name), size
        self.random = torch.Generator().manual_seed(0)
        grids: list[tuple[int, ...]] = [(4, 4), (2, 2)] if maps else [(), ()]
        if name == "reviewkd":
            grids.append(())
        self.ours: Shapes = {f"layer{number}": (size, *grid) for number, grid in enumerate(grids)}
        self.theirs: Shapes = {n: (size + wider, *shape[1:]) for n, shape in self.ours.items()}
        self.student, self.teacher = self.signal(self.ours, *students), self.signal(self.theirs)
        self.labels = torch.zeros(size, dtype=torch.long)
        self.supplied: dict[str, Any] = {"progress": 0.5} if "progress" in self.method.supplied else {}
        if name == "ofd" and self.method.prepare:
            self.supplied["prepared"] = self.method.prepare(self.teacher, self.labels)

    def draw(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.random, dtype=torch.float64)

    def signal(self, shapes: Shapes, *students: int) -> Signal:
        layers = {n: torch.relu(self.draw(*students, self.size, *shape)) for n, shape in shapes.items()}
        return Signal(self.draw(*students, self.size, self.size), layers)

    def piece(self, seed: int = 0) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            logits = {"logits": (self.size,)}
            piece = self.method.piece(self.ours | logits, self.theirs | logits, nn.Identity)
        assert piece is not None
        return piece.double()

    def terms(self, student: Signal, teacher: Signal | None = None, **inputs: Any) -> methods.Terms:
        return self.method(student, teacher or self.teacher, self.labels, **self.supplied | inputs)


def of_student(signal: Signal, *place: int) -> Signal:
    return Signal(signal.logits[place], {name: layer[place] for name, layer in signal.features.items()})


@pytest.mark.parametrize(("name", "maps"), WITH_PIECES)
def test_every_weight_of_a_piece_is_taught(name: str, maps: bool) -> None:
    case = Case(name, maps, wider=2)
    piece = case.piece()
    assert list(piece.parameters()), "there is something to learn where widths differ"
    terms = case.terms(case.student, side=piece)
    assert all(term.shape == (case.size,) for term in terms.values())
    value = total(terms)
    if name == "residual" and case.method.answer:
        said = case.method.answer(case.student, side=piece, prepared=None)
        assert said.shape == (case.size, case.size)
        value = value + said.square().sum()
    for weight, parameter in piece.named_parameters():
        slope = torch.autograd.grad(value, parameter, allow_unused=True, retain_graph=True)[0]
        assert slope is not None and slope.abs().max() > 0, weight


@pytest.mark.parametrize(("name", "maps"), WITH_PIECES)
def test_stacked_pieces_do_what_each_does_alone(name: str, maps: bool) -> None:
    case = Case(name, maps, students=(2, 3), wider=2)
    together = SidePieces([case.piece(seed) for seed in range(6)], (2, 3), torch.float64)
    layers = {n: layer.expand(2, 3, *layer.shape) for n, layer in case.teacher.features.items()}
    found = case.terms(case.student, Signal(case.teacher.logits.expand(2, 3, -1, -1), layers), side=together)
    for number in range(6):
        place = divmod(number, 3)
        for term, value in case.terms(of_student(case.student, *place), side=case.piece(number)).items():
            torch.testing.assert_close(found[term][place], value, rtol=1e-10, atol=1e-12)


def test_a_layer_is_reviewed_with_all_deeper_ones_and_no_earlier_one() -> None:
    case = Case("reviewkd", True, wider=2)
    layers = [layer.clone().requires_grad_() for layer in case.student.features.values()]
    said = case.piece()(layers)
    assert [tuple(layer.shape[1:]) for layer in said] == list(case.theirs.values()), "in the teacher's shapes"
    for number, layer in enumerate(said):
        slopes = torch.autograd.grad(layer.square().sum(), layers, allow_unused=True, retain_graph=True)
        heard = [slope is not None and bool(slope.abs().max() > 0) for slope in slopes]
        assert heard == [place >= number for place in range(3)]


def test_where_widths_are_equal_a_flow_needs_no_piece() -> None:
    training = trained(small("fsp", CNN, teacher=Teacher(network=CNN, steps=20), steps=5))
    (group,) = (group for group in training.cohort.groups if group.method.name == "fsp")
    assert not group.side.weights


@pytest.mark.parametrize(("name", "maps"), EITHER)
def test_as_many_students_as_examples_classes_and_channels_are_not_mixed_up(name: str, maps: bool) -> None:
    case = Case(name, maps, students=(3,))
    knobs = {n: knob for n, knob in case.method.knobs.items() if knob.kind == "number"}
    shares = {n: torch.rand(3, 1, generator=case.random, dtype=torch.float64) for n in knobs}
    own: dict[str, Any] = {n: knob.low + shares[n] * (min(knob.high, 4) - knob.low) for n, knob in knobs.items()}
    together = case.terms(case.student, **own)
    for student in range(3):
        its: dict[str, Any] = {n: float(value[student]) for n, value in own.items()}
        alone = case.terms(of_student(case.student, student), **its)
        for term, value in alone.items():
            assert together[term].shape == (3, 3)
            torch.testing.assert_close(together[term][student], value, rtol=1e-10, atol=1e-12)


# The two others stop a gradient on purpose: their own tests say which.
@pytest.mark.parametrize(("name", "maps"), [each for each in EITHER if each[0] not in ("factor", "residual")])
def test_gradients_with_respect_to_layers_are_those_of_the_values(name: str, maps: bool) -> None:
    case = Case(name, maps)
    # Away from the corners of rectifiers and margins.
    layers = [0.3 + layer.abs().clamp_max(3) for layer in case.student.features.values()]

    def value(*layers: Tensor) -> Tensor:
        named = dict(zip(case.student.features, layers, strict=True))
        return total(case.terms(Signal(case.student.logits, named))) + 0 * sum(layer.sum() for layer in layers)

    assert torch.autograd.gradcheck(value, [layer.clone().requires_grad_() for layer in layers])


@pytest.mark.parametrize("kind", ["zero", "zero at the student", "the same twice", "large"])
@pytest.mark.parametrize(("name", "maps"), EITHER)
def test_awkward_layers_give_finite_values_and_gradients(name: str, maps: bool, kind: str) -> None:
    case = Case(name, maps)
    factor = {"zero": 0.0, "zero at the student": 0.0, "the same twice": 1.0, "large": 1e4}[kind]
    layers = {n: (factor * layer).float() for n, layer in case.student.features.items()}
    if kind == "the same twice":
        layers = {n: layer[:1].expand(layer.shape) for n, layer in layers.items()}
    theirs = {n: layer.float() * (kind != "zero") for n, layer in case.teacher.features.items()}
    student = Signal(case.student.logits.float(), {n: layer.clone().requires_grad_() for n, layer in layers.items()})
    value = total(case.terms(student, Signal(case.teacher.logits.float(), theirs)))
    assert value.isfinite()
    inputs = list(student.features.values())
    for slope in torch.autograd.grad(value, inputs, allow_unused=True):
        assert slope is None or slope.isfinite().all()


def small(name: str, student: Network, **fields: Any) -> kdcore.Experiment:
    teacher = TEACHER if student.kind == "mlp" else CNN_TEACHER
    given = {"transfer": Transfer(n=60), "steps": 80, "seeds": 2, "learning_rate": 0.01, "teacher": teacher, **fields}
    return experiment(Arm(name), Arm("hard"), student=student, **given)


LEARNERS = [(name, CNN) for name in (*MAPS, *VECTORS, "input_gradient")]
LEARNERS += [(name, Network("mlp", widths=(12, 10))) for name in (*VECTORS, "input_gradient")]


@pytest.mark.parametrize(("name", "student"), LEARNERS, ids=str)
def test_a_student_learns_what_the_method_asks_of_it(name: str, student: Network) -> None:
    whole = small(name, student)
    if "until" in methods.get(name).knobs:
        whole = small(name, student).model_copy(update={"arms": (Arm(name, until=1.0), Arm("hard"))})
    training = Training(whole, frames_every=lambda step: step == 10)
    frames = list(training)
    assert not frames[-1].stopped.any()
    # Over the first steps the review's weight grows, so the very first frame has none of it.
    before, after = (frame.scalars["soft_loss"][0] for frame in (frames[1], frames[-1]))
    assert (after < before).all(), (before, after)
    for group in training.cohort.groups:
        if group.side:
            for weight, values in group.side.weights.items():
                assert values.isfinite().all(), weight


@pytest.mark.parametrize("name", ["fitnets", "simkd", "residual", "vid"])
def test_a_student_is_the_same_in_company_and_alone(name: str) -> None:
    company = experiment(Arm("hard"), Arm(name, name="one"), Arm("hinton"), Arm(name, name="two"), seeds=(5, 2))
    together = trained(company, dtype=torch.float64)
    alone = trained(experiment(Arm(name, name="one"), seeds=(2,)), dtype=torch.float64)
    for weight, values in weights_of(alone, "one").items():
        for arm in ("one", "two"):
            torch.testing.assert_close(weights_of(together, arm)[weight][1:], values, rtol=0, atol=1e-10)


def test_a_student_of_simkd_speaks_through_the_teachers_classifier() -> None:
    training = trained(small("simkd", Network("mlp", widths=(32,)), transfer=Transfer(n=200), steps=300))
    (group,) = (group for group in training.cohort.groups if group.method.name == "simkd")
    data, answers = training.prepared.dataset, training.prepared.answers[TEACHER]
    inputs = data.inputs[data.test]
    said = training.cohort.opinions(inputs).logits[0]
    own_head = training.cohort.students(inputs, shared=True).logits[:2]
    right, head_right = ((x.argmax(-1) == data.labels[data.test]).double().mean() for x in (said, own_head))
    assert right > 0.75, "no label was heard"
    assert head_right < 0.4, "its own head has learnt nothing"
    weight, bias = group.prepared
    layer = answers.signal.penultimate[data.test]
    torch.testing.assert_close(layer @ weight.T + bias, answers.signal.logits[data.test], rtol=1e-3, atol=1e-3)


def test_layers_that_cannot_be_compared_are_refused_with_both_shapes() -> None:
    def asked(name: str, student: Network, teacher: Network, *words: str) -> None:
        with pytest.raises(ValueError) as error:
            experiment(Arm(name), student=student, teacher=Teacher(network=teacher, steps=1))
        for word in words:
            assert word in str(error.value)

    one, two = Network("cnn", widths=(3,)), Network("cnn", widths=(4, 5))
    asked("fsp", one, two, "3 x 4 x 4", "5 x 2 x 2", "second convolution")
    asked("attention", Network("mlp"), two, "maps", "MLP")
    asked("residual", Network("mlp", widths=(1,)), Network("mlp", widths=(6,)), "of 1 cannot", "6", "wider")


def test_a_teacher_with_noise_on_its_logits_cannot_lend_its_classifier() -> None:
    noisy = TEACHER.model_copy(update={"logit_noise": 3.0})
    with pytest.raises(ValueError, match="16 units to its 10 logits"):
        Training(experiment(Arm("simkd"), teacher=noisy))
