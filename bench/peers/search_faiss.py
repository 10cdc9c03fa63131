"""bench/peers/search_faiss.py -- exact search of relreason and of FAISS as PyPI has it (faiss-cpu, with OpenBLAS), in turn.

Usage: python3 search_faiss.py BENCH_SEARCH [--threads N] [--rounds N] [--shape ROWS WIDTH QUERIES K]

A round is ours, by bench_search, then FAISS: medians of three calls each. Prints one line by distance: both times and the median (quartiles) of the
rounds' ratios. FAISS's inner product on rows of length 1 is the cosine. Random rows on both sides; that both find the same is a test of the library.
"""
import argparse
import os
import re
import statistics
import subprocess
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")   # its threads must not spin while ours work

import faiss
import numpy as np

REPEATS = 3


def ours(program, shape):
    """{"l2": ms, "cosine": ms}"""
    done = subprocess.run([program, *map(str, shape), str(REPEATS), "0"], capture_output=True, text=True, check=True)
    return {kind: float(ms) for kind, ms in re.findall(r"^exact_index, (l2|cosine) +([0-9.]+) ms median", done.stdout, re.MULTILINE)}


def median_ms(call):
    call()
    found = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        found.append(1e3 * (time.perf_counter() - start))
    return statistics.median(found)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("bench_search")
    options.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--shape", type=int, nargs=4, default=[15000, 512, 1000, 100], metavar=("ROWS", "WIDTH", "QUERIES", "K"))
    options = options.parse_args()
    rows, width, queries, k = options.shape
    faiss.omp_set_num_threads(options.threads)
    random = np.random.default_rng(1)
    gallery, asked = (random.standard_normal((n, width)).astype(np.float32) for n in (rows, queries))
    indexes = {"l2": faiss.IndexFlatL2(width), "cosine": faiss.IndexFlatIP(width)}
    for kind, index in indexes.items():
        index.add(gallery if kind == "l2" else gallery / np.linalg.norm(gallery, axis=1, keepdims=True))
    own, theirs = {kind: [] for kind in indexes}, {kind: [] for kind in indexes}
    for _ in range(options.rounds):
        for kind, ms in ours(options.bench_search, options.shape).items():
            own[kind].append(ms)
        for kind, index in indexes.items():
            theirs[kind].append(median_ms(lambda: index.search(asked, k)))
    print(f"gallery {rows} x {width}, {queries} queries, top {k}, {options.threads} threads, rounds: {options.rounds}; "
          f"FAISS {faiss.__version__} ({faiss.get_compile_options().strip()})")
    for kind in indexes:
        ratios = [b / a for a, b in zip(own[kind], theirs[kind])]
        low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        print(f"{kind:7} exact_index {statistics.median(own[kind]):9.2f} ms   FAISS flat {statistics.median(theirs[kind]):9.2f} ms"
              f"   times as fast {middle:.2f} ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
