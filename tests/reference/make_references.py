#!/usr/bin/env python3
"""tests/reference/make_references.py -- writes PyTorch's numbers for relreason's operations: one safetensors file per case, computed in double.

Usage: python3 make_references.py [--out FOLDER]      (needs torch, numpy and safetensors; README.md beside this file gives the layout)
"""
import argparse
import json
import pathlib

import torch
from torch import nn
from torch.nn import functional as F
from safetensors.torch import save_file

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


class Case:
    """What one file holds: tensors by name, and a few words of text."""

    def __init__(self, name, seed, **text):
        self.name, self.tensors, self.text = name, {}, {key: str(value) for key, value in text.items()}
        self.generator = torch.Generator().manual_seed(seed)

    def uniform(self, *shape, low=-1.0, high=1.0):
        return torch.rand(*shape, generator=self.generator) * (high - low) + low

    def input(self, name, value):
        if value.is_floating_point():
            value = value.requires_grad_()
        self.tensors["input." + name] = value
        return value

    def parameter(self, name, *shape, low=-0.8, high=0.8):
        self.tensors[name] = self.uniform(*shape, low=low, high=high).requires_grad_()
        return self.tensors[name]

    def module(self, module, prefix="", bound=0.8):
        """Fills a module's parameters with uniform numbers and keeps them under PyTorch's names."""
        for name, value in module.named_parameters():
            with torch.no_grad():
                value.copy_(self.uniform(*value.shape, low=-bound, high=bound))
            self.tensors[prefix + name] = value
        return module

    def output(self, name, value):
        self.tensors["output." + name] = value
        return value

    def read_out(self, name, value):
        """The loss of an operation that is no loss: sum of output times a fixed cotangent."""
        self.output(name, value)
        cotangent = self.tensors["cotangent." + name] = self.uniform(*value.shape)
        return (value * cotangent).sum()

    def finish(self, loss):
        """Keeps the loss and its gradient with respect to every input and parameter."""
        leaves = {name: value for name, value in self.tensors.items() if value.requires_grad and value.is_leaf}
        gradients = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
        for (name, value), gradient in zip(leaves.items(), gradients):
            self.tensors["gradient." + name] = torch.zeros_like(value) if gradient is None else gradient
        self.tensors["loss"] = loss.reshape(1)
        return self


def linear_layers(case, prefix, widths, inputs):
    """Parameters of consecutive linear layers: prefix 0.weight, 0.bias, 1.weight, ...; inputs[l] is the input width of layer l."""
    return [(case.parameter(f"{prefix}{l}.weight", width, inputs[l]), case.parameter(f"{prefix}{l}.bias", width, low=-0.1, high=0.5))
            for l, width in enumerate(widths)]


# ---------------------------------------------------------------- row-wise operations and losses

def linear():
    case = Case("linear", 1)
    x, w, b = case.input("x", case.uniform(4, 3)), case.parameter("weight", 5, 3), case.parameter("bias", 5)
    return case.finish(case.read_out("y", F.linear(x, w, b)))


def mlp():
    case = Case("mlp", 2, layers="3 -> 6 relu -> 5 relu -> 4")
    x = h = case.input("x", case.uniform(4, 3))
    layers = linear_layers(case, "", [6, 5, 4], [3, 6, 5])
    for l, (w, b) in enumerate(layers):
        h = F.linear(h, w, b)
        h = F.relu(h) if l + 1 < len(layers) else h
    return case.finish(case.read_out("y", h))


def cross_entropy(name, seed, smoothing, logits):
    case = Case(name, seed, label_smoothing=smoothing, mean="over the rows")
    x = case.input("logits", logits if logits is not None else case.uniform(4, 5, low=-2, high=2))
    labels = case.input("labels", torch.tensor([0, 4, 2, 2]))
    case.output("log_probabilities", F.log_softmax(x, dim=1))
    return case.finish(F.cross_entropy(x, labels, label_smoothing=smoothing))


def extreme_logits():
    return torch.tensor([[1e3, -1e3, 0, 5, 1], [-1e3, 2, 3, 4, 1e3], [7e2, 7e2, 7e2, 7e2, 7e2], [-8e2, -7e2, 0, 7e2, 8e2]])


def multi_label(name, seed, logits):
    case = Case(name, seed, mean="over rows and labels")
    x = case.input("logits", logits if logits is not None else case.uniform(3, 5, low=-2, high=2))
    targets = torch.tensor([[1., 0, 0, 1, 1], [0, 0, 0, 0, 0], [1, 1, 1, 1, 0]])
    case.tensors["input.targets"] = targets
    return case.finish(F.binary_cross_entropy_with_logits(x, targets))


