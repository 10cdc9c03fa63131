# tests/data/safetensors_python.py PROGRAM -- tensor files of the Python packages and ours are the same bytes; both refuse the same damage.
# PROGRAM is tensor_files (tests/data/tensor_files.cpp), which reads a file and writes it again. Exit code 77 and a line: skipped.
import os
import random
import subprocess
import sys
import tempfile

try:
    import numpy
    import safetensors
    from safetensors.numpy import load_file, save_file
except ImportError as missing:
    print(f"[skipped] safetensors and .npy files of Python: {missing}; install numpy and safetensors in a virtual environment and run this with its python")
    sys.exit(77)

program = sys.argv[1]


def copy(source, target):
    return subprocess.run([program, source, target], capture_output=True, text=True)


def content(path):
    with open(path, "rb") as file:
        return file.read()


def same(a, b):
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and a[k].shape == b[k].shape and a[k].tobytes() == b[k].tobytes() for k in a)


def accepted_by_python(path):
    try:
        load_file(path)
        return True
    except Exception:
        return False


checks = 0


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        print(f"[failed] {what}")
        sys.exit(1)


def round_trips(folder):
    rng = numpy.random.default_rng(1)
    types = ["bool", "u1", "i1", "i2", "u2", "f2", "i4", "u4", "f4", "f8", "i8", "u8"]
    shapes = [(), (1,), (3,), (2, 3), (0,), (4, 0, 2), (1, 2, 3, 4)]
    tensors = {f"{t}.{len(s)}.{i}": rng.integers(0, 2 if t == "bool" else 100, s).astype(t)
               for t in types for i, s in enumerate(shapes)}
    tensors["naïve \"name\" \\ \n\t\x01 😀"] = numpy.array([numpy.nan, -numpy.inf, -0.0], "f4")
    tensors["turned"] = numpy.ascontiguousarray(rng.random((3, 4)).T)
    for name, metadata in [("none", None), ("one", {"fo\"rmat\u20ac": "p\\t\n\x1f"}), ("many", {str(i): "x" * i for i in range(20)})]:
        source, target = os.path.join(folder, "py.safetensors"), os.path.join(folder, "our.safetensors")
        save_file(tensors, source, metadata)
        result = copy(source, target)
        check(result.returncode == 0, f"ours refuses a file of the Python package: {result.stderr}")
        check(same(load_file(target), tensors), f"the Python package reads other tensors from ours ({name})")
        with safetensors.safe_open(target, "np") as file:
            check((file.metadata() or None) == metadata, f"metadata differs ({name})")
        # With several keys the Python package writes metadata in no fixed order.
        if name != "many":
            check(content(source) == content(target), f"bytes differ ({name})")
    save_file({}, source)
    check(copy(source, target).returncode == 0 and load_file(target) == {}, "the file without tensors")


# What we accept, the Python package accepts: each byte of a small file's header changed in several ways, and every length.
def damage(folder):
    source, target = os.path.join(folder, "damaged.safetensors"), os.path.join(folder, "copy.safetensors")
    save_file({"a": numpy.arange(2, dtype="f4"), "b": numpy.arange(3, dtype="i1")}, source, {"k": "v"})
    whole = content(source)
    rng = random.Random(1)
    variants = [whole[:n] for n in range(0, len(whole), 7)] + [whole + b"x"]
    for _ in range(250):
        at = rng.randrange(len(whole) - 11)
        variants.append(whole[:at] + bytes([rng.choice(b'0123456789"[]{},:\\ abF\x00\xff')]) + whole[at + 1:])
    for variant in variants:
        with open(source, "wb") as file:
            file.write(variant)
        result = copy(source, target)
        check(result.returncode in (0, 1), f"ours crashed on {variant!r}")
        if result.returncode == 0:
            check(accepted_by_python(source), f"ours reads what the Python package refuses: {variant!r}")
            check(same(load_file(source), load_file(target)), f"ours reads {variant!r} otherwise than the Python package")
        else:
            check("damaged.safetensors" in result.stderr, f"an error that names no file: {result.stderr}")


def npy(folder):
    source, target = os.path.join(folder, "py.npy"), os.path.join(folder, "our.npy")
    for kind in ["f4", "f8", "i4", "i8", "u1", "bool"]:
        for shape in [(), (5,), (2, 3), (0, 4), (1, 2, 3)]:
            array = numpy.arange(numpy.prod(shape, dtype=int)).reshape(shape).astype(kind)
            for version in [(1, 0), (2, 0)]:
                with open(source, "wb") as file:
                    numpy.lib.format.write_array(file, array, version)
                result = copy(source, target)
                check(result.returncode == 0, f"ours refuses {kind} {shape} {version}: {result.stderr}")
                back = numpy.load(target)
                check(same({"": back}, {"": array}), f".npy {kind} {shape} {version} differs")
            numpy.save(source, array)
            check(content(source) == content(target), f"bytes of .npy {kind} {shape} differ")
    for refused in [numpy.zeros((2, 3), "f4", order="F"), numpy.zeros(2, ">f4"), numpy.array(["text"]),
                    numpy.array([{}], dtype=object), numpy.zeros(1, [("a", "f4")]), numpy.zeros(1, "c8")]:
        numpy.save(source, refused)
        result = copy(source, target)
        check(result.returncode == 1 and "py.npy" in result.stderr, f"ours should refuse {refused.dtype}: {result.stderr}")


with tempfile.TemporaryDirectory() as folder:
    round_trips(folder)
    damage(folder)
    npy(folder)
print(f"[passed] tensor files: {checks} checks against safetensors {safetensors.__version__} and NumPy {numpy.__version__}")
