"""bench/peers/report.py -- turns what compare.py measured (cpu.json) into the tables of cpu.md.

Usage: python3 report.py FOLDER      reads FOLDER/cpu.json, writes FOLDER/cpu.md
"""
import json
import pathlib
import statistics
import sys


def number(value):
    """Three digits or more, as the size needs."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def median(values):
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def ratios(above, below):
    """Each round's ratio: (lower quartile, median, upper quartile), or None."""
    found = [a / b for a, b in zip(above, below) if a and b]
    if not found:
        return None
    return tuple(statistics.quantiles(found, n=4, method="inclusive")) if len(found) > 1 else (found[0],) * 3


def ratio_text(found):
    return "-" if found is None else f"{found[1]:.2f} ({found[0]:.2f} to {found[2]:.2f})"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def ceiling_of(result, case):
    return result["ceilings"].get("ceiling_bf16" if case.endswith("_bf16") else "ceiling")


def share(gflop, ms, ceiling):
    """Least work per second over the measured ceiling (GFLOP/s)."""
    return f"{100 * gflop / (ms / 1e3) / ceiling:.0f} %" if ms and ceiling else "-"


def key_text(key):
    """literal:eager:f32 | tuned -> literal, eager, tuned"""
    mode, allocator = key.split(" | ")
    form, engine, _ = mode.split(":")
    return f"{form}, {engine}, {allocator}"


def finalist_ms(entry, role):
    key = entry["finalists"].get(role)
    return entry["modes"][key].get("ms", []) if key else []


def verdict(entry, found):
    if found is None:
        return "not measured"
    if entry["check"].get("agree") is False:
        return "no: results disagree"
    reached = "aim" if found[1] >= entry["aim"] else "yes" if found[1] >= entry["must"] else "no"
    return reached + (", results unchecked" if "note" in entry["check"] else "")


def target_rows(result):
    for case, entry in result["cases"].items():
        ours, fastest = entry["ours"]["ms"], entry["finalists"].get("fastest")
        against = {role: ratios(finalist_ms(entry, role), ours) for role in ("fastest", "default", "merged", "frozen")}
        merged = ratio_text(against["merged"]) + (f"; frozen {ratio_text(against['frozen'])}" if against["frozen"] else "")
        yield [entry["title"], number(median(ours)), f"{number(median(finalist_ms(entry, 'fastest')))} ({key_text(fastest)})" if fastest else "-",
               ratio_text(against["fastest"]), f"{entry['must']} / {entry['aim']}", verdict(entry, against["fastest"]),
               ratio_text(against["default"]), merged, share(entry["gflop"], median(ours), ceiling_of(result, case))]


def peer_rows(result, case):
    entry = result["cases"][case]
    for key, times in entry["modes"].items():
        ms = times.get("ms") or times["screen_ms"]
        rounds = f"{len([m for m in ms if m])}" + (", in turn with us" if times.get("ms") else "")
        form, engine, allocator = key_text(key).split(", ")
        if times["error"]:
            yield [form, engine, allocator, "failed", times["error"].replace("|", "/"), "-", "-"]
        else:
            yield [form, engine, allocator, number(median(ms)), rounds, share(entry["gflop"], median(ms), ceiling_of(result, case)),
                   number(times.get("peak_mb"))]


def check_text(check):
    if "note" in check:
        return check["note"]
    word = "agree" if check["agree"] else "DISAGREE"
    if "log_probability" in check:
        return f"both sides {word}: log-probabilities differ by at most {check['log_probability']:.1e}; allowed {check['allowed']:.0e}"
    return (f"both sides {word}: loss differs by {check['loss']:.1e}, gradient norms by at most {check['gradient']:.1e} ({check['worst']}), "
            f"relative; allowed {check['allowed']:.0e}")


def load_text(result):
    load, before = result["load"], result["others_before"]
    word = "idle" if load["idle"] and before < 0.02 else "NOT IDLE; take no number from this page as a result"
    percent = lambda part: f"{100 * part:.1f} %"
    return (f"The machine was {word}: while we measured, other processes used {percent(load['others_mean'])} of it "
            f"({percent(load['others_max'])} in the worst of {load['rounds']} measurements), before the start {percent(before)}; "
            f"the hypervisor took {percent(load['stolen_mean'])} ({percent(load['stolen_max'])} at worst). "
            f"Load average at the start: {result['load_average']:.2f}.\n")