# ---------------------------------------------------------------- maps: (sample, row, column, channel), PyTorch's are (sample, channel, row, column)

def windows(name, seed, kernel, stride, padding, channels=None, bias=True, max_pool=None):
    """A convolution to so many channels; without, a pooling."""
    case = Case(name, seed, kernel=kernel, stride=stride, padding=padding)
    x = case.input("x", case.uniform(2, 7, 6, 3))
    maps = x.permute(0, 3, 1, 2)
    if channels:
        w = case.parameter("weight", channels, 3, kernel, kernel)
        b = case.parameter("bias", channels) if bias else None
        y = F.conv2d(maps, w, b, stride, padding)
    else:
        y = (F.max_pool2d if max_pool else F.avg_pool2d)(maps, kernel, stride, padding)
    return case.finish(case.read_out("y", y.permute(0, 2, 3, 1)))


def batch_norm(name, seed, *shape):
    """Two training steps of the same parameters, each with a batch of its own, then a prediction."""
    case = Case(name, seed, momentum=0.1, eps=1e-5)
    norm = (nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d)(shape[-1])
    case.module(norm)
    order = (lambda t: t.permute(0, 3, 1, 2), lambda t: t.permute(0, 2, 3, 1)) if len(shape) == 3 else (lambda t: t, lambda t: t)
    for step, rows in enumerate((5, 3)):
        x = case.tensors[f"input.x{step}"] = case.uniform(rows, *shape, low=-1, high=3).requires_grad_()
        y = order[1](norm(order[0](x)))
        loss = case.read_out(f"y{step}", y)
        for label, value in zip((f"input.x{step}", f"{step}.weight", f"{step}.bias"), torch.autograd.grad(loss, [x, norm.weight, norm.bias])):
            case.tensors["gradient." + label] = value
        case.tensors.update({f"running_mean{step}": norm.running_mean.clone(), f"running_var{step}": norm.running_var.clone()})
    case.output("predicted", order[1](norm.eval()(order[0](case.tensors["input.x0"]))))
    return case


def map_cases():
    yield windows("conv2d_3_2_1", 60, 3, 2, 1, channels=4)
    yield windows("conv2d_5_1_2", 61, 5, 1, 2, channels=2, bias=False)
    yield windows("conv2d_2_3_0", 62, 2, 3, 0, channels=5)
    yield windows("max_pool_3_2_1", 63, 3, 2, 1, max_pool=True)
    yield windows("mean_pool_3_2_1", 64, 3, 2, 1, max_pool=False)
    yield batch_norm("batch_norm_maps", 65, 3, 2, 4)
    yield batch_norm("batch_norm_features", 66, 4)


# ---------------------------------------------------------------- questions: embedding and LSTM, three ways to pad 

QUESTIONS = [[3, 1, 4], [5], [2, 6, 5, 3, 7], [1, 1], [7, 2, 4, 6]]   # ids 1..7, 0 is the pad


def fed_rows(questions, padding, pad_to):
    """The rows the LSTM runs over: trailing w1..wT 0..0, leading 0..0 wT..w1, packed wT..w1 then filler never read."""
    rows = torch.zeros(len(questions), pad_to, dtype=torch.int64)
    for row, words in zip(rows, questions):
        row[:len(words)] = torch.tensor(words if padding == "trailing" else words[::-1])
        if padding == "leading":
            row[:] = torch.tensor([0] * (pad_to - len(words)) + words[::-1])
    return rows


def last_state(embedding, lstm, questions, padding, pad_to):
    """h_n of every direction, side by side: [h_forward ; h_backward] for a bidirectional LSTM."""
    x = embedding(fed_rows(questions, padding, pad_to))
    if padding == "packed":
        lengths = torch.tensor([len(words) for words in questions])
        x = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    _, (h, _) = lstm(x)
    return torch.cat(list(h), dim=1)


def question_tensors(case, questions, padding, pad_to):
    case.input("tokens", torch.tensor([w for words in questions for w in words]))
    case.input("lengths", torch.tensor([len(words) for words in questions]))
    case.tensors["setting.pad_to"] = torch.tensor([pad_to])
    case.tensors["setting.fed"] = fed_rows(questions, padding, pad_to)


