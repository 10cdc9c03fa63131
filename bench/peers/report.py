"""bench/peers/report.py -- turns what compare.py measured (cpu.json) into the tables of cpu.md.

Usage: python3 report.py FOLDER      reads FOLDER/cpu.json, writes FOLDER/cpu.md
"""
import json
import pathlib
import re
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
        return "NO: results disagree"
    word = reached(found[1] >= entry["must"], found[1] >= entry["aim"])
    return word + (", results unchecked" if "note" in entry["check"] else "")


def our_gflop(entry):
    """Least work of a step by describe's count, or by that of workload.py."""
    return entry["ours"].get("gflop") or entry["gflop"]


def comparison_rows(result):
    for case, entry in result["cases"].items():
        ours, fastest = entry["ours"]["ms"], entry["finalists"].get("fastest")
        against = {role: ratios(finalist_ms(entry, role), ours) for role in ("fastest", "default", "merged", "frozen")}
        merged = ratio_text(against["merged"]) + (f"; frozen {ratio_text(against['frozen'])}" if against["frozen"] else "")
        yield [entry["title"], number(median(ours)), f"{number(median(finalist_ms(entry, 'fastest')))} ({key_text(fastest)})" if fastest else "-",
               ratio_text(against["fastest"]), f"{entry['must']} / {entry['aim']}", verdict(entry, against["fastest"]),
               ratio_text(against["default"]), merged, share(our_gflop(entry), median(ours), ceiling_of(result, case))]


def peer_rows(result, case):
    entry = result["cases"][case]
    for key, times in entry["modes"].items():
        ms = times.get("ms") or times["screen_ms"]
        rounds = f"{len([m for m in ms if m])}" + (", in turn with us" if times.get("ms") else "")
        form, engine, allocator = key_text(key).split(", ")
        if times["error"]:
            told = ["-", times["error"]] if times["error"].startswith("left out") else ["failed", times["error"].replace("|", "/")]
            yield [form, engine, allocator, *told, "-", "-"]
        else:
            yield [form, engine, allocator, number(median(ms)), rounds, share(entry["gflop"], median(ms), ceiling_of(result, case)),
                   number(times.get("peak_mb"))]


def check_text(check):
    if "note" in check:
        return check["note"]
    word = "agree" if check["agree"] else "DISAGREE"
    if "log_probability" in check:
        return f"both sides {word}: results differ by at most {check['log_probability']:.1e}; allowed {check['allowed']:.0e}"
    return (f"both sides {word}: loss differs by {check['loss']:.1e}, gradient norms by at most {check['gradient']:.1e} ({check['worst']}), "
            f"relative; allowed {check['allowed']:.0e}")


def is_idle(result):
    return result["load"]["idle"] and result["others_before"] < 0.02


def load_text(result):
    load, before = result["load"], result["others_before"]
    word = "idle" if is_idle(result) else "NOT IDLE; take no number from this page as a result"
    percent = lambda part: f"{100 * part:.1f} %"   # of the machine
    return (f"The machine was {word}: while we measured, other processes used {percent(load['others_mean'])} of it "
            f"({percent(load['others_max'])} in the worst of {load['rounds']} measurements), before the start {percent(before)}; "
            f"the hypervisor took {percent(load['stolen_mean'])} ({percent(load['stolen_max'])} at worst). "
            f"Load average at the start: {result['load_average']:.2f}.\n")


