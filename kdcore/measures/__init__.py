"""What is measured of a cohort: functions of logits `[..., example, class]`, one file a question."""

from kdcore.measures.accuracy import accuracy, per_class_accuracy, ties
from kdcore.measures.calibration import expected_calibration_error
from kdcore.measures.fidelity import agreement, wrong_class_agreement
from kdcore.measures.similarity import class_similarity

__all__ = [
    "accuracy",
    "agreement",
    "class_similarity",
    "expected_calibration_error",
    "per_class_accuracy",
    "ties",
    "wrong_class_agreement",
]
