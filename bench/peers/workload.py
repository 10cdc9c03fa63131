"""bench/peers/workload.py -- the inputs and first weights of the benchmark, the same files for every side, and the least work of each case.

Usage: python3 workload.py FOLDER      writes FOLDER/core.safetensors, state.safetensors, predict.safetensors

core     64 scenes of 64 objects of 26, a question vector of 128, g 4 x 256:
         objects [4096, 26], counts [64], q [64, 128], cotangent [64, 256], g.L.weight, g.L.bias
state    640 scenes of 3 to 10 objects of 7 (80 scenes of each count), one question each: objects, counts, tokens, lengths, labels, pad_to [1],
         embedding.weight [83, 32], lstm.* (256), g.L (4 x 512), f.0 512, f.1 1024, f.2 28. PyTorch's names, shapes [out, in]; LSTM gates i, f, g, o
predict  one scene of 6 objects and one question of 18 words: objects, counts, tokens, lengths, pad_to; the weights are those of state

Objects are packed in the order of the scenes, tokens in the order of the questions; the first k columns of g.0.weight act on o_b of [o_b ; o_a ; q].
Tokens stand in reading order; the LSTM sees leading padding: 0 .. 0 wT .. w1, pad_to long.
"""
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

SLOTS, ANSWERS, WORDS = 12, 28, 82
# Words and punctuation marks of the first 40 questions of CLEVR's training set.
LENGTHS = [8, 8, 8, 11, 12, 12, 13, 14, 14, 15, 15, 15, 16, 16, 17, 17, 17, 17, 17, 17,
           19, 19, 20, 21, 21, 22, 22, 22, 23, 24, 25, 25, 26, 26, 28, 28, 28, 28, 29, 30]


def linear(random, tensors, name, outputs, inputs):
    """Weights and biases as torch.nn.Linear starts them: uniform up to 1 / sqrt(inputs)."""
    bound = inputs ** -0.5
    tensors[name + ".weight"] = random.uniform(-bound, bound, (outputs, inputs)).astype(np.float32)
    tensors[name + ".bias"] = random.uniform(-bound, bound, outputs).astype(np.float32)


def core():
    random = np.random.default_rng(1)
    real = lambda *shape: random.standard_normal(shape).astype(np.float32)
    tensors = {"objects": real(64 * 64, 26), "counts": np.full(64, 64), "q": real(64, 128), "cotangent": real(64, 256)}
    for l in range(4):
        linear(random, tensors, f"g.{l}", 256, 180 if l == 0 else 256)
    return tensors


def scenes(random, counts, lengths, pad_to):
    n = int(counts.sum())
    ids = [random.integers(1, most + 1, n) for most in (8, 2, 3, 2)]   # color, material, shape, size
    objects = np.stack([random.uniform(-3, 3, n), random.uniform(-3, 3, n), random.choice([0.35, 0.7], n), *ids], axis=1).astype(np.float32)
    tokens = random.integers(1, WORDS + 1, int(lengths.sum()))
    return {"objects": objects, "counts": counts, "tokens": tokens, "lengths": lengths, "pad_to": np.array([pad_to])}


def state():
    random = np.random.default_rng(2)
    counts = random.permutation(np.repeat(np.arange(3, 11), 80))
    lengths = random.permutation(np.tile(LENGTHS, 16))
    tensors = scenes(random, counts, lengths, max(LENGTHS))
    tensors["labels"] = random.integers(0, ANSWERS, 640)
    tensors["embedding.weight"] = random.standard_normal((WORDS + 1, 32)).astype(np.float32)
    for name, shape in (("weight_ih", (1024, 32)), ("weight_hh", (1024, 256)), ("bias_ih", 1024), ("bias_hh", 1024)):
        tensors[f"lstm.{name}_l0"] = random.uniform(-1 / 16, 1 / 16, shape).astype(np.float32)
    for l in range(4):
        linear(random, tensors, f"g.{l}", 512, 270 if l == 0 else 512)
    for l, (outputs, inputs) in enumerate(((512, 512), (1024, 512), (ANSWERS, 1024))):
        linear(random, tensors, f"f.{l}", outputs, inputs)
    return tensors


def predict():
    return scenes(np.random.default_rng(3), np.array([6]), np.array([18]), max(LENGTHS))


def write(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for make in (core, state, predict):
        save_file({name: np.ascontiguousarray(value) for name, value in make().items()}, folder / (make.__name__ + ".safetensors"))


def chain_gflop(rows, widths, passes):
    """passes products of every layer of widths[0] -> widths[1] -> ... on so many rows."""
    return passes * 2e-9 * rows * sum(a * b for a, b in zip(widths, widths[1:]))


def least_gflop(case, folder, batch=None):
    """FLOPs nobody can avoid: first layer on objects, equal pairs once, words once, pads once; three products a layer when training."""
    if case == "core":
        size = batch or 64
        return chain_gflop(size * 4096, [256] * 4, 3) + chain_gflop(size * 64, [52, 256], 3) + chain_gflop(size, [128, 256], 3)
    data = load_file(pathlib.Path(folder) / (case + ".safetensors"))
    counts, lengths, passes = data["counts"], data["lengths"], 3 if case == "state" else 1
    size = 256 + 32
    pads = int(data["pad_to"][0] - lengths.min()) if case == "state" else 0   # known beforehand when predicting
    each = (chain_gflop(((counts + 1) ** 2).sum(), [512] * 4, passes) + chain_gflop((counts + 1).sum(), [14, 512], passes)
            + chain_gflop(len(counts), [256, 512], passes) + chain_gflop(lengths.sum(), [size, 1024], passes)
            + chain_gflop(len(counts), [512, 512, 1024, ANSWERS], passes))
    return each * (batch or len(counts)) / len(counts) + chain_gflop(pads, [size, 1024], passes)


if __name__ == "__main__":
    write(sys.argv[1])
