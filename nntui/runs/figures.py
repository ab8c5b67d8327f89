"""Numbers as people read them in a line: durations, rates, metrics."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping

_SHARES = frozenset({"accuracy", "top5_accuracy", "subset_accuracy", "macro_f1", "micro_f1"})
"""Metrics between 0 and 1, shown as a percentage."""


def number(value: float | None) -> str:
    """Four digits that count; "nan" for None, which is how events write what is not finite."""
    if value is None or not math.isfinite(value):
        return "nan"
    return f"{value:.4g}"


def steady(value: float | None) -> str:
    """A loss in at most seven columns where that can be: lines of an epoch each stand below each other."""
    if value is not None and 1e-4 <= abs(value) < 0.1:
        return f"{value:.5f}"
    return f"{value:.1e}" if value is not None and 0 < abs(value) < 1e-4 else number(value)


def rate(value: float) -> str:
    """A learning rate in few columns that hardly change in number: 3.00e-3."""
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def metric(name: str, value: float | None, *, aligned: bool = False) -> str:
    """A metric with its name: "accuracy 89.3%", "mae 2.31"; `aligned`: always of the same width."""
    if name in _SHARES and value is not None and math.isfinite(value):
        share = f"{value * 100:.1f}%"
        return f"{label(name)} {share:>6}" if aligned else f"{label(name)} {share}"
    return f"{label(name)} {steady(value):<7}" if aligned else f"{label(name)} {number(value)}"


def figure(name: str, value: float | None) -> str:
    """A metric without its name: "89.3%", "2.31"."""
    return metric(name, value).removeprefix(label(name)).strip()


def metrics(values: Mapping[str, float | None], first: str = "") -> str:
    """Several in a line; `first` goes before the others."""
    names = sorted(values, key=lambda name: name != first)
    return "  ".join(metric(name, values[name]) for name in names)


def label(name: str) -> str:
    """ "macro_f1" as words."""
    return name.replace("_", " ")


def draws(text: str, encoding: str | None) -> bool:
    """Whether output in `encoding` shows `text`: under the C locale Python writes UTF-8 that a terminal may not."""
    chosen = os.environ.get("LC_CTYPE")
    if chosen == "C.UTF-8":  # Python's own doing, when it finds the C locale
        chosen = None
    if (os.environ.get("LC_ALL") or chosen or os.environ.get("LANG")) in ("C", "POSIX"):
        return text.isascii()
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def ago(seconds: float) -> str:
    """12 s, 3 min, 2 h, 5 d."""
    whole = max(int(seconds), 0)
    for limit, unit in ((86400 * 2, 86400), (3600 * 2, 3600), (120, 60)):
        if whole >= limit:
            return f"{whole // unit} {({86400: 'd', 3600: 'h', 60: 'min'})[unit]}"
    return f"{whole} s"


def duration(seconds: float) -> str:
    """1:38, or 2:05:09 from an hour on."""
    if not math.isfinite(seconds):
        return "?"
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def per_second(value: float) -> str:
    """41.2k/s."""
    if not math.isfinite(value) or value <= 0:
        return ""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}/s"
    return f"{value:.3g}/s"


def size(count: int, digits: int = 3) -> str:
    """Bytes, to so many digits that count: 512 B, 12.3 MB, with two 12 MB."""
    number, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 999.5:
            break
        number, unit = number / 1000, larger
    return f"{number:.{digits}g} {unit}" if number < 10 ** (digits - 1) else f"{number:.0f} {unit}"
