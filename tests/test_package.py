"""Builds the distributions, and uses the wheel in an empty environment."""

import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest

import minmax_jax as mm

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow
pytest.importorskip("build", reason="pip install build")
PROGRAM = """
import sys
import minmax_jax as mm
field_fn = mm.zero_sum(lambda z: z.min * z.max)
z = mm.solve(mm.extragradient(0.5), field_fn, mm.Players(1.0, 1.0), 100).players
assert abs(z.min) < 1e-3
assert not {"flax", "tyro", "matplotlib"} & set(sys.modules)
print(mm.__version__, mm.__file__)
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """Returns a folder with the wheel and the source distribution of a copy of the repository."""
    source, out = tmp_path_factory.mktemp("source") / "copy", tmp_path_factory.mktemp("dist")
    hidden = shutil.ignore_patterns(".*", "runs", "dist", "build", "_build", "__pycache__")
    shutil.copytree(ROOT, source, ignore=hidden)
    command = [sys.executable, "-m", "build", "--outdir", str(out), str(source)]
    ended = subprocess.run(command, capture_output=True, text=True)
    if "ConnectionError" in ended.stderr or "No matching distribution" in ended.stdout:
        pytest.skip("the build backend cannot be downloaded")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return out


def test_wheel_and_source_have_the_version_and_the_licence(dist):
    (wheel,), (source,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    assert wheel.name == f"minmax_jax-{mm.__version__}-py3-none-any.whl"
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "CITATION.cff", "minmax_jax/py.typed", "tests/cases.py"} <= names
    assert not [name for name in names if name.startswith("experiments/results")]


def install(wheel, folder, extra=""):
    """Returns the programs of an empty environment in which the wheel was installed."""
    venv.create(folder, system_site_packages=False, with_pip=True)
    programs = folder / "bin"
    command = [str(programs / "python"), "-m", "pip", "install", "--quiet", f"{wheel}{extra}"]
    installed = subprocess.run(command, capture_output=True, text=True)
    if installed.returncode:
        pytest.skip(f"packages cannot be installed: {installed.stderr[-200:]}")
    return programs


def test_core_of_the_wheel_needs_jax_and_optax_only(dist, tmp_path):
    (wheel,) = dist.glob("*.whl")
    programs = install(wheel, tmp_path / "venv")
    command = [str(programs / "python"), "-c", PROGRAM]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    version, place = ended.stdout.split()
    assert version == mm.__version__ and str(tmp_path) in place
    command = [str(programs / "minmax-jax"), "presets"]
    missing = subprocess.run(command, capture_output=True, text=True)
    assert missing.returncode == 2 and "pip install 'minmax-jax[gan]'" in missing.stderr


def test_wheel_with_the_extra_gan_trains(dist, tmp_path):
    (wheel,) = dist.glob("*.whl")
    command = str(install(wheel, tmp_path / "venv", "[gan]") / "minmax-jax")
    ended = subprocess.run([command, "--version"], capture_output=True, text=True)
    assert ended.returncode == 0 and mm.__version__ in ended.stdout, ended.stderr
    train = [command, "train", *"--preset digits --width 4 --steps 2 --evaluate 0".split()]
    ended = subprocess.run([*train, "--out", "run"], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "run" / "metrics.jsonl").stat().st_size > 0
