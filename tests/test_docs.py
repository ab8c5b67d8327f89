"""What the README and the guide tell a person to type works, in the order in which it stands there."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributions import REPOSITORY

from nntui.cli.main import COMMANDS
from nntui.cli.main import run as nntui

DOCUMENTS = ("README.md", "docs/guide.md", "docs/export.md")

NOT_RUN = ("make ", "pip ")
"""They install; the Makefile and the wheel have tests of their own."""

SHORT = ["--epochs", "1", "--data.limit", "300"]
"""Said behind each new run, so that it is quick. What was said before it no longer holds."""
SHORT_FORK = ["--epochs", "2"]
DETACHED = ["--epochs", "100", "--data.limit", "100", "--arch.channels", "2", "--training.probe=false"]
"""A run in the background lives until it is told to stop, and is not long when it goes on."""
FORK_OF_DETACHED = ["--epochs", "110"]


def steps(document: str) -> Iterator[tuple[str, str]]:
    """Each block of a document, in its order, with its language."""
    text = (REPOSITORY / document).read_text()
    yield from re.findall(r"^```(sh|python|toml)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


class Reader:
    """A person who types what a document says, in a folder of their own."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys = capsys
        self.monkeypatch = monkeypatch
        self.detached: set[str] = set()

    def follow(self, language: str, block: str) -> None:
        if language == "python":
            exec(compile(block, "docs", "exec"), {})
        elif language == "toml":
            name = re.match(r"# (\S+\.toml)\n", block)
            assert name, "a block of TOML does not begin with its file's name"
            Path(name[1]).write_text(block)
        else:
            for line in block.splitlines():
                self.type(line)

    def type(self, line: str) -> None:
        words = shlex.split(line, comments=True)
        if not words or line.startswith(NOT_RUN):
            return
        if words[:2] == ["tail", "-f"]:
            assert Path(words[2]).is_file(), line
            return
        given, target = "", None
        if words[0] in ("echo", "cat"):
            assert words[2] == "|", line
            given = f"{words[1]}\n" if words[0] == "echo" else Path(words[1]).read_text()
            words = words[3:]
        if ">" in words:
            target, words = Path(words[-1]), words[: words.index(">")]
        assert words[0] == "nntui", f"nobody knows how to run: {line}"
        self.monkeypatch.setattr("sys.stdin", io.StringIO(given))
        self.capsys.readouterr()
        code = nntui(self.quicker(words[1:]))
        said = self.capsys.readouterr()
        assert code == 0, f"{line}\n{said.out}{said.err}"
        assert said.out, f"{line}: said nothing"
        if target is not None:
            target.write_text(said.out)

    def quicker(self, words: list[str]) -> list[str]:
        """The same command with settings that make it short."""
        if "--help" in words:
            return words
        if words[0] == "fork":
            return [*words, *(FORK_OF_DETACHED if words[1] in self.detached else SHORT_FORK)]
        if words[0] != "train" or {"--resume", "--replay"} & set(words):
            return words
        if "--detach" in words:
            self.detached.add(words[words.index("--name") + 1])
            return [*words, *DETACHED]
        return [*words, *SHORT]


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS)
def test_everything_that_a_document_says_to_type_works(
    document: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NNTUI_RUNS", raising=False)
    reader = Reader(capsys, monkeypatch)
    for language, block in steps(document):
        reader.follow(language, block)


def test_every_command_is_in_the_guide() -> None:
    guide = (REPOSITORY / "docs" / "guide.md").read_text()
    assert [name for name in COMMANDS if f"nntui {name}" not in guide] == []


@pytest.mark.parametrize("document", ["README.md", *(f"docs/{p.name}" for p in (REPOSITORY / "docs").glob("*.md"))])
def test_links_lead_somewhere(document: str) -> None:
    text = (REPOSITORY / document).read_text()
    folder = (REPOSITORY / document).parent
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        file = folder / path if path else REPOSITORY / document
        assert file.exists(), f"{document}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in slugs, f"{document}: {target}"
