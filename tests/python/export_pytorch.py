# tests/python/export_pytorch.py RN_CLEVR -- weights exported by rn_clevr load strictly into the same network written in PyTorch.
import os
import subprocess
import sys
import tempfile

try:
    import safetensors.torch
    import torch
    from torch import nn
except ImportError as missing:
    print(f"[skipped] export_pytorch.py: {missing}")
    sys.exit(77)


def linears(*widths):
    return nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))


class Question(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(83, 32)
        self.lstm = nn.LSTM(32, 128, batch_first=True)


class Pairs(nn.Module):
    def __init__(self):
        super().__init__()
        self.g = linears(7 + 7 + 128, 128, 128, 128, 128)


class Small(nn.Module):  # models::rn_state<128, 128>
    def __init__(self):
        super().__init__()
        self.q, self.r, self.a = Question(), Pairs(), linears(128, 128, 256, 28)


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        run, out = os.path.join(folder, "run"), os.path.join(folder, "weights.safetensors")
        subprocess.run([program, "train", "--blocks-world", "5", "--blocks-world-val", "2", "--model", "small", "--epochs", "1", "--run", run],
                       check=True, capture_output=True)
        subprocess.run([program, "export", "--run", run, "--out", out], check=True)
        tensors = safetensors.torch.load_file(out)
        net = Small()
        net.load_state_dict(tensors, strict=True)
        assert all(torch.equal(value, tensors[name]) for name, value in net.state_dict().items())
        checkpoint = safetensors.torch.load_file(os.path.join(run, "best.safetensors"))
        assert all(torch.equal(checkpoint[name], value) for name, value in tensors.items())
    print("[passed] exported weights load strictly in PyTorch")


main(sys.argv[1])
