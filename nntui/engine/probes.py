"""A look into the layers during one training step: gradients, updates, and what flows out of each layer.

    with Probe(model) as probe:
        loss = ...            # forward
        loss.backward()
    probe.gradients()         # before clipping
    probe.before_update()
    ...                       # the optimizer's step
    layers = probe.after_update()

The hooks only read: no generator is drawn from, no gradient or buffer touched, so that a probed step leaves the same
weights bit for bit. Everything stays on the device until `after_update`, which waits for it once (or `without_update`).
"""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from nntui.engine.layers import Layer, first_tensor, layers_of
from nntui.runs.events import LayerProbe

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

SAMPLE = 1 << 14
"""Statistics and histogram look at no more numbers of an output than this, evenly spread over it."""
SLOPES = 1 << 13
"""The slope of an activation is taken at about so many of its inputs."""
MAPS = 1 << 18
"""Dead units are looked for among about so many numbers of an output."""
FLAT = 0.01
"""An activation is flat where its slope is below this: next to nothing comes back through it."""
BINS = 24
ARRAY = 4096
"""Most numbers of one array that an architecture offers."""

_FIGURES = 6  # mean, std, low, high, dead, saturated; the bins follow

# They pass on what they are given: the layer before them has been looked at.
_PLAIN = (nn.Flatten, nn.Unflatten, nn.Identity, nn.modules.dropout._DropoutNd)
# They say which axis the units are on; a layer normalisation may stand after either, and keeps it.
_CHANNELS_FIRST = (nn.modules.conv._ConvNd, nn.modules.batchnorm._NormBase, nn.GroupNorm)
_FEATURES_LAST = (nn.Linear, nn.Embedding, nn.EmbeddingBag, nn.RNNBase, nn.RNNCellBase)
# They mix numbers, or draw them.
_NOT_ELEMENTWISE = (nn.MultiheadAttention, nn.Softmax, nn.Softmax2d, nn.LogSoftmax, nn.Softmin, nn.RReLU)


@dataclass
class _Seen:
    """What was seen of a layer, on the device."""

    layer: Layer
    figures: Tensor | None = None
    """float32 (6 + BINS,); NaN for what does not apply."""
    inputs: Tensor | None = None
    """A copy of an activation's first rows of input, between its two hooks."""
    gradient: Tensor | None = None
    before: list[Tensor] | None = None
    """Copies of the layer's parameters, while the update is made."""