def head(result):
    machine, peer, ours = result["machine"], result["peer"], result["ours"]
    known = lambda value: f"{value:,.0f} GFLOP/s" if value else "not measured"
    caches = f"L2 {machine['l2']}, L3 {machine['l3']}"
    bf16 = "with" if machine["bf16_dot_product"] else "without"
    lines = ["# Speed on the CPU",
             f"Written by bench/peers/compare.py on {result['date']}; everything comes again with `scripts/bench.sh`. Raw numbers: cpu.json.",
             f"Command: `{result['command']}`", load_text(result),
             f"Machine: {machine['processor']} (family {machine['family']}, model {machine['model']}), {machine['cores']} cores, {caches}, "
             f"{machine['memory_gib']} GiB, {bf16} bf16 dot products, Linux {machine['kernel']}, hypervisor {machine['hypervisor'] or 'none'}. "
             f"{result['threads']} threads on both sides, one a core.",
             "relreason: " + (", ".join(f"{key} {value}" for key, value in ours.items() if key != "peer") if ours else "did not run") + ".",
             f"PyTorch {peer.get('version', peer)}, instructions {peer.get('instructions')}. Its tuned allocator keeps freed memory in the process "
             "(MALLOC_TOP_PAD_=2000000000 MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000).",
             f"Ceiling, multiply-adds from registers: fp32 {known(result['ceilings'].get('ceiling'))}, "
             f"bf16 {known(result['ceilings'].get('ceiling_bf16'))}. Shares are least work per second over it; "
             "least work counts the first layer on objects, equal pairs once, pads once (bench/peers/workload.py)."]
    return "\n\n".join(line.rstrip() for line in lines) + "\n"


def targets(result):
    rows = list(target_rows(result))
    return ("## Against PyTorch\n\nMilliseconds are medians. A ratio is PyTorch's time over ours in the same round: median (quartiles), "
            f"rounds: {result['rounds']}. The peer is the fastest of eager and compile, literal and factored, default and tuned allocator: "
            f"the two fastest of a screening (rounds: {result['screen']}) run in turn with us, and the faster of them counts; "
            "default is what people run: literal, eager, default allocator. Merged: PyTorch with the zero objects of a scene merged as we do. "
            "Frozen: weights packed when compiling, which can only predict.\n\n"
            + table(["what", "ours, ms", "fastest peer, ms", "ratio", "must / aim", "reached", "ratio to default", "ratio to merged",
                     "our share of the ceiling"], rows))


def peers(result):
    parts = ["## Every way to run the peer\n"]
    for case, entry in result["cases"].items():
        parts += [f"### {entry['title']}\n", f"Least work {number(entry['gflop'])} GFLOP. Check: {check_text(entry['check'])}.\n"]
        if entry["ours"]["error"]:
            parts.append(f"Ours failed: {entry['ours']['error']}\n")
        elif entry["ours"]["ms"]:
            parts.append(f"Ours: {number(median(entry['ours']['ms']))} ms, peak memory {number(entry['ours'].get('peak_mb'))} MB.\n")
        parts.append(table(["form", "engine", "allocator", "ms", "rounds", "share", "peak MB"], list(peer_rows(result, case))))
    return "\n".join(parts)


def against_rows(found):
    for case, times in found.items():
        if times["error"]:
            yield [case, "failed", times["error"].replace("|", "/"), "-"]
        else:
            yield [case, number(median(times["first"])), number(median(times["second"])), ratio_text(ratios(times["first"], times["second"]))]


def batch_rows(case, found, ceiling):
    for entry in found:
        ms = median(entry["ms"])
        if entry["error"] or not ms:
            yield [case, str(entry["batch"]), "failed", entry["error"] or "no times", "-", "-", "-"]
        else:
            yield [case, str(entry["batch"]), number(ms), number(1e3 * ms / entry["batch"]), share(entry["gflop"], ms, ceiling),
                   number(entry["peak_mb"]), number(entry["input_mb"])]


def own(result):
    found = result["own"]
    if not found:
        return ""
    parts = ["## relreason against itself\n"]
    if found["threads"]:
        parts += [f"{result['threads']} threads against 1 (with 2: must be 1.85, aim 1.95):\n",
                  table(["case", "1 thread, ms", f"{result['threads']} threads, ms", "ratio"], list(against_rows(found["threads"])))]
    if found["native"]:
        parts += ["No -march against -march=native (must be within 5 %):\n",
                  table(["case", "no -march, ms", "native, ms", "ratio"], list(against_rows(found["native"])))]
    rows = [row for case, entries in found["batches"].items() for row in batch_rows(case, entries, result["ceilings"].get("ceiling"))]
    if rows:
        parts += ["Batch sizes: time per scene (must be flat within 10 %) and peak memory of the whole process, inputs included:\n",
                  table(["case", "batch", "ms", "us per scene", "share", "peak MB", "inputs MB"], rows)]
    return "\n".join(parts) if len(parts) > 1 else ""


def text(result):
    return "\n".join(part for part in (head(result), targets(result), peers(result), own(result)) if part).rstrip() + "\n"


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    (folder / "cpu.md").write_text(text(json.loads((folder / "cpu.json").read_text())))
