"""A person's pictures: which layouts are taken, how they are seen, and that nothing is lost without a word."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from own_pictures import SHIRT, SNEAKER, clothes, everything, huge_png, opened, told, two_classes, write
from PIL import Image

from nntui.builtin.datasets.images import ImagePreprocessor
from nntui.builtin.datasets.own.picture_source import sniff
from nntui.hooks.data import DataContext, Split
from nntui.hooks.errors import UserError
from nntui.hooks.params import NoParams


def given(path: Path) -> dict[Split, list[str]]:
    source = opened(path)
    return {split: source.places(index) for split, index in source.given.items()}


def test_folders_are_classes_and_files_rows_in_order(tmp_path: Path) -> None:
    source = opened(two_classes(tmp_path))
    assert source.facts.classes == ("shirt", "sneaker")
    assert source.places(np.array([0, 23])) == ["shirt/000.png", "sneaker/011.png"]
    assert np.array_equal(everything(source)[:, 0], np.concatenate((clothes(SHIRT)[:12], clothes(SNEAKER)[:12])))
    assert source.targets.tolist() == [0] * 12 + [1] * 12
    assert not source.given
    assert "24 pictures of 2 classes" in source.report.taken_for


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Training", "valid", "Testing")])
def test_folders_of_splits_are_splits(tmp_path: Path, names: tuple[str, str, str]) -> None:
    for number, name in enumerate(names):
        two_classes(tmp_path / name, 4, 10 * number)
    found = given(tmp_path)
    assert {split: len(rows) for split, rows in found.items()} == {"train": 8, "validation": 8, "test": 8}
    assert found["test"][0] == f"{names[2]}/shirt/020.png"


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    write(tmp_path / "train", SHIRT, 4)
    write(tmp_path / "plane", SNEAKER, 4)
    source = opened(tmp_path)
    assert source.facts.classes == ("plane", "train")
    assert not source.given


def test_a_folder_around_everything_is_gone_into_and_folders_within_a_class_belong_to_it(tmp_path: Path) -> None:
    write(tmp_path / "pets" / "all" / "cat" / "black", SHIRT, 3)
    write(tmp_path / "pets" / "all" / "cat", SHIRT, 3, 10)
    write(tmp_path / "pets" / "all" / "dog", SNEAKER, 3)
    source = opened(tmp_path)
    assert source.facts.classes == ("cat", "dog")
    assert np.bincount(source.targets).tolist() == [6, 3]


def test_what_has_no_class_is_counted_and_listed(tmp_path: Path) -> None:
    two_classes(tmp_path / "train")
    write(tmp_path / "test", SHIRT, 3, 20)  # of an unlabelled test
    write(tmp_path / "val" / "boot", SNEAKER, 2, 20)
    write(tmp_path / "val" / "shirt", SHIRT, 2, 30)
    (tmp_path / "notes.txt").write_text("of a kind that is no picture", encoding="utf-8")
    source = opened(tmp_path)
    assert len(source) == 26
    assert "3 pictures in no class's folder of a split (test/020.png" in told(source, "skipped")
    assert "2 pictures of validation or test of a class that no training picture has (val/boot" in told(
        source, "skipped"
    )
    assert "notes.txt" in told(source, "note")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["cat.1.jpg", "dog.1.jpg"], "no folders that say what they are"),
        (["cat/1.jpg", "cat/2.jpg"], "no folders that say what they are|of one class"),
        (["test/cat/1.jpg", "test/dog/2.jpg"], "no pictures to train on"),
        (["readme.md"], "no picture"),
        ([], "no picture"),
    ],
)
def test_other_layouts_are_refused_with_those_that_are_taken(tmp_path: Path, names: list[str], message: str) -> None:
    for number, name in enumerate(names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(clothes(SHIRT)[number]).save(tmp_path / name) if ".jpg" in name else (tmp_path / name).touch()
    with pytest.raises(UserError, match=message) as refused:
        opened(tmp_path)
    assert "a folder for each class" in refused.value.advice


def test_names_of_every_kind_are_read_and_can_be_stored(tmp_path: Path) -> None:
    odd = ["a b", "new\nline", "\N{CAT FACE}", "\x1b[31mred", "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}"]
    for name in odd:
        write(tmp_path / name, SHIRT, 2)
    raw = os.fsencode(tmp_path) + b"/caf\xe9"
    Path(os.fsdecode(raw)).mkdir()
    write(Path(os.fsdecode(raw)), SNEAKER, 2)
    source = opened(tmp_path)
    assert set(source.facts.classes) == {*odd, r"caf\xe9"}
    assert len(source) == 12
    "".join([*source.facts.classes, *source.names]).encode()  # as JSON in a run's folder


def test_links_in_a_circle_and_to_nowhere_end(tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "shirt" / "again").symlink_to(tmp_path)
    (tmp_path / "shirt" / "gone.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "shirt" / "pipe.png")
    source = opened(tmp_path)
    assert len(source) == 24
    assert "shirt/gone.png, shirt/pipe.png" in told(source, "skipped")


def test_what_cannot_be_read_is_skipped_counted_and_listed(tmp_path: Path) -> None:
    two_classes(tmp_path)
    folder = tmp_path / "shirt"
    (folder / "empty.png").touch()
    (folder / "text.jpg").write_text("not a picture", encoding="utf-8")
    huge_png(folder / "huge.png")
    Image.fromarray(clothes(SHIRT)[0]).save(folder / "cut.jpg")
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:-200])
    (folder / "script.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    )  # Pillow would run a program
    source = opened(tmp_path)
    assert len(source) == len(everything(source)) == 24
    skipped = {place: one.message for one in source.report.findings if one.kind == "skipped" for place in one.places}
    assert sorted(skipped) == [
        f"shirt/{name}" for name in ("cut.jpg", "empty.png", "huge.png", "script.png", "text.jpg")
    ]
    assert "it is empty" in skipped["shirt/empty.png"]
    assert "that are read" in skipped["shirt/huge.png"]
    assert "not a picture that can be read" in skipped["shirt/text.jpg"]


def test_folders_with_nothing_in_them_and_pictures_of_other_kinds_are_told(tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "bird").mkdir()
    (tmp_path / "shirt" / "phone.HEIC").write_bytes(b"ftypheic")
    (tmp_path / "shirt" / "notes.txt").write_text("mine")
    source = opened(tmp_path)
    assert "1 folder with nothing in it (bird)" in told(source, "warning")
    assert "HEIC cannot be read: export as JPEG or PNG (shirt/phone.HEIC)" in told(source, "skipped")
    assert "1 file left out: no pictures by name (shirt/notes.txt)" in told(source, "note")


def test_a_picture_under_another_kind_s_name_is_read(tmp_path: Path) -> None:
    two_classes(tmp_path)
    Image.fromarray(clothes(SHIRT)[40]).save(tmp_path / "shirt" / "x.bmp")
    (tmp_path / "shirt" / "x.bmp").rename(tmp_path / "shirt" / "x.jpg")
    assert np.array_equal(everything(opened(tmp_path))[12, 0], clothes(SHIRT)[40])


def test_a_class_of_which_nothing_can_be_read_is_left_out(tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot" / "1.png").touch()
    source = opened(tmp_path)
    assert source.facts.classes == ("shirt", "sneaker")
    assert source.targets.tolist() == [0] * 12 + [1] * 12
    assert "boot" in told(source, "warning")
    shutil.rmtree(tmp_path / "shirt")
    with pytest.raises(UserError, match="of one class, 'sneaker'"):
        opened(tmp_path)


def test_copies_are_warned_of(tmp_path: Path) -> None:
    two_classes(tmp_path)
    shutil.copy(tmp_path / "shirt" / "003.png", tmp_path / "shirt" / "copy.png")
    shutil.copy(tmp_path / "shirt" / "003.png", tmp_path / "sneaker" / "copy.png")
    warned = told(opened(tmp_path), "warning")
    assert (
        "1 picture is the copy of another of its class: what was trained on may be in the test too (shirt/c" in warned
    )
    assert "copy of another of another class" in warned


def test_the_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    first = opened(two_classes(tmp_path / "a")).fingerprint
    assert opened(tmp_path / "a").fingerprint == first
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    os.utime(tmp_path / "b" / "shirt" / "000.png", (0, 0))
    assert opened(tmp_path / "b").fingerprint == first
    Image.fromarray(clothes(SHIRT)[99]).save(tmp_path / "b" / "shirt" / "000.png")
    assert opened(tmp_path / "b").fingerprint != first
    (tmp_path / "a" / "shirt" / "000.png").rename(tmp_path / "a" / "sneaker" / "100.png")
    assert opened(tmp_path / "a").fingerprint != first


def test_test_rows_may_lie_elsewhere(tmp_path: Path) -> None:
    two_classes(tmp_path / "mine" / "train")
    two_classes(tmp_path / "mine" / "test", 3, 20)
    two_classes(tmp_path / "theirs", 5, 30)
    write(tmp_path / "theirs" / "boot", SNEAKER, 2, 50)
    source = opened(tmp_path / "mine", test=tmp_path / "theirs")
    assert {split: len(rows) for split, rows in source.given.items()} == {"train": 24, "test": 10}
    assert source.places(source.given["test"])[0] == str(tmp_path / "theirs" / "shirt" / "030.png")
    assert np.array_equal(source.rows(source.given["test"])["image"][0, 0], clothes(SHIRT)[30])
    assert "6 pictures of its own test are left out" in told(source, "note")
    assert "2 pictures of the test of a class that no training picture has" in told(source, "skipped")


# --- how pictures are seen


def test_small_pictures_of_one_size_stay_as_they_are_and_grey_ones_grey(tmp_path: Path) -> None:
    write(tmp_path / "a", SHIRT, 4, colour=True, ending="jpg")  # RGB files of grey pictures
    write(tmp_path / "b", SNEAKER, 4)
    assert everything(opened(tmp_path)).shape == (8, 1, 28, 28)


def test_photographs_are_shrunk_and_keep_proportions_that_most_have(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(4):
            Image.fromarray(rng.integers(0, 256, (300, 400, 3), np.uint8)).save(tmp_path / name / f"{number}.jpg")
    source = opened(tmp_path)
    assert everything(source).shape == (8, 3, 48, 64)
    assert source.augment == "standard"
    assert source.facts.mirror
    assert everything(opened(tmp_path, size=20, colour="grey")).shape == (8, 1, 20, 20)
    assert everything(opened(tmp_path, size="24x32")).shape == (8, 3, 24, 32)
    for number in range(4):
        Image.fromarray(rng.integers(0, 256, (400, 100, 3), np.uint8)).save(tmp_path / "cat" / f"tall{number}.jpg")
    assert everything(opened(tmp_path)).shape == (12, 3, 64, 64)


@pytest.mark.parametrize("size", ["0", "3x5", "big", "2000", 2])
def test_an_impossible_size_is_refused(tmp_path: Path, size: str | int) -> None:
    with pytest.raises(ValueError, match="size"):
        opened(two_classes(tmp_path), size=size)


@pytest.mark.parametrize(("resize", "left", "corner"), [("crop", 255, 255), ("pad", 0, 0), ("stretch", 128, 128)])
def test_other_proportions_are_made_to_fit_as_asked(tmp_path: Path, resize: str, left: int, corner: int) -> None:
    pixels = np.full((32, 96, 3), 255, np.uint8)
    pixels[:, :32] = pixels[:, 64:] = 128  # what is cropped
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(pixels).save(tmp_path / name / "wide.png")
    image = everything(opened(tmp_path, size=32, resize=resize))[0]
    assert image[0, 0, 0] == corner
    assert image[0, 16, 16] == 255
    assert image[0, 0, 2] == left


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_files_of_sixteen_bits_that_hold_fewer_keep_all_shades(tmp_path: Path, bits: int) -> None:
    shades = np.arange(256).reshape(16, 16)
    for name in ("ill", "well"):
        (tmp_path / name).mkdir()
        for number in range(6):  # as a scanner writes them: its own bits, the lowest first
            deep = np.roll(shades, number) * ((1 << bits) - 1) // 255
            Image.fromarray(deep.astype(np.uint16)).save(tmp_path / name / f"{number}.png")
    source = opened(tmp_path)
    assert [len(np.unique(image)) >= 255 for image in everything(source)] == [True] * 12
    assert np.abs(everything(source)[0, 0].astype(int) - shades).max() <= 1
    assert (f"of {bits} bits" in source.report.taken_for) == (bits < 16)
    preprocessor = ImagePreprocessor.fit(source, np.arange(12), NoParams())
    again = ImagePreprocessor.from_json(preprocessor.to_json())
    assert (again.read([str(tmp_path / "ill" / "3.png")])["image"][0] == everything(source)[3]).all()
    (asked,) = again.ask([str(tmp_path / "well")], 100)
    assert (asked.raw["image"] == everything(source)[6:]).all()


def test_files_of_every_kind_and_mode_are_the_same_picture(tmp_path: Path) -> None:
    grey = Image.fromarray(clothes(SHIRT)[0]).resize((56, 56))
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
        exif = Image.Exif()
        exif[0x0112] = 3
        grey.save(folder / "grey.png")
        grey.convert("RGBA").save(folder / "alpha.png")
        grey.convert("P").save(folder / "palette.gif", save_all=True, append_images=[Image.new("P", (56, 56))])
        grey.convert("RGB").convert("CMYK").save(folder / "cmyk.tif")
        grey.convert("RGB").save(folder / "x.bmp")
        grey.save(folder / "y.webp", lossless=True)
        deep.save(folder / "deep.png")
        deep.save(folder / "deep.tiff")
        grey.rotate(180).save(folder / "turned.jpg", quality=100, exif=exif)
    images = everything(opened(tmp_path, size=28))
    assert images.shape == (18, 1, 28, 28)
    assert np.abs(images.astype(int) - images[0]).max() <= 3


@pytest.mark.parametrize(
    ("classes", "mirror"),
    [
        (["cat", "dog"], True),
        (["0", "1", "2"], False),
        (["a", "b"], False),
        (["Sample001", "Sample002"], False),
        (["digit_one", "digit_two"], False),
        (["turn left", "turn right"], False),
        (["n01", "cat"], True),
    ],
)
def test_digits_letters_and_sides_are_not_mirrored(tmp_path: Path, classes: list[str], mirror: bool) -> None:
    for name in classes:
        write(tmp_path / name, SHIRT, 2)
    assert opened(tmp_path).facts.mirror is mirror
    assert opened(tmp_path, mirror="no" if mirror else "yes").facts.mirror is not mirror


def test_preprocessing_is_fitted_on_training_rows_alone(tmp_path: Path) -> None:
    two_classes(tmp_path / "train")
    two_classes(tmp_path / "test", 6, 30)
    source = opened(tmp_path)
    fitted = ImagePreprocessor.fit(source, source.given["train"], NoParams())
    for path in (tmp_path / "test").rglob("*.png"):
        Image.new("L", (28, 28), 255).save(path)
    changed = opened(tmp_path)
    assert changed.fingerprint != source.fingerprint
    assert ImagePreprocessor.fit(changed, changed.given["train"], NoParams()).to_json() == fitted.to_json()
    assert ImagePreprocessor.from_json(fitted.to_json()) == fitted


# --- what a path is taken for


def test_a_folder_of_pictures_is_taken_and_told(tmp_path: Path) -> None:
    found = sniff(two_classes(tmp_path))
    assert found is not None
    assert found.confidence == pytest.approx(0.9)
    assert found.reason == "a folder for each class: shirt 12, sneaker 12"
    assert "training.class_weights" not in found.defaults
    write(tmp_path / "sneaker", SNEAKER, 100, 20)
    skewed = sniff(tmp_path)
    assert skewed is not None
    assert skewed.defaults["training.class_weights"] == "balanced"
    assert "with --training.class_weights balanced" in told(opened(tmp_path), "warning")


def test_other_paths_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("text", encoding="utf-8")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    assert [sniff(tmp_path / name) for name in ("texts", "table.csv", "empty")] == [None] * 3


def test_without_a_path_it_says_so() -> None:
    from nntui.builtin.datasets.own.picture_params import PictureParams
    from nntui.builtin.datasets.own.picture_source import build

    with pytest.raises(UserError, match="from a path") as refused:
        build(PictureParams(), DataContext())
    assert "--data PATH" in refused.value.advice