class Probe:
    """Looks into the layers of a network for one step; of a layer that is called several times, at the first call."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._seen: dict[int, _Seen] = {}  # by id of the module, in the order of the first call
        self._layers = {id(x.module): x for x in layers_of(model) if not isinstance(x.module, _PLAIN)}
        self._handles: list[torch.utils.hooks.RemovableHandle] = []
        self._channels_first: bool | None = None

    def __enter__(self) -> Self:
        for layer in self._layers.values():
            if _may_be_activation(layer.module):
                self._handles.append(layer.module.register_forward_pre_hook(self._on_input))
            self._handles.append(layer.module.register_forward_hook(self._on_output))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        del kind, error, traceback
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    # -- the hooks

    def _on_input(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:  # whatever a module takes
        if id(module) in self._seen or len(inputs) != 1:
            return
        x = inputs[0]
        if isinstance(x, Tensor) and x.is_floating_point() and x.numel() and x.dim():
            rows = max(1, SLOPES * len(x) // x.numel())
            # A copy: the activation may work in place.
            self._seen[id(module)] = _Seen(self._layers[id(module)], inputs=x.detach()[:rows].clone())

    def _on_output(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        del inputs  # may have been changed in place
        seen = self._seen.setdefault(id(module), _Seen(self._layers[id(module)]))
        if isinstance(module, _CHANNELS_FIRST):
            self._channels_first = True
        elif isinstance(module, _FEATURES_LAST):
            self._channels_first = False
        y = first_tensor(output)
        if seen.figures is not None or y is None or not y.is_floating_point() or not y.numel():
            return
        with torch.no_grad():
            y = y.detach()
            dead = saturated = torch.full((), math.nan, device=y.device)
            if seen.inputs is not None and seen.inputs.shape[1:] == y.shape[1:]:
                saturated = _flat_share(module, seen.inputs, y[: len(seen.inputs)])
                dead = torch.where(saturated.isnan(), saturated, self._dead_share(y))
            seen.inputs = None
            sample = _sample(y)
            statistics = _statistics(sample)
            bins = _bins(sample, statistics[2], statistics[3])
            seen.figures = torch.cat((statistics, torch.stack((dead, saturated)), bins))

    def _dead_share(self, y: Tensor) -> Tensor:
        """Share of units (channels or features) that gave one and the same number for the whole batch: 0 of a relu
        that never fires, 6 of a relu6 that is always full. NaN where each unit was seen only once.

        Of large maps every few positions are looked at, of every sample.
        """
        first = y.dim() > 2 and (self._channels_first is None or self._channels_first)
        unit = 1 if first else y.dim() - 1
        positions = [axis for axis in range(1, y.dim()) if axis != unit]
        if y.dim() < 2 or y.numel() == y.shape[unit]:
            return torch.full((), math.nan, device=y.device)
        if positions and y.numel() > MAPS:
            stride = math.ceil((y.numel() / MAPS) ** (1 / len(positions)))
            for axis in positions:
                y = y[(slice(None),) * axis + (slice(None, None, stride),)]
        units = y.movedim(unit, 0).flatten(1)  # a copy, but ten times faster than reducing around the units
        return (units.amax(1) == units.amin(1)).float().mean()

    # -- around the update

    def gradients(self) -> None:
        """Notes the norm of each layer's gradient; to be called after the backward pass, before clipping."""
        for seen in self._seen.values():
            grads = [p.grad for p in seen.layer.parameters if p.grad is not None]
            seen.gradient = _norm([g.coalesce().values() if g.is_sparse else g for g in grads])

    def before_update(self) -> None:
        """Keeps a copy of the weights, to see how far the update moves them."""
        for seen in self._seen.values():
            seen.before = [p.detach().clone() for p in seen.layer.parameters]

    def after_update(self) -> list[LayerProbe]:
        """What was seen of each layer, in working order. Waits for the device, once."""
        rows: list[Tensor] = []
        for seen in self._seen.values():
            before = seen.before or []
            now = [p.detach() for p in seen.layer.parameters[: len(before)]]
            update = _norm([new - old for new, old in zip(now, before, strict=True)])
            rows.append(_row(seen, weight=_norm(before), update=update))
            seen.before = None
        return self._read(rows)

    def without_update(self) -> list[LayerProbe]:
        """The same where no update is made: nothing of the weights is copied, and there is no ratio to tell."""
        weights = [_norm([p.detach() for p in seen.layer.parameters]) for seen in self._seen.values()]
        return self._read(
            [_row(seen, weight=weight, update=None) for seen, weight in zip(self._seen.values(), weights, strict=True)]
        )

    def _read(self, rows: list[Tensor]) -> list[LayerProbe]:
        if not rows:
            return []
        device = rows[0].device
        numbers = torch.stack([row.to(device) for row in rows]).tolist()
        return [_told(seen, row) for seen, row in zip(self._seen.values(), numbers, strict=True)]

    def arrays(self) -> dict[str, Any]:  # nested lists of numbers
        """The arrays that the network offers through a method `probes() -> dict[str, Tensor]`: each cut along its
        longest axes to 4,096 numbers, as nested lists; None for what is not finite. Empty without that method.

        Raises TypeError where it gives something else.
        """
        offer = getattr(self._model, "probes", None)
        if offer is None or isinstance(offer, nn.Module) or not callable(offer):
            return {}
        own = {p.device for p in self._model.parameters() if p.is_cuda}
        with torch.no_grad(), torch.random.fork_rng(devices=own):
            offered = offer()
        if not isinstance(offered, dict) or not all(isinstance(t, Tensor) for t in offered.values()):
            raise TypeError(f"{type(self._model).__name__}.probes() must return a dict of tensors by name")
        return {str(name): _nested(_cut(tensor.detach()).cpu().tolist()) for name, tensor in offered.items()}


def _may_be_activation(module: nn.Module) -> bool:
    """Whether a module may work on each number alone: torch's activations, and of others those without children,
    buffers and parameters (single numbers aside), which a function of one number does not need."""
    if isinstance(module, _NOT_ELEMENTWISE):
        return False
    if type(module).__module__.startswith("torch."):
        return _from_torch(module)
    if next(module.children(), None) is not None or next(module.buffers(), None) is not None:
        return False
    return all(p.numel() == 1 for p in module.parameters())


def _from_torch(module: nn.Module) -> bool:
    return type(module).__module__ == "torch.nn.modules.activation"


