"""Memory of a run on images that are larger than the memory, when decoded.

    python -m benchmarks.stream_memory --folder DIR

The command writes a set of generated JPEG images in Arrow files to DIR (105,000 images of
256×256×3, 20.6 GB decoded), trains on it until as many images are read, and samples the memory of
the training process and of its workers every second. The networks have 20 parameters, so that
nearly all of the time is spent on reading and decoding. An interrupted command continues where it
was. If the training process receives SIGTERM, the record contains the images read so far.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import figure, machine, stream_run, stream_sets
from experiments._shared.files import write_json

RESULT = Path(__file__).parent / "results" / "stream-memory-cpu.json"
COLUMNS = ("seconds", "images", "own memory, MB", "of workers, MB", "mapped files, MB")
SAMPLES = "memory.jsonl"


def train_with_samples(data: Path, out: Path, arguments: argparse.Namespace) -> list[str]:
    """Trains in another process and samples its memory; returns its messages about streaming.

    The run decides by itself to stream.
    """
    log, began = out.parent / "log.txt", time.monotonic()
    fields = {"data": str(data), "out": str(out), "steps": arguments.steps, **stream_run.CHEAP}
    fields |= {"stream_workers": arguments.workers, "log_every": 10, "checkpoint_every": 100}
    with (out.parent / SAMPLES).open("a") as samples:

        def observe(process: Any) -> None:
            seconds = round(time.monotonic() - began, 1)
            row = [seconds, stream_run.images_read(out), *memory(process)]
            print(json.dumps(row), file=samples, flush=True)

        stream_run.watch(fields, log, observe, 1.0)
    # A record names no folder of the machine.
    lines = log.read_text().replace(str(data.parent), "DIR").splitlines()
    return [line for line in lines if "stream" in line]


def memory(process: Any) -> list[float]:
    """Returns the memory of a process, of its children, and what all map from files, in MB."""

    def read(one: Any) -> tuple[float, float]:
        try:
            text = Path(f"/proc/{one.pid}/status").read_text()
        except OSError:
            return 0.0, 0.0
        sizes = {line.split(":")[0]: line.split()[1] for line in text.splitlines() if "kB" in line}
        own = int(sizes.get("RssAnon", 0)) + int(sizes.get("RssShmem", 0))
        return own / 1e3, int(sizes.get("RssFile", 0)) / 1e3

    (own, files), *others = map(read, stream_run.family(process))
    found = own, sum(pair[0] for pair in others), files + sum(pair[1] for pair in others)
    return [round(value, 1) for value in found]


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
    arguments = parser.parse_args()
    if not (arguments.folder or arguments.redraw):
        parser.error("--folder is required")
    return arguments


def main(arguments: argparse.Namespace) -> None:
    """Measures, and writes the record and its picture."""
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
