"""Looking at a cohort without touching it: frames. Measuring draws no random numbers and moves no weight."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdcore import measures
from kdcore.cohort import Cohort
from kdcore.experiment import units_of
from kdcore.frame import Array, Frame, Shown
from kdcore.methods import total
from kdcore.preparation import LIVE_TEST_LIMIT
from kdcore.signal import Signal, entropy, kl_divergence, log_soft_labels
from kdcore.staging import Scene
from kdcore.tasks import classification as task

SHOWN_ARMS = 16
FULLY_MEASURED_MEMBERS = 64
HEARD_LIMIT = 256
LIVE_VALIDATION_LIMIT = 500
CROWD_TEST_LIMIT = 200
"""Live frames of more than 64 students in more than 16 arms ask so few test examples, which cost most of a frame."""
Losses = tuple[Tensor, Tensor, Tensor]
CHUNK_NUMBERS = 2_000_000
TEST_LOGITS_LIMIT = 4_000_000
SCALARS = (
    "accuracy",
    "validation_accuracy",
    "train_accuracy",
    "hard_loss",
    "soft_loss",
    "entropy",
    "ece",
    "agreement",
    "kl",
    "wrong_class_agreement",
    "gradient_ratio",
    "ties",
    "per_class_accuracy",
)
"""With more than 64 students the live frames carry the accuracies alone, the last frame everything."""


class Observer:
    """Makes the frames of one cohort."""

    def __init__(self, cohort: Cohort, scene: Scene) -> None:
        self.cohort, self.scene = cohort, scene
        self.dataset = cohort.prepared.dataset
        self.shown_seed = scene.seeds[0]

    @torch.no_grad()
    def frame(self, step: int, *, last: bool = False) -> Frame:
        """The frame of the weights after `step` steps; the last one measures all test examples."""
        prepared = self.cohort.prepared
        fully = last or math.prod(self.cohort.leading) <= FULLY_MEASURED_MEMBERS
        drawn = len(self.cohort.arms) <= SHOWN_ARMS
        test = self.dataset.test[: None if last else LIVE_TEST_LIMIT if fully or drawn else CROWD_TEST_LIMIT]
        logits = self._logits(test)
        losses = self.weighing(step) if fully or drawn else None
        few = not last and len(self.dataset.test) > LIVE_TEST_LIMIT
        validation = self.dataset.validation[: LIVE_VALIDATION_LIMIT if few else None]
        scalars = self._scalars(logits, test, validation, losses if fully else None)
        shown = self._shown(logits, test, step, losses) if drawn and losses else None
        small = last and logits.numel() * 4 <= TEST_LOGITS_LIMIT
        return Frame(
            step=step,
            steps=prepared.steps,
            arms=tuple(arm.name for arm in self.cohort.arms),
            seeds=self.cohort.seeds,
            control=prepared.experiment.control_arm,
            scalars=scalars,
            knobs={
                name: _array(self.cohort.knob("temperature") if name == "temperature" else getattr(self.cohort, name))
                for name in ("temperature", "hard_weight", "weight", "learning_rate")
            },
            stopped=self.cohort.stopped.numpy()[:, None].repeat(len(self.cohort.seeds), 1),
            shown=shown,
            test_logits=_array(logits) if small else None,
        )

    @property
    def _chunk(self) -> int:
        """How many examples all students are asked at a time, so that no layer takes more than some megabytes."""
        experiment = self.cohort.prepared.experiment
        widest = max(self.dataset.inputs[0].numel(), *units_of(experiment.student, experiment.facts), 1)
        return max(1, CHUNK_NUMBERS // (math.prod(self.cohort.leading) * widest))

    def _logits(self, ids: Tensor) -> Tensor:
        """All students' logits for the same examples, `[arm, seed, example, class]`."""
        # Into one place made beforehand: small parts kept between large ones that are freed scatter the memory.
        together = torch.empty(math.prod(self.cohort.leading), len(ids), len(self.dataset.facts.classes))
        places = zip(together.split(self._chunk, 1), ids.split(self._chunk), strict=True)
        for place, chunk in places:
            place.copy_(self.cohort.opinions(self.dataset.inputs[chunk].to(self.cohort.dtype)).logits.flatten(0, 1))
        answers: Tensor = together.unflatten(0, self.cohort.leading)
        return answers

    def _scalars(self, logits: Tensor, test: Tensor, validation: Tensor, losses: Losses | None) -> dict[str, Array]:
        """All scalars; without losses the accuracies alone, NaN for the rest."""
        labels, values = self.dataset.labels[test], {}
        values["accuracy"] = task.accuracy(logits, labels)
        values["per_class_accuracy"] = task.per_class_accuracy(logits, labels)
        values["validation_accuracy"] = task.accuracy(self._logits(validation), self.dataset.labels[validation])
        values["train_accuracy"] = self._train_accuracy()
        if losses is not None:
            values["ties"] = task.ties(logits)
            values["ece"] = measures.expected_calibration_error(logits, labels)
            log_student = log_soft_labels(logits)
            values["entropy"] = entropy(log_student).mean(-1)
            if self.scene.answers is not None:
                theirs = self.scene.answers.signal.logits[test]
                values["agreement"] = measures.agreement(logits, theirs)
                values["kl"] = kl_divergence(log_soft_labels(theirs), log_student).mean(-1)
                values["wrong_class_agreement"] = measures.wrong_class_agreement(logits, theirs, labels)
            hard, soft, ratio = losses
            values |= {"hard_loss": hard.mean(-1), "soft_loss": soft.mean(-1), "gradient_ratio": ratio}
        return {name: self._marked(values.get(name)) for name in SCALARS}

    def _marked(self, values: Tensor | None) -> Array:
        """As float32, NaN where it was not measured or where an arm was stopped."""
        if values is None:
            return np.full(self.cohort.leading, np.nan, dtype=np.float32)
        stopped = self.cohort.stopped.view(-1, *[1] * (values.ndim - 1))
        return _array(torch.where(stopped, float("nan"), values))

    def _train_accuracy(self) -> Tensor:
        """Share of the heard labels that are learnt, on at most the first 256 examples of each seed."""
        heard = self.cohort.prepared.transfer_set
        parts = []
        for ids in heard.ids[:, :HEARD_LIMIT].split(self._chunk, 1):
            inputs = self.dataset.inputs[ids].to(self.cohort.dtype)
            spread = inputs.expand(len(self.cohort.arms), *inputs.shape).flatten(0, 1)
            parts.append(self.cohort.opinions(spread, shared=False).logits)
        logits = torch.cat(parts, 2)
        return task.accuracy(logits, heard.labels[:, :HEARD_LIMIT])

    def weighing(self, step: int) -> Losses:
        """What the batch of this step says to each student before it moves.

        Returns the per-example losses before their weights, hard and soft `[arm, seed, example]`, and the ratio of
        the norms of their gradients at the logits, weights included, soft : hard `[arm, seed]`; NaN where the soft
        part does not speak through the logits.
        """
        cohort = self.cohort
        batch = cohort.batch(step, step / max(1, cohort.prepared.steps))
        with torch.enable_grad():
            signal = cohort.answer(batch)
            logits = signal.logits.detach().requires_grad_()
            signal = Signal(logits, signal.features, signal.input_gradient)
            hard = task.supervised_loss(cohort.said(signal), cohort.labels(batch))
            soft = torch.zeros_like(hard)
            pull = torch.zeros(cohort.leading, dtype=hard.dtype)
            for group, terms in cohort.terms(signal, batch):
                if terms:
                    together = torch.stack([term.expand(soft[group.arms].shape) for term in terms.values()]).sum(0)
                    soft = soft.index_add(0, torch.tensor(group.arms), together)
                    pull = pull.index_add(0, torch.tensor(group.arms), total(terms).expand(len(group.arms), -1))
            hard_norm = cohort.hard_weight[:, None] * _norm(hard.mean(-1).sum(), logits)
            soft_norm = cohort.weight[:, None] * _norm(pull.sum(), logits)
        return hard.detach(), soft.detach(), soft_norm / hard_norm

    def _shown(self, logits: Tensor, test: Tensor, step: int, losses: Losses) -> Shown:
        """What is drawn of the shown seed's students."""
        scene, place = self.scene, self.cohort.seeds.index(self.shown_seed)

        def answers(inputs: Tensor) -> Signal:
            return self.cohort.opinions(inputs.to(self.cohort.dtype), seed=place)

        rows = scene.rows_shown(self.shown_seed)
        signal = answers(self.dataset.inputs[scene.ids[rows]])
        features = signal.penultimate if signal.features else signal.logits
        probes = features[:, : len(scene.probe_rows)].float()
        overlaid = scene.space.overlay(torch.where(probes.isfinite(), probes, 0.0))
        hard, soft, _ = losses
        batch_ids = self.cohort.prepared.transfer_set.batch(step)[0][place]
        on_stage, batch_rows = scene.places_of(batch_ids)
        labels = self.dataset.labels[test]
        return Shown(
            seed=self.shown_seed,
            rows=rows.int().numpy(),
            logits=_array(signal.logits.contiguous()),
            features=overlaid.half().numpy(),
            similarity=_array(measures.class_similarity(logits[:, place], labels)),
            batch_rows=batch_rows.int().numpy(),
            batch_hard=_array(hard[:, place, on_stage]),
            batch_soft=_array(soft[:, place, on_stage]),
            surface=None if scene.grid is None else answers(scene.grid).logits.contiguous().half().numpy(),
        )


def _norm(loss: Tensor, logits: Tensor) -> Tensor:
    """Norm over batch and classes of the gradient at the logits, `[arm, seed]`; NaN where there is no path."""
    if not loss.requires_grad:
        return torch.full(logits.shape[:2], float("nan"), dtype=logits.dtype)
    gradient: Any = torch.autograd.grad(loss, logits, allow_unused=True, retain_graph=True)[0]
    return torch.full(logits.shape[:2], float("nan")) if gradient is None else gradient.norm(dim=(-2, -1))


def _array(values: Tensor) -> Array:
    """A copy: the cohort changes its own tensors in place, a frame stays what it was."""
    return values.detach().float().clone().numpy()
