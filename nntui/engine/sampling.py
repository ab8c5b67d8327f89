"""Text from a network that tells the next token: one token after another, each drawn from what the network says."""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from nntui.engine.inference import Model

WINDOW = 512
"""Tokens that a network without a state looks back on, where its data does not say how many."""


class Sampling:
    """Iterates over pieces of text as they are made: `length` tokens after `prompt`, which is not repeated.

    A recurrent network keeps its state from token to token, another reads a window that slides. On one thread and from
    a generator of its own, so that the same seed makes the same text. A piece may be empty, where a character is not
    whole yet.
    """

    def __init__(
        self, model: Model, prompt: str, length: int, *, temperature: float = 0.8, top_k: int = 0, seed: int = 0
    ) -> None:
        """Raises UserError for a model that tells no next token, and for settings that mean nothing."""
        target = model.spec.target
        if target.kind != "next-token":
            kind = {"classes": f"one of {target.size} classes", "values": "numbers"}.get(target.kind, target.kind)
            raise UserError(
                f"{model.folder.parent.name} tells {kind}: only a network that tells a text's next token is sampled",
                advice="ask it with nntui predict; nntui train --data hamlet --arch rnn makes one to sample",
            )
        if length < 1 or not math.isfinite(temperature) or temperature < 0 or top_k < 0:
            said = f"length {length}, temperature {temperature:g}, top-k {top_k}"
            raise UserError(f"{said}: the length must be 1 or more, the others 0 or more")
        self._model, self._length = model, length
        self._temperature, self._top_k, self._seed = temperature, top_k, seed
        self._pieces = _pieces(model.preprocessor, target.names)
        allowed = torch.tensor([bool(piece) for piece in self._pieces])
        if not allowed.any():
            raise UserError("this model has no token that stands for any text")
        self._forbidden = ~allowed
        self._tokens = self._encoded(prompt)
        self.unknown = sum(not self._pieces[code] for code in self._tokens[0].tolist())
        """Tokens of the prompt that the model does not know."""

    def _encoded(self, prompt: str) -> Tensor:
        """The prompt's codes, (1, T); of none, those of a line's end."""
        preprocessor = self._model.preprocessor
        try:
            raw = preprocessor.read([prompt]) if prompt.lower().endswith(".txt") else {"text": [prompt or "\n"]}
        except (ValueError, OSError) as error:
            raise UserError(str(error)) from None
        name = next(item.name for item in self._model.spec.inputs if item.kind == "tokens")
        return preprocessor.encode(raw)[name]

    def __iter__(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        numbers = torch.Generator().manual_seed(self._seed)
        window = self._model.spec.inputs[0].shape[0] or WINDOW
        tokens, state = self._tokens, None
        for _ in range(self._length):
            with _one_thread(), torch.inference_mode():  # left before a piece is given away
                logits, state = self._asked(tokens, state)
                fresh = self._drawn(logits, numbers)
                tokens = fresh if state is not None else torch.cat((tokens, fresh), 1)[:, -window:]
            yield decoder.decode(self._pieces[int(fresh)])
        yield decoder.decode(b"", True)

    def _asked(self, tokens: Tensor, state: object) -> tuple[Tensor, object]:
        """The logits (V,) after the last of some tokens, and the state, None where the network keeps none."""
        network: Any = self._model.network  # what a module's forward and step take is its own
        if getattr(network, "steps", False):
            logits, state = network.step(tokens, state)
        else:
            logits = network(tokens)
        return logits[0, -1], state

    def _drawn(self, logits: Tensor, numbers: torch.Generator) -> Tensor:
        """One code, (1, 1), from the logits (V,) of what comes next."""
        logits = logits.double().masked_fill(self._forbidden, -torch.inf)
        if not self._temperature:
            return logits.argmax().view(1, 1)
        if self._top_k and self._top_k < len(logits):
            least = logits.topk(self._top_k).values[-1]
            logits = logits.masked_fill(logits < least, -torch.inf)
        # The largest logit is subtracted first: a small temperature would make it infinite.
        shares = ((logits - logits.max()) / self._temperature).softmax(0)
        return torch.multinomial(shares, 1, generator=numbers).view(1, 1)


def _pieces(preprocessor: object, names: Sequence[str]) -> Sequence[bytes]:
    """What each code stands for; by its name where the preprocessor does not say, code 0 being padding."""
    known = getattr(preprocessor, "pieces", None)
    return known if known is not None else [b"", *(name.encode() for name in names[1:])]


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
