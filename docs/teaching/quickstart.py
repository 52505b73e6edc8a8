# %% [markdown]
# # Quickstart: your first model on MNIST-1D
#
# You load a data set of 4,000 training signals, look at it, and train two models. The second model
# is twice as accurate as the first. The rest of the course asks why.
#
# In each exercise, replace the `...` by your answer, then run the check below it. Do the exercises
# in order, because later cells use your answers.
#
# Time: 20 minutes. Needs the extra `[lab]`.

# %%
from mnist1d import teaching

teaching.require("jax")

import jax

import mnist1d
from mnist1d.learning import Settings, Split, make_fit, resolve
from mnist1d.plots.data import samples_figure

data = mnist1d.load_dataset()
data

# %% [markdown]
# Each column below is one class. A signal is a digit drawn as a line: within a class the shape is
# the same, but position and size differ.

# %%
samples_figure(data)

# %% [markdown]
# **Exercise 1.** Select the first 100 test signals.

# %% exercise="select"
signals = data.x_test[:100]  # SOLUTION

# %% check="select"
print(teaching.check_answer(signals, "select", signals=data.x_test))

# %% [markdown]
# **Exercise 2.** What is the accuracy of a model that chooses a class at random?
# Accuracies are fractions here: 1.0 means that every answer is correct.

# %% exercise="chance"
chance = 1 / 10  # SOLUTION

# %% check="chance"
print(teaching.check_answer(chance, "chance"))

# %% [markdown]
# ## Train a model
#
# A model is a pair of functions, `init` and `apply`. `make_fit` builds a function that trains it,
# by default for 6,000 steps of Adam on batches of 100.

# %%
settings = Settings(num_steps=teaching.choose_size(full=6000, smoke=50))
split = Split.of(data)


def train(name):
    fit = make_fit(resolve(name).make(), settings)
    return jax.jit(fit)(jax.random.key(0), split)


logistic = train("logistic")
print(f"logistic regression: {logistic.curves['test_acc'][-1]:.3f}")

# %% [markdown]
# **Exercise 3.** Store the final test accuracy of logistic regression.
# `logistic.curves["test_acc"]` holds the accuracy after each evaluation.

# %% exercise="logistic"
logistic_acc = float(logistic.curves["test_acc"][-1])  # SOLUTION

# %% check="logistic" size="full"
print(teaching.check_accuracy(logistic_acc, "logistic"))

# %% [markdown]
# **Exercise 4.** Now train the model `"mlp"`, two layers of 100 hidden units, and store its final
# test accuracy.

# %% exercise="mlp"
mlp_acc = float(train("mlp").curves["test_acc"][-1])  # SOLUTION

# %% check="mlp" size="full"
print(teaching.check_accuracy(mlp_acc, "mlp"))

# %% [markdown]
# ## What to try
#
# * Train `"cnn"`. How much more accurate is it than the MLP?
# * `mnist1d web` trains the same models in your browser.
