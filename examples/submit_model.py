"""Submit a model to the board.

A model of your own, here a small PyTorch network, is measured on both tests and written as one JSON
file. The board then shows it among all others:

    python examples/submit_model.py --by "Your Name" -o my-net.json
    mnist1d board my-net.json -o board.html

The same by the command line alone:

    mnist1d evaluate examples/submit_model.py:net --test both --submit my-net.json --by "Your Name"
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import nn

import mnist1d


class Net(nn.Module):
    """Two convolutions over time, then a linear layer on all positions."""

    def __init__(self, num_inputs: int = 40, num_outputs: int = 10, channels: int = 16):
        super().__init__()
        self.conv1 = nn.Conv1d(1, channels, 5, stride=2, padding=2)
        self.conv2 = nn.Conv1d(channels, channels, 5, stride=2, padding=2)
        self.dense = nn.Linear(channels * -(-num_inputs // 4), num_outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map signals (batch, time) to logits (batch, classes)."""
        h = self.conv1(x[:, None]).relu()  # (batch, channels, time / 2)
        h = self.conv2(h).relu()  # (batch, channels, time / 4)
        return self.dense(h.flatten(1))


def net(num_inputs: int = 40, num_outputs: int = 10) -> Net:
    """Return a new network; called once per seed."""
    return Net(num_inputs, num_outputs)


def main() -> None:
    """Measure the network and write its entry."""
    parser = argparse.ArgumentParser(description="Submit a model to the board.")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--num-steps", type=int, default=6000)
    parser.add_argument("--by", default="")
    parser.add_argument("-o", "--output", type=Path, default=Path("my-net.json"))
    options = parser.parse_args()
    found = mnist1d.evaluate(net, options.seeds, test="both", num_steps=options.num_steps)
    print(found)
    found.submit(options.output, name="two convolutions", by=options.by)


if __name__ == "__main__":
    main()