def lstm(name, seed, padding, pad_to, bidirectional):
    case = Case(name, seed, padding=padding, bidirectional=bidirectional)
    embedding = case.module(nn.Embedding(8, 3), "embedding.", bound=1.0)
    module = case.module(nn.LSTM(3, 4, batch_first=True, bidirectional=bidirectional), "lstm.")
    question_tensors(case, QUESTIONS, padding, pad_to)
    return case.finish(case.read_out("q", last_state(embedding, module, QUESTIONS, padding, pad_to)))


# ---------------------------------------------------------------- the relation stack 

K, QUESTION, SLOTS = 3, 2, 6


class Stack:
    """layers[] with q_pos, agg_pos, aggregator. Parameters g.l before the aggregation, f.l after it, agg.weight for weighted_sum."""

    def __init__(self, case, widths, q_pos, agg_pos, aggregator, pairs=0, k=K, question=QUESTION):
        self.widths, self.q_pos, self.agg_pos, self.aggregator = widths, q_pos, agg_pos, aggregator
        inputs = [(2 * k if l == 0 else widths[l - 1]) + (question if l == q_pos else 0) for l in range(len(widths))]
        self.layers = (linear_layers(case, "g.", widths[:agg_pos], inputs[:agg_pos])
                       + linear_layers(case, "f.", widths[agg_pos:], inputs[agg_pos:]))
        self.weights = case.parameter("agg.weight", pairs) if aggregator == "weighted_sum" else None

    def reduce(self, rows):
        if rows.shape[0] == 0:
            return torch.zeros(rows.shape[1])   # mean and max over no pair are 0, without gradient
        if self.aggregator == "weighted_sum":
            return self.weights @ rows
        return {"sum": lambda: rows.sum(0), "mean": lambda: rows.mean(0), "max": lambda: rows.max(0).values}[self.aggregator]()

    def scene(self, objects, q):
        """(aggregated vector, logits) of one scene. Row a * n + b of the pairs is [o_b ; o_a]."""
        n = objects.shape[0]
        a, b = torch.arange(n).repeat_interleave(n), torch.arange(n).repeat(n)
        h, r = torch.cat([objects[b], objects[a]], dim=1), None
        for l, (w, bias) in enumerate(self.layers):
            if l == self.agg_pos:
                h = r = self.reduce(h).reshape(1, -1)
            if l == self.q_pos:
                h = torch.cat([h, q.expand(h.shape[0], -1)], dim=1)
            h = F.linear(h, w, bias)
            h = F.relu(h) if l + 1 < len(self.layers) else h
        return r[0], h[0]


def scenes_of(objects, counts, slots):
    """The object matrix of each scene; with slots, filled up by rows of zeros."""
    fill = lambda o: torch.cat([o, torch.zeros(slots - o.shape[0], o.shape[1])]) if slots else o
    return [fill(o) for o in objects.split(counts)]


def relation(name, seed, widths, q_pos, agg_pos, aggregator, counts, slots):
    case = Case(name, seed, widths=widths, q_pos=q_pos, agg_pos=agg_pos, aggregator=aggregator, objects="padded" if slots else "masked", slots=slots)
    objects = case.input("objects", case.uniform(sum(counts), K, low=-1.5, high=1.5))
    case.input("counts", torch.tensor(counts))
    q = case.input("q", case.uniform(len(counts), QUESTION))
    labels = case.input("labels", torch.arange(len(counts)) % widths[-1])
    case.tensors["setting.stack"] = torch.tensor([q_pos, agg_pos, slots])
    stack = Stack(case, widths, q_pos, agg_pos, aggregator, pairs=counts[0] ** 2)
    found = [stack.scene(o, q[i:i + 1]) for i, o in enumerate(scenes_of(objects, counts, slots))]
    r = case.output("r", torch.stack([r for r, _ in found]))
    if (r == 0).all(dim=0).any():
        raise SystemExit(f"{name}: seed {seed} leaves a unit of r without any signal; take another seed")
    logits = case.output("logits", torch.stack([logit for _, logit in found]))
    return case.finish(F.cross_entropy(logits, labels))