def head(result, title="Speed on the CPU", script="compare.py", again="scripts/bench.sh", numbers="cpu.json. Compile times: compile_time.md"):
    machine, peer, ours = result["machine"], result["peer"], result["ours"]
    caches = f"L2 {machine['l2']}, L3 {machine['l3']}"
    bf16 = "with" if machine["bf16_dot_product"] else "without"
    commit = f", commit {result['commit']}" if result.get("commit") else ""
    lines = [f"# {title}",
             f"Written by bench/peers/{script} on {result['date']}; everything comes again with `{again}`. Raw numbers: {numbers}.",
             f"Command: `{result['command'].strip()}`{commit}", load_text(result),
             f"Machine: {machine['processor']} (family {machine['family']}, model {machine['model']}), {machine['cores']} cores, {caches}, "
             f"{machine['memory_gib']} GiB, {bf16} bf16 dot products, Linux {machine['kernel']}, hypervisor {machine['hypervisor'] or 'none'}. "
             f"{result['threads']} threads on both sides, one a core.",
             "relreason: " + (", ".join(f"{key} {value}" for key, value in ours.items() if key != "peer") if ours else "did not run") + ".",
             f"PyTorch {peer.get('version', peer)}, instructions {peer.get('instructions')}. Its tuned allocator keeps freed memory in the process "
             "(MALLOC_TOP_PAD_=2000000000 MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000)."
             if peer.get("version") else "PyTorch did not run: no peer on this page, and no ratio."]
    if result.get("quick"):
        lines.append("A quick run: peers were not screened (factored and literal eager only), few rounds. Take results from a full one.")
    return "\n\n".join(line.rstrip() for line in lines) + "\n"


def ceilings(result):
    rows = result["ceilings"].get("rows", [])
    if not rows:
        return ""
    counts = sorted({row["threads"] for row in rows})
    values = {(row["what"], row["threads"]): f"{number(row['value'])} {row['unit']}" for row in rows}
    fp32 = {row["what"]: row["value"] for row in rows if row["threads"] == counts[-1]}
    split = fp32.get("fp32, AVX-512", 0) and fp32.get("fp32, AVX2 with FMA", 0) > 0.8 * fp32["fp32, AVX-512"]
    note = ("\nAVX-512 multiplies no faster than AVX2 here: this processor runs a 512-bit operation as two halves. Against a library that uses "
            "AVX2 only, wider registers gain nothing on such a machine.\n") if split else ""
    return ("## What the machine can do\n\nMeasured in this run: multiply-adds (2 operations each) from registers; memory with 128 MB a thread. "
            "Shares on this page are least work per second over the ceiling of the best instructions and of all threads; bf16 cases over that of "
            "the dot products. Least work counts the first layer on objects, equal pairs once, pads once.\n\n"
            + table(["ceiling"] + [f"{n} thread{'s' if n > 1 else ''}" for n in counts],
                    [[what] + [values.get((what, n), "-") for n in counts] for what in dict.fromkeys(row["what"] for row in rows)]) + note)


def reached(good, aim=False):
    return "-" if good is None else "aim" if good and aim else "yes" if good else "NO"


def percent(part):
    return f"{100 * part:.0f} %"


def spread(entries):
    """Slowest over fastest time per scene, less 1; None without two batches."""
    each = [median(entry["ms"]) / entry["batch"] for entry in entries if entry["ms"]]
    return max(each) / min(each) - 1 if len(each) > 1 else None


def memory_growth(entries):
    """Growth of peak memory beside inputs from the first batch to the last, in MB."""
    beside = [entry["peak_mb"] - (entry["input_mb"] or 0) for entry in entries if entry["ms"] and entry.get("peak_mb")]
    return (beside[0], max(beside)) if len(beside) > 1 else None


QUESTIONS_PER_SCENE = 10
# a line of bench_clevr_loader: "questions.json      700.0 MB  700000 questions    5.12 s  peak  1234 MB"
LOADER_LINE = re.compile(r"^(\S+) +([0-9.]+) MB +[0-9]+ questions +([0-9.]+) s +peak +([0-9]+) MB$", re.MULTILINE)


