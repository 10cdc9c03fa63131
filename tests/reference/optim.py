#!/usr/bin/env python3
"""Writes optim.txt: what PyTorch's optimizers, schedulers and gradient clipping give, in double, for tests/optim.

Run: python3 tests/reference/optim.py   (needs torch; the file is committed, so the tests do not)
Each line is a name and numbers; %.17g reads back as the same double.
"""
import math
import pathlib

import torch

torch.set_default_dtype(torch.float64)
START = [0.5, -1.25, 2.0, -0.03, 0.0]


def gradient(step):
    """Five numbers for step 1, 2, ...; the test computes the same."""
    return torch.tensor([(i - 2) * 0.3 + 0.1 * step * (1 - 2 * (i % 2)) for i in range(5)])


def run(make, steps=5, clip=None):
    w = torch.nn.Parameter(torch.tensor(START))
    optimizer = make([w])
    for step in range(1, steps + 1):
        w.grad = gradient(step)
        if clip:
            torch.nn.utils.clip_grad_norm_([w], clip)
        optimizer.step()
    state = optimizer.state[w]
    names = [n for n in ("exp_avg", "exp_avg_sq", "momentum_buffer") if state.get(n) is not None]
    return [w.detach()] + [state[n] for n in names]


def rates(make, epochs, base):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    scheduler = make(optimizer)
    out = []
    for _ in range(epochs + 1):
        out.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return out  # out[e]: the rate at last_epoch e


def plateau(losses):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=5e-4)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, min_lr=1e-6, patience=2)
    out = []
    for loss in losses:
        scheduler.step(loss)
        out.append(optimizer.param_groups[0]["lr"])
    return out


LOSSES = [1.0, 0.9, 0.95, 0.91, 0.9, 0.89999, 0.8, 0.81, math.nan, 0.82, 0.7] + [0.7] * 40

o, s = torch.optim, torch.optim.lr_scheduler
lines = {
    "adam": run(lambda p: o.Adam(p, lr=0.01, weight_decay=1e-4, foreach=False)),
    "adam_betas": run(lambda p: o.Adam(p, lr=0.02, betas=(0.5, 0.9), eps=1e-3, weight_decay=0.1, foreach=False)),
    "adam_clip": run(lambda p: o.Adam(p, lr=0.01, weight_decay=1e-4, foreach=False), clip=0.5),
    "adamw": run(lambda p: o.AdamW(p, lr=0.01, weight_decay=0.1, foreach=False)),
    "sgd": run(lambda p: o.SGD(p, lr=0.01, momentum=0.9, weight_decay=1e-3, foreach=False)),
    "sgd_nesterov": run(lambda p: o.SGD(p, lr=0.01, momentum=0.9, weight_decay=1e-3, nesterov=True, foreach=False)),
    "cosine": [torch.tensor(rates(lambda q: s.CosineAnnealingLR(q, 40, 1e-5), 40, 5e-4))],
    "cosine_restarts": [torch.tensor(rates(lambda q: s.CosineAnnealingWarmRestarts(q, 30, 1, 5e-6), 70, 7.5e-4))],
    "cosine_restarts_growing": [torch.tensor(rates(lambda q: s.CosineAnnealingWarmRestarts(q, 5, 2, 1e-5), 40, 1e-3))],
    "exponential": [torch.tensor(rates(lambda q: s.ExponentialLR(q, 0.95), 20, 5e-4))],
    "step": [torch.tensor(rates(lambda q: s.StepLR(q, 7, 0.5), 30, 5e-4))],
    "losses": [torch.tensor(LOSSES)],
    "plateau": [torch.tensor(plateau(LOSSES))],
}
with open(pathlib.Path(__file__).with_name("optim.txt"), "w") as out:
    out.write(f"# written by tests/reference/optim.py with torch {torch.__version__.split('+')[0]}\n")
    for name, tensors in lines.items():
        for part, tensor in zip(("", ".1", ".2"), tensors):
            out.write(name + part + " " + " ".join("%.17g" % x for x in tensor.tolist()) + "\n")
