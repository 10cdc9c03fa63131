#!/usr/bin/env python3
"""bench/peers/pytorch_pixels.py -- RN and 2S-RN from pictures in PyTorch, written the usual way and as an expert would, timed step by step.

Usage: python3 pytorch_pixels.py --data FOLDER [--threads N]; requests and answers are those of pytorch_rn.py.

CASE  pixels           a whole training step of RN: bytes to [0, 1], CNN with batch norm on the batch's statistics, LSTM over 20 words, g on all 4,096
                       pairs, f with dropout, cross-entropy, backward, clip to norm 50, Adam with L2 1e-4; batch 64. check: without dropout and
                       update; without the gradients of biases before batch norm, which are rounding errors
      pixels_predict   log-probabilities of one question about one picture
      ten_questions    log-probabilities of ten questions about one picture, by 2S-RN
      ten_single       the same, each question a batch of its own
      features         64 pictures: mean over pairs of what the first two layers of 2S-RN's g make of them, each row of length 1
MODE  FORM:ENGINE:TYPE
      FORM     literal, factored   as in pytorch_rn.py; factored also adds the question's part after 2S-RN's third layer
               single-FORM, batch-FORM, shared-FORM   ten questions: ten forward passes; one, the picture expanded to ten; one, in which CNN and
               pairs see the picture once. ten_single knows the first alone
      ENGINE   eager | compile | compile-max | compile-frozen (predictions only), each also with -last: weights and pictures in channels_last
               torch.compile gets everything but the LSTM, the clipping and Adam, which have fused kernels already
      TYPE     f32 | bf16 (autocast)
"""
import torch
from pytorch_rn import Mode, pair_layer, pair_sum, serve
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

CELLS = 64


class PixelsMode(Mode):
    def __init__(self, text, device):
        form, engine, kind = text.split(":")
        self.many, _, form = form.rpartition("-")
        self.last = engine.endswith("-last")
        super().__init__(f"{form}:{engine.removesuffix('-last')}:{kind}", device)
        if self.merged or self.many not in ("", "single", "batch", "shared"):
            raise ValueError(f"unknown mode {text}")


class Convolutions(nn.Module):
    """[B, 3, 128, 128] -> [B, 24, 8, 8]"""

    def __init__(self):
        super().__init__()
        for k in range(1, 5):
            setattr(self, f"conv{k}", nn.Conv2d(3 if k == 1 else 24, 24, 3, stride=2, padding=1))
            setattr(self, f"batchNorm{k}", nn.BatchNorm2d(24))

    def forward(self, x):
        for k in range(1, 5):
            x = torch.relu_(getattr(self, f"batchNorm{k}")(getattr(self, f"conv{k}")(x)))
        return x


class Text(nn.Module):
    def __init__(self):
        super().__init__()
        self.wembedding = nn.Embedding(83, 32)
        self.lstm = nn.LSTM(32, 128, batch_first=True)


