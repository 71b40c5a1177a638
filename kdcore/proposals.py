"""Which values a search tries next, and which knobs matter: Optuna and SciPy, asked anew from the trials so far."""

import hashlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kdcore.frame import Array
from kdcore.searching import By, Search, Trial

if TYPE_CHECKING:
    import optuna

FEWEST_FOR_IMPORTANCE = 8


def propose(search: Search, trials: Sequence[Trial], by: By, first: int, count: int) -> list[dict[str, float]]:
    """The values of the next trials, `first` being the next one's number. The same question gets the same answer."""
    sampler = search.sampler if by == "search" else "random"
    if sampler == "tpe":
        return _by_tpe(search, [trial for trial in trials if trial.by == by], first, count)
    shares = _sobol(search, first, count) if sampler == "qmc" else _uniform(search, by, first, count)
    return [{d.knob: d.at(share) for d, share in zip(search.space, point, strict=True)} for point in shares]


def _uniform(search: Search, by: By, first: int, count: int) -> Array:
    draws = [
        np.random.default_rng(_seed(search, by, first + place)).random(len(search.space)) for place in range(count)
    ]
    return np.array(draws).reshape(count, len(search.space))


def _sobol(search: Search, first: int, count: int) -> Array:
    from scipy.stats.qmc import Sobol

    points = Sobol(len(search.space), rng=_seed(search, "qmc")).random_base2(math.ceil(math.log2(first + count + 1)))
    return np.asarray(points[first : first + count])


def _by_tpe(search: Search, trials: Sequence[Trial], first: int, count: int) -> list[dict[str, float]]:
    """Tree-structured Parzen estimator (Bergstra et al. 2011), Optuna's: it is told everything anew, then asked."""
    import optuna

    sampler = optuna.samplers.TPESampler(seed=_seed(search, "tpe", first) % 2**32)
    study = _study(search, trials, sampler)
    spread = {d.knob: optuna.distributions.FloatDistribution(d.low, d.high, log=d.log) for d in search.space}
    asked = [study.ask(dict(spread)) for _ in range(count)]
    return [{d.knob: d.rounded(trial.params[d.knob]) for d in search.space} for trial in asked]


def _study(
    search: Search, trials: Sequence[Trial], sampler: "optuna.samplers.BaseSampler | None" = None
) -> "optuna.Study":
    """The ended trials as a study of Optuna's, in memory; a trial whose run failed says nothing and is left out."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    spread = {d.knob: optuna.distributions.FloatDistribution(d.low, d.high, log=d.log) for d in search.space}
    step = search.screening_step or 0
    for trial in sorted(trials, key=lambda trial: (trial.by, trial.number)):
        done = trial.state == "done"
        if not done and trial.state != "pruned" and not trial.diverged:
            continue
        told = optuna.trial.create_trial(
            state=optuna.trial.TrialState.COMPLETE if done else optuna.trial.TrialState.PRUNED,
            value=trial.value,
            params=dict(trial.parameters),
            distributions=dict(spread),
            intermediate_values={} if trial.early is None else {step: trial.early},
        )
        study.add_trial(told)
    return study


def _seed(search: Search, *key: str | int) -> int:
    digest = hashlib.blake2b(repr((search.seed, *key)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def importance(search: Search, trials: Sequence[Trial]) -> dict[str, float] | None:
    """Which share of the variation of the value each knob accounts for, the rest belonging to their interplay being
    shared out (fANOVA, Hutter et al. 2014, by Optuna). None under 8 finished trials or where all values are equal."""
    import optuna

    done = [trial for trial in trials if trial.state == "done"]
    if len(done) < FEWEST_FOR_IMPORTANCE or len({trial.value for trial in done}) == 1:
        return None
    # Deeper and more trees say the same within a few percent, and take ten times as long.
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0, n_trees=16, max_depth=8)
    shares = optuna.importance.get_param_importances(_study(search, done), evaluator=evaluator)
    return {knob: float(share) for knob, share in shares.items()}
