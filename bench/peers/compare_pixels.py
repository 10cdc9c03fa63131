#!/usr/bin/env python3
"""bench/peers/compare_pixels.py -- networks that see pictures: relreason's and PyTorch's in turn, and what else works on pictures; cpu_pixels.md.

Usage: python3 bench/peers/compare_pixels.py --ours build/release/bench --out docs/results [--minutes M] [--quick] [--once] [--no-peers]
       (scripts/bench.sh --pictures builds everything and calls it)

bench_rn_pixels speaks the protocol told in compare.py, and the method is the same. CASE is one of these, with _bf16 for bf16 operands; the first
three then with @B for batches of B:
    pixels           a whole training step of RN: bytes in, CNN with batch norm on the batch's statistics, LSTM over 20 words, g on all 4,096 pairs,
                     f with dropout, cross-entropy, backward, clipping to norm 50, Adam (rate 5e-6, L2 1e-4). check: without dropout and update,
                     without the gradients of biases before batch norm, which are rounding errors. In bf16 ours may be as far from PyTorch's
                     gradients in fp32 as PyTorch's own with autocast are: batch norm of few maps takes rounding far
    pixels_predict   log-probabilities of one question about one picture
    features         64 pictures: mean over pairs of what the first two layers of 2S-RN's g make of them, normalized; check: "features"
    ten_questions    ten questions about one picture, by 2S-RN, which sees the picture once (models::from_pixels::by_picture)
    ten_single       the same, each question with the picture, one after the other
The peers' requests stand in pytorch_pixels.py; workload_pixels.py writes what both sides take in.
"""
import json
import time

import cases
import own
import report_pixels
import rounds
import start
from session import Session, Suite

try:
    import workload_pixels   # needs numpy and safetensors
except ImportError:
    workload_pixels = None

# As in cases.py. usual: the form that people write. likely: the one to try first. frozen counts: nothing learns, so compiled-in weights are fair.
# must: None where nothing was asked for.
CASES = {
    "pixels": {"title": "RN pixels, whole training step, batch 64", "must": 2.8, "aim": 3.3, "steps": 1},
    "pixels_bf16": {"title": "RN pixels, whole training step, in bf16", "must": 1.4, "aim": 1.7, "steps": 1, "as peer": True},
    "pixels_predict": {"title": "RN pixels, prediction from one picture, batch 1", "must": 3.0, "aim": 4.0, "steps": 25, "frozen counts": True},
    "ten_questions": {"title": "2S-RN, ten questions about one picture", "must": None, "aim": None, "steps": 5, "usual": "single-literal",
                      "likely": "shared-factored", "frozen counts": True},
    "features": {"title": "2S-RN, features of 64 pictures", "must": None, "aim": None, "steps": 1, "frozen counts": True},
}
WEIGHTS = {"pixels": 6, "pixels_bf16": 4, "pixels_predict": 3, "ten_questions": 3, "features": 2, "own": 2}
MEMORY_BATCHES = [64, 640]
# What else is told on the page: (program, arguments, those of --once). "threads" stands for their number.
PROGRAMS = [("bench_search", ["15000", "512", "1000", "100", "9", "0"], ["2000", "64", "100", "10", "2", "0"]),
            ("bench_ged", [], ["64"]),
            ("bench_render", ["96", "threads"], ["8", "threads"]), ("bench_images", [], []), ("bench_cnn", ["threads"], ["threads"])]


def modes(session, case):
    """Every way to run the peer, likely ones first; see screening.modes."""
    base, kind, usual = cases.base_of(case), cases.type_of(case), session.cases[case]
    likely, literal = usual.get("likely", "factored"), usual.get("usual", "literal")
    many = ["shared-", "batch-", "single-"] if base == "ten_questions" else [""]
    forms = [likely] + [name + form for name in many for form in ("factored", "literal") if name + form != likely]
    engines = session.options.engines + (["compile-frozen"] if base != "pixels" else [])
    keys = [f"{form}:{engine}{last} | {allocator}" for allocator in ("tuned", "default") for form in forms for engine in engines
            for last in ("", "-last")]
    first = [f"{likely}:eager | tuned", f"{literal}:eager | default"]
    if session.options.quick:
        keys = first
    else:
        first += [f"{likely}:{engine} | tuned" for engine in ("compile", "eager-last")]
    first = [key for key in first if key in keys]
    keys = first + [key for key in keys if key not in first]
    return {key.replace(" |", f":{kind} |"): key not in first for key in keys}


SUITE = Suite("bench_rn_pixels", "pytorch_pixels.py", CASES, WEIGHTS, modes,
              lambda case, folder: workload_pixels.least_gflop(case, folder) if workload_pixels else None)


def ten_in_turn(session, deadline):
    """Ten questions about one picture: each with the picture, and the picture seen once."""
    ours, found, number = session.ours(), {"ten_single": [], "ten_questions": [], "error": None}, 0
    requests = {case: f"{case} {session.cases['ten_questions']['steps']}" for case in ("ten_single", "ten_questions")}
    for request in requests.values():   # warms up
        found["error"] = found["error"] or session.timed(ours, request)[1]
    while not found["error"] and not session.enough(number, deadline):
        for case, request in requests.items():
            ms, error = session.timed(ours, request)
            found[case].append(ms)
            found["error"] = found["error"] or error
        number += 1
    ours.close()
    work = [session.suite.least_gflop(case, session.data) for case in requests]
    found["least_work"] = work[0] / work[1] if all(work) else None
    session.say(f"ten questions: {found}")
    return found


def against_itself(session):
    _, deadline = session.deadlines("own")
    middle = None if deadline is None else (time.monotonic() + deadline) / 2
    sizes = start.by_haste(session.options, [2, 4], MEMORY_BATCHES, MEMORY_BATCHES)
    trained = [case for case in ("pixels", "pixels_bf16") if case in session.options.cases]
    memory = {case: [own.one_batch(session, case, batch, 1, 0) for batch in sizes] for case in trained}
    return {"ten": ten_in_turn(session, middle), "memory": memory}


def run(session):
    options = session.options
    if workload_pixels:
        workload_pixels.write(session.data)
    result = {**start.opening(session, "bench/peers/compare_pixels.py"), "own": {}, "programs": []}
    if options.ours:
        result["ceilings"], result["ours"] = own.ceilings(session)
        for name, usual, once in PROGRAMS:
            arguments = [str(options.threads) if word == "threads" else word for word in (once if options.once else usual)]
            result["programs"].append(own.printed(session, name, *arguments))
        if not options.no_peers:
            result["programs"].append(own.search_in_turn(session))
    for case in options.cases:
        result["cases"][case] = rounds.run_case(session, case)
        save(session, result)
    if options.ours and not options.no_own:
        result["own"] = against_itself(session)
    save(session, result)


def save(session, result):
    result["load"] = session.load.summary()
    out = session.options.out
    out.mkdir(parents=True, exist_ok=True)
    (out / "cpu_pixels.json").write_text(json.dumps(result, indent=1) + "\n")
    (out / "cpu_pixels.md").write_text(report_pixels.text(result))


if __name__ == "__main__":
    run(Session(start.checked(start.parser(__doc__, CASES), SUITE, workload_pixels), SUITE))
