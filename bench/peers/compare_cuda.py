#!/usr/bin/env python3
"""bench/peers/compare_cuda.py -- bench_cuda_rn and PyTorch on one GPU in turn, round by round; writes gpu_rn.md and gpu_rn.json.

Usage: python3 bench/peers/compare_cuda.py --ours build/release/bench/bench_cuda_rn --out docs/results [--rounds N] [--seconds S] [--cases A,B]
       Without PyTorch, or without a GPU that both sides find, it says so in one line, writes nothing, and ends with 1.

A round runs ours once (a process of its own: warm-up, then 50 steps by the clock and 50 replays of the step's graph between events), then every way
to run PyTorch (one process a case, kept: pytorch_rn.py --device cuda). Both sides copy every batch from the host; ours waits after every step,
PyTorch after ten, but both for every prediction. A ratio is PyTorch's time of a whole step over ours in one round. strict fp32 meets strict fp32,
TF32 meets TF32, bf16 meets bf16 autocast. eager and compile are the faster of the literal and the factored form; compile has CUDA graphs.
"""
import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import agreement
import report
from machine import machine
from programs import Server
from session import HERE, workload

STATE = {"eager": (8, 12), "compile": (2, 2.5)}
# title; must and aim: PyTorch's time over ours, by engine; forward: our case whose share of the ceiling counts, must and aim.
CASES = {
    "core_bf16": {"title": "RN core, 64 objects, batch 64, bf16, forward and backward", "against": {"compile": (2, 2.4)},
                  "forward": ("core_forward_bf16", 0.45, 0.55)},
    "state": {"title": "RN state, whole step, batch 640, strict fp32", "against": STATE},
    "state_tf32": {"title": "RN state, whole step, batch 640, TF32", "against": STATE},
    "state_bf16": {"title": "RN state, whole step, batch 640, bf16", "against": STATE},
    "predict": {"title": "RN state, prediction, 6 objects, batch 1, strict fp32", "against": {"eager": (5, 8)}},
}
ENGINES = {"eager": "eager", "compile": "compile-graphs"}
FORMS = ("literal", "factored")
FEWEST_ROUNDS = 3


def missing():
    """Why nothing can be compared here, or None."""
    try:
        import torch
    except ImportError as error:
        return f"PyTorch is missing ({error})"
    if not workload:
        return "numpy or safetensors is missing"
    return None if torch.cuda.is_available() else "PyTorch finds no GPU"


def say(text):
    print(f"[{datetime.datetime.now():%H:%M:%S}] {text}", file=sys.stderr, flush=True)


