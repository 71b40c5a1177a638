"""How fast a run is shown. Pace is time between real steps; it never changes what they do."""

import math

# Seconds for a whole run, except "step": one second for every step.
PACES: dict[str, float] = {"step": 1.0, "slow": 60.0, "watch": 20.0, "quick": 6.0, "full": 0.0}

# Steps at this scale take equal times; later ones go faster, since most of the story is over by then.
EARLY_STEPS = 10


def seconds_per_step(pace: str, step: int, steps: int) -> float:
    """Seconds from the beginning of `step` (0-based) to the next, so that time is logarithmic in steps.

    Summed over all steps of a run this is about `PACES[pace]`. KeyError for a pace that is not there.
    """
    seconds = PACES[pace]
    if pace == "step" or seconds == 0:
        return seconds
    return seconds / (math.log1p(steps / EARLY_STEPS) * (EARLY_STEPS + step))
