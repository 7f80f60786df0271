"""Checks that each worker of a cluster passes before it trains."""

import dataclasses
import os

import pytest

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.run import lock
from minmax_jax.gan.sweeps import grid as grid_lib
from minmax_jax.gan.sweeps.cluster import site as site_lib
from tests.gan.run.test_lock import OTHER_HOST, leave_lock
from tests.gan.sweeps.test_sweeps import GRID, small


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s").mkdir()
    with lock.hold(tmp_path / "s"):
        yield site_lib.describe(tmp_path.relative_to(tmp_path) / "s", small(), None)


def test_worker_in_the_same_folder_keeps_relative_paths(site):
    worker = site_lib.check_worker(site, 1)
    assert worker.shares_folder and worker.platform == "cpu"
    run = grid_lib.sweep_runs(small(), GRID, site_lib.Path("s"))[0]
    assert site_lib.localize(run, site, worker.shares_folder) == run


def test_worker_in_another_folder_gets_absolute_paths(site, tmp_path, monkeypatch):
    (tmp_path / "images").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    worker = site_lib.check_worker(site, 1)
    assert not worker.shares_folder
    config = small(data="images", cache_decoded="decoded")
    run = site_lib.localize(
        grid_lib.sweep_runs(config, GRID, site_lib.Path("s"))[0], site, worker.shares_folder
    )
    assert run.config.data.source == str(tmp_path / "images")
    assert run.config.data.cache_decoded == str(tmp_path / "decoded")
    assert run.folder == tmp_path / "s" / "runs" / run.name
    site = dataclasses.replace(site, config=small(init_from="runs/old"))
    with pytest.raises(ConfigError, match="init_from=runs/old must be an absolute path"):
        site_lib.check_worker(site, 1)


def test_invisible_folder_is_one_line(site, tmp_path):
    for home, reason in [("/nowhere", "there is no folder at this path")]:
        with pytest.raises(ConfigError, match=f"cannot use out={home}/s: {reason}.*share"):
            site_lib.check_worker(dataclasses.replace(site, home=home), 1)
    leave_lock(tmp_path / "s", OTHER_HOST)  # Another file system has another folder there.
    with pytest.raises(ConfigError, match="a folder of another file system is at this path"):
        site_lib.check_worker(site, 1)
    os.unlink(tmp_path / "s" / "run.lock")
    with pytest.raises(ConfigError, match="a folder of another file system is at this path"):
        site_lib.check_worker(site, 1)


def test_folder_without_permission_is_one_line(site, monkeypatch):
    def denied(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(site_lib.lock_file, "file_system_time", denied)
    with pytest.raises(ConfigError, match=r"cannot use out=.*/s: Permission denied\. Choose"):
        site_lib.check_worker(site, 1)


def test_other_versions_and_threads_are_one_line(site):
    other = {**site.settings, "version of jax": '"0.0.1"'}
    with pytest.raises(ConfigError, match=r'version of jax is "[\d.]+" instead of "0\.0\.1"\. Use'):
        site_lib.check_worker(dataclasses.replace(site, settings=other), 1)
    with pytest.raises(ConfigError, match=r"runs 4 tasks at a time.*--nthreads 1"):
        site_lib.check_worker(site, 4)
    many = dataclasses.replace(site, config=small(devices=1000))
    with pytest.raises(ConfigError, match="devices"):
        site_lib.check_worker(many, 1)


def test_workers_of_different_kinds_are_refused():
    cpu = site_lib.Worker("cpu", "[]", True)
    site_lib.check_same({"a": cpu, "b": cpu})
    with pytest.raises(ConfigError, match="the platform of JAX is cpu in a and cuda in b"):
        site_lib.check_same({"a": cpu, "b": cpu._replace(platform="cuda")})
    with pytest.raises(ConfigError, match="XLA_FLAGS is"):
        site_lib.check_same({"a": cpu, "b": cpu._replace(xla_flags='["--x"]')})
