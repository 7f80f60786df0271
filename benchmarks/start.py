"""Suite `start`: seconds from the command to the first ten training steps.

Every start is a process of its own. Starts with empty caches decode all images and compile all
programs. Without `--data FOLDER`, they also download the dataset. Later starts find decoded images
and compiled programs on disk. A further process shows where the time goes.
"""

import dataclasses
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import machine, table

CACHES = ("empty caches", "full caches")
PHASES = {
    "imports": "imports",
    "data": "data",
    "networks": "networks",
    "advance": "compilation of the step",
    "measure": "compilation of the measurements",
    "steps": "ten steps",
}
PROGRAM = """
import sys, time
begin = time.perf_counter()
import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
import minmax_jax as mm
from minmax_jax import gan
from minmax_jax.gan import cli  # noqa: F401
times = [time.perf_counter()]
config = gan.preset(sys.argv[1], **({"data": sys.argv[2]} if sys.argv[2] else {}))
jax.devices()
data = gan.load_data(config.data.source)
times.append(time.perf_counter())
devices = jax.devices()[:1]
game, optimizer = gan.build_game(config, data, 1)
program = gan.compile_program(game, optimizer, config, devices)
state = mm.parallel.replicate(gan.init_state(game, optimizer), devices)
times.append(time.perf_counter())
images = gan.put_on_devices(data, devices)
whole = NamedSharding(Mesh(np.asarray(devices), (mm.parallel.AXIS,)), PartitionSpec())
seed = jax.device_put(np.uint32(0), whole)
program.advance.lower(state, images, seed, np.int32(1)).compile()
times.append(time.perf_counter())
program.measure.lower(state, images, seed).compile()
times.append(time.perf_counter())
for _ in range(-(-10 // program.steps_per_call)):
    step = int(np.asarray(state.step).flat[0])
    until = np.int32(min(10, step + program.steps_per_call))
    state, _ = program.advance(state, images, seed, until)
jax.block_until_ready(state)
times.append(time.perf_counter())
print(*(b - a for a, b in zip([begin, *times], times)))
"""
"""Program that does the parts of a start one after another and prints the seconds of each.

A start itself decodes images while it builds the networks, and compiles both programs side by side
if there are more than four cores.
"""


IMPORTS = "import minmax_jax.gan.cli, matplotlib.pyplot, datasets"
"""Program that makes Python compile most modules of a start, once and for all."""

FIRST = re.compile(rb"step +10/20\b")
"""Line that the command prints after the first ten training steps."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Preset to start, number of starts, and the dataset.

    Attributes:
      preset: Preset of `minmax-jax train`.
      starts: Number of starts with empty and with full caches.
      data: Hub name or folder of the dataset. Empty: the preset's.
      before: Checkout of another commit, which is started in alternation. Empty: none.
    """

    preset: str = "cifar10"  # Ten steps of the ResNet take longer than all the rest on a CPU.
    starts: int = 2
    data: str = ""
    before: str = ""


GPU = Config(preset="cifar10-resnet", starts=1)
"""Configuration on a GPU, where a start with empty caches takes long."""

QUICK = Config(preset="gaussians", starts=1)


