"""Tests that a missing extra is reported in one line that says what to install."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
sys.modules[{module!r}] = None  # As if it were not installed.
{rest}
"""
MAIN = "from minmax_jax.__main__ import main; raise SystemExit(main(['presets']))"


def run(module, rest):
    program = PROGRAM.format(module=module, rest=rest)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


@pytest.mark.parametrize("module, named", [("PIL", "pillow"), ("tyro", "tyro")])
def test_command_line_without_extra_exits_with_one_line(module, named):
    ended = run(module, MAIN)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith("minmax-jax: ") and named in line
    assert line.endswith("pip install 'minmax-jax[gan]'")


def test_core_works_without_the_extra_and_gan_names_it():
    ended = run("flax", "import minmax_jax as mm; print(mm.__version__); import minmax_jax.gan")
    assert ended.stdout.strip()
    assert "needs the package flax" in ended.stderr.splitlines()[-1]
