# %% [markdown]
# # PyTorch from scratch on MNIST-1D
#
# You write the benchmark's CNN and a training loop of six lines in PyTorch, and reach the published
# accuracy.
#
# Time: 60 minutes. Needs PyTorch.

# %%
from mnist1d import teaching

teaching.require("torch")

import torch
from torch import nn

from mnist1d.adapters.torch import MNIST1D

torch.manual_seed(0)
torch.set_num_threads(1)  # a network this small trains no faster on more threads
train_set, test_set = MNIST1D(train=True), MNIST1D(train=False)
x, y = train_set.data, train_set.targets  # (4000, 40) float32, (4000,) int64
x_test, y_test = test_set.data, test_set.targets

# %% [markdown]
# **Exercise 1.** A convolution needs a channel axis: (batch, channels, time). Add it.

# %% exercise="channel"
with_channel = x[:, None, :]  # SOLUTION

# %% check="channel"
print(teaching.check_shape(with_channel, (4000, 1, 40)))

# %% [markdown]
# **Exercise 2.** Write the CNN of the paper: three convolutions with 25 channels and stride 2
# (kernels 5, 3 and 3, padding 1), each followed by a ReLU; then a linear layer on all values. How
# many values are left after the third?


# %% exercise="cnn"
def make_cnn():
    # BEGIN SOLUTION
    return nn.Sequential(
        nn.Conv1d(1, 25, 5, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv1d(25, 25, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv1d(25, 25, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(125, 10),
    )
    # END SOLUTION


# %% check="cnn"
print(teaching.check_parameters(make_cnn(), 5210))


# %%
def class_scores(model):
    """Return a model's outputs for the test signals, (1000, 10)."""
    if not isinstance(model, nn.Module):
        return None
    with torch.no_grad():
        return model(x_test[:, None, :]).numpy()


# %% [markdown]
# **Exercise 3.** Write the training loop: Adam with learning rate 0.01,
# cross-entropy, batches of 100 signals. Step i uses the 100 signals that start at index 100 * i;
# after all 4,000 signals, start again from the first.


# %% exercise="loop"
def train(model, num_steps):
    # BEGIN SOLUTION
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(num_steps):
        rows = slice(100 * step % 4000, 100 * step % 4000 + 100)
        loss = nn.functional.cross_entropy(model(x[rows, None, :]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model
    # END SOLUTION


# %% check="loop"
print(teaching.check_shape(class_scores(train(make_cnn(), 2)), (1000, 10)))

# %% [markdown]
# Now train for 6,000 steps.

# %%
scores = class_scores(train(make_cnn(), teaching.choose_size(full=6000, smoke=20)))

# %% [markdown]
# **Exercise 4.** Compute the accuracy on the test signals from `scores` (1000, 10) and `y_test`.

# %% exercise="accuracy"
acc = (scores.argmax(axis=1) == y_test.numpy()).mean()  # SOLUTION

# %% check="accuracy" size="full"
print(teaching.check_accuracy(acc, "cnn"))

# %% [markdown]
# ## What to try
#
# * `mnist1d evaluate your_file.py:make_model` puts your own model in the table, with five seeds.
# * Replace the fixed order of batches by a new order per epoch. Does it matter?
