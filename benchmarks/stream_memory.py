"""Memory of a run on images that are larger than the memory, when decoded.

    python -m benchmarks.stream_memory --folder DIR

The command writes a set of generated JPEG images in Arrow files to DIR (105,000 images of
256×256×3, 20.6 GB decoded), trains on it until as many images are read, and samples the memory of
the training process and of its workers every second. The networks have 20 parameters, so that
nearly all of the time is spent on reading and decoding. An interrupted command continues where it
was.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import figure, machine, stream_sets
from experiments._shared.files import write_json

RESULT = Path(__file__).parent / "results" / "stream-memory-cpu.json"
COLUMNS = ("seconds", "images", "own memory, MB", "of workers, MB", "mapped files, MB")
BATCH = 64
SAMPLES = "memory.jsonl"


def register_network() -> None:
    """Registers networks that cost next to nothing: one color, and the mean of all pixels."""
    from flax import nnx

    from minmax_jax import gan

    class Generator(nnx.Module):
        def __init__(self, shape: tuple[int, ...], latent_dim: int, rngs: Any) -> None:
            self.shape, self.layer = shape, nnx.Linear(latent_dim, shape[-1], rngs=rngs)

        def __call__(self, latents: Any, *, train: bool) -> Any:
            del train
            colors = self.layer(latents)[:, None, None]
            return colors.repeat(self.shape[0], axis=1).repeat(self.shape[1], axis=2)

    class Discriminator(nnx.Module):
        def __init__(self, shape: tuple[int, ...], rngs: Any) -> None:
            self.layer = nnx.Linear(shape[-1], 1, rngs=rngs)

        def __call__(self, images: Any, *, train: bool) -> Any:
            del train
            return self.layer(images.mean(axis=(1, 2)))[:, 0]

    def pair(shape: tuple[int, ...], *, latent_dim: int, rngs: Any, **options: Any) -> Any:
        del options
        networks = Generator(shape, latent_dim, rngs), Discriminator(shape, rngs)
        return tuple(gan.purify(network) for network in networks)

    gan.NETWORKS.register("colors", pair)


def train(data: str, out: str, steps: int, workers: int) -> None:
    """Trains the networks; the run decides by itself to stream."""
    from minmax_jax import gan

    register_network()
    fields = {"data": data, "out": out, "steps": steps, "batch_size": BATCH, "latent_dim": 4}
    fields |= {"network": "colors", "evaluate": 0, "stream_workers": workers}
    fields |= {"optimizer": "sgda", "log_every": 10, "checkpoint_every": 100}
    gan.train(gan.preset("digits", **fields))


def train_with_samples(data: Path, out: Path, arguments: argparse.Namespace) -> list[str]:
    """Trains in another process and samples its memory; returns its messages about streaming."""
    import psutil

    command = [sys.executable, "-m", "benchmarks.stream_memory", "--train", str(data), str(out)]
    command += ["--steps", str(arguments.steps), "--workers", str(arguments.workers)]
    log = out.parent / "log.txt"
    with log.open("a") as errors, (out.parent / SAMPLES).open("a") as samples:
        process = psutil.Popen(command, stderr=errors)
        began = time.monotonic()
        try:
            while process.poll() is None:
                row = [round(time.monotonic() - began, 1), images_read(out), *memory(process)]
                print(json.dumps(row), file=samples, flush=True)
                time.sleep(1)
        finally:
            if process.poll() is None:
                process.terminate()  # It saves its state.
                process.wait()
    lines = log.read_text().splitlines()
    if process.returncode:
        raise SystemExit("\n".join(lines[-5:]))
    # A record names no folder of the machine.
    return [line.replace(str(data.parent), "DIR") for line in lines if "stream" in line]


def images_read(out: Path) -> int:
    """Returns the number of images that the run has trained on, from its log."""
    path = out / "metrics.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return BATCH * json.loads(lines[-1])["step"] if lines else 0


def memory(process: Any) -> tuple[float, float, float]:
    """Returns the memory of a process, of its children, and what both map from files, in MB."""
    import psutil

    def read(one: Any) -> tuple[float, float]:
        try:
            text = Path(f"/proc/{one.pid}/status").read_text()
        except OSError:
            return 0.0, 0.0
        sizes = {line.split(":")[0]: line.split()[1] for line in text.splitlines() if "kB" in line}
        own = int(sizes.get("RssAnon", 0)) + int(sizes.get("RssShmem", 0))
        return own / 1e3, int(sizes.get("RssFile", 0)) / 1e3

    try:
        children = process.children(recursive=True)
    except psutil.Error:
        children = []
    own, files = read(process)
    others = [read(child) for child in children]
    found = own, sum(pair[0] for pair in others), files + sum(pair[1] for pair in others)
    return round(found[0], 1), round(found[1], 1), round(found[2], 1)


def draw(record: dict[str, Any], path: Path) -> None:
    """Draws the memory against the decoded size of the images that were read."""
    side, samples = record["side"], np.array([row for row in record["samples"] if row[1]])
    gigabytes = samples[:, 1] * side**2 * 3 / 1e9
    own, workers, files = samples[:, 2:].T / 1e3
    picture, axes = figure.subplots(1, 1, figsize=(8, 3))
    axis = axes[0, 0]
    labels = ["training process", "worker process", "mapped from files"]
    axis.stackplot(gigabytes, own, workers, files, labels=labels, colors=["C0", "C1", "0.85"])
    axis.set_xlabel("decoded size of the images read, GB")
    axis.set_ylabel("memory, GB")
    axis.set_xlim(gigabytes[0], gigabytes[-1])
    axis.set_ylim(0, 1.35 * float(np.max(own + workers + files)))
    axis.legend(loc="upper left", ncols=3, frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    figure.save(picture, path)


def parse() -> argparse.Namespace:
    """Returns the arguments of the command line."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.stream_memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, help="Folder for the images and the run.")
    parser.add_argument("--images", type=int, default=105_000)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--steps", type=int, default=1_650)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--redraw", action="store_true", help="Draw the picture of the record.")
    parser.add_argument("--train", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not (arguments.folder or arguments.redraw or arguments.train):
        parser.error("--folder is required")
    return arguments


def main(arguments: argparse.Namespace) -> None:
    """Measures, and writes the record and its picture."""
    if arguments.train:
        return train(*arguments.train, arguments.steps, arguments.workers)
    if not arguments.redraw:
        about = machine.describe_without_device() | {"device": machine.processor()}
        data = stream_sets.make(arguments.folder, arguments.images, arguments.side)
        out = arguments.folder / "run"
        lines = train_with_samples(data, out, arguments)
        samples = (arguments.folder / SAMPLES).read_text().splitlines()
        record = {
            "machine": about,
            "decoded_bytes": arguments.images * arguments.side**2 * 3,
            **{name: getattr(arguments, name) for name in ("images", "side", "steps", "workers")},
            "columns": COLUMNS,
            "samples": [json.loads(line) for line in samples],
            "lines": lines,
        }
        write_json(RESULT, record)
    record = json.loads(RESULT.read_text())
    draw(record, RESULT.with_suffix(".png"))
    print(*record["lines"], record["samples"][-1], sep="\n")


if __name__ == "__main__":
    main(parse())