def _flat_share(module: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Share of the inputs `x` at which an activation's slope is next to nothing, by its derivative. NaN where the
    module turns out to be random, or to mix numbers with each other.

    It is called once more, past its hooks and as a copy, so that what it may note of itself stays as it was; its
    parameters gather no gradient.
    """
    own = [x.device] if x.is_cuda else []
    at = x.requires_grad_()
    with torch.enable_grad(), torch.random.fork_rng(devices=own):
        again = copy(module).forward(at.clone())
        if not isinstance(again, Tensor) or again.shape != y.shape or not again.requires_grad:
            return torch.full((), math.nan, device=x.device)
        known = _from_torch(module)
        (slope,) = torch.autograd.grad(again.sum(), at, retain_graph=not known)
        share = (slope.abs() < FLAT).float().mean()
        if known:
            return share
        (of_first,) = torch.autograd.grad(again.reshape(len(x), -1)[:, 0].sum(), at)
    alone = (of_first.reshape(len(x), -1)[:, 1:] == 0).all()
    same = torch.isclose(again.detach(), y, rtol=1e-3, atol=1e-5, equal_nan=True).all()
    return torch.where(alone & same, share, math.nan)


def _sample(y: Tensor) -> Tensor:
    """Up to SAMPLE numbers, evenly spread, float32, without the copy that flattening another layout would make."""
    if y.dim() == 4 and not y.is_contiguous() and y.is_contiguous(memory_format=torch.channels_last):
        y = y.permute(0, 2, 3, 1)
    flat = y.reshape(-1)
    stride = -(-flat.numel() // SAMPLE)
    # A stride that shares a factor with the shape would visit some channels or pixels only.
    while stride > 1 and math.gcd(stride, flat.numel()) > 1:
        stride += 1
    return flat[::stride].to(torch.float32, copy=True)  # close together: it is read several times


def _statistics(x: Tensor) -> Tensor:
    """mean, std, low, high."""
    mean = x.mean()
    std = (x - mean).square().mean().sqrt()  # several times faster than torch.std
    low, high = torch.aminmax(x)
    return torch.stack((mean, std, low, high))


def _bins(x: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """How many numbers fall into each of BINS equal parts of low .. high. (histc would wait for the device.)"""
    width = (high - low).clamp(min=torch.finfo(torch.float32).tiny)
    place = ((x - low) * (BINS / width)).nan_to_num(0.0, 0.0, 0.0).clamp_(0, BINS - 1).long()
    return torch.zeros(BINS, device=x.device).index_add_(0, place, torch.ones(1, device=x.device).expand(len(place)))


def _norm(tensors: list[Tensor]) -> Tensor | None:
    """Norm of all numbers together; None without any."""
    if not tensors:
        return None
    norms = torch.stack([torch.linalg.vector_norm(t.detach().float()) for t in tensors])
    whole: Tensor = torch.linalg.vector_norm(norms)
    return whole


def _row(seen: _Seen, weight: Tensor | None, update: Tensor | None) -> Tensor:
    """Everything about a layer as one line of float32: gradient, weight, update, figures, bins."""
    norms = (seen.gradient, weight, update)
    present = next((t for t in (seen.figures, *norms) if t is not None), None)
    device = torch.device("cpu") if present is None else present.device
    none = torch.full((), math.nan, device=device)
    figures = torch.full((_FIGURES + BINS,), math.nan, device=device) if seen.figures is None else seen.figures
    return torch.cat((torch.stack([none if t is None else t for t in norms]), figures))


def _told(seen: _Seen, row: list[float]) -> LayerProbe:
    gradient, weight, update, mean, std, low, high, dead, saturated = (_number(v) for v in row[: 3 + _FIGURES])
    bounded = low is not None and high is not None
    return LayerProbe(
        name=seen.layer.name,
        grad_norm=gradient,
        weight_norm=weight,
        update_ratio=_number(update / weight) if update is not None and weight else None,
        mean=mean,
        std=std,
        dead=dead,
        saturated=saturated,
        bins=[int(count) for count in row[3 + _FIGURES :]] if bounded else [],
        low=low if low is not None and bounded else 0.0,
        high=high if high is not None and bounded else 0.0,
    )


def _number(value: float) -> float | None:
    """Six digits, which is what float32 holds; None for what is not finite (JSON has no NaN)."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _cut(tensor: Tensor) -> Tensor:
    """The beginning of a tensor, cut along its longest axes to at most ARRAY numbers."""
    while tensor.numel() > ARRAY:
        axis = max(range(tensor.dim()), key=lambda a: tensor.shape[a])
        others = tensor.numel() // tensor.shape[axis]
        second = max((s for a, s in enumerate(tensor.shape) if a != axis), default=1)
        tensor = tensor.narrow(axis, 0, max(1, ARRAY // others, min(second, tensor.shape[axis] - 1)))
    return tensor


def _nested(values: Any) -> Any:  # numbers, or lists of them to any depth
    if isinstance(values, list):
        return [_nested(item) for item in values]
    return _number(values) if isinstance(values, float) else values
