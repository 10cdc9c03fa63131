"""bench/peers/rounds.py -- one case: do both sides agree, then relreason and the finalists in turn, round by round."""
import agreement
import cases
import report
import screening

ANSWERS = ("log_probabilities", "features", "norms")


def check(case, ours, peer, as_peer=False):
    """The two sides at the first weights: largest relative difference of loss and gradient norms; largest difference of log-probabilities.

    as_peer: in bf16 our gradients may be as far from those in fp32 as the peer's own are.
    """
    base, kind = cases.base_of(case), cases.type_of(case)
    mine, theirs = ours.ask(f"check {case}"), peer.ask(f"check {base} literal:eager:f32")
    wanted = next((name for name in ANSWERS if name in theirs), "an answer")
    for side, answer in (("relreason", mine), ("PyTorch", theirs)):
        if wanted not in answer:
            return {"note": f"not checked: {side} says {answer.get('error', answer)}"}
    if wanted != "norms":
        return agreement.rows(mine[wanted], theirs[wanted])
    if set(theirs[wanted]) != set(mine[wanted]):
        return {"note": f"not checked: tensors differ: {sorted(set(theirs[wanted]) ^ set(mine[wanted]))}"}
    allowed = 2e-2 if kind == "bf16" else 1e-3
    if as_peer and kind == "bf16":
        rounded = peer.ask(f"check {base} literal:eager:bf16")
        if "norms" in rounded:
            allowed = max(allowed, agreement.gradients(rounded, theirs, allowed)["gradient"])
    return agreement.gradients(mine, theirs, allowed)


def alternate(session, case, ours, servers, entry, deadline):
    """Rounds of ours and every finalist in turn. A side that fails gives None from then on and is left out."""
    base, steps, sides = cases.base_of(case), session.cases[case]["steps"], {}
    least = 1 if session.options.quick else 3
    if ours and not entry["ours"]["error"]:
        sides["relreason"] = (ours, f"{case} {steps}", entry["ours"])
    for key, server in servers.items():
        sides[key] = (server, f"run {base} {key.split(' | ')[0]} {steps} {least}", entry["modes"][key])
        _, entry["modes"][key]["error"] = session.timed(*sides[key][:2])   # warms up
        entry["modes"][key]["ms"] = []
    for server, _, _ in sides.values():
        server.reset_peak()
    number = 0
    while sides and not session.enough(number, deadline):
        for server, request, times in sides.values():
            ms, error = (None, times["error"]) if times["error"] else session.timed(server, request)
            times["ms"].append(ms)
            times["error"] = error
        number += 1
        told = ", ".join(f"{key} {report.number(times['ms'][-1])}" for key, (_, _, times) in sides.items())
        session.say(f"{case} round {number}, ms: {told}")
    for server, _, times in sides.values():
        times["peak_mb"] = server.peak_mb()


def checked(session, case, ours):
    if not ours or session.options.no_peers:
        return {"note": "not checked: " + ("the peers" if ours else "relreason's program") + " did not run"}
    peer = session.peer("default")
    found = check(case, ours, peer, session.cases[case].get("as peer", False))
    peer.close()
    return found


def run_case(session, case):
    half, whole = session.deadlines(case)
    ours, servers = session.ours() if session.options.ours else None, {}
    entry = {**session.cases[case], "ours": {"ms": [], "error": None}, "modes": {}, "finalists": {}}
    entry["gflop"] = session.suite.least_gflop(cases.base_of(case), session.data)
    try:
        entry["check"] = checked(session, case, ours)
        session.say(f"{case} check: {entry['check']}")
        if ours:
            found = ours.ask(f"{case} 1")   # warms up
            entry["ours"]["error"] = found.get("error")
            entry["ours"]["gflop"] = found.get("gflop")
        if not session.options.no_peers:
            entry["modes"] = screening.screen(session, case, half)
            entry["finalists"] = screening.finalists(session, case, entry["modes"])
        for key in dict.fromkeys(filter(None, entry["finalists"].values())):
            servers[key] = session.peer(key.split(" | ")[1])
        alternate(session, case, ours, servers, entry, whole)
        screening.settle(entry)
    finally:
        for server in (*filter(None, servers.values()), *filter(None, [ours])):
            server.close()
    return entry
