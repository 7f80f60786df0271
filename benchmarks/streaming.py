"""Memory of a run on images that are larger than the memory, when decoded.

    python -m benchmarks.streaming --folder DIR

The command writes a set of generated JPEG images in Arrow files to DIR (105,000 images of
256×256×3, 20.6 GB decoded), trains on it with `--stream`, and samples the memory of the training
process and of its workers every second.
"""

import argparse
import io
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import machine
from experiments._shared.files import write_json

RESULT = Path(__file__).parent / "results" / "streaming-cpu.json"
DISTINCT = 2_000
"""Number of distinct JPEG files. The rows repeat them, each with its own bytes on the disk."""


def make_set(folder: Path, count: int, side: int) -> Path:
    """Writes a set of generated images, unless it exists; returns its folder."""
    target = folder / f"images-{count}-{side}"
    if not (target / "state.json").exists():
        import datasets

        files = [encode(seed, side) for seed in range(min(DISTINCT, count))]
        rows = lambda: ({"image": {"bytes": files[i % len(files)]}} for i in range(count))  # noqa: E731
        features = datasets.Features({"image": datasets.Image()})
        made = datasets.Dataset.from_generator(rows, features, cache_dir=str(folder / "cache"))
        made.save_to_disk(str(target))
    return target


def encode(seed: int, side: int) -> bytes:
    """Returns a JPEG file of smooth random colors."""
    small = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC).save(file, "JPEG")
    return file.getvalue()


def train_with_samples(data: Path, out: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains in another process, and samples its memory and that of its workers."""
    import psutil

    flags = "--network mlp --width 4 --latent-dim 8 --batch-size 16 --evaluate 0"
    command = [sys.executable, "-m", "minmax_jax.gan.cli", "train", "--data", str(data), "--out"]
    command += [str(out), *flags.split(), "--steps", str(arguments.steps), "--log-every", "10"]
    command += ["--stream-workers", str(arguments.workers)]
    began, samples, ended = time.monotonic(), [], False
    with (out.parent / "log.txt").open("w") as log:
        process = psutil.Popen(command, stderr=log)
        while process.poll() is None:
            samples.append([round(time.monotonic() - began, 1), *memory(process)])
            if samples[-1][0] > 60 * arguments.minutes and not ended:
                ended = True
                process.terminate()  # It saves its state.
            time.sleep(1)
    messages = (out.parent / "log.txt").read_text()
    assert process.returncode in (0, 143), messages
    lines = [line for line in messages.splitlines() if "stream" in line or "step " in line]
    lines = [line.replace(str(out), "DIR/run").replace(str(data.parent), "DIR") for line in lines]
    shown = " ".join(["python", *command[1:]]).replace(str(out), "DIR/run")
    shown = shown.replace(str(data.parent), "DIR")  # A record names no folder of the machine.
    return {"command": shown, "columns": COLUMNS, "samples": samples, "lines": lines}


def records(out: Path) -> list[dict[str, Any]]:
    """Returns the steps and the times that a run has logged."""
    path = out / "metrics.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [{key: json.loads(line)[key] for key in ("step", "seconds")} for line in lines]


COLUMNS = ("seconds", "own memory, MB", "of workers, MB", "mapped files, MB")


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
    return own, sum(pair[0] for pair in others), files + sum(pair[1] for pair in others)


def parse() -> argparse.Namespace:
    """Returns the arguments of the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.streaming", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, required=True, help="Folder for the images and runs."
    )
    parser.add_argument("--images", type=int, default=105_000)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--steps", type=int, default=1_700)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60, help="Time limit of the training.")
    return parser.parse_args()


def main(arguments: argparse.Namespace) -> None:
    """Measures, and writes the record."""
    data = make_set(arguments.folder, arguments.images, arguments.side)
    decoded = arguments.images * arguments.side**2 * 3
    out = arguments.folder / f"run-{time.time():.0f}"
    found = train_with_samples(data, out, arguments)
    about = {"about": machine.describe(), "decoded bytes": decoded, "images": arguments.images}
    write_json(RESULT, {**about, **found, "records": records(out)})
    print(json.dumps({**about, "lines": found["lines"], "last": found["samples"][-1]}, indent=2))


if __name__ == "__main__":
    main(parse())
