"""`nntui predict`: asks a trained network about new inputs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nntui.cli.answers import Answer
    from nntui.engine.inference import Answered, Model
    from nntui.hooks.data import Finding
    from nntui.hooks.errors import UserError

_HELP = """Ask a trained network about new inputs.

\b
  nntui predict quick-otter-7 photo.png another.jpg
  nntui predict quick-otter-7 holiday-pictures --csv > answers.csv
  nntui predict calm-heron-6 bibliothek
  nntui predict odd-lynx-5 class=1st,sex=female,age=29
  nntui predict odd-lynx-5 new.csv --keep name,ticket --parquet answers.parquet
  echo "to be or not to" | nntui predict wise-crane-2 -

RUN is a run, or the folder of a model. INPUT is a file (picture, sound, table, text), a folder of them, or the value
itself, as the data has it. - is standard input: a line an input, or the rows of a table (CSV or JSON lines) where the
run is on tables. After -- an input may begin with a dash. What cannot be read is passed over and told.
"""

_EXPECTED = {
    "image": "a picture, or a folder of pictures",
    "audio": "a sound, or a folder of sounds",
    "text": "a text, or a .txt file",
    "table": "a table (CSV ...), or a row as column=value,...",
    "series": "a table (CSV ...) of rows in order of time",
    "points": "a row as x=NUMBER,y=NUMBER or NUMBER,NUMBER, or a CSV",
}
"""What a person may ask about, by the data's modality."""
_KINDS = 40
"""Kinds of skipped input that are told, of many."""
_TOLD = 5
"""Places of each."""
_REMEMBERED = 200
_NAMES = 40