def target_rows(result):
    """The table of targets: what, measured, must, aim, reached."""
    for case, entry in result["cases"].items():
        found = ratios(finalist_ms(entry, "fastest"), entry["ours"]["ms"])
        yield [f"{entry['title']}: faster than the fastest peer", f"{found[1]:.2f} times" if found else "-", str(entry["must"]), str(entry["aim"]),
               verdict(entry, found)]
        if case == "core":
            ms, ceiling = median(entry["ours"]["ms"]), ceiling_of(result, case)
            part = our_gflop(entry) / (ms / 1e3) / ceiling if ms and ceiling else None
            yield ["the same: share of the multiply-add ceiling", percent(part) if part else "-", "78 %", "90 %",
                   reached(part and part >= 0.78, part and part >= 0.9)]
    own_results = result["own"] or {"threads": {}, "native": {}, "batches": {}}
    for case, times in own_results["threads"].items():
        found = ratios(times["first"], times["second"])
        if result["threads"] == 2:
            yield [f"{case}: 2 threads against 1", f"{found[1]:.2f} times" if found else "-", "1.85", "1.95",
                   reached(found and found[1] >= 1.85, found and found[1] >= 1.95)]
    for case, times in own_results["native"].items():
        found = ratios(times["first"], times["second"])
        yield [f"{case}: time without -march over -march=native", f"{found[1]:.2f}" if found else "-", "1.05", "-",
               reached(found and found[1] <= 1.05)]
    for case, entries in own_results["batches"].items():
        wide, grown = spread(entries), memory_growth(entries)
        sizes = [str(entry["batch"]) for entry in entries if entry["ms"]]
        yield [f"{case}: time per scene, batches of {', '.join(sizes)}", f"flat within {percent(wide)}" if wide is not None else "-", "10 %", "-",
               reached(None if wide is None else wide <= 0.1)]
        yield [f"{case}: peak memory beside inputs", f"{grown[0]:.0f} to {grown[1]:.0f} MB" if grown else "-", "does not grow", "-",
               reached(None if grown is None else grown[1] <= 1.1 * grown[0])]
    rate = step_rate(result)
    for row in result["feed"].get("rows", []):
        found = row["per_second"] / rate if rate else None
        yield [f"{row['what']} (rate over the step's)", f"{found:,.0f} times" if found else "-", "2", "-", reached(found and found >= 2)]
        if row["what"].startswith("blocks world"):
            scenes = row["per_second"] * 60 / QUESTIONS_PER_SCENE
            yield ["blocks world: scenes a minute, 10 questions each", f"{scenes:,.0f}", "20,000", "-", reached(scenes >= 20000)]
    for name, megabytes, seconds, peak in LOADER_LINE.findall(result["loader"]):
        yield [f"{name}, {float(megabytes):.0f} MB, opened", f"{seconds} s, peak {peak} MB", "10 s, 1,500 MB", "-",
               reached(float(seconds) <= 10 and float(peak) <= 1500)]


def step_rate(result):
    """Questions a second of the fp32 state step."""
    entry = result["cases"].get("state")
    ms = median(entry["ours"]["ms"]) if entry else None
    return 640 / (ms / 1e3) if ms else None


def targets(result, rows):
    told = "Medians of this run."
    if not is_idle(result):
        told = "**The machine was not idle: these are no results, and nothing counts as reached.**"
        rows = [[*row[:-1], "not idle"] for row in rows]
    return f"## Targets\n\n{told}\n\n" + table(["what", "measured", "must", "aim", "reached"], rows)


def comparison(result):
    if not result["peer"].get("version"):
        return ""
    return ("## Against PyTorch\n\nMilliseconds are medians. A ratio is PyTorch's time over ours in the same round: median (quartiles), "
            f"rounds: at most {result['rounds']}. The peer is the fastest of eager and compile, literal and factored, default and tuned allocator: "
            f"the fastest of a screening (rounds: {result['screen']}) run in turn with us, and the faster of them counts; "
            "default is what people run: literal, eager, default allocator. Merged: PyTorch with the zero objects of a scene merged as we do. "
            "Frozen: weights packed when compiling, which can only predict. Ways to run the peer that were left out for lack of time are "
            "listed below; `scripts/bench.sh --minutes 40` has time for all.\n\n"
            + table(["what", "ours, ms", "fastest peer, ms", "ratio", "must / aim", "reached", "ratio to default", "ratio to merged",
                     "our share of the ceiling"], list(comparison_rows(result))))


