"""bench/peers/session.py -- a run of compare.py: its options and clock, the programs that it starts, and the time of one request."""
import dataclasses
import datetime
import os
import pathlib
import statistics
import sys
import time
import typing

from machine import Load, physical_cores
from programs import Server

try:
    import workload   # needs numpy and safetensors
except ImportError:
    workload = None

HERE = pathlib.Path(__file__).resolve().parent
ALLOCATORS = {"default": {}, "tuned": {"MALLOC_TOP_PAD_": "2000000000", "MALLOC_MMAP_THRESHOLD_": "4000000000",
                                       "MALLOC_TRIM_THRESHOLD_": "8000000000"}}
FEWEST_ROUNDS = 3


@dataclasses.dataclass(frozen=True)
class Suite:
    """What is compared: our program, the peer's script, their cases, each with its share of the time, and how to run the peer."""

    program: str
    peer: str
    cases: dict
    weights: dict
    modes: typing.Callable         # (session, case) -> {mode | allocator: may it be left out for lack of time?}
    least_gflop: typing.Callable   # (case without the type, folder)


class Session:
    def __init__(self, options, suite):
        self.options, self.suite, self.cases, self.load, self.data = options, suite, suite.cases, Load(), options.data
        self.cores = physical_cores()[:options.threads]
        self.end = time.monotonic() + 60 * options.minutes if options.minutes else None
        self.to_come = sum(suite.weights[case] for case in options.cases) + (suite.weights["own"] if options.ours and not options.no_own else 0)

    def say(self, text):
        print(f"[{datetime.datetime.now():%H:%M:%S}] {text}", file=sys.stderr, flush=True)

    def deadlines(self, part):
        """When the first half and the whole of a part of the run should end; None: whenever it is done."""
        share, now = self.suite.weights[part] / max(1, self.to_come), time.monotonic()
        self.to_come -= self.suite.weights[part]
        if self.end is None:
            return None, None
        time_left = max(0.0, self.end - now) * share
        return now + time_left / 2, now + time_left

    @staticmethod
    def late(deadline):
        return deadline is not None and time.monotonic() > deadline

    def enough(self, number, deadline):
        """Whether to stop after so many rounds."""
        return number >= self.options.rounds or (self.late(deadline) and number >= min(self.options.rounds, FEWEST_ROUNDS))

    def ours(self, binary=None, threads=None):
        threads = threads or self.options.threads
        data = ["--data", str(self.data)] if workload else []
        command = [str((binary or self.options.ours) / self.suite.program), "--serve", *data, "--threads", str(threads)]
        return Server(command, {}, self.cores[:threads])

    def peer(self, allocator):
        threads = str(self.options.threads)
        pinned = {"OMP_NUM_THREADS": threads, "OMP_PLACES": "cores", "OMP_PROC_BIND": "close",
                  "TORCHINDUCTOR_CACHE_DIR": str((self.data / "inductor").absolute())}
        command = [sys.executable, str(HERE / self.suite.peer), "--data", str(self.data), "--threads", threads]
        return Server(command, {**ALLOCATORS[allocator], **pinned}, self.cores)

    def timed(self, server, request):
        """Median milliseconds of one request's steps, or the error."""
        self.load.begin()
        found = server.ask(request)
        self.load.end()
        return (statistics.median(found["ms"]), None) if found.get("ms") else (None, found.get("error", f"no times in the answer: {found}"))
