#!/usr/bin/env python3
"""bench/peers/pytorch_rn.py -- the Relation Network in PyTorch, written the usual way and as an expert would, timed step by step.

Usage: python3 pytorch_rn.py --data FOLDER [--threads N] [--device cpu | cuda]
then one request a line on stdin, one line of JSON back (compare.py and compare_cuda.py drive it):
    info                       {"peer": "PyTorch", "version": ..., "threads": ..., "instructions": ...}
    run CASE MODE ROUNDS [W]   {"case": ..., "mode": ..., "ms": [one number per step]}; the first request of a mode warms up: W steps (3) and 1 s
    check CASE MODE            {"case": ..., "mode": ..., "loss": ..., "norms": {parameter: L2 norm of its gradient}}; first weights, no dropout;
                               predict: {..., "log_probabilities": [28 numbers]}
    quit
A request that fails is answered by {"case": ..., "mode": ..., "error": "one line"}.

CASE  core     forward and backward of r = sum_ab g(o_b, o_a, q), gradients of objects, question and weights
      state    a whole training step: LSTM, relation network, cross-entropy, backward, clip to norm 50, Adam with L2 1e-4
      predict  log-probabilities of one question, 6 objects in 12 slots
MODE  FORM:ENGINE:TYPE
      FORM     literal   all pairs concatenated, as most repositories do
               factored  first layer as A o_b + B o_a + (C q + c)
               merged, merged-literal   zero objects of a scene merged into one row with its multiplicity, exactly;
                         predict also keeps the LSTM's state after the pads
      ENGINE   eager | compile | compile-max (mode max-autotune) | compile-frozen (weights packed at compile time; predict only)
               compile-graphs (mode reduce-overhead, which is CUDA graphs; cuda only)
               torch.compile gets everything but the LSTM, the clipping and Adam, which have fused kernels already
      TYPE     f32 | tf32 (cuda only; f32 is strict there) | bf16 (autocast; predict: the model converted)
On a GPU every step copies its batch from pinned memory, several batches in turn; a time of core or state is the mean of 10 steps with one wait at
the end, one of predict ends with the answer on the host.
The allocator is chosen outside, by environment variables. workload.py says what FOLDER holds.
"""
import argparse
import contextlib
import json
import pathlib
import sys
import time

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

SLOTS = 12
BATCHES_IN_TURN, STEPS_A_WAIT = 4, 10   # on a GPU


def pair_layer(first, o, q, factored):
    """Layer 0 on all pairs of scenes with n rows each: o [B, n, k], q [B, Q] or None -> [B n n, H], row a n + b of a scene is [o_b ; o_a ; q]."""
    scenes, n, k = o.shape
    if factored:
        w = first.weight
        asked = first.bias if q is None else F.linear(q, w[:, 2 * k:], first.bias).unsqueeze(1)
        u, v = F.linear(o, w[:, :k]), F.linear(o, w[:, k:2 * k]) + asked
        return (u.unsqueeze(1) + v.unsqueeze(2)).view(scenes * n * n, -1)
    shape = (scenes, n, n, -1)
    asked = [] if q is None else [q.view(scenes, 1, 1, -1).expand(shape)]
    x = torch.cat([o.unsqueeze(1).expand(shape), o.unsqueeze(2).expand(shape), *asked], dim=3)
    return first(x.view(scenes * n * n, -1))


def pair_sum(layers, o, q, factored, weights=None):
    """r [B, H]: the sum over pairs of g, each pair counted weights[pair] times. ReLU in place: nothing reads its input again."""
    h = torch.relu_(pair_layer(layers[0], o, q, factored))
    for layer in layers[1:]:
        h = torch.relu_(layer(h))
    h = h.view(o.shape[0], o.shape[1] ** 2, -1)
    return h.sum(1) if weights is None else torch.matmul(weights.to(h.dtype), h).squeeze(1)


class Core(nn.Module):
    def __init__(self, factored):
        super().__init__()
        self.factored = factored
        self.g = nn.ModuleList(nn.Linear(180 if l == 0 else 256, 256) for l in range(4))

    def forward(self, o, q):
        return pair_sum(self.g, o, q, self.factored)


class State(nn.Module):
    """RN on state descriptions. groups: [(objects [B, n, 7], pair weights or None, scenes of the batch)]."""

    def __init__(self, factored, dropout):
        super().__init__()
        self.factored, self.dropout = factored, dropout
        self.embedding = nn.Embedding(83, 32)
        self.lstm = nn.LSTM(32, 256, batch_first=True)
        self.g = nn.ModuleList(nn.Linear(270 if l == 0 else 512, 512) for l in range(4))
        self.f = nn.ModuleList([nn.Linear(512, 512), nn.Linear(512, 1024), nn.Linear(1024, 28)])

    def question(self, tokens, start=None):
        return self.lstm(self.embedding(tokens), start)[1][0][0]

    def logits(self, q, groups):
        r = torch.cat([pair_sum(self.g, o, q[first:last], self.factored, weights) for o, weights, (first, last) in groups])
        h = torch.relu_(self.f[1](torch.relu_(self.f[0](r))))   # dropout after ReLU is dropout before it: the factor is never negative
        return self.f[2](F.dropout(h, self.dropout, self.dropout > 0)).float()

    def loss(self, q, groups, labels):
        return F.cross_entropy(self.logits(q, groups), labels)


