"""User mistakes end with a one-line message and exit code 2, and change no file."""

import ast
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minmax_jax
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base import cache
from minmax_jax.gan.cli import main
from minmax_jax.gan.config import presets
from minmax_jax.gan.run import checkpoint, run_folder
from minmax_jax.gan.training import build
from minmax_jax.gan.training import step as step_lib
from tests import garbage
from tests.devices import first_devices

SMALL = {"network": "mlp", "width": 8, "latent_dim": 4, "batch_size": 4, "devices": 1, "steps": 2}


# The library `datasets` does not close the files of a dataset that it rejects.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@pytest.fixture(autouse=True)
def separate_caches(tmp_path_factory, monkeypatch):
    caches = tmp_path_factory.mktemp("caches")
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches / "cache"))
    monkeypatch.setenv("HF_HOME", str(caches / "hub"))
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", caches / "datasets")
    with garbage.collected():  # so that unclosed files warn here, where the warning is ignored
        yield


def write_image(path, size=(6, 4), mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(256, size=(size[1], size[0]))
    Image.fromarray(pixels.astype(np.uint8)).convert(mode).save(path)


def images(root):
    for index in range(8):
        write_image(root / "ab"[index % 2] / f"{index}.png")


def empty(root):
    root.mkdir()


def mixed_sizes(root):
    images(root)
    write_image(root / "a" / "1.png", size=(8, 8))


def truncated(root):
    images(root)
    file = root / "a" / "2.png"
    file.write_bytes(file.read_bytes()[:50])


def text_named_png(root):
    images(root)
    (root / "a" / "2.png").write_text("not an image")


def few(root):
    write_image(root / "0.png")
    write_image(root / "1.png")


def cmyk(root):
    images(root)
    write_image(root / "a" / "2.jpg", mode="CMYK")


def transparent(root):
    images(root)
    Image.new("RGBA", (6, 4), (1, 2, 3, 0)).save(root / "a" / "2.png")


def with_columns(root):
    images(root)
    names = sorted(path.relative_to(root) for path in root.rglob("*.png"))
    rows = [f"{name},{index - 1},word" for index, name in enumerate(names)]
    (root / "metadata.csv").write_text("\n".join(["file_name,shifted,caption", *rows]) + "\n")


def no_images(root):
    root.mkdir()
    (root / "table.csv").write_text("a,b\n1,2\n")


def make_run_folder(root, **fields):
    config = presets.preset("digits", **SMALL, out=str(root), **fields)
    run_folder.open_run(root, config, data_lib.load("digits"))
    return config


def other_model(root):
    """Makes a run whose checkpoints belong to a wider model."""
    make_run_folder(root)
    wider = presets.preset("digits", **{**SMALL, "width": 16})
    state = step_lib.init(*build.build_game(wider, data_lib.load("digits"), 1))
    state = state._replace(step=np.int32(3))
    checkpoint.Checkpoints(root / "checkpoints", pytest.fail).save(3, state)


def other_files(root):
    root.mkdir()
    (root / "thesis.tex").write_text("years of work")


def file_at_path(root):
    root.write_text("years of work")


DATA = [
    "train",
    *(
        word
        for name, value in SMALL.items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ),
    "--out",
    "run",
    "--data",
]
TRAIN = [*DATA, "digits"]


def three_devices(folder):
    first_devices(3)


@pytest.mark.parametrize(
    ("prepare", "words", "message"),
    [
        (empty, [*DATA, "set"], "Pass a folder of images"),
        (no_images, [*DATA, "set"], "no image column among ['a', 'b']"),
        (None, [*DATA, "set/nowhere"], "Check the path, or the hub name and the connection"),
        (file_at_path, [*DATA, "set"], "data=set: it is a file. Pass a folder of images"),
        (mixed_sizes, [*DATA, "set"], "Pass --resize 4 --crop center"),
        (truncated, [*DATA, "set"], "2.png cannot be decoded"),
        (text_named_png, [*DATA, "set"], "2.png cannot be decoded"),
        (few, [*DATA, "set"], "at least 6 images are needed, got 2. Add images"),
        (cmyk, [*DATA, "set"], "a/2.jpg). Pass --channels 3 (or 1)"),
        (transparent, [*DATA, "set"], "2.png has transparent pixels. Pass --background white"),
        (images, [*DATA, "set", "--background", "whte"], "background must be a color such as"),
        (images, [*DATA, "set", "--crop", "centre"], "did you mean center"),
        (images, [*DATA, "set", "--channels", "4"], "channels must be 1 (gray), 3 (RGB) or 0"),
        (images, [*DATA, "set", "--resize", "-1"], "resize must be at most 8192 and at least 1"),
        (None, [*DATA, "gaussians", "--resize", "8"], "vectors, which have no size and channels"),
        (with_columns, [*DATA, "set", "--label-column", "shiftd"], "Did you mean shifted?"),
        (with_columns, [*DATA, "set", "--label-column", "image"], "has type PIL.Image.Image"),
        (with_columns, [*DATA, "set", "--label-column", "shifted"], "got -1 in row 0 of"),
        (None, [*TRAIN, "--label-column", "label"], "Omit label_column"),
        (
            three_devices,
            [*TRAIN, "--devices", "3", "--batch-size", "16"],
            "batch_size must be a multiple of the number of devices, 3",
        ),
        (None, [*DATA, ""], "data must name a dataset or a folder, got ''"),
        (None, [*TRAIN, "--batch-size", "many"], None),
        (None, [*TRAIN, "--optimizer", "adamgda"], "did you mean adam_gda"),
        (None, [*TRAIN, "--network", "dcgann"], "did you mean dcgan"),
        (None, [*TRAIN, "--loss", "hinges"], "did you mean hinge"),
        (None, [*TRAIN, "--on-nonfinite", "skipp"], "did you mean skip"),
        (None, [*TRAIN, "--keep", "0"], "keep must be at least 1, got 0"),
        (None, [*TRAIN, "--keep-best", "a b"], "METRIC:max"),
        (other_model, [*TRAIN, "--out", "set"], "checkpoint of another model"),
        (other_model, ["sample", "--run", "set", "--out", "a.png"], "checkpoint of another model"),
        (make_run_folder, [*TRAIN, "--out", "set", "--seed", "9"], "seed: 0 -> 9"),
        (make_run_folder, ["sample", "--run", "set", "--out", "a.png"], "has no checkpoint yet"),
        (other_files, [*TRAIN, "--out", "set"], "is not a run folder. Choose another --out"),
        (file_at_path, [*TRAIN, "--out", "set"], "is not a run folder. Choose another --out"),
        (file_at_path, [*TRAIN, "--out", "set/run"], "(Not a directory)"),
    ],
)
def test_mistake_gives_one_line_and_code_2_and_changes_no_file(
    tmp_path, monkeypatch, capsys, prepare, words, message
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    if prepare:
        prepare(tmp_path / "set")
    before = contents(tmp_path)
    capsys.readouterr()
    try:
        code = main.main(words)
    except SystemExit as end:  # The parser itself rejects some words.
        code = end.code
    out, err = capsys.readouterr()
    assert code == 2, err
    assert out == "" and "Traceback" not in err
    if message is not None:
        assert err.startswith("minmax-jax: ") and err.count("\n") == 1, err
        assert message in err
    assert contents(tmp_path) == before


def contents(folder):
    return {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def test_integer_column_is_accepted_as_labels(tmp_path):
    with_columns(tmp_path / "set")
    file = tmp_path / "set" / "metadata.csv"
    file.write_text(file.read_text().replace(",-1,", ",3,"))
    read = data_lib.load(str(tmp_path / "set"), "shifted")
    labels = [*read.labels, *read.test_labels]
    assert read.num_classes == 7 and sorted(labels) == [0, 1, 2, 3, 3, 4, 5, 6]


class Bomb:
    """An object whose pickle runs code when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_cache_does_not_load_pickles(tmp_path):
    trace = tmp_path / "trace"
    file = cache.cache_folder() / "bomb.npz"
    file.parent.mkdir(parents=True)
    np.savez(file, images=np.array([Bomb(trace)], dtype=object))
    assert cache.load_arrays("bomb") is None and not trace.exists()
    with np.load(io.BytesIO(file.read_bytes()), allow_pickle=True) as stored:
        stored["images"]
    assert trace.exists()  # Loading the pickle does run the code.


PICKLING = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}


def loads_a_pickle(node):
    """Returns whether a node of a syntax tree could load a pickle. Naming an error is allowed."""
    if isinstance(node, ast.ImportFrom):
        return str(node.module).partition(".")[0] in PICKLING
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) in PICKLING:
        return not node.attr.endswith("Error")
    if isinstance(node, ast.Call):
        keywords = {word.arg: ast.unparse(word.value) for word in node.keywords}
        safe = {"np.load": ("allow_pickle", "False"), "torch.load": ("weights_only", "True")}
        name, value = safe.get(ast.unparse(node.func), (None, None))
        return name is not None and keywords.get(name) != value
    return False


@pytest.mark.parametrize(
    ("text", "loads"),
    [
        ("pickle.loads(b'')", True),
        ("from joblib import load", True),
        ("np.load('a.npz')", True),
        ("torch.load('a', weights_only=False)", True),
        ("np.load('a.npz', allow_pickle=False)", False),
        ("pickle.UnpicklingError", False),
    ],
)
def test_pickle_detection_finds_loading_functions(text, loads):
    assert any(map(loads_a_pickle, ast.walk(ast.parse(text)))) == loads


def test_package_does_not_load_pickles():
    for path in Path(minmax_jax.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not loads_a_pickle(node), (path, node.lineno)
