"""bench/peers/own.py -- relreason's programs alone: against themselves with other threads, flags and batches; ceilings, latency, feeding."""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import cases


def against(session, first, second, case, deadline):
    """The same case on two of our own programs in turn: {"first", "second", "error"}."""
    found, steps, number = {"first": [], "second": [], "error": None}, session.cases[case]["steps"], 0
    try:
        for server in (first, second):   # warms up
            found["error"] = found["error"] or session.timed(server, f"{case} {steps} 1")[1]
        while not found["error"] and not session.enough(number, deadline):
            for name, server in (("first", first), ("second", second)):
                ms, error = session.timed(server, f"{case} {steps}")
                found["error"] = found["error"] or error
                found[name].append(ms)
            number += 1
    finally:
        first.close()
        second.close()
    session.say(f"{case}: {found}")
    return found


def one_batch(session, case, batch, rounds, least):
    """So many rounds with batches of that size in a process of their own, and its peak memory; least: steps to warm up."""
    ours = session.ours()
    session.load.begin()
    answer = ours.ask(f"{case}@{batch} {rounds} {least}")
    session.load.end()
    found = {"batch": batch, "ms": answer.get("ms", []), "error": answer.get("error"), "peak_mb": ours.peak_mb(),
             "input_mb": answer.get("input_mb"), "gflop": answer.get("gflop")}
    session.say(f"{case}@{batch}: {found}")
    ours.close()
    return found


def batches(session, case, deadline):
    """Time and peak memory of a step by batch size, each in a process of its own; long steps run once, without warming up."""
    found, per_scene = [], None
    for batch in (cases.QUICK_BATCHES if session.options.quick else cases.BATCHES)[case]:
        if found and session.late(deadline):
            found.append({"batch": batch, "ms": [], "error": cases.NO_TIME})
            continue
        long = per_scene is not None and per_scene * batch > 10_000
        found.append(one_batch(session, case, batch, 1 if long or session.options.once else 3, 0 if long else 1))
        if found[-1]["ms"]:
            per_scene = statistics.median(found[-1]["ms"]) / batch
    return found


def against_itself(session):
    """Threads, -march, batch sizes."""
    _, deadline = session.deadlines("own")
    both, found = [case for case in ("core", "state") if case in session.options.cases], {"threads": {}, "native": {}, "batches": {}}
    part = lambda n: None if deadline is None else time.monotonic() + (deadline - time.monotonic()) / n
    left = 3 * len(both)
    for case in both:
        if len(session.cores) > 1:
            found["threads"][case] = against(session, session.ours(threads=1), session.ours(), case, part(left))
        left -= 1
        if session.options.native:
            found["native"][case] = against(session, session.ours(), session.ours(session.options.native), case, part(left))
        left -= 1
    for case in reversed(both):   # RN core with large batches is the longest
        found["batches"][case] = batches(session, case, deadline)
    return found


def ceilings(session):
    server, found = session.ours(), {}
    for name in ("ceiling", "ceiling_bf16"):
        answer = server.ask(f"{name} 5")
        found[name] = answer.get("gflops")
        session.say(f"{name}: {answer}")
    found["rows"] = server.ask("ceilings").get("rows", [])
    information = server.ask("info")
    server.close()
    return found, information


def printed(session, name, *arguments):
    """What another benchmark program of ours prints: {"command", "text", "error"}."""
    path, command = session.options.ours / name, " ".join([name, *arguments])
    if not os.access(path, os.X_OK):
        return {"command": command, "text": "", "error": f"{name} is not built"}
    session.say(command)
    session.load.begin()
    done = subprocess.run([str(path), *arguments], capture_output=True, text=True)
    session.load.end()
    error = (done.stderr.strip() or f"{name} ended with status {done.returncode}").splitlines()[-1] if done.returncode else None
    return {"command": command, "text": done.stdout, "error": error}


def search_in_turn(session):
    """What search_faiss.py prints, as printed() has it."""
    script, threads = pathlib.Path(__file__).with_name("search_faiss.py"), str(session.options.threads)
    haste = ["--rounds", "1", "--shape", "2000", "64", "100", "10"] if session.options.once else ["--rounds", "3" if session.options.quick else "7"]
    command = " ".join([script.name, "bench_search", "--threads", threads, *haste])
    session.say(command)
    session.load.begin()
    done = subprocess.run([sys.executable, str(script), str(session.options.ours / "bench_search"), "--threads", threads, *haste],
                          capture_output=True, text=True)
    session.load.end()
    error = (done.stderr.strip() or f"it ended with status {done.returncode}").splitlines()[-1] if done.returncode else None
    return {"command": command, "text": done.stdout, "error": error}


def program(session, name, *arguments):
    """The JSON that another benchmark program of ours prints, or its error."""
    path = session.options.ours / name
    if not os.access(path, os.X_OK):
        return {"error": f"{name} is not built"}
    session.say(f"{name} {' '.join(arguments)}")
    session.load.begin()
    done = subprocess.run([str(path), "--json", "--threads", str(session.options.threads), *arguments], capture_output=True, text=True)
    session.load.end()
    try:
        found = json.loads(done.stdout)
    except json.JSONDecodeError:
        return {"error": (done.stderr.strip() or f"{name} ended with status {done.returncode}").splitlines()[-1]}
    return found if done.returncode == 0 else {**found, "error": f"{name} ended with status {done.returncode}"}
