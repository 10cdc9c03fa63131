"""bench/peers/programs.py -- talks to a benchmark program: a line in, a line of JSON back."""
import json
import os
import pathlib
import queue
import shutil
import subprocess
import threading


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
