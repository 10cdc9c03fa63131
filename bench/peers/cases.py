"""bench/peers/cases.py -- what compare.py measures, and how much of its time each part gets."""

# must and aim: the fastest peer's time over ours. steps: timed steps of one round, whose median counts.
CASES = {
    "core": {"title": "RN core, 64 objects of 26, g 4 x 256, batch 64, forward and backward", "must": 2.3, "aim": 2.7, "steps": 1},
    "state": {"title": "RN state, whole training step, batch 640", "must": 5.0, "aim": 6.5, "steps": 1},
    "predict": {"title": "RN state, prediction, 6 objects, batch 1", "must": 2.0, "aim": 3.5, "steps": 200},
    "core_bf16": {"title": "RN core in bf16", "must": 1.4, "aim": 1.7, "steps": 1},
    "state_bf16": {"title": "RN state, whole training step, in bf16", "must": 2.4, "aim": 3.2, "steps": 1},
}
BATCHES = {"core": [64, 160, 640, 2560], "state": [64, 160, 640, 2560]}
QUICK_BATCHES = {"core": [64, 160], "state": [64, 640, 2560]}
# Share of the time that a case gets, and what comes after the cases.
WEIGHTS = {"core": 4, "state": 5, "predict": 2, "core_bf16": 3, "state_bf16": 4, "own": 6}
NO_TIME = "left out: no time"


def base_of(case):
    """The case without the type of its operands."""
    return case.removesuffix("_bf16")


def type_of(case):
    return "bf16" if case.endswith("_bf16") else "f32"
