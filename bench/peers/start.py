"""bench/peers/start.py -- what every comparison on a CPU begins with: its options, the machine and how busy it is, whether the peer runs."""
import argparse
import datetime
import os
import pathlib
import subprocess
import sys
import time

from machine import machine, physical_cores


def parser(description, cases):
    """The options that all comparisons have."""
    found = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--ours", type=pathlib.Path, help="folder of relreason's benchmark programs")
    found.add_argument("--out", type=pathlib.Path, required=True, help="folder for the page and its numbers")
    found.add_argument("--data", type=pathlib.Path, default=pathlib.Path("build/bench-data"), help="folder for inputs and weights")
    found.add_argument("--threads", type=int, default=len(physical_cores()))
    found.add_argument("--rounds", type=int, default=15)
    found.add_argument("--screen", type=int, default=1, help="rounds that choose the fastest peer")
    found.add_argument("--minutes", type=float, help="end after about so long")
    found.add_argument("--cases", type=lambda text: text.split(","), default=list(cases))
    found.add_argument("--engines", type=lambda text: text.split(","), default=["eager", "compile"], help="of eager, compile, compile-max")
    found.add_argument("--quick", action="store_true", help="no screening, at most 5 rounds, smaller batches")
    found.add_argument("--once", action="store_true", help="one round of everything: does it work?")
    found.add_argument("--no-own", action="store_true", help="leave out relreason against itself: threads, batch sizes and the like")
    found.add_argument("--no-peers", action="store_true", help="ours alone")
    found.add_argument("--command", default="", help="the command that the page names")
    return found


def checked(found, suite, workload):
    """The options given, or an error that says what is wrong with them. workload: None where its packages are missing."""
    options = found.parse_args()
    for case in options.cases:
        if case not in suite.cases:
            found.error(f"unknown case {case!r}; known: {', '.join(suite.cases)}")
    for folder in (options.ours, getattr(options, "native", None)):
        if folder and not os.access(folder / suite.program, os.X_OK):
            found.error(f"{folder} has no program {suite.program}; build it with scripts/bench.sh")
    if not workload and not options.no_peers:
        print("numpy or safetensors is missing: no peers, ours alone", file=sys.stderr)
        options.no_peers = True
    if options.no_peers and not options.ours:
        found.error("neither --ours nor peers: nothing to run")
    if options.quick:
        options.rounds = min(options.rounds, 5)
    if options.once:
        options.rounds = options.screen = 1
    if options.threads > len(physical_cores()):
        found.error(f"--threads {options.threads}: this process may use {len(physical_cores())} cores")
    return options


def by_haste(options, once, quick, usual):
    """What fits --once, --quick, or neither."""
    return once if options.once else quick if options.quick else usual


def commit():
    """The commit of this tree, and whether something was changed since; "" outside a repository."""
    git = lambda *words: subprocess.run(["git", *words], capture_output=True, text=True, cwd=pathlib.Path(__file__).parent).stdout.strip()
    try:
        return git("rev-parse", "--short", "HEAD") + (" and changes" if git("status", "--porcelain", "--untracked-files=no") else "")
    except OSError:
        return ""


def opening(session, script):
    """The first entries of a result; turns the peers off where they do not run."""
    options = session.options
    command = options.command or " ".join(["python3", script, *sys.argv[1:]])
    result = {"date": f"{datetime.datetime.now():%Y-%m-%d}", "command": command, "commit": commit(),
              "machine": machine(), "threads": options.threads, "rounds": options.rounds, "screen": options.screen,
              "quick": options.quick, "minutes": options.minutes, "load_average": os.getloadavg()[0], "ceilings": {}, "ours": {},
              "peer": {}, "cases": {}}
    session.load.begin()
    time.sleep(0.5 if options.once else 3.0)
    session.load.end()
    result["others_before"] = session.load.others.pop()
    session.load.stolen.pop()
    if not options.no_peers:
        peer = session.peer("default")
        result["peer"] = peer.ask("info")
        peer.close()
        if "version" not in result["peer"]:
            session.say(f"PyTorch does not run ({result['peer'].get('error')}); ours alone")
            options.no_peers = True
    return result
