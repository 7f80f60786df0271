"""Loses a process of three at random moments; the others must exit with code 5.

Run `python -m tests.gan.multihost.lose_processes 40` for 40 trials. The script itself never uses
devices, so that its forks can: a trial takes two seconds, because nothing is imported again.
"""

import collections
import json
import os
import random
import signal
import socket
import sys
import tempfile
import time
import traceback
from pathlib import Path

import jax
import numpy as np

from minmax_jax.gan.base.errors import ConfigError, Stopped, exit_code
from minmax_jax.gan.multihost import process_group
from minmax_jax.gan.multihost.launch import Launch

COUNT, TIMEOUT, SETTINGS = 3, 3, {"width": 8}
PHASES = ("starting", "meeting", "training", "ending")
SIGNALS = ("SIGKILL", "SIGSTOP")


def member(address, index):
    """Trains a process of a run, and returns its exit code."""
    print("starting", flush=True)
    time.sleep(0.1)
    try:
        print("meeting", flush=True)
        launch = Launch(address, COUNT, index, host_timeout=TIMEOUT)
        with process_group.join(launch, SETTINGS) as group:
            print("training", flush=True)
            group.broadcast({"a": np.arange(3)})
            step = jax.pmap(lambda x: jax.lax.psum(x, "i"), axis_name="i")
            for _ in range(50):
                step(np.ones(jax.local_device_count())).block_until_ready()
                time.sleep(0.01)
            print("ending", flush=True)
    except (ConfigError, Stopped) as error:
        print(f"minmax-jax: {error}", file=sys.stderr, flush=True)
        return exit_code(error)
    return 0


def fork(folder, address, index):
    """Starts `member` in a new process, with its output in files; returns the process id."""
    if pid := os.fork():
        return pid
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / f"{name}{index}", os.O_CREAT | os.O_WRONLY), number)
    code = 99
    try:
        code = member(address, index)
    except BaseException:
        traceback.print_exc()
    os._exit(code)


def wait(pid, seconds=60):
    """Returns the exit code of a process, or kills it and returns "hangs"."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "hangs"


def lose(choose, name, phase, folder):
    """Kills or suspends one of three processes in a phase; returns a record of what happened."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    pids = [fork(folder, address, index) for index in range(COUNT)]
    victim = choose.randrange(COUNT)
    while phase not in (folder / f"out{victim}").read_text():
        time.sleep(0.002)
    time.sleep(choose.uniform(0, {"meeting": 0.8, "training": 0.6}.get(phase, 0.05)))
    os.kill(pids[victim], signal.Signals[name])
    start = time.monotonic()
    others = [index for index in range(COUNT) if index != victim]
    codes = {index: wait(pids[index]) for index in others}
    seconds = time.monotonic() - start
    os.kill(pids[victim], signal.SIGCONT)
    own = wait(pids[victim])
    if name == "SIGSTOP":  # It continues after the others have gone.
        codes[victim] = own
    errors = {index: (folder / f"err{index}").read_text() for index in codes}
    return {
        "phase": phase,
        "signal": name,
        "victim": victim,
        "seconds": round(seconds, 1),
        "codes": codes,
        "errors": errors,
        # Several waits can follow one another while the processes meet.
        "as_promised": seconds < 3 * TIMEOUT
        and all(_is_promised(codes[index], errors[index], phase) for index in codes),
    }


def _is_promised(code, error, phase):
    if code == 5:
        lines = error.splitlines()
        return len(lines) == 1 and lines[0].startswith("minmax-jax: ")
    return phase == "ending" and code == 0 and not error  # All had done their part.


def main(trials, seed=0):
    """Prints a record of each trial that went wrong, and a table; returns whether all went well."""
    choose, table = random.Random(seed), collections.Counter()
    for trial in range(trials):
        name, phase = SIGNALS[trial % 2], PHASES[trial // 2 % len(PHASES)]
        with tempfile.TemporaryDirectory() as folder:
            for index in range(COUNT):
                (Path(folder) / f"out{index}").touch()
            record = lose(choose, name, phase, Path(folder))
        table[name, phase, record["as_promised"]] += 1
        if not record["as_promised"]:
            print(json.dumps(record, indent=1), flush=True)
    for (name, phase, as_promised), count in sorted(table.items()):
        print(f"{name} while {phase}: {count} {'as promised' if as_promised else 'WRONG'}")
    return all(as_promised for _, _, as_promised in table)


if __name__ == "__main__":
    raise SystemExit(not main(*map(int, sys.argv[1:])))
