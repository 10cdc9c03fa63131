#!/usr/bin/env python3
"""tests/reference/make_images.py -- writes images.safetensors: Pillow's pixels, and small PNG and JPEG files of every kind.

Usage: python3 make_images.py [--out FOLDER]      (needs pillow 11.3, numpy and safetensors; README.md beside this file gives the layout)
"""
import argparse
import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

BILINEAR, NEAREST = Image.Resampling.BILINEAR, Image.Resampling.NEAREST
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]  # x, y, step x, step y


def noise(rng, *shape):
    """Random pixels with smooth parts, so that every filter and code length of the formats occurs."""
    smooth = np.add.outer(np.arange(shape[0]) * 3, np.arange(shape[1]) * 5)
    smooth = smooth.reshape(smooth.shape + (1,) * (len(shape) - 2))
    rough = rng.random(shape[:2] + (1,) * (len(shape) - 2)) < 0.3
    return np.where(rough, rng.integers(0, 256, shape), np.broadcast_to(smooth, shape)).astype(np.uint8)


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples, depth, color, interlaced=False, extra=()):
    """samples: (height, width, channels) of integers below 2**depth; written with filter 0."""
    height, width, channels = samples.shape

    def packed(part):
        if part.size == 0:
            return b""
        rows = []
        for row in part.reshape(part.shape[0], -1):
            if depth == 16:
                data = row.astype(">u2").tobytes()
            elif depth == 8:
                data = row.astype(np.uint8).tobytes()
            else:
                bits = "".join(format(int(v), f"0{depth}b") for v in row)
                bits += "0" * (-len(bits) % 8)
                data = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
            rows.append(b"\0" + data)
        return b"".join(rows)

    data = b"".join(packed(samples[y::dy, x::dx]) for x, y, dx, dy in ADAM7) if interlaced else packed(samples)
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunk(*e) for e in extra) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND")


def rgb(samples, depth):
    """What an 8-bit reader must return: v * 255 / (2**depth - 1), rounded."""
    v = np.floor(samples.astype(np.float64) * 255 / (2**depth - 1) + 0.5).astype(np.uint8)
    channels = v.shape[2]
    return np.repeat(v[:, :, :1], 3, axis=2) if channels < 3 else v[:, :, :3]


def png_files(rng, out):
    kinds = {"gray": (0, 1, (1, 2, 4, 8, 16)), "rgb": (2, 3, (8, 16)), "gray_alpha": (4, 2, (8, 16)), "rgba": (6, 4, (8, 16))}
    for name, (color, channels, depths) in kinds.items():
        for depth in depths:
            for interlaced in (False, True):
                samples = rng.integers(0, 2**depth, (7, 11, channels))
                key = f"{name}_{depth}" + ("_interlaced" if interlaced else "")
                out[f"png.{key}.file"] = png(samples, depth, color, interlaced)
                out[f"png.{key}.rgb"] = rgb(samples, depth)
    for depth in (1, 2, 4, 8):
        palette = rng.integers(0, 256, (2**depth, 3)).astype(np.uint8)
        samples = rng.integers(0, 2**depth, (7, 11, 1))
        extra = [(b"PLTE", palette.tobytes()), (b"tRNS", bytes(range(2**depth)))]
        out[f"png.palette_{depth}.file"] = png(samples, depth, 3, depth == 4, extra)
        out[f"png.palette_{depth}.rgb"] = palette[samples[:, :, 0]]
    # A wrong gamma and a text must change nothing.
    samples = rng.integers(0, 256, (7, 11, 3))
    out["png.extras.file"] = png(samples, 8, 2, False, [(b"gAMA", struct.pack(">I", 100000)), (b"tEXt", b"Comment\0relreason")])
    out["png.extras.rgb"] = rgb(samples, 8)
    # Pillow's own reader agrees where it has 8 bits.
    for key in [k[:-5] for k in out if k.endswith(".file") and "16" not in k]:
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(out[key + ".file"])).convert("RGB")), out[key + ".rgb"]), key


def jpeg_files(rng, out):
    picture = Image.fromarray(noise(rng, 19, 26, 3)).resize((52, 38), BILINEAR)
    cases = {
        "gray": (picture.convert("L"), {}),
        "rgb": (picture, {"subsampling": 0}),
        "progressive": (picture, {"subsampling": 0, "progressive": True}),
        "restarts": (picture, {"subsampling": 0, "restart_marker_blocks": 3}),
        "subsampled": (picture, {"subsampling": 2}),
        "cmyk": (picture.convert("CMYK"), {}),
        "stored_rgb": (picture, {"keep_rgb": True}),
    }
    for name, (image, options) in cases.items():
        file = io.BytesIO()
        image.save(file, "JPEG", quality=90, **options)
        out[f"jpeg.{name}.file"] = file.getvalue()
        out[f"jpeg.{name}.rgb"] = np.asarray(Image.open(io.BytesIO(file.getvalue())).convert("RGB"))


def transforms(rng, out):
    for channels, shape in ((1, (23, 31)), (3, (23, 31)), (4, (9, 40)), (3, (1, 5)), (3, (40, 1))):
        h, w = shape
        key = f"{w}x{h}x{channels}"
        pixels = noise(rng, h, w, channels)
        image = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
        out[f"transform.{key}.from"] = pixels
        for size in ((8, 8), (31, 7), (12, 23), (64, 50), (1, 1), (33, 22)):
            if channels == 4:  # Pillow multiplies by alpha before it resizes: not so here, so each channel goes alone
                parts = [np.asarray(Image.fromarray(pixels[:, :, k]).resize(size, BILINEAR)) for k in range(4)]
                resized = np.stack(parts, axis=2)
            else:
                resized = np.asarray(image.resize(size, BILINEAR))
            out[f"transform.{key}.resize.{size[0]}x{size[1]}"] = resized.reshape(size[1], size[0], channels)
        for tenths in (0, 28, -28, 15, 450, 900, 1234, 1800, -900, 3601):
            rotated = np.asarray(image.rotate(tenths / 10, NEAREST))
            out[f"transform.{key}.rotate.{tenths}"] = rotated.reshape(h, w, channels)
    luma = noise(rng, 8, 8, 3)
    out["transform.luma.from"], out["transform.luma.to"] = luma, np.asarray(Image.fromarray(luma).convert("L")).reshape(8, 8, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default=pathlib.Path(__file__).parent, type=pathlib.Path)
    out, rng = {}, np.random.default_rng(5)
    png_files(rng, out)
    jpeg_files(rng, out)
    transforms(rng, out)
    arrays = {k: np.frombuffer(v, np.uint8) if isinstance(v, bytes) else np.ascontiguousarray(v, np.uint8) for k, v in out.items()}
    save_file(arrays, parser.parse_args().out / "images.safetensors")


if __name__ == "__main__":
    main()
