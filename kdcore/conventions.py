"""The same loss under other people's alpha: where "alpha 0.5, T 4" of another code base lies on our plane.

Ours: (1 - alpha) CE + alpha T^2 KL, the KL summed over classes. Published code differs in three ways: it leaves T^2
out, it takes the mean over classes (PyTorch's `kl_div` with reduction "mean"), or its alpha weighs the labels. With
some alpha of ours each of them is our loss times one number; Adam and its kin do not feel such a factor, SGD takes it
for another learning rate.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Convention:
    """How somebody writes the loss. label: in words; formula: as it is written there."""

    name: str
    label: str
    formula: str
    t_squared: bool = True
    mean_over_classes: bool = False
    alpha_on_labels: bool = False

    def soft(self, temperature: float, classes: int) -> float:
        """What their soft term is multiplied with beside alpha: KL summed over classes counts as 1."""
        factor = temperature**2 if self.t_squared else 1.0
        return factor / classes if self.mean_over_classes else factor

    def weights(self, alpha: float, temperature: float, classes: int) -> tuple[float, float]:
        """The weights of CE and of KL (summed over classes) under their alpha. ValueError outside of [0, 1]."""
        _check(alpha, temperature, classes)
        heard = 1 - alpha if self.alpha_on_labels else alpha
        return 1 - heard, heard * self.soft(temperature, classes)

    def ours(self, alpha: float, temperature: float, classes: int) -> float:
        """Our alpha where theirs is `alpha`: the same proportion of CE to KL."""
        hard, soft = self.weights(alpha, temperature, classes)
        return soft / (soft + hard * temperature**2)

    def theirs(self, alpha: float, temperature: float, classes: int) -> float:
        """Their alpha where ours is `alpha`; `ours` takes it back."""
        _check(alpha, temperature, classes)
        hard = (1 - alpha) * self.soft(temperature, classes)
        soft = alpha * temperature**2
        heard = soft / (soft + hard)
        return 1 - heard if self.alpha_on_labels else heard

    def factor(self, alpha: float, temperature: float, classes: int) -> float:
        """Their loss divided by ours at the same place; `alpha` is theirs."""
        hard, soft = self.weights(alpha, temperature, classes)
        return hard + soft / temperature**2


CONVENTIONS = (
    Convention("ours", "ours", "(1 − α) CE + α T² KL"),
    Convention("no_t_squared", "without T²", "(1 − α) CE + α KL", t_squared=False),
    Convention("class_mean", "mean over classes", "(1 − α) CE + α T² KL / C", mean_over_classes=True),
    Convention(
        "class_mean_no_t_squared",
        "mean over classes, without T²",
        "(1 − α) CE + α KL / C",
        t_squared=False,
        mean_over_classes=True,
    ),
    Convention("reversed", "alpha on the labels", "α CE + (1 − α) T² KL", alpha_on_labels=True),
    Convention(
        "reversed_no_t_squared",
        "alpha on the labels, without T²",
        "α CE + (1 − α) KL",
        t_squared=False,
        alpha_on_labels=True,
    ),
)
BY_NAME = {convention.name: convention for convention in CONVENTIONS}


def _check(alpha: float, temperature: float, classes: int) -> None:
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must lie in [0, 1]; got {alpha!r}")
    if not 0 < temperature < float("inf"):
        raise ValueError(f"a temperature must be above 0; got {temperature!r}")
    if classes < 2:
        raise ValueError(f"there must be at least two classes; got {classes}")