def ours(options, case):
    """Our row of one round, or {"error": ...}."""
    command = [str(options.ours), "--case", case, "--rounds", "1", "--json", "-", "--data", str(options.data)]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        found = json.loads(done.stdout)
        return {**found["rows"][0], "device": found["device"]}   # a status of 1 then means allocations, which have a row of their own
    except (json.JSONDecodeError, IndexError, KeyError):
        return {"error": (done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}").splitlines()[0]}


class Peer:
    """PyTorch on the GPU, in a process of its own."""

    def __init__(self, options):
        command = [sys.executable, str(HERE / "pytorch_rn.py"), "--data", str(options.data), "--device", "cuda"]
        cache = {"TORCHINDUCTOR_CACHE_DIR": str((options.data / "inductor").absolute())}
        self.server = Server(command, cache, sorted(os.sched_getaffinity(0)))

    def ask(self, request):
        return self.server.ask(request)

    def time(self, case, mode):
        answer = self.ask(f"run {base_of(case)} {mode} {50 if base_of(case) == 'predict' else 5} 12")
        return (statistics.median(answer["ms"]), None) if answer.get("ms") else (None, answer.get("error", "no times"))


def base_of(case):
    return case.split("_")[0]


def type_of(case):
    return case.split("_")[1] if "_" in case else "f32"


def check(case, mine, peer):
    """Both sides at the first weights, as rounds.py checks them; state is checked by its predictions."""
    if base_of(case) == "state":
        return {"note": "its network is checked by the predictions"}
    if "error" in mine:
        return {"note": f"not checked: {mine['error']}"}
    theirs = peer.ask(f"check {base_of(case)} literal:eager:f32")
    if base_of(case) == "predict":
        if "log_probabilities" not in theirs:
            return {"note": f"not checked: PyTorch says {theirs.get('error')}"}
        return agreement.predictions(mine, theirs)
    if set(theirs.get("norms", {})) != set(mine["norms"]):
        return {"note": f"not checked: tensors differ, or PyTorch says {theirs.get('error')}"}
    return agreement.gradients(mine, theirs, 1e-3 if type_of(case) == "f32" else 2e-2)


def run_case(case, options, deadline):
    engines = [engine for engine in ENGINES if engine in CASES[case]["against"]]
    modes = {f"{form}, {engine}": f"{form}:{ENGINES[engine]}:{type_of(case)}" for engine in engines for form in FORMS}
    entry = {"title": CASES[case]["title"], "ours": [], "forward": [], "modes": {name: {"ms": [], "error": None} for name in modes}}
    peer = Peer(options)
    try:
        entry["check"] = check(case, ours(options, case), peer)
        for name, mode in modes.items():
            _, entry["modes"][name]["error"] = peer.time(case, mode)   # compiles and warms up
        for number in range(options.rounds):
            if number >= FEWEST_ROUNDS and time.monotonic() > deadline:
                break
            entry["ours"].append(ours(options, case))
            if "forward" in CASES[case]:
                entry["forward"].append(ours(options, CASES[case]["forward"][0]))
            for name, mode in modes.items():
                times = entry["modes"][name]
                ms, times["error"] = (None, times["error"]) if times["error"] else peer.time(case, mode)
                times["ms"].append(ms)
            told = ", ".join(f"{name} {report.number(times['ms'][-1])}" for name, times in entry["modes"].items())
            say(f"{case} round {number + 1}, ms: relreason {report.number(step_ms(entry)[-1])}, {told}")
    finally:
        peer.server.close()
    return entry


# ---- the page
def step_ms(entry):
    return [None if "error" in row else statistics.median(row["step_ms"]) for row in entry["ours"]]


def fastest(entry, engine):
    """(name, milliseconds by round) of the faster form of an engine, or (None, [])."""
    known = {name: times["ms"] for name, times in entry["modes"].items() if name.endswith(engine) and report.median(times["ms"])}
    name = min(known, key=lambda key: report.median(known[key]), default=None)
    return name, known.get(name, [])


def verdict(entry, good, aim):
    return "NO: results disagree" if entry["check"].get("agree") is False else report.reached(good, aim)


def target_rows(result):
    for case, entry in result["cases"].items():
        for engine, (must, aim) in CASES[case]["against"].items():
            name, ms = fastest(entry, engine)
            found = report.ratios(ms, step_ms(entry))
            yield [entry["title"], f"times faster than {name or 'PyTorch, ' + engine}", report.ratio_text(found), str(must), str(aim),
                   verdict(entry, found[1] >= must, found[1] >= aim) if found else "not measured"]
        rows = [row for row in entry["ours"] if "error" not in row]
        if "forward" in CASES[case]:
            _, must, aim = CASES[case]["forward"]
            part = report.median([row["share"] for row in entry["forward"] if "error" not in row])
            yield [entry["title"], "forward: share of 790 TFLOP/s", report.percent(part) if part else "-", report.percent(must), report.percent(aim),
                   verdict(entry, part >= must, part >= aim) if part else "not measured"]
        if rows:
            launches, allocations = max(row["graph_launches"] for row in rows), max(row["allocations"] for row in rows)
            yield [entry["title"], "graph launches a step", f"{launches:g}", "1", "-", report.reached(launches == 1)]
            yield [entry["title"], "device allocations in the timed steps", f"{allocations:g}", "0", "-", report.reached(allocations == 0)]


def our_rows(result):
    for case, entry in result["cases"].items():
        for found in (entry["ours"], entry["forward"]):
            rows = [row for row in found if "error" not in row]
            if not rows:
                continue
            last, device = rows[-1], statistics.median(row["device_ms"][0] for row in rows)
            rate = last["gflop"] / device   # TFLOP/s
            yield [last["case"], report.number(statistics.median(row["step_ms"][0] for row in rows)), report.number(device),
                   report.number(last["gflop"]), report.number(rate), report.percent(rate / last["ceiling_tflops"]), f"{last['nodes']:g}",
                   report.number(last["device_bytes"] / 2 ** 20)]


def peer_rows(result):
    for case, entry in result["cases"].items():
        for name, times in entry["modes"].items():
            found = report.ratios(times["ms"], step_ms(entry))
            yield [case, name, report.number(report.median(times["ms"])), report.ratio_text(found), (times["error"] or "").replace("|", "/")]


def page(result):
    checks = "\n".join(f"- {case}: {report.check_text(entry['check'])}." for case, entry in result["cases"].items())
    failed = "".join(f"- {case}: ours failed: {row['error']}\n" for case, entry in result["cases"].items()
                     for row in entry["ours"] + entry["forward"] if "error" in row)
    return "\n\n".join([
        "# Relation Networks on a GPU, beside PyTorch",
        f"Written by bench/peers/compare_cuda.py on {result['date']}; raw numbers: gpu_rn.json. Device: {result['device']}. PyTorch "
        f"{result['peer'].get('version')}, CUDA {result['peer'].get('cuda')}, cuDNN {result['peer'].get('cudnn')}. At most {result['rounds']} rounds "
        "in turn; ratios: PyTorch's time of a whole step over ours in the same round, median (quartiles). The method: bench/peers/compare_cuda.py.",
        "## Targets",
        report.table(["what", "", "measured", "must", "aim", "reached"], list(target_rows(result))).rstrip(),
        "## Ours",
        "Step: the whole step by the clock. Device: the step's graph alone, between events. TFLOP/s and share: least work over device time; ceilings "
        "of an H200: 67 (fp32), 494 (TF32), 790 (bf16).",
        report.table(["case", "step ms", "device ms", "GFLOP", "TFLOP/s", "share", "graph nodes", "memory MB"], list(our_rows(result))).rstrip(),
        "## PyTorch", report.table(["case", "form, engine", "step ms", "ratio", "failed"], list(peer_rows(result))).rstrip(),
        "## Do both sides agree", checks + ("\n" + failed.rstrip() if failed else "")]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", type=pathlib.Path, required=True, help="the program bench_cuda_rn")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for gpu_rn.md and gpu_rn.json")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("build/bench-data"), help="folder for inputs and weights")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=900, help="about how long: a case gets at least 3 rounds or is left out")
    parser.add_argument("--cases", type=lambda text: text.split(","), default=list(CASES))
    options = parser.parse_args()
    if unknown := set(options.cases) - set(CASES):
        parser.error(f"unknown case {sorted(unknown)[0]!r}; known: {', '.join(CASES)}")
    if why := missing():
        sys.exit(f"compare_cuda: {why}: nothing compared, nothing written")
    end = time.monotonic() + options.seconds
    workload.write(options.data)
    first = ours(options, "predict")
    if "device" not in first:
        sys.exit(f"compare_cuda: {options.ours}: {first['error']}")
    peer = Peer(options)
    result = {"date": f"{datetime.datetime.now():%Y-%m-%d}", "device": first["device"], "peer": peer.ask("info"), "rounds": options.rounds,
              "machine": machine(), "cases": {}}
    peer.server.close()
    options.out.mkdir(parents=True, exist_ok=True)
    for k, case in enumerate(options.cases):
        now = time.monotonic()
        if now > end:
            say(f"{case} and what follows are left out: no time")
            break
        result["cases"][case] = run_case(case, options, now + (end - now) / (len(options.cases) - k))
        (options.out / "gpu_rn.json").write_text(json.dumps(result, indent=1) + "\n")
        (options.out / "gpu_rn.md").write_text(page(result))


if __name__ == "__main__":
    main()
