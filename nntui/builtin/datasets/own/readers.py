"""The readers of a person's own files. Listing them reads no file and imports no torch."""

from __future__ import annotations

from collections.abc import Iterable

from nntui import Dataset
from nntui.builtin.datasets.own.array_params import ArrayParams
from nntui.builtin.datasets.own.audio_params import AudioParams
from nntui.builtin.datasets.own.picture_params import PictureParams
from nntui.builtin.datasets.own.series_settings import ForecastParams, LabelledParams
from nntui.builtin.datasets.own.table_params import TableParams
from nntui.builtin.datasets.params import LabelledTextParams, RunningTextParams
from nntui.builtin.datasets.suggested import HERE, IMAGES, training

BY_LOSS = {"training.ema": 0.99, "training.metric": "loss"}
"""Of some dozens of validation rows many epochs get as many right, early ones by luck: the loss of averaged weights
tells which is the better."""


def contributions() -> Iterable[Dataset]:
    yield from _own_pictures()
    yield from _own_tables()
    yield from _own_text()
    yield from _own_series()
    yield from _own_audio()
    yield from _own_arrays()


def _own_pictures() -> Iterable[Dataset]:
    yield Dataset(
        name="images",
        summary="Pictures of your own: a folder for each class, or a table of paths and classes",
        modality="image",
        params=PictureParams,
        build=f"{HERE}.own.picture_source:build",
        preprocessor=IMAGES,
        sniff=f"{HERE}.own.picture_source:sniff",
        augment="standard",
        # Mean accuracy (and loss) of five splits on rows kept from the training rows, by accuracy and by the loss of
        # averaged weights: digits 0.984 (0.050) and 0.986 (0.042), clothes 0.831 (0.563) and 0.832 (0.467).
        defaults=training(20, 32, test=0.2, validation=0.15, other={"arch.name": "cnn", **BY_LOSS}),
    )


def _own_tables() -> Iterable[Dataset]:
    yield Dataset(
        name="table",
        summary="A person's own table: CSV, TSV, Parquet, Arrow or JSON lines",
        modality="table",
        params=TableParams,
        build=f"{HERE}.own.tables:build",
        sniff=f"{HERE}.own.table_files:sniff",
        preprocessor=f"{HERE}.own.mixed:MixedPreprocessor",
        source="a person's own file",
        # How many epochs, and how large a network, hangs on the rows: table_files.py.
        defaults=training(
            30,
            64,
            test=0.2,
            validation=0.1,
            other={
                "ffn:arch.norm": "none",
                "ffn:arch.skip": True,
                "ffn:arch.embedding": 4,
                "ffn:activation.name": "gelu",
                "training.ema": 0.99,
                # Of some dozens of rows many epochs get all right: their loss still tells which is the better.
                "training.metric": "loss",
            },
        ),
    )


def _own_text() -> Iterable[Dataset]:
    yield Dataset(
        name="running-text",
        summary="A text of your own (a book, logs, source code): the next character, byte, word or piece of one",
        modality="text",
        params=RunningTextParams,
        build=f"{HERE}.own.running:build",
        preprocessor=f"{HERE}.characters:CharacterPreprocessor",
        sniff=f"{HERE}.own.running:sniff",
        defaults=training(
            10,
            16,
            test=0.1,
            validation=0.111,
            other={
                "arch.name": "rnn",
                "rnn:arch.hidden": 256,
                "rnn:arch.dropout": 0.2,
                "rnn:optimizer.lr": 4e-3,
            },
        ),
    )
    yield Dataset(
        name="labelled-text",
        summary="Texts of your own and their classes: a table with both, or a folder of .txt files for each class",
        modality="text",
        params=LabelledTextParams,
        build=f"{HERE}.own.labelled_text:build",
        preprocessor=f"{HERE}.texts:TextPreprocessor",
        sniff=f"{HERE}.own.labelled_text:sniff",
        # A linear network over a bag of words; see `networks.initialisation.BAG`. The loss of a few hundred validation
        # rows tells the better epoch than their accuracy: on rows kept from the training rows of five splits 0.719 and
        # 0.704 by the loss, 0.714 and 0.699 by the accuracy (film reviews, debates).
        defaults=training(
            20,
            32,
            test=0.2,
            validation=0.1,
            other={
                "arch.name": "ffn",
                "ffn:arch.hidden": (),
                "ffn:arch.embedding": 64,
                "ffn:arch.dropout": 0.3,
                "ffn:optimizer.weight_decay": 0.1,
                "ffn:training.metric": "loss",
            },
        ),
    )


