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

try:
    import workload   # needs numpy and safetensors
except ImportError:
    workload = None

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
QUICK_BATCHES = {"core": [64, 160], "state": [64, 640, 2560]}
# Share of the time that a case gets, and what comes after the cases.
WEIGHTS = {"core": 4, "state": 5, "predict": 2, "core_bf16": 3, "state_bf16": 4, "own": 6}
# Ways to run the peer in the order of screening: the likely ones first. A key of the first three is never left out.
LIKELY = ["factored:eager | tuned", "literal:eager | tuned", "literal:eager | default", "merged:eager | tuned", "factored:compile | tuned",
          "literal:compile | tuned", "factored:compile-frozen | tuned", "merged:compile-frozen | tuned", "merged:compile | tuned"]
FEWEST_ROUNDS = 3
NO_TIME = "left out: no time"


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

    def ask(self, request, seconds=900):
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
        self.end = time.monotonic() + 60 * options.minutes if options.minutes else None
        self.to_come = sum(WEIGHTS[case] for case in options.cases) + (WEIGHTS["own"] if options.ours and not options.no_own else 0)

    def say(self, text):
        print(f"[{datetime.datetime.now():%H:%M:%S}] {text}", file=sys.stderr, flush=True)

    def deadlines(self, part):
        """When the first half and the whole of a part of the run should end; None: whenever it is done."""
        share, now = WEIGHTS[part] / max(1, self.to_come), time.monotonic()
        self.to_come -= WEIGHTS[part]
        if self.end is None:
            return None, None
        time_left = max(0.0, self.end - now) * share
        return now + time_left / 2, now + time_left

    @staticmethod
    def late(deadline):
        return deadline is not None and time.monotonic() > deadline

    def ours(self, binary=None, threads=None):
        threads = threads or self.options.threads
        data = ["--data", str(self.data)] if workload else []
        command = [str((binary or self.options.ours) / "bench_rn"), "--serve", *data, "--threads", str(threads)]
        return Server(command, {}, self.cores[:threads])

    def peer(self, allocator):
        threads = str(self.options.threads)
        pinned = {"OMP_NUM_THREADS": threads, "OMP_PLACES": "cores", "OMP_PROC_BIND": "close",
                  "TORCHINDUCTOR_CACHE_DIR": str((self.data / "inductor").absolute())}
        command = [sys.executable, str(HERE / "pytorch_rn.py"), "--data", str(self.data), "--threads", threads]
        return Server(command, {**ALLOCATORS[allocator], **pinned}, self.cores)

    def timed(self, server, request):
        """Median milliseconds of one request's steps, or the error."""
        self.load.begin()
        found = server.ask(request)
        self.load.end()
        return (statistics.median(found["ms"]), None) if found.get("ms") else (None, found.get("error", f"no times in the answer: {found}"))

    def modes(self, case):
        """Every way to run the peer, likely ones first: {"FORM:ENGINE:TYPE | ALLOCATOR": may it be left out for lack of time?}"""
        base, kind = case.split("_")[0], "bf16" if case.endswith("_bf16") else "f32"
        forms = ["literal", "factored"] + (["merged", "merged-literal"] if base != "core" else [])
        engines = self.options.engines + (["compile-frozen"] if base == "predict" else [])
        every = [f"{form}:{engine} | {allocator}" for form in forms for engine in engines for allocator in ALLOCATORS]
        if self.options.quick:
            every = [key for key in every if key in ("factored:eager | tuned", "literal:eager | default", "merged:eager | tuned")]
        every.sort(key=lambda key: LIKELY.index(key) if key in LIKELY else len(LIKELY))
        return {key.replace(" |", f":{kind} |"): key not in LIKELY[:4] for key in every}

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

    def screen(self, case, deadline):
        """{mode | allocator: {"screen_ms", "error"}} of every way to run the peer for which there is time."""
        base, steps, found = case.split("_")[0], CASES[case]["steps"], {}
        for key, optional in self.modes(case).items():
            if self.options.quick:
                found[key] = {"screen_ms": [], "error": None}
                continue
            if optional and self.late(deadline):
                found[key] = {"screen_ms": [], "error": NO_TIME}
                continue
            mode, allocator = key.split(" | ")
            entry = found[key] = self.screen_one(f"run {base} {mode} {steps} 1", allocator)
            self.say(f"{case:10} {key:42} " + (entry["error"] or f"{statistics.median(entry['screen_ms']):.3f} ms"))
        return found

    def finalists(self, case, found):
        """Who alternates with us: the fastest peers, default eager PyTorch, the fastest with merged zero objects, and with frozen weights."""
        kind = "bf16" if case.endswith("_bf16") else "f32"
        default = f"literal:eager:{kind} | default"
        if self.options.quick:
            known = lambda key: key if key in found else None
            return {"fastest": known(f"factored:eager:{kind} | tuned"), "second": None, "default": known(default),
                    "merged": known(f"merged:eager:{kind} | tuned"), "frozen": None}
        median = {key: statistics.median(entry["screen_ms"]) for key, entry in found.items() if entry["screen_ms"] and not entry["error"]}
        fastest = lambda wanted: min((key for key in median if wanted(key)), key=median.get, default=None)
        special = lambda key: "merged" in key or "frozen" in key
        first = fastest(lambda key: not special(key))
        second = fastest(lambda key: not special(key) and key != first)
        if second and median[second] > 1.2 * median[first]:   # screening is not off by as much
            second = None
        return {"fastest": first, "second": second, "default": default if default in median else None,
                "merged": fastest(lambda key: "merged" in key and "frozen" not in key), "frozen": fastest(lambda key: "frozen" in key)}

    @staticmethod
    def settle(entry):
        """The fastest of the two finalists, now that both have run all rounds."""
        middle = lambda key: report.median(entry["modes"][key].get("ms", [])) if key else None
        first, second = middle(entry["finalists"].get("fastest")), middle(entry["finalists"].get("second"))
        if second and (not first or second < first):
            names = entry["finalists"]
            names["fastest"], names["second"] = names["second"], names["fastest"]

    def enough(self, number, deadline):
        """Whether to stop after so many rounds."""
        return number >= self.options.rounds or (self.late(deadline) and number >= min(self.options.rounds, FEWEST_ROUNDS))

    def alternate(self, case, ours, servers, entry, deadline):
        """Rounds of ours and every finalist in turn. A side that fails gives None from then on and is left out."""
        base, steps, sides = case.split("_")[0], CASES[case]["steps"], {}
        least = 1 if self.options.quick else 3
        if ours and not entry["ours"]["error"]:
            sides["relreason"] = (ours, f"{case} {steps}", entry["ours"])
        for key, server in servers.items():
            sides[key] = (server, f"run {base} {key.split(' | ')[0]} {steps} {least}", entry["modes"][key])
            _, entry["modes"][key]["error"] = self.timed(*sides[key][:2])   # warms up
            entry["modes"][key]["ms"] = []
        for server, _, _ in sides.values():
            server.reset_peak()
        number = 0
        while sides and not self.enough(number, deadline):
            for server, request, times in sides.values():
                ms, error = (None, times["error"]) if times["error"] else self.timed(server, request)
                times["ms"].append(ms)
                times["error"] = error
            number += 1
            told = ", ".join(f"{key} {report.number(times['ms'][-1])}" for key, (_, _, times) in sides.items())
            self.say(f"{case} round {number}, ms: {told}")
        for server, _, times in sides.values():
            times["peak_mb"] = server.peak_mb()

    def checked(self, case, ours):
        if not ours or self.options.no_peers:
            return {"note": "not checked: " + ("the peers" if ours else "relreason's program") + " did not run"}
        peer = self.peer("default")
        found = self.check(case, ours, peer)
        peer.close()
        return found

    def run_case(self, case):
        half, whole = self.deadlines(case)
        ours, servers = self.ours() if self.options.ours else None, {}
        entry = {**CASES[case], "ours": {"ms": [], "error": None}, "modes": {}, "finalists": {}}
        entry["gflop"] = workload.least_gflop(case.split("_")[0], self.data) if workload else None
        try:
            entry["check"] = self.checked(case, ours)
            self.say(f"{case} check: {entry['check']}")
            if ours:
                found = ours.ask(f"{case} 1")   # warms up
                entry["ours"]["error"] = found.get("error")
                entry["ours"]["gflop"] = found.get("gflop")
            if not self.options.no_peers:
                entry["modes"] = self.screen(case, half)
                entry["finalists"] = self.finalists(case, entry["modes"])
            for key in dict.fromkeys(filter(None, entry["finalists"].values())):
                servers[key] = self.peer(key.split(" | ")[1])
            self.alternate(case, ours, servers, entry, whole)
            self.settle(entry)
        finally:
            for server in (*filter(None, servers.values()), *filter(None, [ours])):
                server.close()
        return entry

    def against(self, first, second, case, deadline):
        """The same case on two of our own programs in turn: {"first", "second", "error"}."""
        found, steps, number = {"first": [], "second": [], "error": None}, CASES[case]["steps"], 0
        try:
            for server in (first, second):   # warms up
                found["error"] = found["error"] or self.timed(server, f"{case} {steps} 1")[1]
            while not found["error"] and not self.enough(number, deadline):
                for name, server in (("first", first), ("second", second)):
                    ms, error = self.timed(server, f"{case} {steps}")
                    found["error"] = found["error"] or error
                    found[name].append(ms)
                number += 1
        finally:
            first.close()
            second.close()
        self.say(f"{case}: {found}")
        return found

    def batches(self, case, deadline):
        """Time and peak memory of a step by batch size, each in a process of its own; long steps run once, without warming up."""
        found, per_scene = [], None
        for batch in (QUICK_BATCHES if self.options.quick else BATCHES)[case]:
            request = f"{case}@{batch}"
            if found and self.late(deadline):
                found.append({"batch": batch, "ms": [], "error": NO_TIME})
                continue
            ours = self.ours()
            long = per_scene is not None and per_scene * batch > 10_000
            rounds = 1 if long or self.options.once else 3
            self.load.begin()
            answer = ours.ask(f"{request} {rounds} {0 if long else 1}")
            self.load.end()
            gflop = answer.get("gflop")
            found.append({"batch": batch, "ms": answer.get("ms", []), "error": answer.get("error"), "peak_mb": ours.peak_mb(),
                          "input_mb": answer.get("input_mb"), "gflop": gflop})
            if answer.get("ms"):
                per_scene = statistics.median(answer["ms"]) / batch
            self.say(f"{request}: {found[-1]}")
            ours.close()
        return found

    def own(self):
        """Our program against itself: threads, -march, batch sizes."""
        _, deadline = self.deadlines("own")
        cases, found = [case for case in ("core", "state") if case in self.options.cases], {"threads": {}, "native": {}, "batches": {}}
        part = lambda n: None if deadline is None else time.monotonic() + (deadline - time.monotonic()) / n
        left = 3 * len(cases)
        for case in cases:
            if len(self.cores) > 1:
                found["threads"][case] = self.against(self.ours(threads=1), self.ours(), case, part(left))
            left -= 1
            if self.options.native:
                found["native"][case] = self.against(self.ours(), self.ours(self.options.native), case, part(left))
            left -= 1
        for case in reversed(cases):   # RN core with large batches is the longest
            found["batches"][case] = self.batches(case, deadline)
        return found

    def ceilings(self):
        server, found = self.ours(), {}
        for name in ("ceiling", "ceiling_bf16"):
            answer = server.ask(f"{name} 5")
            found[name] = answer.get("gflops")
            self.say(f"{name}: {answer}")
        found["rows"] = server.ask("ceilings").get("rows", [])
        information = server.ask("info")
        server.close()
        return found, information

    def program(self, name, *arguments):
        """The JSON that another benchmark program of ours prints, or its error."""
        path = self.options.ours / name
        if not os.access(path, os.X_OK):
            return {"error": f"{name} is not built"}
        self.say(f"{name} {' '.join(arguments)}")
        self.load.begin()
        done = subprocess.run([str(path), "--json", "--threads", str(self.options.threads), *arguments], capture_output=True, text=True)
        self.load.end()
        try:
            found = json.loads(done.stdout)
        except json.JSONDecodeError:
            return {"error": (done.stderr.strip() or f"{name} ended with status {done.returncode}").splitlines()[-1]}
        return found if done.returncode == 0 else {**found, "error": f"{name} ended with status {done.returncode}"}

    def run(self):
        if workload:
            workload.write(self.data)
        command = self.options.command or " ".join(["python3", "bench/peers/compare.py", *sys.argv[1:]])
        result = {"date": f"{datetime.datetime.now():%Y-%m-%d}", "command": command,
                  "machine": machine(), "threads": self.options.threads, "rounds": self.options.rounds, "screen": self.options.screen,
                  "quick": self.options.quick, "minutes": self.options.minutes, "load_average": os.getloadavg()[0], "ceilings": {}, "ours": {},
                  "peer": {}, "own": {}, "cases": {}, "latency": {}, "feed": {},
                  "loader": self.options.loader.read_text() if self.options.loader else ""}
        self.load.begin()
        time.sleep(0.5 if self.options.once else 3.0)
        self.load.end()
        result["others_before"] = self.load.others.pop()
        self.load.stolen.pop()
        if not self.options.no_peers:
            peer = self.peer("default")
            result["peer"] = peer.ask("info")
            peer.close()
            if "version" not in result["peer"]:
                self.say(f"PyTorch does not run ({result['peer'].get('error')}); ours alone")
                self.options.no_peers = True
        if self.options.ours:
            result["ceilings"], result["ours"] = self.ceilings()
            result["latency"] = self.program("bench_latency", "--seconds", "0.1" if self.options.once else "0.4" if self.options.quick else "2")
            result["feed"] = self.program("bench_feed", "--scenes", "250" if self.options.once else "1000" if self.options.quick else "4000")
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
    parser.add_argument("--ours", type=pathlib.Path, help="folder of relreason's benchmark programs: bench_rn, bench_latency, bench_feed")
    parser.add_argument("--native", type=pathlib.Path, help="the same, built with -march=native")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for cpu.md and cpu.json")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("build/bench-data"), help="folder for inputs and weights")
    parser.add_argument("--threads", type=int, default=len(physical_cores()))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--screen", type=int, default=1, help="rounds that choose the fastest peer")
    parser.add_argument("--minutes", type=float, help="end after about so long")
    parser.add_argument("--cases", type=lambda text: text.split(","), default=list(CASES))
    parser.add_argument("--engines", type=lambda text: text.split(","), default=["eager", "compile"], help="of eager, compile, compile-max")
    parser.add_argument("--quick", action="store_true", help="no screening, at most 5 rounds, smaller batches")
    parser.add_argument("--once", action="store_true", help="one round of everything: does it work?")
    parser.add_argument("--no-own", action="store_true", help="leave out threads, -march and batch sizes")
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    parser.add_argument("--loader", type=pathlib.Path, help="what bench_clevr_loader printed, for the page")
    parser.add_argument("--command", default="", help="the command that cpu.md names")
    options = parser.parse_args()
    for case in options.cases:
        if case not in CASES:
            parser.error(f"unknown case {case!r}; known: {', '.join(CASES)}")
    for folder in (options.ours, options.native):
        if folder and not os.access(folder / "bench_rn", os.X_OK):
            parser.error(f"{folder} has no program bench_rn; build it with scripts/bench.sh")
    if not workload and not options.no_peers:
        print("compare: numpy or safetensors is missing: no peers, ours alone", file=sys.stderr)
        options.no_peers = True
    if options.no_peers and not options.ours:
        parser.error("neither --ours nor peers: nothing to run")
    if options.quick:
        options.rounds = min(options.rounds, 5)
    if options.once:
        options.rounds = options.screen = 1
    if options.threads > len(physical_cores()):
        parser.error(f"--threads {options.threads}: this process may use {len(physical_cores())} cores")
    return options


if __name__ == "__main__":
    Bench(arguments()).run()
