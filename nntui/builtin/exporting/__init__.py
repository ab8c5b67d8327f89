"""What the built-in exporters write. Their modules import torch, and torch.onnx and torch.export inside functions."""
