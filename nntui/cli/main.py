"""The top of the command line: which commands there are, and how an error ends one.

Nothing but click is imported until a command is invoked. A command's exit code is the int that it returns (0 for
None), or that it gives to `ctx.exit`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from nntui._version import __version__
from nntui.hooks.errors import UserError

# name -> (section, "module:attribute" of a click command, what it does in a line)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "train": ("Runs", "nntui.cli.train:command", "Train a network, or go on with a run (--resume)"),
    "data": ("Runs", "nntui.cli.data:command", "Show what data is taken for, and what looks wrong with it"),
    "spec": ("Runs", "nntui.cli.spec:command", "Print a run's settings, every default filled in"),
    "new": ("Runs", "nntui.cli.new:command", "Choose a run's settings in a form, and train it"),
    "attach": ("Runs", "nntui.cli.attach:command", "Watch and steer a run; the newest when none is named"),
    "runs": ("Runs", "nntui.cli.runs:command", "List, show and delete runs"),
    "ctl": ("Runs", "nntui.cli.ctl:command", "Pause, resume, stop or steer a run that is training"),
    "fork": ("Runs", "nntui.cli.fork:command", "Start a new run from a checkpoint of another"),
    "predict": ("Runs", "nntui.cli.predict:command", "Ask a trained network about new inputs"),
    "sample": ("Runs", "nntui.cli.sample:command", "Let a network go on with a text"),
    "evaluate": ("Runs", "nntui.cli.evaluate:command", "Measure a trained network again"),
    "export": ("Runs", "nntui.cli.export:command", "Write a trained network for other programs"),
    "architectures": ("What there is", "nntui.cli.contributions:architectures", "Networks"),
    "activations": ("What there is", "nntui.cli.contributions:activations", "Activation functions"),
    "datasets": ("What there is", "nntui.cli.contributions:datasets", "Data sets"),
    "devices": ("What there is", "nntui.cli.contributions:devices", "What a network can train on"),
    "optimizers": ("What there is", "nntui.cli.contributions:optimizers", "Optimizers"),
    "schedules": ("What there is", "nntui.cli.contributions:schedules", "Learning-rate schedules"),
    "exporters": ("What there is", "nntui.cli.contributions:exporters", "Formats that trained networks are written in"),
    "panels": ("What there is", "nntui.cli.panels:command", "Panels of a run's screen that plugins bring"),
    "plugins": ("What there is", "nntui.cli.plugins:command", "Installed plugins: list, show, disable, remove"),
    "settings": ("Yours", "nntui.cli.settings:command", "Colours, keys, characters, what happens when a run ends"),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are invoked; its help is written from the table alone."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][1].partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{attribute} is no click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from nntui.hooks.names import close_to

            raise UserError(
                f"nntui has no command {args[0]!r}",
                suggestions=close_to(args[0], COMMANDS),
                advice="nntui --help lists the commands",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, (section, _, line) in COMMANDS.items():
            sections.setdefault(section, []).append((name, line))
        widest = max(map(len, COMMANDS))
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(widest), line) for name, line in rows])


@click.command(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="nntui alone opens the list of runs in a terminal; nntui COMMAND --help says more about each.",
)
@click.option("--no-plugins", is_flag=True, help="Use nntui's own contributions alone (also in what is started).")
@click.version_option(__version__, "--version", "-V", message="nntui %(version)s")
@click.pass_context
def cli(ctx: click.Context, no_plugins: bool) -> int:
    """Train PyTorch networks from a terminal: choose, watch, steer, leave, come back."""
    if no_plugins:
        os.environ["NNTUI_NO_PLUGINS"] = "1"
    if ctx.invoked_subcommand is None:
        from nntui.cli.interface import alone

        code = alone()
        if code is not None:
            return code
        click.echo(ctx.get_help())
    return 0


def run(arguments: Sequence[str]) -> int:
    """Run the command line. Returns the exit code: 2 where the request was wrong, 130 after an interrupt."""
    try:
        result = cli.main(args=list(arguments), prog_name="nntui", standalone_mode=False)
        sys.stdout.flush()
        return result if type(result) is int else 0
    except UserError as error:
        return _report(error.render())
    except click.UsageError as error:
        hint = f"\n  {error.ctx.command_path} --help" if error.ctx is not None else ""
        return _report(error.format_message() + hint)
    except click.ClickException as error:
        return _report(error.format_message())
    except click.Abort:
        return 130
    except BrokenPipeError:
        from nntui.cli.output import silence

        silence()
        return 141  # as a shell tells of a SIGPIPE: the reader (head, a pager) has had enough
    except OSError as error:
        if not _while_printing(error):
            raise
        from nntui.cli.output import silence

        silence()
        return _report(f"cannot write to standard output: {error.strerror or error}")


def _report(text: str) -> int:
    from nntui.cli.output import say

    say(f"error: {text}", lines=True, err=True)
    return 2


def _while_printing(error: OSError) -> bool:
    """Whether it is standard output itself that fails (a full disk), not something that a command did."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is not None and last.tb_frame.f_globals.get("__name__") in (__name__, "click.utils", "rich.console")
