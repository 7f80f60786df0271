"""Suite `streaming`: images per second from files next to training steps.

Runs with a network that costs next to nothing show what the pipeline delivers: with threads or
worker processes, and with images that are decoded once (`--cache-decoded`). Runs with images in
memory show what the step of a tiny network and of a DCGAN consumes. Both are also given as
processor time per image, which does not depend on the load of the machine. The rates of an H100
come from its record.
"""

import dataclasses
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks import store, stream_run, stream_sets, table

H100 = Path(__file__).parent / "results" / "earlier-h100.json"
STEPS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "tiny": {"network": "mlp", "width": 64, "latent_dim": 64},
        "DCGAN": {"network": "dcgan", "width": 64, "latent_dim": 128},
    }
)
"""Fields of the networks whose steps consume images. The optimizer is simultaneous Adam."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sets of images and numbers of steps.

    Attributes:
      sets: Mapping from a name to the arguments of `stream_sets.make`.
      workers: Numbers of worker processes; 0 stands for threads.
      stream_steps: Number of steps of the runs that stream.
      memory_steps: Number of steps of the runs in memory, for each of `STEPS`.
    """

    sets: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("32×32×3, PNG", (2_000, 32, 3, "PNG")),
        ("64×64×3, JPEG", (2_000, 64, 3, "JPEG")),
    )
    workers: tuple[int, ...] = (1, 0, 2)
    stream_steps: int = 240
    memory_steps: tuple[int, ...] = (160, 8)


QUICK = Config(
    sets=(("8×8×1, PNG", (40, 8, 1, "PNG")),),
    workers=(0,),
    stream_steps=120,
    memory_steps=(20, 20),
)


def run(
    config: Config, note: Callable[[str], None], keep: store.Keep = store.measure
) -> dict[str, Any]:
    """Measures the pipeline and the steps on every set."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in config.sets:
            data = stream_sets.make(Path(folder), *arguments)
            for form, fields in forms(config, Path(folder)).items():
                note(f"streaming: {name}, {form}")
                measure = lambda data=data, fields=fields: rates(data, fields)  # noqa: E731
                found.setdefault(name, {})[form] = keep(f"{name}, {form}", measure)
    return {"config": dataclasses.asdict(config), "sets": found}


def forms(config: Config, folder: Path) -> dict[str, dict[str, Any]]:
    """Returns the fields of each run on one set."""
    found = {}
    for (name, network), steps in zip(STEPS.items(), config.memory_steps, strict=True):
        found[name] = {"steps": steps, "optimizer": "adam_gda", **network}
    for workers in config.workers:
        for cached in (False, True):
            fields = {"stream": True, "stream_workers": workers, "steps": config.stream_steps}
            fields |= {"cache_decoded": str(folder / "decoded")} if cached else {}
            found[pipeline(workers, cached)] = {**fields, **stream_run.CHEAP}
    return found


def pipeline(workers: int, cached: bool) -> str:
    """Returns the name of a form of the pipeline."""
    where = {0: "threads", 1: "1 worker"}.get(workers, f"{workers} workers")
    return f"{where}, decoded once" if cached else where


def rates(data: Path, fields: dict[str, Any]) -> dict[str, float]:
    """Trains, and returns images per second and processor time per image after the start.

    Time counts from a quarter of the steps, when everything is compiled and all processes run.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, log, began = Path(folder) / "run", Path(folder) / "log", time.monotonic()
        every = max(1, fields["steps"] // 8)
        fields = {**fields, "data": str(data), "out": str(out), "log_every": every}

        def observe(process: Any) -> list[float]:
            own, *others = map(processor_time, stream_run.family(process))
            return [stream_run.images_read(out), time.monotonic() - began, own, sum(others)]

        samples = stream_run.watch(fields, log, observe, 0.05)
    batch = stream_run.BATCH
    first = next(one for one in samples if one[0] >= batch * every * 2)
    last = next(one for one in samples if one[0] >= batch * every * 7)
    images, seconds, own, others = (b - a for a, b in zip(first, last, strict=True))
    microseconds = 1e6 / images
    return {
        "images": images,
        "images_per_second": round(images / seconds, 1),
        "own_microseconds": round(own * microseconds, 2),
        "worker_microseconds": round(others * microseconds, 2),
    }


def processor_time(process: Any) -> float:
    """Returns the processor time of a process in seconds, or 0 if it has ended."""
    import psutil

    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system


def report(result: dict[str, Any]) -> str:
    """Returns tables of the rates on this machine, and of the workers that an H100 needs."""
    rows, needs = [], []
    for name, found in result["sets"].items():
        for form, one in found.items():
            if form in STEPS:
                continue
            ratios = [one["images_per_second"] / found[step]["images_per_second"] for step in STEPS]
            cost = total(one)
            costs = [total(found[step]) / cost for step in STEPS]
            rows.append(
                (
                    f"{name}, {form}",
                    f"{one['worker_microseconds']:.0f}",
                    f"{one['own_microseconds']:.0f}",
                    *(f"{value:.2f}" for value in (*ratios, *costs)),
                )
            )
        needs += needed(name, found)
    head = (
        "images",
        "µs of workers per image",
        "µs of the training process",
        *(f"images/s relative to the {step} step" for step in STEPS),
        *(f"processor time of the {step} step relative to it" for step in STEPS),
    )
    second = ("images", "step on an H100", "images/s", "cores that decode", "decoded once")
    return f"{table.markdown(head, rows)}\n\n{table.markdown(second, needs)}"


def total(one: Mapping[str, float]) -> float:
    """Returns the processor time per image of all processes, in microseconds."""
    return one["worker_microseconds"] + one["own_microseconds"]


def h100_rates() -> dict[str, float]:
    """Returns the images per second of steps on an H100, at 64 images per step."""
    record = json.loads(H100.read_text())
    steps, updates = record["step_milliseconds"], record["trainer_updates_per_second"]
    batch = stream_run.BATCH
    return {
        "DCGAN of width 64": 1e3 * batch / steps["dcgan 64"]["library in a loop"],
        "ResNet of width 128": batch * updates["cifar10-resnet width 128"],
        "ResNet of width 128, bfloat16": batch * updates["cifar10-resnet width 128 bfloat16"],
    }


def cores(costs: Iterable[float]) -> list[tuple[str, ...]]:
    """Returns a row for each step on an H100: its rate, and the cores that decode its images.

    Args:
      costs: Microseconds of processor time to decode an image, for each form of decoding.
    """
    forms = list(costs)
    return [
        (step, f"{rate:,.0f}", *(f"{rate * cost / 1e6:.1f}" for cost in forms))
        for step, rate in h100_rates().items()
    ]


def needed(name: str, found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Returns the cores that the rates of an H100 need for decoding, for images of its record."""
    plain, cached = pipeline(1, cached=False), pipeline(1, cached=True)
    if not name.startswith("32×32×3") or plain not in found:
        return []
    costs = (found[form]["worker_microseconds"] for form in (plain, cached))
    return [(name, *row) for row in cores(costs)]