def latency(result):
    found = result["latency"]
    if not found or not found.get("rows"):
        return f"## Latency\n\nNot measured: {found['error']}\n" if found.get("error") else ""
    load = found["load_ms"]
    rows = [[row["arithmetic"], str(row["callers"]), str(row["threads_inside"]), number(row["p50_us"]), number(row["p99_us"]),
             number(row["per_second"]), "same bytes" if row["same_bytes"] else "DIFFER"] for row in found["rows"]]
    return ("## Latency of one prediction\n\nRN state, one question about a scene of 3 to 10 objects, questions in turn (bench/latency.cpp). Callers "
            "share constant weights, each has its own workspace; threads inside: those that one prediction may use. Answers are compared with "
            f"those of one caller.\n\nFrom a checkpoint of {load['file_mb']:.1f} MB in the page cache to the first possible answer: "
            f"p50 {load['p50']:.1f} ms, p99 {load['p99']:.1f} ms.\n\n"
            + table(["arithmetic", "callers", "threads inside", "p50, us", "p99, us", "predictions a second", "answers"], rows))


def feed(result):
    found = result["feed"]
    if not found or not found.get("rows"):
        return f"## What feeds a step\n\nNot measured: {found['error']}\n" if found.get("error") else ""
    rate = step_rate(result)
    rows = [[row["what"], str(row["threads"]), number(row["per_second"]), f"{row['per_second'] / rate:,.0f}" if rate else "-"]
            for row in found["rows"]]
    told = f"The state step above takes {number(rate)} questions a second.\n\n" if rate else ""
    loader = "\n700,000 questions in one file, plain and packed (must open in 10 s and 1,500 MB):\n\n```\n" + result["loader"] + "```\n"
    return ("## What feeds a step\n\n" + told + table(["what", "threads", "questions a second", "times the step's rate"], rows)
            + (loader if result["loader"] else ""))


def peers(result):
    parts = ["## Every case\n"]
    for case, entry in result["cases"].items():
        parts += [f"### {entry['title']}\n", f"Least work {number(entry['gflop'])} GFLOP by workload.py, {number(entry['ours'].get('gflop'))} by "
                  f"describe. Check: {check_text(entry['check'])}.\n"]
        if entry["ours"]["error"]:
            parts.append(f"Ours failed: {entry['ours']['error']}\n")
        elif entry["ours"]["ms"]:
            parts.append(f"Ours: {number(median(entry['ours']['ms']))} ms, peak memory {number(entry['ours'].get('peak_mb'))} MB.\n")
        if entry["modes"]:
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
            yield [case, str(entry["batch"]), "-", entry["error"] or "no times", "-", "-", "-", "-"]
        else:
            yield [case, str(entry["batch"]), number(ms), number(1e3 * ms / entry["batch"]), share(entry["gflop"], ms, ceiling),
                   number(entry["peak_mb"]), number(entry["input_mb"]),
                   number(entry["peak_mb"] - entry["input_mb"]) if entry["peak_mb"] and entry["input_mb"] else "-"]


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
        parts += ["Batch sizes: time per scene (must be flat within 10 %) and peak memory of the whole process; beside inputs it must not grow:\n",
                  table(["case", "batch", "ms", "us per scene", "share", "peak MB", "inputs MB", "beside inputs MB"], rows)]
    return "\n".join(parts) if len(parts) > 1 else ""


def text(result):
    asked = targets(result, list(target_rows(result)))
    return "\n".join(part for part in (head(result), asked, ceilings(result), comparison(result), peers(result), own(result),
                                       latency(result), feed(result)) if part).rstrip() + "\n"


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    (folder / "cpu.md").write_text(text(json.loads((folder / "cpu.json").read_text())))
