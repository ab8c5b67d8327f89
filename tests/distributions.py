"""Plugins as real distributions, written by hand into a folder that is on PYTHONPATH: nothing is installed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

from nntui.cli.main import run
from nntui.hooks.registry import registry

REPOSITORY = Path(__file__).parents[1]

GRU = """
    import nntui

    class GRUParams(nntui.Params):
        hidden: int = nntui.param(128, ge=1, help="Hidden units")

    @nntui.hookimpl
    def register_architectures():
        yield nntui.Architecture(
            name="gru", summary="Gated recurrent network", inputs={"sequence", "tokens"}, params=GRUParams,
            build="nntui_gru_model:build",
        )
"""
"""A plugin that works, as long as nothing is built."""


class Site:
    """A folder with distributions, and processes that have it on their path."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.packages = folder / "packages"
        self.cache = cache
        self.config = folder / "config"
        self.patience = "20"
        """Seconds that a plugin may take."""
        self.paths = [self.packages, REPOSITORY]
        self.packages.mkdir(parents=True, exist_ok=True)

    def add(
        self,
        plugin: str,
        code: str,
        *,
        distribution: str = "",
        version: str = "1.0",
        requires: Iterable[str] = ("nntui>=0.1,<1",),
        module: str = "",
        record: bool = True,
    ) -> Path:
        """Install a single-file plugin; returns its module's file."""
        distribution = distribution or f"nntui-{plugin}"
        module = module or distribution.replace("-", "_")
        source = self.packages / f"{module}.py"
        source.write_text(dedent(code))
        info = self.packages / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        lines = ["Metadata-Version: 2.1", f"Name: {distribution}", f"Version: {version}"]
        lines += [f"Requires-Dist: {requirement}" for requirement in requires]
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        (info / "entry_points.txt").write_text(f"[nntui]\n{plugin} = {module}\n")
        if record:
            (info / "RECORD").write_text(f"{module}.py,,\n{info.name}/METADATA,,\n{info.name}/RECORD,,\n")
        return source

    def link(self, project: Path) -> None:
        """Install a project folder as `pip install -e` does: its metadata from pyproject.toml, its code where it is."""
        told = tomllib.loads((project / "pyproject.toml").read_text())["project"]
        info = self.packages / f"{told['name'].replace('-', '_')}-{told['version']}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {told['name']}", f"Version: {told['version']}"]
        lines += [f"Requires-Dist: {requirement}" for requirement in told["dependencies"]]
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        entries = [f"{name} = {target}" for name, target in told["entry-points"]["nntui"].items()]
        (info / "entry_points.txt").write_text("\n".join(["[nntui]", *entries]) + "\n")
        (info / "direct_url.json").write_text(json.dumps({"url": project.as_uri(), "dir_info": {"editable": True}}))
        (info / "RECORD").write_text("")
        self.paths.append(project)

    def module(self, name: str, code: str) -> None:
        """Add a module that belongs to no distribution."""
        (self.packages / f"{name}.py").write_text(dedent(code))

    def environment(self, **extra: str) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, self.paths)),
            "NNTUI_CACHE": str(self.cache),
            "NNTUI_CONFIG": str(self.config),
            "NNTUI_PLUGIN_TIMEOUT": self.patience,
            **extra,
        }

    def python(self, code: str, *, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a few lines of Python there."""
        return self._run(["-c", dedent(code)], check, environment)

    def nntui(self, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `nntui ARGUMENTS` there, within this process: what it starts are processes of their own all the same."""
        out, err = io.StringIO(), io.StringIO()
        with self.within(**environment), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(arguments)
        done = subprocess.CompletedProcess(["nntui", *arguments], code, out.getvalue(), err.getvalue())
        assert not check or code == 0, f"exit code {code}\n{done.stdout}\n{done.stderr}"
        return done

    def started(self, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `nntui ARGUMENTS` there in a process of its own, as a person does."""
        return self._run(["-m", "nntui", *arguments], check, environment)

    @contextlib.contextmanager
    def within(self, **environment: str) -> Iterator[None]:
        """This process has the site on its path, its environment, and a registry that knows nothing yet."""
        registry.cache_clear()
        path, before = sys.path[:], dict(os.environ)
        sys.path[:0] = map(str, self.paths)
        os.environ.update(self.environment(**environment))
        try:
            yield
        finally:
            sys.path[:] = path
            os.environ.clear()
            os.environ.update(before)
            registry.cache_clear()

    def json(self, *arguments: str, **environment: str) -> Any:
        """What `nntui ARGUMENTS --json` prints."""
        return json.loads(self.nntui(*arguments, "--json", **environment).stdout)

    def rows(self, **environment: str) -> dict[str, dict[str, Any]]:
        """`nntui plugins --json`, by plugin (the last of those with one name)."""
        return {row["name"]: row for row in self.json("plugins", **environment)}

    def imported(self) -> list[str]:
        """Which plugins' modules wrote down that they were imported (see `telling`)."""
        told = self.packages / "imported.txt"
        return told.read_text().split() if told.exists() else []

    def telling(self, code: str) -> str:
        """`code`, which first writes its module's name into a file."""
        told = self.packages / "imported.txt"
        return f"open({str(told)!r}, 'a').write(__name__ + chr(10))\n" + dedent(code)

    def _run(self, arguments: list[str], check: bool, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.packages,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert not check or done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done
