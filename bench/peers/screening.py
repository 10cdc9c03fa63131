"""bench/peers/screening.py -- all ways to run the peer, and which of them meet relreason in every round: the fastest, and some to compare with."""
import statistics

import cases
import report
from session import ALLOCATORS

# Ways to run the peer in the order of screening: the likely ones first. A key of the first three is never left out.
LIKELY = ["factored:eager | tuned", "literal:eager | tuned", "literal:eager | default", "merged:eager | tuned", "factored:compile | tuned",
          "literal:compile | tuned", "factored:compile-frozen | tuned", "merged:compile-frozen | tuned", "merged:compile | tuned"]


def modes(session, case):
    """Every way to run the peer, likely ones first: {"FORM:ENGINE:TYPE | ALLOCATOR": may it be left out for lack of time?}"""
    base, kind = cases.base_of(case), cases.type_of(case)
    forms = ["literal", "factored"] + (["merged", "merged-literal"] if base != "core" else [])
    engines = session.options.engines + (["compile-frozen"] if base == "predict" else [])
    every = [f"{form}:{engine} | {allocator}" for form in forms for engine in engines for allocator in ALLOCATORS]
    if session.options.quick:
        every = [key for key in every if key in ("factored:eager | tuned", "literal:eager | default", "merged:eager | tuned")]
    every.sort(key=lambda key: LIKELY.index(key) if key in LIKELY else len(LIKELY))
    return {key.replace(" |", f":{kind} |"): key not in LIKELY[:4] for key in every}


def screen_one(session, request, allocator):
    server, times, error = session.peer(allocator), [], None
    while not error and len(times) < session.options.screen:
        ms, error = session.timed(server, request)
        times += [] if error else [ms]
    server.close()
    return {"screen_ms": times, "error": error}


def screen(session, case, deadline):
    """{mode | allocator: {"screen_ms", "error"}} of every way to run the peer for which there is time."""
    base, steps, found = cases.base_of(case), session.cases[case]["steps"], {}
    for key, optional in session.suite.modes(session, case).items():
        if session.options.quick:
            found[key] = {"screen_ms": [], "error": None}
            continue
        if optional and session.late(deadline):
            found[key] = {"screen_ms": [], "error": cases.NO_TIME}
            continue
        mode, allocator = key.split(" | ")
        entry = found[key] = screen_one(session, f"run {base} {mode} {steps} 1", allocator)
        session.say(f"{case:10} {key:42} " + (entry["error"] or f"{statistics.median(entry['screen_ms']):.3f} ms"))
    return found


def finalists(session, case, found):
    """Who alternates with us: the fastest peers, default eager PyTorch, the fastest with merged zero objects, and with frozen weights."""
    kind, usual = cases.type_of(case), session.cases[case]
    default = f"{usual.get('usual', 'literal')}:eager:{kind} | default"
    if session.options.quick:
        known = lambda key: key if key in found else None
        return {"fastest": known(f"{usual.get('likely', 'factored')}:eager:{kind} | tuned"), "second": None, "default": known(default),
                "merged": known(f"merged:eager:{kind} | tuned"), "frozen": None}
    median = {key: statistics.median(entry["screen_ms"]) for key, entry in found.items() if entry["screen_ms"] and not entry["error"]}
    fastest = lambda wanted: min((key for key in median if wanted(key)), key=median.get, default=None)
    special = lambda key: "merged" in key or ("frozen" in key and not usual.get("frozen counts"))
    first = fastest(lambda key: not special(key))
    second = fastest(lambda key: not special(key) and key != first)
    if second and median[second] > 1.2 * median[first]:   # screening is not off by as much
        second = None
    return {"fastest": first, "second": second, "default": default if default in median else None,
            "merged": fastest(lambda key: "merged" in key and "frozen" not in key),
            "frozen": None if usual.get("frozen counts") else fastest(lambda key: "frozen" in key)}


def settle(entry):
    """The fastest of the two finalists, now that both have run all rounds."""
    middle = lambda key: report.median(entry["modes"][key].get("ms", [])) if key else None
    first, second = middle(entry["finalists"].get("fastest")), middle(entry["finalists"].get("second"))
    if second and (not first or second < first):
        names = entry["finalists"]
        names["fastest"], names["second"] = names["second"], names["fastest"]
