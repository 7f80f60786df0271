import collections
import copy
import io
import json
import os
import re
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from minmax_jax.gan.run import checkpoint, checkpoint_file
from tests.devices import first_devices

Pair = collections.namedtuple("Pair", "left right")


def tree(scale=1.0):
    players = mm.Players(
        min={"w": scale * jnp.arange(6.0).reshape(2, 3), "half": jnp.ones(3, jnp.bfloat16)},
        max=[scale * jnp.ones(4), jnp.zeros(())],
    )
    return Pair(players, (optax.adam(0.1).init(players), jax.random.key(7), jnp.zeros((0, 2))))


def store(folder, messages=None):
    return checkpoint.Checkpoints(folder, messages.append if messages is not None else pytest.fail)


def same(one, other):
    one, other = checkpoint.flatten(one), checkpoint.flatten(other)
    return one.keys() == other.keys() and all(
        np.array_equal(one[name], other[name]) and one[name].dtype == other[name].dtype
        for name in one
    )


def test_saved_state_is_restored_bitwise(tmp_path):
    store(tmp_path).save(5, tree(1 / 3))
    step, values = store(tmp_path).restore()
    assert step == 5
    back = checkpoint.fill(tree(), values)
    assert same(back, tree(1 / 3))
    assert jax.tree.structure(back) == jax.tree.structure(tree())
    assert jnp.array_equal(jax.random.bits(back.right[1]), jax.random.bits(jax.random.key(7)))


@pytest.mark.parametrize(
    "dtype", ["bfloat16", "float8_e4m3fn", "float16", "float64", "complex64", "uint8", "bool"]
)
def test_dtypes_and_shapes_are_preserved(tmp_path, dtype):
    values = {"scalar": np.ones((), dtype), "matrix": np.arange(6).reshape(2, 3).astype(dtype)}
    checkpoint_file.write(tmp_path / "a", values)
    found = checkpoint_file.read(tmp_path / "a")
    assert found.keys() == values.keys()
    for name, value in values.items():
        assert (found[name].dtype, found[name].shape) == (np.dtype(dtype), value.shape)
        assert found[name].tobytes() == value.tobytes()


def test_numpy_opens_a_checkpoint(tmp_path):
    store(tmp_path).save(1, {"a": {"b": np.arange(3.0)}})
    with np.load(tmp_path / "1.npz") as archive:
        np.testing.assert_array_equal(archive["a/b"], np.arange(3.0))


def test_branch_is_filled_by_its_name(tmp_path):
    store(tmp_path).save(5, tree(3.0))
    _, values = store(tmp_path).restore()
    assert same(checkpoint.fill(tree().left.max, values, "left/max"), tree(3.0).left.max)


def test_restore_reads_only_the_given_branches(tmp_path, monkeypatch):
    store(tmp_path).save(5, {"ema": {"w": np.ones(2)}, "emax": np.ones(3), "step": np.array(5)})
    read, names = zipfile.ZipFile.read, []
    monkeypatch.setattr(
        zipfile.ZipFile, "read", lambda self, m: (names.append(m.filename), read(self, m))[1]
    )
    _, values = store(tmp_path).restore(prefixes=["ema"])
    assert set(values) == {"ema/w", "step"}
    assert names == ["manifest.json", "ema/w.npy", "step.npy"]


def test_restore_returns_none_without_checkpoints(tmp_path):
    assert store(tmp_path / "absent").restore() is None
    assert not (tmp_path / "absent").exists()
    assert store(tmp_path).restore() is None


def test_delete_except_keeps_given_steps(tmp_path):
    for step in (1, 2, 3, 10):
        store(tmp_path).save(step, {"a": np.ones(1)})
    (tmp_path / "4.npz.0123abcd.part").touch()  # not completed
    assert store(tmp_path).steps() == [1, 2, 3, 10]
    store(tmp_path).delete_except({2, 10})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["10.npz", "2.npz"]


def test_delete_except_removes_exact_names_only(tmp_path):
    others = ["01.npz", "1.npz.old", "1.npzx", "a1.npz", "-1.npz", "1.npz.part", "٣.npz", "thesis"]
    for name in (*others, "1.npz"):
        (tmp_path / name).touch()
    store(tmp_path).delete_except([])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)


