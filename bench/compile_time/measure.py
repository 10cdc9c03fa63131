#!/usr/bin/env python3
"""bench/compile_time/measure.py -- seconds and peak memory of compiling what a user compiles; writes compile_time.md and compile_time.json.

Usage: python3 bench/compile_time/measure.py --out docs/results [--rounds 3] [--compilers g++,clang++] [--quick]
       --quick: g++ only, one round, without the whole rn_clevr

Processor seconds (user and system) and largest resident memory of the compiler, of the whole process tree, as the system counts them.
The compilers are called directly: no ccache, no build system. Flags: -std=c++20 -O2 -c. Peak memory is that of the largest process.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path("bench/compile_time")
FLAGS = ["-std=c++20", "-O2", "-c", "-Iinclude"]
OPERATION_FOLDERS = ["nn", "message", "loss"]   # each of their headers is a row of its own
SLOW = 5.0                                      # seconds: what takes longer is measured once
TARGETS = {"trainer_seconds": 10.0, "trainer_mb": 1000.0, "operation_seconds": 1.0}   # with g++ -O2


def eigen_flags():
    found = subprocess.run(["pkg-config", "--cflags", "eigen3"], capture_output=True, text=True) if shutil.which("pkg-config") else None
    return shlex.split(found.stdout) if found and found.returncode == 0 else ["-I/usr/include/eigen3"]


def units(quick):
    """[(what, kind, source)]: a file of the repository, or the text of a unit that only includes a header."""
    listed = [("Eigen/Dense alone", "yardstick", HERE / "eigen.cpp")]
    for folder in OPERATION_FOLDERS:
        for header in sorted((ROOT / "include/relreason" / folder).glob("*.hpp")):
            name = f"relreason/{folder}/{header.name}"
            listed.append((name, "operation", f'#include "{name}"\n'))
    listed += [("examples/hello_relations.cpp", "program", pathlib.Path("examples/hello_relations.cpp")),
               ("RN, prediction only", "program", HERE / "rn_predictor.cpp"),
               ("RN, training step", "program", HERE / "rn_step.cpp"),
               ("RN, trainer and data", "trainer", HERE / "rn_trainer.cpp")]
    if not quick:
        listed.append(("examples/rn_clevr.cpp (five models)", "program", pathlib.Path("examples/rn_clevr.cpp")))
    return listed


def compile_once(command):
    """(processor seconds, peak MB, error)"""
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(command, cwd=ROOT, stdout=messages, stderr=messages, env={**os.environ, "CCACHE_DISABLE": "1"})
        _, status, use = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        messages.seek(0)
        text = messages.read().decode(errors="replace").strip()
    first = next((line for line in text.splitlines() if "error" in line), text[:200] or "failed")
    return use.ru_utime + use.ru_stime, use.ru_maxrss / 1024, None if process.returncode == 0 else first


def measure(compiler, source, rounds, folder):
    if isinstance(source, str):
        path = folder / "unit.cpp"
        path.write_text(source)
    else:
        path = source
    command = [compiler, *FLAGS, *eigen_flags(), "-I" + str(ROOT / "tests"), str(path), "-o", str(folder / "unit.o")]
    seconds, peak, error = [], 0.0, None
    while len(seconds) < rounds and not error and not (seconds and seconds[0] > SLOW):
        used, mb, error = compile_once(command)
        seconds.append(used)
        peak = max(peak, mb)
    return {"seconds": None if error else statistics.median(seconds), "mb": peak, "rounds": len(seconds), "error": error}


def version(compiler):
    found = subprocess.run([compiler, "--version"], capture_output=True, text=True)
    return found.stdout.splitlines()[0] if found.returncode == 0 and found.stdout else compiler


def run(options):
    result = {"date": f"{datetime.datetime.now():%Y-%m-%d}", "machine": platform.machine(), "load": os.getloadavg()[0],
              "processors": os.cpu_count(), "quick": options.quick, "compilers": {}, "rows": []}
    compilers = [name for name in options.compilers if shutil.which(name)]
    for name in options.compilers:
        if name not in compilers:
            print(f"compile_time: {name} is not installed; left out", file=sys.stderr)
    result["compilers"] = {name: version(name) for name in compilers}
    with tempfile.TemporaryDirectory() as folder:
        for what, kind, source in units(options.quick):
            row = {"what": what, "kind": kind}
            for compiler in compilers:
                row[compiler] = measure(compiler, source, options.rounds, pathlib.Path(folder))
                error, seconds, mb = (row[compiler][key] for key in ("error", "seconds", "mb"))
                print(f"{what:42} {compiler:8} " + (f"failed: {error}" if error else f"{seconds:6.2f} s {mb:6.0f} MB"), file=sys.stderr, flush=True)
            result["rows"].append(row)
    return result


def cell(found, yardstick):
    if not found:
        return ["-", "-", "-"]
    if found["error"]:
        return ["failed", "-", "-"]
    more = f"{found['seconds'] - yardstick['seconds']:+.2f}" if yardstick and yardstick["seconds"] else "-"
    return [f"{found['seconds']:.2f}", more, f"{found['mb']:.0f}"]


def targets(result):
    """[(target, measured, reached)] with g++ -O2."""
    rows = [row for row in result["rows"] if "g++" in row and not row["g++"]["error"]]
    eigen = next((row["g++"] for row in rows if row["kind"] == "yardstick"), None)
    trainer = next((row["g++"] for row in rows if row["kind"] == "trainer"), None)
    operations = {row["what"]: row["g++"]["seconds"] for row in rows if row["kind"] == "operation"}
    found, word = [], lambda good: "yes" if good else "NO"
    if trainer:
        found.append((f"RN trainer and data under {TARGETS['trainer_seconds']:.0f} s", f"{trainer['seconds']:.1f} s",
                      word(trainer["seconds"] < TARGETS["trainer_seconds"])))
        found.append((f"and under {TARGETS['trainer_mb'] / 1000:.0f} GB", f"{trainer['mb']:.0f} MB", word(trainer["mb"] < TARGETS["trainer_mb"])))
    if eigen and operations:
        worst = max(operations, key=operations.get)
        more = operations[worst] - eigen["seconds"]
        found.append((f"one operation's header under {TARGETS['operation_seconds']:.0f} s more than Eigen",
                      f"{more:+.2f} s ({worst})", word(more < TARGETS["operation_seconds"])))
    return found


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def text(result):
    compilers = list(result["compilers"])
    head, rows, yardstick = ["unit"], [], next((row for row in result["rows"] if row["kind"] == "yardstick"), {})
    for name in compilers:
        head += [f"{name}, s", "more than Eigen, s", f"{name}, MB"]
    for row in result["rows"]:
        rows.append([row["what"]] + [part for name in compilers for part in cell(row.get(name), yardstick.get(name))])
    busy = "" if result["load"] < 0.5 else f" The load average at the start was {result['load']:.2f}: not an idle machine."
    parts = ["# Compile time\n",
             f"Written by bench/compile_time/measure.py on {result['date']}; comes again with "
             f"`python3 bench/compile_time/measure.py --out docs/results`{' (this run: --quick)' if result['quick'] else ''}. "
             f"Processor seconds of one unit, `-std=c++20 -O2 -c`, and peak memory of the compiler; no ccache.{busy}\n",
             "Compilers: " + "; ".join(result["compilers"].values()) + ".\n",
             "## Targets, with g++ -O2\n", table(["target", "measured", "reached"], [list(row) for row in targets(result)]),
             "## Every unit\n", "A header's row is a unit that includes it and nothing else.\n", table(head, rows)]
    failed = [f"{row['what']}, {name}: {row[name]['error']}" for row in result["rows"] for name in compilers if row[name]["error"]]
    return "\n".join(parts + [f"Failed: {line}\n" for line in failed])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compilers", type=lambda names: names.split(","), default=["g++", "clang++"])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.compilers = 1, options.compilers[:1]
    result = run(options)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "compile_time.json").write_text(json.dumps(result, indent=1) + "\n")
    (options.out / "compile_time.md").write_text(text(result))
    failed = any(row[name]["error"] for row in result["rows"] for name in result["compilers"])
    return 1 if failed or not result["compilers"] else 0


if __name__ == "__main__":
    sys.exit(main())
