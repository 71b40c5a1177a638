"""The glossary: every term on screen, in one sentence."""

import streamlit as st

from app.glossary import Term, terms


def main() -> None:
    """A field to search in, and all terms in the order of the alphabet, in two columns."""
    st.markdown("### Glossary")
    sought = st.text_input("Find a term", placeholder="temperature, logits, seed …", width=420).strip().casefold()
    found = [term for term in terms().values() if _holds(term, sought)]
    st.caption(f"{len(found)} of {len(terms())} terms" if sought else f"{len(terms())} terms")
    middle = (len(found) + 1) // 2
    for column, part in zip(st.columns(2, gap="large"), (found[:middle], found[middle:]), strict=True):
        with column:
            for term in part:
                st.markdown(_entry(term))
    if not found:
        st.markdown("No term holds these letters.")


def _holds(term: Term, sought: str) -> bool:
    return any(sought in text.casefold() for text in (term.term, term.sentence, *term.also))


def _entry(term: Term) -> str:
    """The term with the other words that a person may read; plurals and names from the program are left out."""
    others = [word for word in term.also if "_" not in word and word.rstrip("es") != term.term.rstrip("es")]
    beside = f" *also {', '.join(others)}*" if others else ""
    return f"**{term.term}**{beside}  \n{term.sentence}"


main()
