"""The plugin guide: every hook is in it, and the plugin that it makes works."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from distributions import REPOSITORY, Site

import nntui
from nntui.hooks.contributions import KINDS
from nntui.hooks.declared import RESERVED
from nntui.hooks.isolation import HOOKS

GUIDE = (REPOSITORY / "docs" / "plugins.md").read_text()


def _files() -> dict[str, str]:
    """The guide's files, each put together from the blocks that begin with its name in a comment."""
    files: dict[str, str] = {}
    for block in re.findall(r"^```(?:python|toml)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL):
        first, _, code = block.partition("\n")
        name = re.fullmatch(r"# (\S+\.(?:py|toml))", first)
        assert name, f"a block of code does not begin with its file's name: {first}"
        files[name[1]] = files.get(name[1], "") + code + "\n"
    return files


@pytest.fixture(scope="module")
def guide(new_site: Callable[[], Site], tmp_path_factory: pytest.TempPathFactory) -> Site:
    project = tmp_path_factory.mktemp("nntui-guide")
    for name, code in _files().items():
        file = project / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(code)
    site = new_site()
    site.link(project)
    return site


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_with_an_example(hook: str) -> None:
    _, _, section = GUIDE.partition(f"\n### {hook}\n")
    section = section.partition("\n### ")[0].partition("\n## ")[0]
    taken = "state" if hook == "register_panels" else "params"
    assert f"`build({taken}" in section, f"docs/plugins.md does not say what `build` of {hook} is"
    assert f"def {hook}()" in _files()["nntui_guide/plugin.py"]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_specification_has_an_example(hook: str) -> None:
    from nntui.hooks import specs

    assert f"def {hook}():" in (inspect.getdoc(getattr(specs, hook)) or "")


def test_every_field_of_a_contribution_is_in_the_guide() -> None:
    missing = [
        f"{kind.__name__}.{field.name}"
        for kind in KINDS
        for field in dataclasses.fields(kind)
        if f"{field.name}=" not in GUIDE and f"`{field.name}`" not in GUIDE
    ]
    assert missing == []


def test_every_variable_status_and_reserved_name_is_in_the_guide() -> None:
    code = "".join(file.read_text() for file in (REPOSITORY / "nntui" / "hooks").glob("*.py"))
    variables = set(re.findall(r'"(NNTUI_[A-Z_]+)"', code))
    assert "NNTUI_PLUGINS" in variables
    assert [name for name in sorted(variables) if f"`{name}" not in GUIDE] == []
    statuses = ("ok", "failed", "disabled", "incompatible", "unknown-hook", "clash", "missing")
    assert [status for status in statuses if f"| `{status}` |" not in GUIDE] == []
    assert [name for names in RESERVED.values() for name in names if f"`{name}`" not in GUIDE] == []


def test_every_name_that_the_guide_uses_is_public() -> None:
    used = set(re.findall(r"nntui\.([A-Za-z]+)", "".join(_files().values())))
    assert used <= set(nntui.__all__) | {"readthedocs"}


def test_the_guides_plugin_contributes_one_of_each_kind(guide: Site) -> None:
    row = guide.rows()["guide"]
    assert (row["status"], row["message"], row["imported_torch"]) == ("ok", "", False)
    assert row["counts"] == {kind.plural: 1 for kind in KINDS}


def test_the_commands_of_the_guide_work(guide: Site) -> None:
    shown = guide.nntui("activations", "show", "squareplus").stdout
    assert "(x + sqrt(x^2 + b)) / 2" in shown and "How far from zero the bend reaches" in shown
    for line in re.findall(r"^nntui (plugins|activations)(.*?)(?:#.*)?$", GUIDE, re.MULTILINE):
        if "uninstall" not in line[1]:
            guide.nntui(line[0], *line[1].split())
    guide.nntui("plugins", "enable", "guide")


def test_the_guides_code_does_what_it_says(guide: Site) -> None:
    code = """
        import json
        import numpy as np, torch, nntui
        from nntui.hooks.registry import registry, resolve_target

        def built(kind, name, *more, **settings):
            c = registry().load(kind, name).contribution
            return resolve_target(c.build)(c.params(**settings), *more)

        x = torch.linspace(-3, 3, 7)
        torch.testing.assert_close(built("activation", "squareplus", b=4)(x), (x + (x * x + 4).sqrt()) / 2)

        waves = built("data", "waves", nntui.DataContext())
        c = registry().load("data", "waves").contribution
        Preprocessor = resolve_target(c.preprocessor)
        fitted = Preprocessor.fit(waves, np.arange(200), c.params())
        again = Preprocessor.from_json(json.loads(json.dumps(fitted.to_json())))
        assert again.spec == fitted.spec
        batch = again.encode(waves.rows(np.arange(6)))
        relu = nntui.ActivationFactory(torch.nn.ReLU, "relu")
        network = built("arch", "last-step", again.spec, relu, layers=2, dropout=0.1)
        logits = network(*(batch[name] for name in again.spec.arguments()))
        assert logits.shape == (6, 3)
        assert network(batch["wave"], torch.tensor([32, 5, 8, 32, 1, 2])).shape == (6, 3)
        module = registry().load("arch", "last-step").contribution
        form = resolve_target(module.export_form)(network.eval())
        lengths = torch.tensor([32, 5, 8, 32, 1, 2])
        torch.testing.assert_close(form(batch["wave"], lengths), network(batch["wave"], lengths), rtol=0, atol=1e-6)
        assert torch.equal(form(batch["wave"]), network(batch["wave"]))
        assert again.decode(logits.softmax(1))[0].label in ("sine", "square", "sawtooth")
        assert again.read([",".join("0" * 32)])["wave"].shape == (1, 32)
        assert again.example(waves.rows(np.arange(6)), 1).label == "square"

        rule = built("optimizer", "signum")
        p = torch.tensor([1.0, -2.0])
        rule.update([p], [torch.tensor([0.5, -0.1])], rule.init([p]), lr=0.25, weight_decay=0.0)
        assert p.tolist() == [0.75, -1.75], p

        factor = built("schedule", "power", power=2)
        assert [factor(t) for t in (0, 0.5, 1)] == [1, 0.25, 0]

        import pathlib, tempfile
        there = pathlib.Path(tempfile.mkdtemp())
        run = nntui.train(data="waves", arch={"name": "last-step", "hidden": 4}, epochs=1, runs=there)
        written = run.export("json", there / "weights.json")
        assert written.difference < 1e-6 and written.checked_on == "test rows", written
        assert "a weight's shape by their nesting" in (written.path.parent / "weights.json.md").read_text()

        xpu = registry().load("device", "xpu").contribution
        if not resolve_target(xpu.probe)():
            try:
                built("device", "xpu")
            except LookupError as error:
                assert "no Intel GPU" in str(error)
        import test_guide
        (test,) = (value for name, value in vars(test_guide).items() if name.startswith("test_"))
        test()
        print("all of it")
    """
    assert guide.python(code, OMP_NUM_THREADS="1").stdout == "all of it\n"


def test_the_index_of_the_guide_is_plain_json(guide: Site) -> None:
    for plural in (kind.plural for kind in KINDS):
        listed = [entry for entry in guide.json(plural) if entry["plugin"] == "guide"]
        assert len(listed) == 1
        assert json.loads(json.dumps(listed)) == listed
        assert guide.json(plural, "show", f"guide/{listed[0]['name']}") == listed[0]


def test_links_of_the_guide_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", GUIDE):
        assert (Path(REPOSITORY / "docs") / target).exists(), target