def load_weights(model, tensors):
    model.load_state_dict({name: tensors[name] for name in model.state_dict()})


def batch_of(data, merged):
    """(tokens [B, pad_to] with leading pads, groups, order). merged: scenes sorted by their count, one zero row of multiplicity 12 - count each."""
    counts, lengths, pad_to = data["counts"].tolist(), data["lengths"].tolist(), int(data["pad_to"])
    order = sorted(range(len(counts)), key=lambda i: counts[i]) if merged else list(range(len(counts)))
    words, objects = data["tokens"].split(lengths), data["objects"].split(counts)
    tokens = torch.stack([F.pad(words[i].flip(0), (pad_to - lengths[i], 0)) for i in order])
    groups, first = [], 0
    while first < len(order):
        count = counts[order[first]]
        last = first + sum(counts[i] == count for i in order) if merged else len(order)
        rows = count + 1 if merged else SLOTS
        o = torch.stack([F.pad(objects[i], (0, 0, 0, rows - counts[i])) for i in order[first:last]])
        times = torch.tensor([1.0] * count + [float(SLOTS - count)])
        groups.append((o, torch.outer(times, times).view(1, -1) if merged else None, (first, last)))
        first = last
    return tokens, groups, torch.tensor(order)


def on_device(groups, mode):
    """The groups' pair weights on the device; their objects come with every step."""
    return [(None, None if weights is None else weights.to(mode.device), place) for _, weights, place in groups]


def with_objects(groups, objects):
    return [(o, weights, place) for o, (_, weights, place) in zip(objects, groups, strict=True)]


class Mode:
    """FORM:ENGINE:TYPE on a device, and what it means for a function."""

    COMPILERS = {"compile": None, "compile-max": "max-autotune", "compile-frozen": None, "compile-graphs": "reduce-overhead"}

    def __init__(self, text, device):
        form, self.engine, self.type = text.split(":")
        self.device = device
        known = {"literal": (False, False), "factored": (True, False), "merged": (True, True), "merged-literal": (False, True)}
        if form not in known or self.engine not in ("eager", *self.COMPILERS) or self.type not in ("f32", "tf32", "bf16"):
            raise ValueError(f"unknown mode {text}")
        if device == "cpu" and (self.engine == "compile-graphs" or self.type == "tf32"):
            raise ValueError(f"{text} needs --device cuda")
        self.factored, self.merged = known[form]
        if device == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = self.type == "tf32"

    def compiled(self, function):
        if self.engine == "eager":
            return function
        import torch._inductor.config
        torch._inductor.config.freezing = self.engine == "compile-frozen"
        return torch.compile(function, dynamic=False, mode=self.COMPILERS[self.engine])

    def autocast(self):
        return torch.autocast(self.device, dtype=torch.bfloat16) if self.type == "bf16" else contextlib.nullcontext()

    def begin_step(self):
        if self.engine == "compile-graphs":
            torch.compiler.cudagraph_mark_step_begin()


