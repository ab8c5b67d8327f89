"""`nntui sample`: a network that tells the next token goes on with a text."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_HELP = """Let a network that tells the next token go on with a text.

\b
  nntui sample wise-crane-2 --prompt "To be, or not to"
  nntui sample wise-crane-2 --prompt beginning.txt --length 2000 --temperature 0.5
  nntui sample wise-crane-2 --seed 7 --json

RUN is a run on hamlet or on a text of your own, or the folder of a model. The text appears as it is made; it is the
same for the same seed and settings.
"""


@click.command("sample", help=_HELP)
@click.argument("run")
@click.option("--prompt", default="", metavar="TEXT", help="What it goes on from: a text, or a .txt file; - reads it.")
@click.option("--length", default=500, show_default=True, type=click.IntRange(1), help="Tokens to make.")
@click.option(
    "--temperature",
    default=0.8,
    show_default=True,
    type=click.FloatRange(0),
    help="0: the likeliest token each time; 1: as likely as the network says; more: wilder.",
)
@click.option("--top-k", default=0, show_default=True, type=click.IntRange(0), help="Draw from so many; 0: from all.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**63 - 1), help="Seed of what is drawn.")
@click.option("--runs", "runs_dir", metavar="DIR", help="Folder of all runs (NNTUI_RUNS; else ./runs).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, when all is made.")
def command(
    run: str,
    prompt: str,
    length: int,
    temperature: float,
    top_k: int,
    seed: int,
    runs_dir: str | None,
    as_json: bool,
) -> None:
    from nntui.cli.output import echo_json, unread
    from nntui.cli.predict import model_path
    from nntui.engine.inference import Model
    from nntui.engine.sampling import Sampling

    if prompt == "-":
        prompt = sys.stdin.read()
    model = Model(model_path(run, runs_dir))
    sampling = Sampling(model, prompt, length, temperature=temperature, top_k=top_k, seed=seed)
    if sampling.unknown:
        count = sampling.unknown
        click.echo(f"note: {count} token{'' if count == 1 else 's'} of the prompt, the training text lacks", err=True)
    if as_json:
        settings = {"length": length, "temperature": temperature, "top_k": top_k, "seed": seed}
        echo_json({"prompt": prompt, "text": "".join(sampling), **settings})
        return
    with unread():
        _print("" if _is_file(prompt) else prompt)
        for piece in sampling:
            _print(piece)
        _print("\n")


def _is_file(prompt: str) -> bool:
    return prompt.lower().endswith(".txt") and Path(prompt).is_file()


def _print(piece: str) -> None:
    """Writes text at once; to a terminal without what would steer it."""
    from nntui.cli.output import clean

    if sys.stdout.isatty():
        piece = "".join(c if c in "\n\t" else clean(c) for c in piece)
    sys.stdout.write(piece.encode("utf-8", "replace").decode())
    sys.stdout.flush()
