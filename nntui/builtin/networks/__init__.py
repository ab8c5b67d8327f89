"""What the built-in contributions build: networks, activations and optimizers. The only built-ins that import torch."""