def _own_series() -> Iterable[Dataset]:
    yield Dataset(
        name="series",
        summary="Your own series to forecast: a table of rows in order of time, one series or several",
        modality="series",
        params=ForecastParams,
        build=f"{HERE}.own.forecast:build",
        preprocessor=f"{HERE}.own.forecast_preprocessor:ForecastPreprocessor",
        sniff=f"{HERE}.own.forecast_sniff:sniff",
        source="your files",
        # A network that starts from a linear rule has little left to learn, and much to learn by heart. On validation
        # rows of seven data sets, two lengths each: a smaller network that forgets more was nearly always better than
        # 512 and 256 units (temperature 2.51 for 2.61 degrees, airline 14.0 for 16.2 thousand passengers).
        defaults=training(
            20,
            32,
            test=0.2,
            validation=0.15,
            other={
                "training.ema": 0.98,
                "ffn:arch.hidden": (128,),
                "ffn:arch.dropout": 0.4,
                "ffn:optimizer.weight_decay": 1.0,
            },
        ),
    )
    yield Dataset(
        name="labelled-series",
        summary="Your own labelled series: a series a row, .ts files, or steps with an id and a label",
        modality="series",
        params=LabelledParams,
        build=f"{HERE}.own.labelled:build",
        preprocessor=f"{HERE}.own.labelled:LabelledPreprocessor",
        sniff=f"{HERE}.own.labelled:sniff",
        source="your files",
        # Mean accuracy of five splits on rows kept from the training rows, by accuracy, by loss, and with averaged
        # weights besides: gunpoint 0.963, 0.994, 1.000; japanese-vowels 0.959, 0.975, 0.975; basic-motions
        # 0.985, 1.000, 1.000; arrow-head 0.906, 0.924, 0.953; italy-power-demand 0.977, 0.976, 0.975.
        defaults=training(
            30,
            16,
            test=0.2,
            validation=0.15,
            other={"arch.name": "cnn", "cnn:arch.kernel": 7, **BY_LOSS},
        ),
    )


def _own_audio() -> Iterable[Dataset]:
    yield Dataset(
        name="audio",
        summary="Your recordings: folders by class, or a table of paths and classes",
        modality="audio",
        params=AudioParams,
        build=f"{HERE}.own.audio:build",
        preprocessor=f"{HERE}.own.audio_preprocessor:AudioPreprocessor",
        sniff=f"{HERE}.own.audio:sniff",
        augment="standard",
        licence="yours",
        source="your files",
        # As of pictures: languages of a hundred recordings 0.890 (0.409) and 0.950 (0.204), how 180 are spelt 0.628
        # (0.787) and 0.641 (0.738).
        defaults=training(
            30,
            32,
            test=0.2,
            validation=0.15,
            other={
                **BY_LOSS,
                "arch.name": "cnn",
                "cnn:arch.sound": "bands",
                "cnn:arch.channels": (64, 128),
                "cnn:arch.kernel": 5,
                "cnn:arch.global_pool": "statistics",
                "cnn:arch.norm": "batch",
                "cnn:arch.dropout": 0.2,
                "cnn:optimizer.lr": 2e-3,
            },
        ),
    )


def _own_arrays() -> Iterable[Dataset]:
    yield Dataset(
        name="arrays",
        summary="Your arrays: .npy, .npz or .safetensors of numbers, pictures or sequences",
        # What they hold is known when they are opened. Pictures are what every network takes, so none is refused here.
        modality="image",
        params=ArrayParams,
        build=f"{HERE}.own.arrays:build",
        preprocessor=f"{HERE}.own.array_preprocessor:ArrayPreprocessor",
        sniff=f"{HERE}.own.arrays:sniff",
        licence="yours",
        source="your files",
        # Of a few validation rows many epochs get all right: their loss still tells which is the better.
        defaults=training(20, 32, test=0.2, validation=0.1, other={"training.metric": "loss"}),
    )
