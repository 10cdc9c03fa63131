#!/usr/bin/env python3
"""bench/peers/compare.py -- runs relreason's benchmarks and PyTorch in turn, round by round, and writes cpu.md and cpu.json.

Usage: python3 bench/peers/compare.py --ours build/release/bench [--native build/native/bench] --out docs/results
       (folders of our benchmark programs; scripts/bench.sh prepares everything and calls it)
       --minutes M  ends after about M minutes: fewer ways to run the peer are screened, fewer rounds run
       --quick      the peers are not screened: those that were fastest on an AVX-512 machine run, a few rounds each
       --once       one round of everything, to see that it works
       Without PyTorch (or with --no-peers) ours runs alone, without --ours only the peers run.

Protocol of relreason's program. It is started as
    bench_rn --serve --data FOLDER --threads N
reads one request a line on stdin, and answers each with one line of JSON on stdout, flushed (other output goes to stderr). FOLDER is written by
workload.py, which says what is in it. At the end of stdin the program exits.
    info                {"peer": "relreason", "compiler": "...", "instructions": "avx512 | avx2 | portable", "threads": N}
                        any further words are printed as they are
    CASE ROUNDS [WARM]  {"case": "CASE", "ms": [one number per step, ROUNDS of them], "input_mb": memory of the inputs, "gflop": least work of a
                        step by our own count}; the first request of a case warms up untimed (WARM or 3 steps, and 1 s unless WARM is 0);
                        what a step takes in stands ready in memory
    check CASE          {"case": "CASE", "loss": x, "norms": {"g.0.weight": L2 norm of the gradient, ...}}   first weights, no dropout, no step
                        predict: {"case": "predict", "log_probabilities": [28 numbers]}
    ceiling ROUNDS      {"case": "ceiling", "gflops": x}   the most multiply-adds per second (counted as 2) that N threads reach from registers,
    ceiling_bf16 ROUNDS in GFLOP/s
    ceilings            {"rows": [{"what", "threads", "value", "unit"}]}   every ceiling, of one thread and of N
    what it does not know or cannot do on this machine: {"error": "one line"}
CASE is core, state or predict, with _bf16 for bf16 operands, then with @B for batches of B scenes: scene i is scene i mod 64 (core) or 640 (state)
of the file.
    core      forward and backward of r = sum_ab g(o_b, o_a, q), given dloss/dr = cotangent; gradients of objects, q and all weights;
              the loss of check is the sum of r * cotangent
    state     a whole training step in 12 slots: leading padding to pad_to, embedding, LSTM, pairs, f with dropout .05 on layer 1, cross-entropy,
              backward, clipping to norm 50, Adam (rate 5e-6, L2 1e-4)
    predict   log-probabilities of one question about one scene of 6 objects in 12 slots
The peers' requests stand in pytorch_rn.py. Every mode and setting of the allocator has a PyTorch process of its own: compiled code, heaps and peaks
stay apart.

Method: peers are screened by the median of a few rounds, the likely ones first; then relreason, the fastest peers, default eager PyTorch and the
fastest peer with merged zero objects alternate; each round gives one ratio. Load by other processes is measured over every round.
"""
import json
import pathlib

import cases
import own
import report
import rounds
import screening
import start
from session import Session, Suite, workload

SUITE = Suite("bench_rn", "pytorch_rn.py", cases.CASES, cases.WEIGHTS, screening.modes,
              lambda case, folder: workload.least_gflop(case, folder) if workload else None)


def run(session):
    options = session.options
    if workload:
        workload.write(session.data)
    result = {**start.opening(session, "bench/peers/compare.py"), "own": {}, "latency": {}, "feed": {},
              "loader": options.loader.read_text() if options.loader else ""}
    if options.ours:
        result["ceilings"], result["ours"] = own.ceilings(session)
        result["latency"] = own.program(session, "bench_latency", "--seconds", start.by_haste(options, "0.1", "0.4", "2"))
        result["feed"] = own.program(session, "bench_feed", "--scenes", start.by_haste(options, "250", "1000", "4000"))
    for case in options.cases:
        result["cases"][case] = rounds.run_case(session, case)
        save(session, result)
    if options.ours and not options.no_own:
        result["own"] = own.against_itself(session)
    save(session, result)


def save(session, result):
    result["load"] = session.load.summary()
    out = session.options.out
    out.mkdir(parents=True, exist_ok=True)
    (out / "cpu.json").write_text(json.dumps(result, indent=1) + "\n")
    (out / "cpu.md").write_text(report.text(result))


def arguments():
    parser = start.parser(__doc__, cases.CASES)
    parser.add_argument("--native", type=pathlib.Path, help="the same programs, built with -march=native")
    parser.add_argument("--loader", type=pathlib.Path, help="what bench_clevr_loader printed, for the page")
    return start.checked(parser, SUITE, workload)


if __name__ == "__main__":
    run(Session(arguments(), SUITE))
