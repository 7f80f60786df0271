import collections

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from minmax_jax.gan.run import checkpoint

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


def test_what_was_saved_comes_back_bit_for_bit(tmp_path):
    store(tmp_path).save(5, tree(1 / 3))
    step, values = store(tmp_path).restore()
    assert step == 5
    back = checkpoint.fill(tree(), values)
    assert same(back, tree(1 / 3))
    assert jax.tree.structure(back) == jax.tree.structure(tree())
    assert jnp.array_equal(jax.random.bits(back.right[1]), jax.random.bits(jax.random.key(7)))


def test_a_branch_is_read_by_its_name(tmp_path):
    store(tmp_path).save(5, tree(3.0))
    _, values = store(tmp_path).restore()
    assert same(checkpoint.fill(tree().left.max, values, "left/max"), tree(3.0).left.max)


def test_no_folder_and_empty_folder_hold_nothing(tmp_path):
    assert store(tmp_path / "absent").restore() is None
    assert not (tmp_path / "absent").exists()
    assert store(tmp_path).restore() is None


def test_all_but_some_are_dropped(tmp_path):
    for step in (1, 2, 3, 4, 10):
        store(tmp_path).save(step, {"a": np.ones(1)})
    (tmp_path / "4" / "files.json").unlink()  # never finished
    assert store(tmp_path).steps() == [1, 2, 3, 10]
    store(tmp_path).drop_all_but({2, 10})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["10", "2"]


def test_a_given_step_is_read_or_refused_by_name(tmp_path):
    for step in (10, 20):
        store(tmp_path).save(step, tree(step))
    step, values = store(tmp_path).restore(10)
    assert step == 10 and same(checkpoint.fill(tree(), values), tree(10))
    with pytest.raises(checkpoint.CheckpointError, match=r"step=15: .* \(10, 20\)"):
        store(tmp_path).restore(15)
    cut(files(tmp_path / "20")[0])
    with pytest.raises(checkpoint.CheckpointError, match=r"no checkpoint 20 in .* another step"):
        store(tmp_path, []).restore(20)


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def lose(path):
    path.unlink()


@pytest.mark.parametrize("damage", [cut, flip, lose])
def test_damage_to_any_file_of_the_newest_is_named_and_the_one_before_used(tmp_path, damage):
    store(tmp_path).save(10, tree(1.0))
    store(tmp_path).save(20, tree(2.0))
    for path in files(tmp_path / "20"):
        if path.name == "files.json" and damage is lose:
            continue  # the next test
        content, messages = path.read_bytes(), []
        damage(path)
        step, values = store(tmp_path, messages).restore()
        assert step == 10, path
        assert same(checkpoint.fill(tree(), values), tree(1.0))
        assert len(messages) == 1 and "checkpoint 20 is damaged" in messages[0]
        path.write_bytes(content)
    assert store(tmp_path).restore()[0] == 20


def test_a_checkpoint_that_was_never_finished_is_not_there(tmp_path):
    store(tmp_path).save(10, tree(1.0))
    (tmp_path / "10" / "files.json").unlink()
    assert store(tmp_path).restore() is None
    store(tmp_path).drop_after(0)
    store(tmp_path).save(10, tree(2.0))
    assert same(checkpoint.fill(tree(), store(tmp_path).restore()[1]), tree(2.0))


def test_a_damaged_checkpoint_can_be_written_again(tmp_path):
    store(tmp_path).save(10, tree(1.0))
    store(tmp_path).save(20, tree(2.0))
    cut(files(tmp_path / "20")[0])
    store(tmp_path).drop_after(10)
    store(tmp_path).save(20, tree(3.0))
    assert store(tmp_path).restore()[0] == 20


def test_nothing_but_damage_is_an_error_with_a_remedy(tmp_path):
    store(tmp_path).save(10, tree())
    cut(files(tmp_path / "10")[0])
    with pytest.raises(checkpoint.CheckpointError, match="remove that folder to start afresh"):
        store(tmp_path, []).restore()


@pytest.mark.parametrize(
    "other",
    [
        {"a": jnp.zeros(3), "b": jnp.zeros(2)},
        {"a": jnp.zeros(4)},
        {"a": jnp.zeros(3, jnp.bfloat16)},
    ],
)
def test_a_checkpoint_of_another_model_is_refused(tmp_path, other):
    store(tmp_path).save(1, {"a": jnp.zeros(3)})
    _, values = store(tmp_path).restore()
    with pytest.raises(checkpoint.CheckpointError, match=r"checkpoint of another model: [ab]"):
        checkpoint.fill(other, values)
