"""bench/peers/machine.py -- what this machine is, and how much of it other processes use meanwhile."""
import os
import pathlib
import platform
import shutil
import subprocess


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
