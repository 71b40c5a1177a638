"""Ninety minutes of class: what happens when, with which lesson."""

from dataclasses import dataclass

MINUTES = 90


@dataclass(frozen=True)
class Part:
    """A part of the class. `lesson`: the name of its file, None for what needs none; `how`: what to do, in Markdown."""

    minutes: int
    title: str
    how: str
    lesson: str | None = None


PLAN = (
    Part(
        8,
        "Arrive",
        "Open a class on the Lab and put its QR code on the wall. While phones come in, let the recorded run play: two "
        "curves, one question. Why is one higher? Take guesses, answer nothing.",
    ),
    Part(
        14,
        "The effect",
        "Let everybody vote before Train is pressed. After the first step the gap is there; the second and third step "
        "take away, one by one, the explanations that are too cheap.",
        "thirty_pictures",
    ),
    Part(
        12,
        "Doubt it",
        "Ask who would publish this curve. Then let seeds and splits answer, and keep the rule that the class finds "
        "for the rest of the hour.",
        "is_it_luck",
    ),
    Part(
        12,
        "The knob",
        "Drag the temperature slowly in front of all, before anything is trained, and read two pictures aloud. Then "
        "the vote.",
        "temperature",
    ),
    Part(
        12,
        "What it is not",
        "The null students are the heart of the argument. Let somebody from the class explain in one sentence what "
        "each of them hears.",
        "softness_or_knowledge",
    ),
    Part(
        14,
        "The surprise",
        "Nobody believes it before it is on screen, so take the votes slowly. Afterwards draw a 3 on the page “Dark "
        "knowledge” and ask every student what it is.",
        "never_seen",
    ),
    Part(
        10,
        "The warning",
        "A student believes its teacher in everything, mistakes too. Good for the question where this matters outside "
        "of this room.",
        "two_teachers",
    ),
    Part(
        8,
        "Close",
        "One sentence from everybody: what did you believe an hour ago that you believe no more? Hand out the link to "
        "the remaining lessons and the handouts of today’s runs.",
    ),
)