class Feed:
    """The tensors that a step takes in, a scene a row. On the CPU they stand ready; a GPU gets them from pinned memory, batches in turn."""

    def __init__(self, tensors, mode):
        self.device, self.taken = mode.device, 0
        if mode.device == "cpu":
            self.turns = [tensors]
        else:
            count = 1 if mode.merged else min(BATCHES_IN_TURN, len(tensors[0]))
            self.turns = [[tensor.roll(-k * len(tensor) // count, 0).pin_memory() for tensor in tensors] for k in range(count)]

    def next(self):
        tensors = self.turns[self.taken % len(self.turns)]
        self.taken += 1
        return tensors if self.device == "cpu" else [tensor.to(self.device, non_blocking=True) for tensor in tensors]


def core_case(folder, mode, check):
    if mode.merged or mode.engine == "compile-frozen":
        raise ValueError("this mode is not defined for core")
    data = load_file(folder / "core.safetensors")
    model = Core(mode.factored)
    load_weights(model, data)
    model.to(mode.device)
    feed = Feed([data["objects"].view(64, 64, 26), data["q"], data["cotangent"]], mode)
    forward = mode.compiled(model)

    def step():
        mode.begin_step()
        model.zero_grad(set_to_none=True)
        o, q, cotangent = feed.next()
        with mode.autocast():
            r = forward(o.detach().requires_grad_(), q.detach().requires_grad_())
        loss = (r.float() * cotangent).sum()
        loss.backward()
        return loss
    return step, model


def state_case(folder, mode, check):
    if mode.engine == "compile-frozen":
        raise ValueError("compile-frozen is for predict")
    data = load_file(folder / "state.safetensors")
    model = State(mode.factored, 0.0 if check else 0.05)
    load_weights(model, data)
    model.to(mode.device)
    tokens, groups, order = batch_of(data, mode.merged)
    feed = Feed([tokens, data["labels"][order], *(o for o, _, _ in groups)], mode)
    groups = on_device(groups, mode)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-6, weight_decay=1e-4, fused=True)
    loss_of = mode.compiled(model.loss)

    def step():
        mode.begin_step()
        optimizer.zero_grad(set_to_none=True)
        tokens, labels, *objects = feed.next()
        with mode.autocast():
            loss = loss_of(model.question(tokens), with_objects(groups, objects), labels)
        loss.backward()
        if not check:
            nn.utils.clip_grad_norm_(model.parameters(), 50.0)
            optimizer.step()
        return loss
    return step, model


def predict_case(folder, mode, check):
    model = State(mode.factored, 0.0).eval()
    load_weights(model, load_file(folder / "state.safetensors"))
    data = load_file(folder / "predict.safetensors")
    tokens, groups, _ = batch_of(data, mode.merged)
    if mode.type == "bf16":
        model = model.bfloat16()
        groups = [(o.bfloat16(), weights, place) for o, weights, place in groups]
    model.to(mode.device)
    start = None
    if mode.merged:
        with torch.no_grad():
            words = int(data["lengths"])
            start = model.lstm(model.embedding(tokens[:, :-words].to(mode.device)))[1]
            tokens = tokens[:, -words:]
    feed = Feed([tokens, *(o for o, _, _ in groups)], mode)
    groups = on_device(groups, mode)
    logits_of = mode.compiled(model.logits)

    def step():
        mode.begin_step()
        with torch.no_grad() if mode.engine == "compile-frozen" else torch.inference_mode():
            tokens, *objects = feed.next()
            return F.log_softmax(logits_of(model.question(tokens, start), with_objects(groups, objects)), dim=1).cpu()
    return step, model


CASES = {"core": core_case, "state": state_case, "predict": predict_case}


def warm(step, least):
    end, steps = time.perf_counter() + 1, 0
    while steps < least or time.perf_counter() < end:
        step()
        steps += 1


def run(ready, options, case, mode, rounds, least):
    found = options.mode(mode, options.device)   # also sets TF32, for steps made before
    if (case, mode) not in ready:
        step, _ = options.cases[case](options.data, found, False)
        warm(step, least)
        ready[case, mode] = step
    step, times = ready[case, mode], []
    steps = STEPS_A_WAIT if options.device == "cuda" and case != "predict" else 1
    wait = torch.cuda.synchronize if options.device == "cuda" else lambda: None
    wait()
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(steps):
            step()
        wait()
        times.append((time.perf_counter() - begin) * 1e3 / steps)
    return {"ms": times}


def check(options, case, mode):
    step, model = options.cases[case](options.data, options.mode(mode, options.device), True)
    found, vanishing = step().detach(), getattr(model, "vanishing", ())
    if found.dim():
        return {"features" if case == "features" else "log_probabilities": found.flatten().tolist()}
    return {"loss": float(found), "norms": {name: float(value.grad.double().norm()) for name, value in model.named_parameters()
                                            if name not in vanishing}}


def information(options):
    found = {"peer": "PyTorch", "version": torch.__version__, "threads": torch.get_num_threads()}
    if options.device == "cpu":
        return {**found, "instructions": torch.backends.cpu.get_cpu_capability()}
    return {**found, "device": torch.cuda.get_device_name(), "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}


def answer(ready, options, line):
    verb, case, mode, rounds, least = (line.split() + [""] * 5)[:5]
    if verb == "info":
        return information(options)
    try:
        if verb not in ("run", "check") or case not in options.cases:
            raise ValueError(f"unknown request {line.strip()!r}")
        found = run(ready, options, case, mode, int(rounds), int(least or 3)) if verb == "run" else check(options, case, mode)
    except Exception as error:   # a compiler that is missing, a mode that does not exist: one line, and the next request
        found = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
    return {"case": case, "mode": mode, **found}


def serve(description, cases, mode):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args()
    options.cases, options.mode = cases, mode
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    ready = {}
    for line in sys.stdin:
        if line.split() == ["quit"]:
            break
        if line.strip():
            print(json.dumps(answer(ready, options, line)), flush=True)


if __name__ == "__main__":
    serve(__doc__, CASES, Mode)
