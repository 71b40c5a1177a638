"""What a step of each method costs beside plain distillation: 16 students at once, CNN 4-8 on digits, one thread.

All methods take a few steps in turn, and the time is that of the processor, which other work hardly touches. The page
"Methods" shows the same figures, measured by the same code on the machine it runs on.
"""

from bench.measuring import line
from kdcore import costs, gallery, methods


def main() -> None:
    measured = costs.measure(methods.names(), within=240)
    plain = measured[costs.PLAIN]
    line("16 students, plain distillation: milliseconds per step", f"{plain.milliseconds:.1f}", "-")
    for entry in gallery.entries():
        if entry.method is None or entry.name == costs.PLAIN:
            continue
        if entry.name not in measured:
            line(f"{entry.name}: cannot work on this pair", "-", "-")
            continue
        cost, wanted = measured[entry.name], costs.target(entry.name)
        line(
            f"{entry.name} / plain distillation",
            f"{cost.times:.2f}x",
            f"{wanted:g}x" if wanted else "-",
            f"{cost.low:.2f} to {cost.high:.2f}",
        )