def test_restore_of_given_step_or_error_with_known_steps(tmp_path):
    for step in (10, 20):
        store(tmp_path).save(step, tree(step))
    step, values = store(tmp_path).restore(10)
    assert step == 10 and same(checkpoint.fill(tree(), values), tree(10))
    with pytest.raises(checkpoint.CheckpointError, match=r"step=15: .* \(10, 20\)"):
        store(tmp_path).restore(15)
    cut(tmp_path / "20.npz")
    with pytest.raises(checkpoint.CheckpointError, match=r"no valid checkpoint .* another step"):
        store(tmp_path, []).restore(20)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    content = bytearray(path.read_bytes())
    content[content.index(np.arange(0, 12, 2, dtype=np.float32).tobytes()) + 5] ^= 1
    path.write_bytes(bytes(content))


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut, flip, empty])
def test_corrupt_newest_checkpoint_is_skipped_with_warning(tmp_path, damage):
    store(tmp_path).save(10, tree(1.0))
    store(tmp_path).save(20, tree(2.0))
    content, messages = (tmp_path / "20.npz").read_bytes(), []
    damage(tmp_path / "20.npz")
    step, values = store(tmp_path, messages).restore()
    assert step == 10
    assert same(checkpoint.fill(tree(), values), tree(1.0))
    assert len(messages) == 1 and "checkpoint 20 is corrupt" in messages[0]
    (tmp_path / "20.npz").write_bytes(content)
    assert store(tmp_path).restore()[0] == 20


def outcome(path, content):
    """Returns the arrays read from `content`, or None if it is found to be corrupt."""
    path.write_bytes(content)
    try:
        return checkpoint_file.read(path)
    except checkpoint_file.CorruptFile:
        return None


def test_flipped_byte_never_changes_a_restored_value(tmp_path):
    values = {"w": np.arange(3.0), "b": np.ones((), np.int32), "half": jnp.ones(2, jnp.bfloat16)}
    values = {name: np.asarray(value) for name, value in values.items()}
    checkpoint_file.write(tmp_path / "a", values)
    content, detected = (tmp_path / "a").read_bytes(), 0
    for place in range(len(content)):
        for bit in (1, 128):
            flipped = bytearray(content)
            flipped[place] ^= bit
            found = outcome(tmp_path / "b", bytes(flipped))
            detected += found is None
            assert found is None or (found.keys() == values.keys() and same(found, values)), place
    # The rest are bytes of the ZIP format that do not matter, such as times.
    assert detected > 0.7 * 2 * len(content)