class Relations(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.g_layers = nn.ModuleList(nn.Linear(width, 256) for width in inputs)
        self.f_fc1, self.f_fc2, self.f_fc3 = nn.Linear(256, 256), nn.Linear(256, 256), nn.Linear(256, 28)


class Pixels(nn.Module):
    """RN and 2S-RN from pictures [B, 3, 128, 128] of bytes; parameters have the published names."""

    vanishing = [f"conv.conv{k}.bias" for k in range(1, 5)]

    def __init__(self, two_stage, mode, dropout):
        super().__init__()
        self.two_stage, self.factored, self.dropout = two_stage, mode.factored, dropout
        self.conv, self.text = Convolutions(), Text()
        self.rl = Relations((52, 256, 384, 256) if two_stage else (180, 256, 256, 256))
        line = torch.linspace(-4, 4, 8)
        self.register_buffer("places", torch.stack([line.repeat(8), line.repeat_interleave(8)], 1), persistent=False)
        if mode.last:
            self.conv.to(memory_format=torch.channels_last)

    def load(self, tensors):
        self.load_state_dict({name: value if name.endswith("num_batches_tracked") else tensors[name] for name, value in self.state_dict().items()})
        return self

    def question(self, tokens):
        return self.text.lstm(self.text.wembedding(tokens))[1][0][0]

    def objects(self, pictures):
        cells = self.conv(pictures.float() / 255).flatten(2).transpose(1, 2)
        return torch.cat([cells, self.places.to(cells.dtype).expand(len(cells), -1, -1)], 2)

    def pair_features(self, pictures):
        """2S-RN: what the first two layers make of pairs, [B 4096, 256]."""
        h = torch.relu_(pair_layer(self.rl.g_layers[0], self.objects(pictures), None, self.factored))
        return torch.relu_(self.rl.g_layers[1](h))

    def asked_pairs(self, h, q):
        """2S-RN: the last two layers and the sum. One picture may stand for all questions."""
        third, fourth = self.rl.g_layers[2:]
        h = h.view(-1, CELLS * CELLS, 256)
        if self.factored:
            x = F.linear(h, third.weight[:, :256]) + F.linear(q, third.weight[:, 256:], third.bias).unsqueeze(1)
        else:
            x = third(torch.cat([h.expand(len(q), -1, -1), q.unsqueeze(1).expand(-1, CELLS * CELLS, -1)], 2))
        return torch.relu_(fourth(torch.relu_(x))).sum(1)

    def logits(self, pictures, q):
        if self.two_stage:
            r = self.asked_pairs(self.pair_features(pictures), q)
        else:
            r = pair_sum(self.rl.g_layers, self.objects(pictures), q, self.factored)
        h = torch.relu_(self.rl.f_fc2(torch.relu_(self.rl.f_fc1(r))))   # dropout after ReLU is dropout before it: the factor is never negative
        return self.rl.f_fc3(F.dropout(h, self.dropout, self.dropout > 0)).float()

    def loss(self, pictures, q, labels):
        return F.cross_entropy(self.logits(pictures, q), labels)

    def features(self, pictures):
        h = self.pair_features(pictures).view(len(pictures), CELLS * CELLS, 256)
        return F.normalize(h.float(), dim=2).mean(1)


def pictures_of(data, mode):
    """[n, 3, 128, 128] of bytes, laid out as the mode wants them."""
    pictures = data["pictures"].permute(0, 3, 1, 2)
    return pictures.contiguous(memory_format=torch.channels_last if mode.last else torch.contiguous_format)


def tokens_of(data):
    lengths, pad_to = data["lengths"].tolist(), int(data["pad_to"])
    return torch.stack([F.pad(words.flip(0), (pad_to - len(words), 0)) for words in data["tokens"].split(lengths)])


def training_case(folder, mode, check):
    if mode.engine == "compile-frozen" or mode.many:
        raise ValueError("this mode is not defined for pixels")
    data = load_file(folder / "pixels.safetensors")
    model = Pixels(False, mode, 0.0 if check else 0.5).load(data)
    pictures, tokens, labels = pictures_of(data, mode), tokens_of(data), data["labels"]
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-6, weight_decay=1e-4, fused=True)
    loss_of = mode.compiled(model.loss)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with mode.autocast():
            loss = loss_of(pictures, model.question(tokens), labels)
        loss.backward()
        if not check:
            nn.utils.clip_grad_norm_(model.parameters(), 50.0)
            optimizer.step()
        return loss
    return step, model


def prediction(mode, model, compute):
    """A step without gradients; compute() gives logits, or features."""
    def step():
        with torch.no_grad() if mode.engine == "compile-frozen" else torch.inference_mode(), mode.autocast():
            return compute()
    return step, model


def predict_case(folder, mode, check):
    data = load_file(folder / "pixels.safetensors")
    model = Pixels(False, mode, 0.0).load(data).eval()
    pictures, tokens, logits_of = pictures_of(data, mode)[:1], tokens_of(data)[:1], mode.compiled(model.logits)
    return prediction(mode, model, lambda: F.log_softmax(logits_of(pictures, model.question(tokens)), 1))


def ten_case(folder, mode, check):
    data = load_file(folder / "two_stage.safetensors")
    model = Pixels(True, mode, 0.0).load(data).eval()
    pictures, tokens, logits_of = pictures_of(data, mode), tokens_of(data), mode.compiled(model.logits)
    if mode.many == "batch":
        pictures = pictures.expand(len(tokens), -1, -1, -1)
    if mode.many == "single":
        compute = lambda: torch.cat([logits_of(pictures, model.question(one)) for one in tokens.split(1)])
    else:
        compute = lambda: logits_of(pictures, model.question(tokens))
    return prediction(mode, model, lambda: F.log_softmax(compute(), 1))


def ten_single_case(folder, mode, check):
    if mode.many not in ("", "single"):
        raise ValueError("ten_single asks one question at a time")
    mode.many = "single"
    return ten_case(folder, mode, check)


def features_case(folder, mode, check):
    model = Pixels(True, mode, 0.0).load(load_file(folder / "two_stage.safetensors")).eval()
    pictures, features_of = pictures_of(load_file(folder / "pixels.safetensors"), mode), mode.compiled(model.features)
    return prediction(mode, model, lambda: features_of(pictures))


CASES = {"pixels": training_case, "pixels_predict": predict_case, "ten_questions": ten_case, "ten_single": ten_single_case,
         "features": features_case}

if __name__ == "__main__":
    serve(__doc__, CASES, PixelsMode)
