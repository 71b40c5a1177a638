"""Make what ships: the default teacher, the pad's, the recordings of the default experiment, plane and race.

Run `python scripts/make_assets.py` after a change of the engine that changes its numbers; all come from real training
on one thread. A test trains the same experiment and compares.
"""

import os
import tempfile
import time

import torch

from kdcore import Experiment, pad, plane_recording, race_recording, teachers
from kdcore.folders import ASSETS
from kdcore.planes import Plane
from kdcore.racing import Race
from kdcore.runs import open_log, recording, weights
from kdcore.runs.summary import summary, versions
from kdcore.training import Training

RECORDING = ASSETS / "thirty_pictures.dklab"
PLANE = ASSETS / "plane.dkplane"
RACE = ASSETS / "race.dkrace"
PICTURES = 40


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DKLAB_HOME"] = folder
        experiment = Experiment()
        for kept in (ASSETS / "teachers").glob("*.safetensors"):
            kept.unlink()
        for whose, taught in {"teacher": experiment, "teacher of the pad": pad.PAD}.items():
            *_, frame = teachers.train(taught, keep=ASSETS / "teachers")
            print(f"{whose}: {frame.accuracy['hard'].mean():.1%} on test after {frame.step} steps")
        record(experiment)
        record_plane(Plane())
        record_race(Race())


def record(experiment: Experiment) -> None:
    """Train the experiment and write it to the recording that ships."""
    log = open_log()
    run_id = log.create(experiment, owner="", name="Thirty pictures", recorded=True)
    log.claim(run_id, "recorder", versions())
    started, training = time.perf_counter(), Training(experiment)
    log.set_stage(run_id, training.stage())
    for frame in training:
        log.append(run_id, frame)
    weights.save(log.folder, run_id, training.step, training.state())
    log.set_state(run_id, "finished", summary=summary(frame, time.perf_counter() - started))
    recording.save(log, run_id, RECORDING, most_keyframes=PICTURES)
    print(
        f"recording: {RECORDING.stat().st_size / 1e6:.1f} MB; "
        + ", ".join(f"{arm} {frame.accuracy[arm].mean():.1%}" for arm in frame.arms)
    )


def record_plane(plane: Plane) -> None:
    """Train all its cells and write them to the recording that ships."""
    plane_recording.save(PLANE, plane, [list(Training(shard)) for shard in plane.shards()])
    print(f"plane: {PLANE.stat().st_size / 1e3:.0f} kB; {plane.students} students")


def record_race(race: Race) -> None:
    """Train all who run in it and write how it ended to the recording that ships."""
    experiment = race.experiment()
    *_, last = Training(experiment)
    race_recording.save(RACE, experiment, last)
    print(f"race: {RACE.stat().st_size / 1e3:.0f} kB; {len(experiment.arms)} arms")


if __name__ == "__main__":
    main()