def run(config: Config, note: Callable[[str], None]) -> dict[str, Any]:
    """Measures starts with empty and with full caches, and the parts of each."""
    if config.data and Path(config.data).is_dir():  # Another checkout is started in its own folder.
        config = dataclasses.replace(config, data=str(Path(config.data).resolve()))
    checkouts = {"first_step": Path.cwd()}
    if config.before:
        checkouts["before"] = Path(config.before)
    seconds: dict[str, dict[str, list[float]]] = {
        name: {which: [] for which in CACHES} for name in checkouts
    }
    parts: dict[str, list[dict[str, float]]] = {name: [] for name in CACHES}
    for checkout in checkouts.values():  # So that all starts find compiled Python modules.
        subprocess.run([sys.executable, "-c", IMPORTS], cwd=checkout)
    for index in range(config.starts):
        for name in sorted(checkouts, reverse=index % 2 == 1):
            with tempfile.TemporaryDirectory() as folder:
                for which in CACHES:
                    note(f"start: {config.preset}, {which}, {name.replace('_', ' ')}")
                    found = first_step(config, Path(folder), checkouts[name])
                    seconds[name][which].append(found)
        with tempfile.TemporaryDirectory() as folder:
            for which in CACHES:
                note(f"start: {config.preset}, {which}, parts")
                parts[which].append(measure_parts(config, Path(folder)))
    settings = {**dataclasses.asdict(config), "data": Path(config.data).name}
    settings["before"] = machine.commit(Path(config.before) / "benchmarks") if config.before else ""
    return {"config": settings, **seconds, "parts": parts}


def environment(caches: Path) -> dict[str, str]:
    """Returns the environment of a start with its own folder of caches."""
    own = {
        "XDG_CACHE_HOME": caches,
        "JAX_ENABLE_COMPILATION_CACHE": 1,
        "JAX_COMPILATION_CACHE_DIR": caches / "programs",
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": 0,
    }
    return {**os.environ, **{name: str(value) for name, value in own.items()}}


def first_step(config: Config, folder: Path, checkout: Path) -> float:
    """Returns the seconds from the command to the line about the first ten training steps.

    Args:
      config: Preset and dataset.
      folder: Folder for the run and its caches.
      checkout: Folder whose package is started.

    Raises:
      RuntimeError: If the command ends without this line.
    """
    out = Path(tempfile.mkdtemp(dir=folder)) / "run"
    words = ["train", "--preset", config.preset, "--out", str(out)]
    words += ["--data", config.data] if config.data else []
    words += ["--steps", "20", "--log-every", "10", "--evaluate", "0"]
    begin = time.perf_counter()
    errors = folder / "errors.txt"  # A pipe that nobody reads would fill up and stop the command.
    with errors.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "minmax_jax.gan.cli", *words],
            env=environment(folder / "caches"),
            cwd=checkout,
            stdout=subprocess.DEVNULL,
            stderr=file,
        )
    seconds = None
    while process.poll() is None:
        # The file of metrics would have the first record only when the second one follows.
        if seconds is None and FIRST.search(errors.read_bytes()):
            seconds = time.perf_counter() - begin
        time.sleep(0.01)
    if process.returncode or seconds is None:
        raise RuntimeError(f"start: the command {words} has failed: {errors.read_text()[-500:]}")
    return round(seconds, 2)


def measure_parts(config: Config, caches: Path) -> dict[str, float]:
    """Returns the seconds of the parts of a start, one after another in one process."""
    command = [sys.executable, "-c", PROGRAM, config.preset, config.data]
    done = subprocess.run(command, env=environment(caches), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"start: the parts have failed: {done.stderr[-500:]}")
    seconds = map(float, done.stdout.splitlines()[-1].split())
    return {name: round(each, 2) for name, each in zip(PHASES, seconds, strict=True)}


def report(result: dict[str, Any]) -> str:
    """Returns a table of starts with empty and with full caches, in seconds."""
    rows = []
    for which in CACHES:
        parts = [min(each[name] for each in result["parts"][which]) for name in PHASES]
        whole = min(result["first_step"][which])
        rows.append((which, *(f"{each:.1f}" for each in parts), f"{whole:.1f}"))
        if "before" in result:
            before = min(result["before"][which])
            rows[-1] += (f"{before:.1f}", f"{whole / before:.2f}")
    head = (
        f"`minmax-jax train --preset {result['config']['preset']}`, seconds (minimum)",
        *PHASES.values(),
        "command to first ten steps",
    )
    if "before" in result:
        head += (f"at {result['config']['before'][:7]}", "ratio")
    return table.markdown(head, rows)