def test_every_truncation_is_detected(tmp_path):
    checkpoint_file.write(tmp_path / "a", {"w": np.arange(3.0), "b": np.ones(2)})
    content = (tmp_path / "a").read_bytes()
    for size in range(0, len(content), 7):
        assert outcome(tmp_path / "b", content[:size]) is None, size
        if size:
            assert outcome(tmp_path / "b", content[size:]) is None, size
    assert outcome(tmp_path / "b", content[: len(content) // 2] + content[-22:]) is None


def archive(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as written:
        for name, content in members:
            written.writestr(name, content)
    return file.getvalue()


def npy(value):
    file = io.BytesIO()
    np.save(file, value)
    return file.getvalue()


MANIFEST = ("manifest.json", json.dumps({"a": ["float64", [2]], "b": ["float64", []]}))
A, B = ("a.npy", npy(np.ones(2))), ("b.npy", npy(np.ones(())))


def test_archive_with_matching_members_is_read(tmp_path):
    assert outcome(tmp_path / "a", archive([MANIFEST, A, B])).keys() == {"a", "b"}


@pytest.mark.parametrize(
    "members",
    [
        [A, B],
        [MANIFEST, A],
        [MANIFEST, A, B, ("c.npy", npy(np.ones(1)))],
        [MANIFEST, ("a.npy", npy(np.ones(3))), B],
        [MANIFEST, ("a.npy", npy(np.ones(2, np.float32))), B],
        [MANIFEST, ("a.npy", npy(np.ones(2)) + b"more"), B],
        [MANIFEST, ("a.npy", npy(np.ones(2)) + bytes(10_000)), B],
        [MANIFEST, ("a.npy", npy(np.array([{}, {}]))), B],
        [MANIFEST, ("a.npy", b""), B],
        [("manifest.json", "[1, 2]"), A, B],
        [("manifest.json", "{"), A, B],
        [("manifest.json", '{"a": 1, "b": 2}'), A, B],
        [("manifest.json", '{"a": ["float64", [-2]], "b": ["float64", []]}'), A, B],
    ],
    ids=lambda members: ",".join(f"{name}:{len(content)}" for name, content in members),
)
def test_archive_unlike_its_manifest_is_corrupt(tmp_path, members):
    assert outcome(tmp_path / "a", archive(members)) is None


def test_duplicate_member_is_corrupt(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = archive([MANIFEST, A, A, B])
    assert outcome(tmp_path / "a", content) is None


def test_compressed_member_is_corrupt(tmp_path):
    assert outcome(tmp_path / "a", archive([MANIFEST, A, B], zipfile.ZIP_DEFLATED)) is None


def bomb(count, size):
    """Returns an archive of `count` members that share `size` bytes, with a valid manifest."""
    names = [f"{index:06d}" for index in range(count)]
    content = npy(np.zeros(size // 4, np.float32))
    manifest = json.dumps({name: ["float32", [size // 4]] for name in names})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        written.writestr("manifest.json", manifest)
        written.writestr(f"{names[0]}.npy", content)
        first = written.infolist()[-1]
        for name in names[1:]:  # The directory lists the same bytes again, under other names.
            member = copy.copy(first)
            member.filename = member.orig_filename = f"{name}.npy"
            written.filelist.append(member)
            written.NameToInfo[member.filename] = member
    return file.getvalue()


def test_members_that_share_their_bytes_are_corrupt(tmp_path, monkeypatch):
    content = bomb(count=200, size=20_000)  # 4 MB in 65 kB
    assert len(content) < 100_000
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("expanded"))
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(checkpoint_file.CorruptFile, match="expand to more than the file"):
        checkpoint_file.read(tmp_path / "a")


def test_shape_whose_size_overflows_is_corrupt(tmp_path):
    manifest = ("manifest.json", json.dumps({"a": ["float64", [2**40, 2**40]], "b": ["int8", []]}))
    assert outcome(tmp_path / "a", archive([manifest, A, B])) is None


def test_pipe_in_place_of_a_checkpoint_is_corrupt(tmp_path):
    os.mkfifo(tmp_path / "a")
    with pytest.raises(checkpoint_file.CorruptFile, match="not a regular file"):
        checkpoint_file.read(tmp_path / "a")


@pytest.mark.parametrize("members", [[A, B], [("manifest.json", "{"), A, B]])
def test_missing_or_corrupt_manifest_is_reported(tmp_path, members):
    messages = []
    store(tmp_path).save(1, {"a": np.ones(1)})
    (tmp_path / "2.npz").write_bytes(archive(members))
    assert store(tmp_path, messages).restore()[0] == 1
    assert len(messages) == 1
    assert re.search(r"not checkpoints: 2\.npz|checkpoint 2 is corrupt", messages[0])


def test_lack_of_memory_is_not_corruption(tmp_path, monkeypatch):
    store = checkpoint.Checkpoints(tmp_path, pytest.fail)
    store.save(1, {"a": np.ones(3)})

    def read_array(*_, **__):
        raise MemoryError

    monkeypatch.setattr(np.lib.format, "read_array", read_array)
    with pytest.raises(MemoryError):
        store.restore()


@pytest.mark.parametrize("prefixes", [(), ("ema",)])
def test_renamed_checkpoint_is_skipped(tmp_path, prefixes):
    store(tmp_path).save(4, {"ema": np.ones(2), "step": np.int32(4)})
    (tmp_path / "100.npz").write_bytes((tmp_path / "4.npz").read_bytes())
    messages = []
    assert store(tmp_path, messages).restore(prefixes=prefixes)[0] == 4
    assert messages == ["100.npz is skipped: it contains step 4"]
    with pytest.raises(checkpoint.CheckpointError, match="Choose another step"):
        store(tmp_path, messages).restore(100, prefixes)


def test_incomplete_checkpoint_is_ignored(tmp_path):
    store(tmp_path).save(10, tree(1.0))
    (tmp_path / "10.npz").rename(tmp_path / "10.npz.0123abcd.part")
    assert store(tmp_path).restore() is None
    store(tmp_path).save(10, tree(2.0))
    assert same(checkpoint.fill(tree(), store(tmp_path).restore()[1]), tree(2.0))


def test_corrupt_checkpoint_can_be_saved_again(tmp_path):
    store(tmp_path).save(10, tree(1.0))
    store(tmp_path).save(20, tree(2.0))
    cut(tmp_path / "20.npz")
    store(tmp_path).delete_except([10])
    store(tmp_path).save(20, tree(3.0))
    assert store(tmp_path).restore()[0] == 20


def test_only_corrupt_checkpoints_raise_with_remedy(tmp_path):
    store(tmp_path).save(10, tree())
    cut(tmp_path / "10.npz")
    with pytest.raises(checkpoint.CheckpointError, match="Delete it to start over"):
        store(tmp_path, []).restore()


@pytest.mark.parametrize(
    "other",
    [
        {"a": jnp.zeros(3), "b": jnp.zeros(2)},
        {"a": jnp.zeros(4)},
        {"a": jnp.zeros(3, jnp.bfloat16)},
    ],
)
def test_checkpoint_of_another_model_is_rejected(tmp_path, other):
    store(tmp_path).save(1, {"a": jnp.zeros(3)})
    _, values = store(tmp_path).restore()
    with pytest.raises(checkpoint.CheckpointError, match=r"checkpoint of another model: [ab]"):
        checkpoint.fill(other, values)


def test_checkpoint_is_restored_onto_another_mesh(tmp_path):
    devices = np.array(first_devices(4))
    rows = jax.sharding.PartitionSpec("x")
    saved = jax.device_put(
        jnp.arange(8.0), jax.sharding.NamedSharding(jax.sharding.Mesh(devices, "x"), rows)
    )
    store(tmp_path).save(1, {"a": saved})
    values = checkpoint.fill({"a": saved}, store(tmp_path).restore()[1])
    mesh = jax.sharding.Mesh(devices[:2], "x")
    restored = jax.device_put(values["a"], jax.sharding.NamedSharding(mesh, rows))
    assert len(restored.addressable_shards) == 2
    np.testing.assert_array_equal(restored, saved)
