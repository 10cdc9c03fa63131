"""bench/peers/workload_pixels.py -- inputs and first weights of the networks that see pictures, the same files for every side, and their least work.

Usage: python3 workload_pixels.py FOLDER      writes FOLDER/pixels.safetensors, two_stage.safetensors

pixels      64 pictures [64, 128, 128, 3] of bytes, a question of 20 words about each: pictures, tokens, lengths, labels, pad_to [1]; weights of RN
two_stage   one picture and ten questions about it, in the same arrays; weights of 2S-RN

Weights have the names of the published checkpoints (mesnico/RelationNetworks-CLEVR) and start as theirs did: conv.convK, conv.batchNormK (weight
uniform from 0 to 1; running statistics about as large as those of these pictures), text.wembedding, text.lstm, rl.g_layers.L, rl.f_fcK.
Tokens stand in reading order; the LSTM sees wT .. w1. All questions are equally long: there is nothing to pad, and nothing to gain from packing.
"""
import pathlib
import sys

import numpy as np
from safetensors.numpy import save_file
from workload import ANSWERS, WORDS, chain_gflop, linear

SIDE, CELLS, MAPS, LENGTH, QUESTIONS = 128, 64, 24, 20, 10
OBJECT, STATE, WIDTH = MAPS + 2, 128, 256
PAIRS = CELLS * CELLS


def picture(random):
    """A ground of shades, six blocks of one color each, a little noise."""
    y, x = np.mgrid[:SIDE, :SIDE]
    shade = 100 + 60 * np.sin(x / random.uniform(20, 60)) * np.cos(y / random.uniform(20, 60))
    pixels = np.repeat(shade[..., None], 3, 2)
    for _ in range(6):
        left, top = random.integers(0, SIDE - 24, 2)
        wide, high = random.integers(8, 24, 2)
        pixels[top:top + high, left:left + wide] = random.uniform(0, 255, 3)
    return np.clip(pixels + random.normal(0, 4, pixels.shape), 0, 255).astype(np.uint8)


def asked(random, pictures, questions):
    return {"pictures": np.stack([picture(random) for _ in range(pictures)]), "tokens": random.integers(1, WORDS + 1, questions * LENGTH),
            "lengths": np.full(questions, LENGTH), "labels": random.integers(0, ANSWERS, questions), "pad_to": np.array([LENGTH])}


def weights(random, g_inputs):
    tensors, channels = {}, 3
    uniform = lambda bound, shape: random.uniform(-bound, bound, shape).astype(np.float32)
    for k in range(1, 5):
        bound = (channels * 9) ** -0.5
        tensors[f"conv.conv{k}.weight"], tensors[f"conv.conv{k}.bias"] = uniform(bound, (MAPS, channels, 3, 3)), uniform(bound, MAPS)
        norm = {"weight": random.uniform(0, 1, MAPS), "bias": np.zeros(MAPS), "running_mean": random.normal(0, 0.1, MAPS),
                "running_var": random.uniform(0.005, 0.05, MAPS)}
        tensors.update({f"conv.batchNorm{k}.{name}": value.astype(np.float32) for name, value in norm.items()})
        channels = MAPS
    tensors["text.wembedding.weight"] = random.standard_normal((WORDS + 1, 32)).astype(np.float32)
    for name, shape in (("weight_ih", (4 * STATE, 32)), ("weight_hh", (4 * STATE, STATE)), ("bias_ih", 4 * STATE), ("bias_hh", 4 * STATE)):
        tensors[f"text.lstm.{name}_l0"] = uniform(STATE ** -0.5, shape)
    for l, inputs in enumerate(g_inputs):
        linear(random, tensors, f"rl.g_layers.{l}", WIDTH, inputs)
    for k, outputs in enumerate((WIDTH, WIDTH, ANSWERS), 1):
        linear(random, tensors, f"rl.f_fc{k}", outputs, WIDTH)
    tensors["rl.f_fc3.weight"] /= 10   # a first sum over 4,096 pairs is large; trained networks answer with logits of this size
    return tensors


def pixels():
    random = np.random.default_rng(4)
    return {**asked(random, 64, 64), **weights(random, (2 * OBJECT + STATE, WIDTH, WIDTH, WIDTH))}


def two_stage():
    random = np.random.default_rng(5)
    return {**asked(random, 1, QUESTIONS), **weights(random, (2 * OBJECT, WIDTH, WIDTH + STATE, WIDTH))}


def write(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for make in (pixels, two_stage):
        save_file({name: np.ascontiguousarray(value) for name, value in make().items()}, folder / (make.__name__ + ".safetensors"))


def cnn_gflop(passes):
    """Of one picture; nobody needs the gradient of its pixels."""
    first, others = 64 * 64 * 27, (32 * 32 + 16 * 16 + 8 * 8) * 9 * MAPS
    return 2e-9 * MAPS * (min(passes, 2) * first + passes * others)


def question_gflop(passes):
    """The words of one question, and what follows the sum over pairs."""
    return chain_gflop(LENGTH, [32 + STATE, 4 * STATE], passes) + chain_gflop(1, [STATE, WIDTH], passes) \
        + chain_gflop(1, [WIDTH, WIDTH, WIDTH, ANSWERS], passes)


def pair_gflop(layers, passes):
    """The first layer of g on cells, not pairs, if it is among them; so many others on pairs."""
    return chain_gflop(PAIRS, [WIDTH] * (layers + 1), passes)


def least_gflop(case, _folder, batch=None):
    """FLOPs nobody can avoid: first layer on cells, what hangs on no question once a picture; three products a layer when training."""
    passes = 3 if case == "pixels" else 1
    cells = chain_gflop(CELLS, [2 * OBJECT, WIDTH], passes)
    if case == "features":
        return (batch or 64) * (cnn_gflop(1) + cells + pair_gflop(1, 1))
    if case == "ten_questions":
        return cnn_gflop(1) + cells + pair_gflop(2, 1) + QUESTIONS * (pair_gflop(1, 1) + question_gflop(1))
    usual = {"pixels": 64, "pixels_predict": 1, "ten_single": QUESTIONS}[case]
    return (batch or usual) * (cnn_gflop(passes) + cells + pair_gflop(3, passes) + question_gflop(passes))


if __name__ == "__main__":
    write(sys.argv[1])
