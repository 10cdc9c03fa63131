"""bench/peers/report_pixels.py -- turns what compare_pixels.py measured (cpu_pixels.json) into the tables of cpu_pixels.md.

Usage: python3 report_pixels.py FOLDER      reads FOLDER/cpu_pixels.json, writes FOLDER/cpu_pixels.md
"""
import json
import pathlib
import re
import sys

import report
from report import median, number, percent, ratio_text, ratios, reached, share, table

TEN_MUST, MEMORY_MUST_MB, MEMORY_AIM_MB, SEARCH_MUST = 4.0, 700, 450, 2.0
PAIRS_MUST = {"2018": 100_000, "2019": 30_000}   # of graphs of 6 objects, a second a core
PICTURES_MUST, PICTURES_AIM = 100, 300           # of 128 x 128, a second


def beside_inputs(entry):
    return entry["peak_mb"] - entry["input_mb"] if entry["ms"] and entry.get("peak_mb") else None


def printed(result, program):
    return next((found["text"] for found in result["programs"] if found["command"].split()[0] == program), "")


def search_ratios(text):
    """{"l2": (median, "median (quartiles)") of how many times as fast as FAISS flat, ...}"""
    return {kind: (float(middle), f"{middle} {quartiles}")
            for kind, middle, quartiles in re.findall(r"^(l2|cosine) .* times as fast ([0-9.]+) (\(.*\))$", text, re.MULTILINE)}


def target_rows(result):
    """The table of what was asked for: what, measured, must, aim, reached."""
    for case, entry in result["cases"].items():
        if entry["must"] is None:
            continue
        found = ratios(report.finalist_ms(entry, "fastest"), entry["ours"]["ms"])
        yield [f"{entry['title']}: faster than the fastest PyTorch way", ratio_text(found) if found else "not measured", str(entry["must"]),
               str(entry["aim"]), report.verdict(entry, found)]
        if case == "pixels":
            ms, ceiling = median(entry["ours"]["ms"]), report.ceiling_of(result, case)
            part = report.our_gflop(entry) / (ms / 1e3) / ceiling if ms and ceiling else None
            yield ["the same: share of the multiply-add ceiling, all of the step", percent(part) if part else "-", "-", "90 %",
                   reached(None if part is None else part >= 0.9, True)]
    yield from own_rows(result)
    search = search_ratios(printed(result, "search_faiss.py"))
    for kind in ("l2", "cosine"):
        middle, told = search.get(kind, (None, "not measured"))
        yield [f"exact search by {kind}: faster than FAISS flat", told, f"{SEARCH_MUST:g}", "-", reached(middle and middle >= SEARCH_MUST)]
    yield from rate_rows(result)


def own_rows(result):
    own = result["own"] or {"ten": {"ten_single": [], "ten_questions": []}, "memory": {}}
    found = ratios(own["ten"]["ten_single"], own["ten"]["ten_questions"])
    yield ["2S-RN, 10 questions about one picture: faster than 10 single ones", ratio_text(found) if found else "not measured", f"{TEN_MUST:g}", "-",
           reached(found and found[1] >= TEN_MUST)]
    for case, entries in own["memory"].items():
        largest = max(entries, key=lambda entry: entry["batch"])
        beside = beside_inputs(largest)
        yield [f"{case}: peak memory beside inputs, batch {largest['batch']}", f"{beside:,.0f} MB" if beside else "not measured",
               f"{MEMORY_MUST_MB} MB", f"{MEMORY_AIM_MB} MB",
               reached(None if beside is None else beside <= MEMORY_MUST_MB, beside and beside <= MEMORY_AIM_MB)]


def rate_rows(result):
    for version, must in PAIRS_MUST.items():
        line = rf"^{version} (?:soft|hard), 6 objects +([0-9]+) pairs/s"
        rates = [int(rate) for rate in re.findall(line, printed(result, "bench_ged"), re.MULTILINE)]
        yield [f"graph edit distance of {version}: pairs of 6 objects a second, one thread", f"{min(rates):,}" if rates else "not measured",
               f"{must:,}", "-", reached(min(rates) >= must if rates else None)]
    line = r"^128 x 128 +([0-9.]+) pictures/s rendered +([0-9.]+) with scene and PNG"
    found = re.search(line, printed(result, "bench_render"), re.MULTILINE)
    for what, place in (("rendered", 1), ("with their scenes and as PNG", 2)):
        rate = float(found[place]) if found else None
        yield [f"blocks world: pictures of 128 x 128 a second, {what}", number(rate) if rate else "not measured", str(PICTURES_MUST),
               str(PICTURES_AIM), reached(None if rate is None else rate >= PICTURES_MUST, rate and rate >= PICTURES_AIM)]


