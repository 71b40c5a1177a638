"""Every term on screen in one sentence, from `assets/glossary.toml`."""

import tomllib
from functools import lru_cache

from kdcore.folders import ASSETS
from kdcore.parts import Plain

FILE = ASSETS / "glossary.toml"


class Term(Plain):
    """A term, its sentence, and the other words under which it stands on screen."""

    term: str
    sentence: str
    also: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def terms() -> dict[str, Term]:
    """All terms by their name, in the order of the alphabet."""
    given = tomllib.loads(FILE.read_text(encoding="utf-8"))["terms"]
    return {term.term: term for term in sorted((Term(**entry) for entry in given), key=lambda t: t.term.casefold())}


@lru_cache(maxsize=1)
def words() -> dict[str, Term]:
    """The term for every word that is explained, other words included, in small letters."""
    return {word.casefold(): term for term in terms().values() for word in (term.term, *term.also)}


def find(word: str) -> Term | None:
    """The term that explains a word as it stands on screen, whatever its letters; None where none does."""
    return words().get(word.strip().casefold())