class _Command(click.Command):
    """Knows which inputs stand after --, so that their dashes mean nothing."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["literal"] = set(args[args.index("--") + 1 :]) if "--" in args else set()
        return super().parse_args(ctx, args)


@click.command(
    "predict",
    cls=_Command,
    help=_HELP,
    context_settings={"ignore_unknown_options": True},  # -0.5,0.3 is an input
)
@click.argument("run")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--runs", "runs_dir", metavar="DIR", help="Folder of all runs (NNTUI_RUNS; else ./runs).")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, with the probabilities of all classes as columns.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all probabilities.")
@click.option("--parquet", metavar="FILE", help="Write a Parquet file with the columns of --csv.")
@click.option("--out", metavar="FILE", help="Write a file, as its name says: .csv, .json or .parquet.")
@click.option("--keep", metavar="A,B", default="", help="Columns of the input table to put beside the answers.")
@click.option("--top", default=3, show_default=True, type=click.IntRange(1), help="How many likely answers to show.")
@click.pass_context
def command(
    ctx: click.Context,
    run: str,
    inputs: tuple[str, ...],
    runs_dir: str | None,
    as_csv: bool,
    as_json: bool,
    parquet: str | None,
    out: str | None,
    keep: str,
    top: int,
) -> None:
    from nntui.cli.answers import Layout, writer
    from nntui.cli.output import echo
    from nntui.engine.inference import Model
    from nntui.hooks.errors import UserError

    unknown = next((text for text in inputs if text.startswith("--") and text not in ctx.meta["literal"]), None)
    if unknown is not None:
        raise click.NoSuchOption(unknown, ctx=ctx)
    if not all(text.strip() for text in inputs):
        raise UserError("an input is empty: there is nothing to ask about", advice="nntui predict --help has examples")
    form, path = _form(as_csv=as_csv, as_json=as_json, parquet=parquet, out=out)
    model = Model(model_path(run, runs_dir))
    layout = Layout(model.spec.target, tuple(name.strip() for name in keep.split(",") if name.strip()), top)
    left = _LeftOut()
    with tempfile.TemporaryDirectory(prefix="nntui-") as folder:
        pieces = _told(_answered(model, inputs, Path(folder)), left, folder)
        answers = _rows(pieces, layout.kept)
        first = next(answers, None)
        if first is None:
            raise left.as_error(getattr(model.preprocessor, "takes", "") or _EXPECTED[model.spec.modality])
        count = 0
        with writer(layout, form, path) as answered:
            while first is not None:
                answered.write(first)
                count += len(first)
                first = next(answers, None)
    if path is not None:
        echo(f"{count:,} answer{'' if count == 1 else 's'} in {path}")
    left.tell()


def _form(*, as_csv: bool, as_json: bool, parquet: str | None, out: str | None) -> tuple[str, Path | None]:
    """How answers are written, and where: None for standard output."""
    wanted = {"--csv": as_csv, "--json": as_json, "--parquet": parquet is not None}
    said = [flag for flag, given in wanted.items() if given]
    if len(said) > 1 or (parquet is not None and out is not None):
        raise click.UsageError(f"{' and '.join(said if len(said) > 1 else [*said, '--out'])}: say one of them")
    if parquet is not None:
        return "parquet", Path(parquet)
    path = None if out is None else Path(out)
    if said:
        return said[0].removeprefix("--"), path
    if path is None:
        return "table", None
    return {".json": "json", ".parquet": "parquet", ".pq": "parquet", ".txt": "table"}.get(
        path.suffix.lower(), "csv"
    ), path


def _answered(model: Model, inputs: Sequence[str], folder: Path) -> Iterator[Answered]:
    """Answers to all inputs; `-` is read where it stands."""
    from nntui.cli.standard_input import inputs_of_stdin

    modality, whole_tables = model.spec.modality, hasattr(model.preprocessor, "ask")
    waiting: list[str] = []
    for given in inputs:
        if given != "-":
            waiting.append(given)
            continue
        if waiting:
            yield from model.answers(waiting)
            waiting = []
        for lines in inputs_of_stdin(modality, whole_tables=whole_tables, folder=folder):
            yield from model.answers(lines)
    if waiting:
        yield from model.answers(waiting)


def _told(pieces: Iterator[Answered], left: _LeftOut, folder: str) -> Iterator[Answered]:
    """Pieces that hold answers; what was left out is remembered. Standard input goes by that name."""
    from nntui.engine.inference import Answered

    def named(text: str) -> str:
        return text.replace(f"{folder}/", "")

    for piece in pieces:
        for finding in piece.asked.findings:
            left.add(finding, named)
        if piece.predictions:
            names = [named(name) for name in piece.asked.names]
            yield Answered(replace(piece.asked, names=names), piece.predictions)


def _rows(pieces: Iterator[Answered], kept: Sequence[str]) -> Iterator[list[Answer]]:
    """Answers with what is kept of their rows. Raises UserError where the input has no such column."""
    from nntui.cli.answers import Answer
    from nntui.hooks.errors import UserError
    from nntui.hooks.names import close_to

    for asked, predictions in pieces:
        there = {**asked.raw, **asked.columns}
        unknown = next((name for name in kept if name not in there), None)
        if unknown is not None:
            raise UserError(
                f"--keep {unknown}: {asked.names[0]} has no such column",
                advice=f"it has {', '.join(list(map(str, asked.columns or asked.raw))[:_NAMES])}",
                suggestions=close_to(unknown, list(map(str, there))),
            )
        cells = list(zip(*(there[name] for name in kept), strict=True)) if kept else [()] * len(predictions)
        yield [Answer(*row) for row in zip(asked.names, predictions, cells, strict=True)]


class _LeftOut:
    """What could not be read: counted, and some of it remembered."""

    def __init__(self) -> None:
        self._count = 0
        self._lines: dict[str, tuple[int, list[str]]] = {}

    def add(self, finding: Finding, named: Callable[[str], str]) -> None:
        message = named(finding.message)
        if finding.kind == "skipped":
            self._count += finding.count
        if message in self._lines or len(self._lines) < _REMEMBERED:
            count, places = self._lines.get(message, (0, []))
            places = [*places, *map(named, finding.places)][:_TOLD]
            self._lines[message] = (count + finding.count, [place for place in places if place not in message])

    def lines(self) -> list[str]:
        """One for each kind of fault, with places."""
        from nntui.hooks.data import Finding

        told = [
            Finding(kind="skipped", message=message, count=count, places=tuple(places)).in_words()
            for message, (count, places) in self._lines.items()
        ]
        rest = len(told) - _KINDS
        return told if rest < 2 else [*told[:_KINDS], f"and {rest:,}{'+' if rest + _KINDS >= _REMEMBERED else ''} more"]

    def tell(self) -> None:
        """On stderr, where something was left out."""
        from nntui.cli.output import say

        if self._count:
            say(f"left out {self._count:,}:", err=True)
        for line in self.lines():
            say(f"  {line}" if self._count else line, err=True)

    def as_error(self, expected: str) -> UserError:
        """Nothing was answered: why, and what was expected."""
        from nntui.hooks.errors import UserError

        lines = self.lines()
        told = f"expected was {expected}; nntui predict --help has examples"
        if len(lines) == 1:
            return UserError(lines[0], advice=told)
        if lines:
            return UserError("none of the inputs can be read", advice="\n".join((*lines, told)))
        return UserError("there is nothing to ask about", advice=told)


def model_path(run: str, runs_dir: str | None) -> Path:
    """The folder of a run or of a model."""
    from nntui.runs.folder import find_run, runs_root

    path = Path(run)
    if (path / "config.json").is_file():
        return path
    return find_run(run, runs_root(runs_dir)).path
