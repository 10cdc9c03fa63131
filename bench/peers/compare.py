#!/usr/bin/env python3
"""bench/peers/compare.py -- runs relreason's benchmark and PyTorch in turn, round by round, and writes cpu.md and cpu.json.

Usage: python3 bench/peers/compare.py --ours build/release/bench/bench_rn [--native build/native/bench/bench_rn] --out docs/results
       (scripts/bench.sh prepares everything and calls it; --once runs everything a single time, to see that it works;
       without --ours only the peers run)

Protocol of relreason's program. It is started as
    bench_rn --serve --data FOLDER --threads N
reads one request a line on stdin, and answers each with one line of JSON on stdout, flushed (other output goes to stderr). FOLDER is written by
workload.py, which says what is in it. At the end of stdin the program exits.
    info                {"peer": "relreason", "compiler": "...", "instructions": "avx512 | avx2 | portable", "threads": N}
                        any further words are printed as they are
    CASE ROUNDS         {"case": "CASE", "ms": [one number per step, ROUNDS of them]}   optional: "input_mb", memory of the inputs
                        the first request of a case warms up untimed (3 steps and 1 s at least); what a step takes in stands ready in memory
    check CASE          {"case": "CASE", "loss": x, "norms": {"g.0.weight": L2 norm of the gradient, ...}}   first weights, no dropout, no step
                        predict: {"case": "predict", "log_probabilities": [28 numbers]}
    ceiling ROUNDS      {"case": "ceiling", "gflops": x}   the most multiply-adds per second (counted as 2) that N threads reach from registers,
    ceiling_bf16 ROUNDS in GFLOP/s
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

Method: peers are screened by the median of a few rounds; then relreason, the two fastest peers, default eager PyTorch and the fastest peer with
merged zero objects alternate; each round gives one ratio. Load by other processes is measured over every round.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import queue
import shutil
import statistics
import subprocess
import sys
import threading
import time

import report
import workload

HERE = pathlib.Path(__file__).resolve().parent
ALLOCATORS = {"default": {}, "tuned": {"MALLOC_TOP_PAD_": "2000000000", "MALLOC_MMAP_THRESHOLD_": "4000000000",
                                       "MALLOC_TRIM_THRESHOLD_": "8000000000"}}
# must and aim: the fastest peer's time over ours. steps: timed steps of one round, whose median counts.
CASES = {
    "core": {"title": "RN core, 64 objects of 26, g 4 x 256, batch 64, forward and backward", "must": 2.3, "aim": 2.7, "steps": 1},
    "state": {"title": "RN state, whole training step, batch 640", "must": 5.0, "aim": 6.5, "steps": 1},
    "predict": {"title": "RN state, prediction, 6 objects, batch 1", "must": 2.0, "aim": 3.5, "steps": 200},
    "core_bf16": {"title": "RN core in bf16", "must": 1.4, "aim": 1.7, "steps": 1},
    "state_bf16": {"title": "RN state, whole training step, in bf16", "must": 2.4, "aim": 3.2, "steps": 1},
}
BATCHES = {"core": [64, 160, 640, 2560], "state": [64, 160, 640, 2560]}


class Server:
    """A program that answers a line by a line of JSON."""

    def __init__(self, command, environment, cores):
        foreign = ("MALLOC_", "OMP_", "GOMP_", "KMP_", "MKL_", "LD_PRELOAD")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        if shutil.which("taskset"):
            command = ["taskset", "-c", ",".join(map(str, cores)), *command]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**clean, **environment}, text=True, bufsize=1)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self.lines.put(line)
        self.lines.put(None)

    def ask(self, request, seconds=1800):
        try:
            self.process.stdin.write(request + "\n")
            self.process.stdin.flush()
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            self.process.kill()
            return {"error": f"no answer to {request!r} in {seconds} s"}
        except OSError:
            line = None
        if line is None:
            return {"error": f"the program ended (status {self.process.wait()}) at {request!r}"}
        try:
            return json.loads(line)
        except json.JSONDecodeError as error:
            return {"error": f"not JSON ({error}): {line[:100]!r}"}

    def reset_peak(self):
        try:
            pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        except OSError:
            pass

    def peak_mb(self):
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return None
        return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), None)

    def close(self):
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Load:
    """Share of the machine that other processes used, and that the hypervisor took, while ours ran."""

    def __init__(self):
        self.others, self.stolen, self.before = [], [], None

    @staticmethod
    def own_ticks():
        """Processor time of this process and all below it."""
        parents, ticks = {}, {}
        for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text().rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                continue
            pid = int(entry.parent.name)
            parents[pid], ticks[pid] = int(fields[1]), sum(map(int, fields[11:15]))
        family = {os.getpid()}
        while True:
            more = {pid for pid, parent in parents.items() if parent in family} - family
            if not more:
                return sum(ticks.get(pid, 0) for pid in family)
            family |= more

    def now(self):
        user, nice, system, idle, wait, irq, softirq, steal = map(int, pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
        busy = user + nice + system + irq + softirq
        return busy, busy + idle + wait + steal, steal, self.own_ticks()

    def begin(self):
        self.before = self.now()

    def end(self):
        busy, total, steal, own = (after - before for after, before in zip(self.now(), self.before))
        self.others.append(max(0, busy - own) / max(1, total))
        self.stolen.append(steal / max(1, total))

    def summary(self):
        mean = lambda values: sum(values) / len(values) if values else 0.0
        return {"others_mean": mean(self.others), "others_max": max(self.others, default=0.0), "stolen_mean": mean(self.stolen),
                "stolen_max": max(self.stolen, default=0.0), "rounds": len(self.others),
                "idle": mean(self.others) < 0.02 and mean(self.stolen) < 0.02}


def physical_cores():
    """The first processor of every core this process may use."""
    usable, seen, cores = os.sched_getaffinity(0), set(), []
    try:
        lines = subprocess.run(["lscpu", "-p=CPU,CORE"], capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return sorted(usable)
    for line in lines:
        if line and not line.startswith("#"):
            cpu, core = map(int, line.split(",")[:2])
            if cpu in usable and core not in seen:
                seen.add(core)
                cores.append(cpu)
    return cores


def machine():
    found = subprocess.run(["lscpu"], capture_output=True, text=True).stdout if shutil.which("lscpu") else ""
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in found.splitlines())}
    memory = next(line for line in pathlib.Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    return {"processor": fields.get("Model name", platform.processor()), "family": fields.get("CPU family"), "model": fields.get("Model"),
            "cores": len(physical_cores()), "l2": fields.get("L2 cache"), "l3": fields.get("L3 cache"),
            "memory_gib": round(int(memory.split()[1]) / 2 ** 20, 1), "hypervisor": fields.get("Hypervisor vendor"),
            "bf16_dot_product": "avx512_bf16" in fields.get("Flags", ""), "kernel": platform.release()}


class Bench:
    def __init__(self, options):
        self.options, self.load, self.data = options, Load(), options.data
        self.cores = physical_cores()[:options.threads]

    def say(self, text):
        print(f"[{datetime.datetime.now():%H:%M:%S}] {text}", file=sys.stderr, flush=True)

    def ours(self, binary=None, threads=None):
        threads = threads or self.options.threads
        return Server([str(binary or self.options.ours), "--serve", "--data", str(self.data), "--threads", str(threads)], {}, self.cores[:threads])

    def peer(self, allocator):
        threads = str(self.options.threads)
        pinned = {"OMP_NUM_THREADS": threads, "OMP_PLACES": "cores", "OMP_PROC_BIND": "close"}
        command = [sys.executable, str(HERE / "pytorch_rn.py"), "--data", str(self.data), "--threads", threads]
        return Server(command, {**ALLOCATORS[allocator], **pinned}, self.cores)

    def timed(self, server, request):
        """Median milliseconds of one request's steps, or the error."""
        self.load.begin()
        found = server.ask(request)
        self.load.end()
        return (statistics.median(found["ms"]), None) if found.get("ms") else (None, found.get("error", f"no times in the answer: {found}"))

    def modes(self, case):
        base, kind = case.split("_")[0], "bf16" if case.endswith("_bf16") else "f32"
        forms = ["literal", "factored"] + (["merged", "merged-literal"] if base != "core" else [])
        engines = self.options.engines + (["compile-frozen"] if base == "predict" else [])
        return [f"{form}:{engine}:{kind}" for form in forms for engine in engines]

    def check(self, case, ours, peer):
        """The two sides at the first weights: largest relative difference of loss and gradient norms; largest difference of log-probabilities."""
        base, kind = case.split("_")[0], "bf16" if case.endswith("_bf16") else "f32"
        mine, theirs = ours.ask(f"check {case}"), peer.ask(f"check {base} literal:eager:f32")
        wanted = "log_probabilities" if base == "predict" else "norms"
        for side, answer in (("relreason", mine), ("PyTorch", theirs)):
            if wanted not in answer:
                return {"note": f"not checked: {side} says {answer.get('error', answer)}"}
        if base == "predict":
            worst = max(abs(a - b) for a, b in zip(mine[wanted], theirs[wanted], strict=True))
            return {"log_probability": worst, "allowed": 1e-4, "agree": worst <= 1e-4}
        norms = theirs["norms"]
        if set(norms) != set(mine["norms"]):
            return {"note": f"not checked: tensors differ: {sorted(set(norms) ^ set(mine['norms']))}"}
        worst = max(norms, key=lambda name: abs(mine["norms"][name] - norms[name]) / (abs(norms[name]) + 1e-30))
        relative = lambda a, b: abs(a - b) / (abs(b) + 1e-30)
        found = {"loss": relative(mine["loss"], theirs["loss"]), "gradient": relative(mine["norms"][worst], norms[worst]), "worst": worst}
        allowed = 2e-2 if kind == "bf16" else 1e-3
        return {**found, "allowed": allowed, "agree": max(found["loss"], found["gradient"]) <= allowed}

    def screen_one(self, request, allocator):
        server, times, error = self.peer(allocator), [], None
        while not error and len(times) < self.options.screen:
            ms, error = self.timed(server, request)
            times += [] if error else [ms]
        server.close()
        return {"screen_ms": times, "error": error}

    def screen(self, case):
        """{mode | allocator: {"screen_ms", "error"}} of every way to run the peer."""
        base, steps, found = case.split("_")[0], CASES[case]["steps"], {}
        for mode in self.modes(case):
            for allocator in ALLOCATORS:
                entry = found[f"{mode} | {allocator}"] = self.screen_one(f"run {base} {mode} {steps}", allocator)
                self.say(f"{case:10} {mode:30} {allocator:8} " + (entry["error"] or f"{statistics.median(entry['screen_ms']):.3f} ms"))
        return found

    def finalists(self, case, found):
        """Who alternates with us: the two fastest peers, default eager PyTorch, the fastest with merged zero objects, and with frozen weights."""
        median = {key: statistics.median(entry["screen_ms"]) for key, entry in found.items() if entry["screen_ms"] and not entry["error"]}
        fastest = lambda wanted: min((key for key in median if wanted(key)), key=median.get, default=None)
        special = lambda key: "merged" in key or "frozen" in key
        kind = "bf16" if case.endswith("_bf16") else "f32"
        first, default = fastest(lambda key: not special(key)), f"literal:eager:{kind} | default"
        return {"fastest": first, "second": fastest(lambda key: not special(key) and key != first), "default": default if default in median else None,
                "merged": fastest(lambda key: "merged" in key and "frozen" not in key), "frozen": fastest(lambda key: "frozen" in key)}

    @staticmethod
    def settle(entry):
        """The fastest of the two finalists, now that both have run all rounds."""
        middle = lambda key: report.median(entry["modes"][key].get("ms", [])) if key else None
        first, second = middle(entry["finalists"]["fastest"]), middle(entry["finalists"]["second"])
        if second and (not first or second < first):
            names = entry["finalists"]
            names["fastest"], names["second"] = names["second"], names["fastest"]

    def alternate(self, case, ours, servers, entry):
        """Rounds of ours and every finalist in turn. A side that fails gives None from then on and is left out."""
        base, steps, sides = case.split("_")[0], CASES[case]["steps"], {}
        if ours and not entry["ours"]["error"]:
            sides["relreason"] = (ours, f"{case} {steps}", entry["ours"])
        for key, server in servers.items():
            sides[key] = (server, f"run {base} {key.split(' | ')[0]} {steps}", entry["modes"][key])
            _, entry["modes"][key]["error"] = self.timed(*sides[key][:2])   # warms up
            entry["modes"][key]["ms"] = []
        for server, _, _ in sides.values():
            server.reset_peak()
        for number in range(self.options.rounds):
            for server, request, times in sides.values():
                ms, error = (None, times["error"]) if times["error"] else self.timed(server, request)
                times["ms"].append(ms)
                times["error"] = error
            told = ", ".join(f"{key} {report.number(times['ms'][-1])}" for key, (_, _, times) in sides.items())
            self.say(f"{case} round {number + 1} of {self.options.rounds}, ms: {told}")
        for server, _, times in sides.values():
            times["peak_mb"] = server.peak_mb()

    def checked(self, case, ours):
        if not ours:
            return {"note": "not checked: relreason's program did not run"}
        peer = self.peer("default")
        found = self.check(case, ours, peer)
        peer.close()
        return found

    def run_case(self, case):
        ours, servers = self.ours() if self.options.ours else None, {}
        entry = {**CASES[case], "gflop": workload.least_gflop(case.split("_")[0], self.data), "ours": {"ms": [], "error": None}}
        try:
            entry["check"] = self.checked(case, ours)
            self.say(f"{case} check: {entry['check']}")
            if ours:
                _, entry["ours"]["error"] = self.timed(ours, f"{case} 1")   # warms up
            entry["modes"] = self.screen(case)
            entry["finalists"] = self.finalists(case, entry["modes"])
            for key in dict.fromkeys(filter(None, entry["finalists"].values())):
                servers[key] = self.peer(key.split(" | ")[1])
            self.alternate(case, ours, servers, entry)
            self.settle(entry)
        finally:
            for server in (*filter(None, servers.values()), *filter(None, [ours])):
                server.close()
        return entry

    def against(self, first, second, case):
        """The same case on two of our own programs in turn: {"first", "second", "error"}."""
        found, steps = {"first": [], "second": [], "error": None}, CASES[case]["steps"]
        try:
            for number in range(self.options.rounds + 1):
                for name, server in (("first", first), ("second", second)):
                    ms, error = self.timed(server, f"{case} {steps}")
                    found["error"] = found["error"] or error
                    if number > 0 and not error:   # the first round warms up
                        found[name].append(ms)
                if found["error"]:
                    break
        finally:
            first.close()
            second.close()
        self.say(f"{case}: {found}")
        return found

    def batches(self, case):
        found = []
        for batch in BATCHES[case]:
            ours = self.ours()
            request, times, answer = f"{case}@{batch} 1", [], {}
            for number in range(min(self.options.rounds, 5) + 1):
                self.load.begin()
                answer = ours.ask(request)
                self.load.end()
                if "ms" not in answer:
                    break
                times += answer["ms"] if number else []
            found.append({"batch": batch, "ms": times, "error": answer.get("error"), "peak_mb": ours.peak_mb(), "input_mb": answer.get("input_mb"),
                          "gflop": workload.least_gflop(case, self.data, batch)})
            self.say(f"{case}@{batch}: {found[-1]}")
            ours.close()
        return found

    def own(self):
        """Our program against itself: threads, -march, batch sizes."""
        cases, found = [case for case in ("core", "state") if case in self.options.cases], {"threads": {}, "native": {}, "batches": {}}
        for case in cases:
            if len(self.cores) > 1:
                found["threads"][case] = self.against(self.ours(threads=1), self.ours(), case)
            if self.options.native:
                found["native"][case] = self.against(self.ours(), self.ours(self.options.native), case)
            found["batches"][case] = self.batches(case)
        return found

    def ceilings(self):
        server, found = self.ours(), {}
        for name in ("ceiling", "ceiling_bf16"):
            answer = server.ask(f"{name} 5")
            found[name] = answer.get("gflops")
            self.say(f"{name}: {answer}")
        information = server.ask("info")
        server.close()
        return found, information

    def run(self):
        workload.write(self.data)
        result = {"date": f"{datetime.datetime.now():%Y-%m-%d}", "command": " ".join(["python3", "bench/peers/compare.py", *sys.argv[1:]]),
                  "machine": machine(), "threads": self.options.threads, "rounds": self.options.rounds, "screen": self.options.screen,
                  "load_average": os.getloadavg()[0], "ceilings": {}, "ours": {}, "own": {}, "cases": {}}
        self.load.begin()
        time.sleep(0.0 if self.options.once else 3.0)
        self.load.end()
        result["others_before"] = self.load.others.pop()
        self.load.stolen.pop()
        peer = self.peer("default")
        result["peer"] = peer.ask("info")
        peer.close()
        if self.options.ours:
            result["ceilings"], result["ours"] = self.ceilings()
        for case in self.options.cases:
            result["cases"][case] = self.run_case(case)
            self.save(result)
        if self.options.ours and not self.options.no_own:
            result["own"] = self.own()
            self.save(result)

    def save(self, result):
        result["load"] = self.load.summary()
        self.options.out.mkdir(parents=True, exist_ok=True)
        (self.options.out / "cpu.json").write_text(json.dumps(result, indent=1) + "\n")
        (self.options.out / "cpu.md").write_text(report.text(result))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", type=pathlib.Path, help="relreason's benchmark program")
    parser.add_argument("--native", type=pathlib.Path, help="the same program built with -march=native")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for cpu.md and cpu.json")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("build/bench-data"), help="folder for inputs and weights")
    parser.add_argument("--threads", type=int, default=len(physical_cores()))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--screen", type=int, default=3, help="rounds that choose the fastest peer")
    parser.add_argument("--cases", type=lambda text: text.split(","), default=list(CASES))
    parser.add_argument("--engines", type=lambda text: text.split(","), default=["eager", "compile"], help="of eager, compile, compile-max")
    parser.add_argument("--once", action="store_true", help="one round of everything: does it work?")
    parser.add_argument("--no-own", action="store_true", help="leave out threads, -march and batch sizes")
    options = parser.parse_args()
    for case in options.cases:
        if case not in CASES:
            parser.error(f"unknown case {case!r}; known: {', '.join(CASES)}")
    for program in (options.ours, options.native):
        if program and not os.access(program, os.X_OK):
            parser.error(f"{program} is no program; build it with scripts/bench.sh")
    if options.once:
        options.rounds = options.screen = 1
    if options.threads > len(physical_cores()):
        parser.error(f"--threads {options.threads}: this process may use {len(physical_cores())} cores")
    return options


if __name__ == "__main__":
    Bench(arguments()).run()
