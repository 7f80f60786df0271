"""Runs the settings that have no result yet."""

import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments._shared.command import environment, fail
from experiments._shared.files import write_json
from experiments.dissecting.theory.config import Setting, studies
from experiments.dissecting.theory.paths import paths
from experiments.dissecting.theory.sweep import sweep


def run(only: Sequence[str], folder: Path) -> None:
    """Runs the settings without a result file, of the named studies or of all.

    Exits with one line if a study is unknown, or a result has another setting.
    """
    every = studies()
    if unknown := set(only) - set(every):
        fail(f"--only: no study {', '.join(sorted(unknown))}; choose from {', '.join(every)}.")
    for study in only or every:
        for value, setting in every[study].items():
            path = folder / f"{study}-{value}.json"
            if path.exists():
                check_same(path, setting)
            else:
                write_json(path, run_setting(setting, path.stem), ensure_ascii=False)
    for dimension in (100, 1000):
        path = folder / f"paths-{dimension}.json"
        if not path.exists() and (courses := paths(folder, dimension)):
            write_json(path, courses, ensure_ascii=False)


def run_setting(setting: Setting, title: str) -> dict[str, Any]:
    """Runs the grid of every method of a setting and returns the content of its JSON file."""
    methods = {}
    for name in setting.methods:
        methods[name] = sweep(setting, name, Progress(f"{title} {name}"))
    return {"setting": dataclasses.asdict(setting), **environment(), "methods": methods}


def check_same(path: Path, setting: Setting) -> None:
    """Exits with one line if the result in `path` has another setting."""
    found = json.loads(path.read_text())["setting"]
    expected = json.loads(json.dumps(dataclasses.asdict(setting)))
    if found != expected:
        changed = ", ".join(key for key in expected if expected[key] != found.get(key))
        fail(f"{path}: made with another {changed}; delete it, or choose another --out.")


class Progress:
    """Prints one line per method: updated live on a terminal, otherwise printed at the end."""

    def __init__(self, title: str) -> None:
        self.title, self.start = title, time.perf_counter()

    def __call__(self, done: int, total: int) -> None:
        live = sys.stdout.isatty()
        if done == total or live:
            spent = time.perf_counter() - self.start
            left = f", {spent * (total - done) / done:.0f} s left" if done < total else ""
            line = f"{self.title}: {done}/{total} in {spent:.0f} s{left}"
            end = "\n" if done == total else ""
            print(f"\r{line:<70}" if live else line, end=end, flush=True)