def comparison(result):
    if not result["peer"].get("version"):
        return ""
    rows = []
    for case, entry in result["cases"].items():
        ours, fastest = entry["ours"]["ms"], entry["finalists"].get("fastest")
        against = {role: ratios(report.finalist_ms(entry, role), ours) for role in ("fastest", "default")}
        asked = [f"{entry['must']} / {entry['aim']}", report.verdict(entry, against["fastest"])] if entry["must"] else ["-", "-"]
        fastest_ms = number(median(report.finalist_ms(entry, "fastest")))
        peer = f"{fastest_ms} ({report.key_text(fastest)})" if fastest else "-"
        rows.append([entry["title"], number(median(ours)), peer, ratio_text(against["fastest"]), *asked, ratio_text(against["default"]),
                     share(report.our_gflop(entry), median(ours), report.ceiling_of(result, case))])
    return ("## Against PyTorch\n\nMilliseconds are medians. A ratio is PyTorch's time over ours in the same round: median (quartiles), "
            f"rounds: at most {result['rounds']}. The peer is the fastest of eager and compile, each in channels_last or not, "
            "literal and factored, default and tuned allocator; for predictions also compiled with frozen weights; for ten questions also in how "
            "often it sees the picture: ten passes (single), one with the picture ten times (batch), or once (shared). bf16: autocast. A screening "
            f"(rounds: {result['screen']}) finds the two fastest, which run in turn with us; default is what people run: literal, eager, default "
            "allocator, ten passes for ten questions. The cases are told in bench/peers/compare_pixels.py.\n\n"
            + table(["what", "ours, ms", "fastest peer, ms", "ratio", "must / aim", "reached", "ratio to default", "our share of the ceiling"], rows))


def own(result):
    if not result["own"]:
        return ""
    ten, rows = result["own"]["ten"], []
    parts = ["## relreason against itself\n", "Ten questions about one picture, by 2S-RN: each with the picture, one after the other; or the picture "
             "seen once (models::from_pixels::by_picture):\n",
             f"Failed: {ten['error']}\n" if ten["error"] else
             table(["ten single ones, ms", "together, ms", "ratio"], [[number(median(ten["ten_single"])), number(median(ten["ten_questions"])),
                                                                       ratio_text(ratios(ten["ten_single"], ten["ten_questions"]))]])]
    if ten.get("least_work"):
        parts.append(f"Ten single ones are {ten['least_work']:.2f} times the work by workload_pixels.py: the question enters before the last two "
                     "layers of pairs, and the last must be computed for each. At equal speed of products the ratio cannot be larger.\n")
    for case, entries in result["own"]["memory"].items():
        for entry in entries:
            told = [number(median(entry["ms"])), number(entry["peak_mb"]), number(entry["input_mb"]), number(beside_inputs(entry))]
            rows.append([case, str(entry["batch"]), *(["-", entry["error"], "-", "-"] if entry["error"] else told)])
    if rows:
        parts += ["Peak memory of a whole process that does one step, the first, which is slower than others:\n",
                  table(["case", "batch", "ms", "peak MB", "inputs MB", "beside inputs MB"], rows)]
    return "\n".join(parts)


def programs(result):
    parts = ["## Search, distances, pictures\n", "As the programs print it:\n"] if result["programs"] else []
    for found in result["programs"]:
        parts.append(f"```\n$ {found['command']}\n{found['text']}```\n")
        if found["error"]:
            parts.append(f"It failed: {found['error']}\n")
    return "\n".join(parts)


def text(result):
    head = report.head(result, "Speed on the CPU: networks that see pictures", "compare_pixels.py", "scripts/bench.sh --pictures",
                       "cpu_pixels.json")
    return "\n".join(part for part in (head, report.targets(result, list(target_rows(result))), report.ceilings(result), comparison(result),
                                       report.peers(result), own(result), programs(result)) if part).rstrip() + "\n"


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    (folder / "cpu_pixels.md").write_text(text(json.loads((folder / "cpu_pixels.json").read_text())))