def relation_cases():
    rn, rn2s, avf = [5, 4, 6, 3], [5, 4, 5, 4, 6, 3], [5, 4, 6, 4, 5, 3]
    for model, widths, q_pos, agg_pos in (("rn", rn, 0, 2), ("rn2s", rn2s, 2, 4)):
        for aggregator in ("sum", "mean", "max"):
            for objects, slots in (("padded", SLOTS), ("masked", 0)):
                yield relation(f"{model}_{aggregator}_{objects}", 40 + q_pos, widths, q_pos, agg_pos, aggregator, [3, 1, 4], slots)
    for aggregator in ("sum", "mean", "max"):
        yield relation(f"rn_{aggregator}_padded_empty", 50, rn, 0, 2, aggregator, [3, 0, SLOTS], SLOTS)
        yield relation(f"rn_{aggregator}_masked_empty", 50, rn, 0, 2, aggregator, [3, 0, 2], 0)
    for aggregator in ("weighted_sum", "sum", "mean"):
        yield relation(f"avf_{aggregator}", 60, avf, 4, 3, aggregator, [3, 3, 3], 0)
    yield relation("avf_q_at_aggregation", 62, avf, 3, 3, "weighted_sum", [3, 3], 0)


# ---------------------------------------------------------------- a training run of RN on state descriptions

def trajectory_batch(case, prefix, counts, questions, labels):
    objects = case.uniform(sum(counts), K, low=-4, high=4)
    case.tensors.update({prefix + "objects": objects, prefix + "counts": torch.tensor(counts), prefix + "labels": torch.tensor(labels),
                         prefix + "tokens": torch.tensor([w for words in questions for w in words]),
                         prefix + "lengths": torch.tensor([len(words) for words in questions])})
    return objects, counts, questions, torch.tensor(labels)


def trajectory():
    """Ten steps on two batches in turn: leading padding to 6, six slots with zero objects taking part, sum, clip 50, Adam with L2."""
    rate, decay, clip, pad_to = 1e-2, 1e-4, 50.0, 6
    case = Case("trajectory", 80, rate=rate, weight_decay=decay, clip=clip, pad_to=pad_to, slots=SLOTS, widths="5,5|6,4", padding="leading")
    batches = [trajectory_batch(case, "input.batch0.", [3, 1, 4], QUESTIONS[:3], [0, 3, 1]),
               trajectory_batch(case, "input.batch1.", [6, 2], QUESTIONS[3:], [2, 0])]
    embedding = case.module(nn.Embedding(8, 3), "embedding.", bound=1.0)
    lstm_module = case.module(nn.LSTM(3, 4, batch_first=True), "lstm.")
    stack = Stack(case, [5, 5, 6, 4], 0, 2, "sum", question=4)
    names = [name for name, value in case.tensors.items() if value.requires_grad]
    parameters = [case.tensors[name] for name in names]
    optimizer = torch.optim.Adam(parameters, lr=rate, weight_decay=decay)
    for name, value in zip(names, parameters):
        case.tensors[name] = value.detach().clone()
    losses, norms = [], []
    for step in range(10):
        objects, counts, questions, labels = batches[step % 2]
        q = last_state(embedding, lstm_module, questions, "leading", pad_to)
        logits = torch.stack([stack.scene(o, q[i:i + 1])[1] for i, o in enumerate(scenes_of(objects, counts, SLOTS))])
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            case.tensors.update({"gradient." + name: value.grad.clone() for name, value in zip(names, parameters)})
        norms.append(nn.utils.clip_grad_norm_(parameters, clip))
        losses.append(loss)
        optimizer.step()
    case.tensors.update({"output.losses": torch.stack(losses), "output.norms": torch.stack(norms)})
    case.tensors.update({"output.final." + name: value for name, value in zip(names, parameters)})
    return case


def all_cases():
    yield linear()
    yield mlp()
    yield cross_entropy("cross_entropy", 10, 0.0, None)
    yield cross_entropy("cross_entropy_smoothed", 10, 0.1, None)
    yield cross_entropy("cross_entropy_extreme", 11, 0.0, extreme_logits())
    yield multi_label("multi_label", 12, None)
    yield multi_label("multi_label_extreme", 12, extreme_logits()[:3])
    for bidirectional in (False, True):
        for padding, pad_to in (("trailing", 5), ("trailing", 7), ("leading", 5), ("leading", 7), ("packed", 5)):
            name = ("bilstm_" if bidirectional else "lstm_") + padding + (f"_{pad_to}" if padding != "packed" else "")
            yield lstm(name, 30 + bidirectional, padding, pad_to, bidirectional)
    yield from map_cases()
    yield from relation_cases()
    yield trajectory()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for case in all_cases():
        path = folder / (case.name + ".safetensors")
        save_file({name: value.detach().clone().contiguous() for name, value in case.tensors.items()}, path, {"case": json.dumps(case.text)})
        total += path.stat().st_size
        print(f"{path.name:34} {path.stat().st_size:7} bytes")
    print(f"{total} bytes in all")


if __name__ == "__main__":
    main()
