"""What benchmarks/accuracy.py says of a person's own data beside plain rules."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))


def test_a_mean_within_one_standard_error_of_the_rules_is_not_below_it() -> None:
    import comparing

    other = (0.80, 0.82, 0.84)  # 0.82 ± 0.0115
    assert comparing.not_below((0.81, 0.81, 0.81), other, maximize=True)
    assert not comparing.not_below((0.80, 0.80, 0.80), other, maximize=True)
    assert comparing.not_below((0.83, 0.83, 0.83), other, maximize=False)
    assert not comparing.not_below((0.84, 0.84, 0.84), other, maximize=False)


def test_a_comparison_is_met_only_where_it_is_met_beside_each_rule() -> None:
    import comparing

    plain = {"noisy": (0.7, 1.0), "steady": (0.84, 0.84)}  # 0.85 ± 0.15, 0.84 ± 0
    done = comparing.Comparison("tables", "wine", "accuracy", True, (0.83, 0.83), plain, (2.0, 4.0))
    assert done.best == "noisy"
    assert not done.met
    assert done.line() == (
        "| tables | wine | accuracy | 0.8300 ± 0.0000 | noisy 0.8500 ± 0.1500 | 2 | 3 | **no** |"
    )  # fmt: skip


def test_a_row_replaces_what_the_page_says_of_the_same_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import comparing
    import page

    monkeypatch.setattr(page, "PAGE", tmp_path / "page.md")
    page.PAGE.write_text(f"above\n<!-- {comparing.PART}: begin -->\n\n<!-- {comparing.PART}: end -->\nbelow\n")
    order = ["tables/wine", "series/airline"]
    for value in (0.5, 0.9):
        for kind, name, maximize in (("series", "airline", False), ("tables", "wine", True)):
            values = (value, value)
            done = comparing.Comparison(kind, name, "r2", maximize, values, {"ridge": (0.7, 0.7)}, (1.0, 1.0))
            comparing.write(done, order)
    rows = [line for line in page.read(comparing.PART) if line.startswith(("| tables", "| series"))]
    assert rows == [
        "| tables | wine | r2 | 0.9000 ± 0.0000 | ridge 0.7000 ± 0.0000 | 2 | 1 | yes |",
        "| series | airline | r2 | 0.9000 ± 0.0000 | ridge 0.7000 ± 0.0000 | 2 | 1 | **no** |",
    ]
    assert "1 of 2 missed." in page.PAGE.read_text()
    assert page.PAGE.read_text().startswith("above\n") and page.PAGE.read_text().endswith("below\n")


def test_what_a_folder_of_packages_lacks_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import comparing
    import own_tables

    case = next(case for case in own_tables.cases(tmp_path) if case.name == "wage")
    assert comparing.run([case], tmp_path)
    assert capsys.readouterr().out == f"own/tables/wage is not run: {tmp_path} lacks ISLP==0.6\n"


def test_all_own_data_of_the_benchmark_have_names_of_their_own(tmp_path: Path) -> None:
    import accuracy

    cases = [case for module in accuracy.OWN for case in module.cases(tmp_path)]
    paths = [case.path for case in cases]
    assert len(set(paths)) == len(paths)
    for kind in ("images", "tables", "texts", "sounds", "series"):
        assert sum(case.kind == kind for case in cases) >= 2
