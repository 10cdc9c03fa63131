# tests/python/export_pytorch.py RN_CLEVR -- weights exported by rn_clevr load strictly into the same network written in PyTorch.
# Without PyTorch (build/python has only numpy and safetensors; RELREASON_PYTHON names another interpreter) its names and shapes are compared with a list.
import os
import subprocess
import sys
import tempfile

import safetensors.numpy

try:
    import safetensors.torch
    import torch
    from torch import nn
except ImportError:
    torch = None

# models::rn_state<128, 128> as PyTorch's modules name and shape it: embedding, LSTM, the four layers of g, the three of f.
SHAPES = {"q.embedding.weight": (83, 32), "q.lstm.weight_ih_l0": (512, 32), "q.lstm.weight_hh_l0": (512, 128), "q.lstm.bias_ih_l0": (512,),
          "q.lstm.bias_hh_l0": (512,)}
for line, widths in {"r.g": (7 + 7 + 128, 128, 128, 128, 128), "a": (128, 128, 256, 28)}.items():
    for layer, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        SHAPES[f"{line}.{layer}.weight"], SHAPES[f"{line}.{layer}.bias"] = (outputs, inputs), (outputs,)


def network():
    def linears(*widths):
        return nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))

    net = nn.Module()
    net.q, net.r, net.a = nn.Module(), nn.Module(), linears(128, 128, 256, 28)
    net.q.embedding, net.q.lstm = nn.Embedding(83, 32), nn.LSTM(32, 128, batch_first=True)
    net.r.g = linears(7 + 7 + 128, 128, 128, 128, 128)
    return net


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        run, out = os.path.join(folder, "run"), os.path.join(folder, "weights.safetensors")
        subprocess.run([program, "train", "--blocks-world", "5", "--blocks-world-val", "2", "--model", "small", "--epochs", "1", "--run", run],
                       check=True, capture_output=True)
        subprocess.run([program, "export", "--weights-only", "--run", run, "--out", out], check=True)
        tensors = safetensors.numpy.load_file(out)
        checkpoint = safetensors.numpy.load_file(os.path.join(run, "best.safetensors"))
        assert {name: value.shape for name, value in tensors.items()} == SHAPES, tensors.keys()
        assert all((checkpoint[name] == value).all() for name, value in tensors.items())
        print("[passed] exported weights have PyTorch's names and shapes, and the checkpoint's values")
        if torch is None:
            print("[skipped] exported weights load strictly in PyTorch: no torch here; RELREASON_PYTHON names an interpreter that has it")
            return
        loaded, net = safetensors.torch.load_file(out), network()
        net.load_state_dict(loaded, strict=True)
        assert all(torch.equal(value, loaded[name]) for name, value in net.state_dict().items())
    print("[passed] exported weights load strictly in PyTorch")


main(sys.argv[1])
