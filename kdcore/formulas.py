"""The loss of a method in LaTeX: weights from its declaration, terms as people wrote them, letters explained."""

import re
from collections.abc import Iterable, Mapping

from kdcore.methods import Method
from kdcore.methods.declaration import LAYERS

LONGEST = 140
"""So many letters of LaTeX fit in one line."""


def loss(method: Method, terms: Iterable[str]) -> str:
    """The loss of an arm with the weights it has by default: "L = 0.1 CE + 0.9 soft"."""
    names = list(terms)
    hard = f"{_factor(method.hard_weight)}\\mathrm{{CE}}(y, q_1)" if method.hard_weight else ""
    together = " + ".join(spoken_term(term) for term in names)
    if len(names) > 1 and method.weight != 1:
        together = f"\\left({together}\\right)"
    soft = f"{_factor(method.weight)}{together}" if names and method.weight else ""
    return "L = " + (" + ".join(part for part in (hard, soft) if part) or "0")


def spoken_term(term: str) -> str:
    """A term's name as it stands in formulas."""
    return "\\text{" + term.replace("_", r"\_") + "}"


def _factor(weight: float) -> str:
    return "" if weight == 1 else f"{weight:g}\\,"


def aligned(whole: str, formula: Mapping[str, str]) -> str:
    """A loss, "L = ...", and its terms as one block, the signs of equality below each other; long lines are broken."""
    rows = [whole.replace("L =", "L &=", 1)]
    for term, written in formula.items():
        first, *others = _parts(written)
        rows += [f"{spoken_term(term)} &= {first}", *(f"& {part}" for part in others)]
    return r"\begin{aligned}" + r" \\[4pt] ".join(rows) + r"\end{aligned}"


def _parts(written: str) -> list[str]:
    """A formula too long for a line, broken before the definitions that follow it after a wide space."""
    parts, depth, begin = [], 0, 0
    if len(written) <= LONGEST:
        return [written]
    for found in re.finditer(r"[{}]|\\left\b|\\right\b|\\q?quad\s", written):
        depth += {"{": 1, "}": -1, "\\left": 1, "\\right": -1}.get(found[0], 0)
        if "quad" in found[0] and depth == 0:
            parts.append(written[begin : found.start()].strip())
            begin = found.end()
    return [*parts, written[begin:].strip()]


def notation(method: Method, formula: Mapping[str, str]) -> str:
    """What the letters mean that stand in the loss of a method, as a sentence in Markdown."""
    written = " ".join(formula.values())
    letters = set(re.findall(r"[A-Za-z]", re.sub(r"\\text\{[^}]*\}|\\[A-Za-z]+", " ", written)))
    answers = "logits" in method.needs or not method.hears_teacher
    said = []
    if "z" in letters and answers:
        said.append("$z$: logits of teacher ($T$) and student ($S$)")
    if "p" in letters and answers:
        said.append("$p$ and $q$: soft labels of teacher and student at temperature $T$, $p_1$ and $q_1$ at 1")
    elif "q_k" in written:
        said.append("$q$: soft labels of the student at temperature $T$, $q_1$ at 1")
    else:
        said.append("$q_1$: the soft labels of the student at temperature 1")
    said.append("$y$: the label")
    if re.search(r"K(?![\^_])", written) and answers:
        said.append("$K$: the number of classes")
    if r"\hat" in written:
        said.append("a hat: among the wrong classes alone")
    if "f" in letters and LAYERS & set(method.needs):
        said.append("$f$: layers of teacher ($T$) and student ($S$)")
    if "r" in letters and method.side and "r = " not in written:
        said.append("$r$: what a trained piece makes of a layer")
    if "B" in letters:
        said.append("$B$: the size of a batch")
    if "s" in letters and "progress" in method.supplied:
        said.append("$s$: the share of the training that is over")
    return f"{'; '.join(said)}."
