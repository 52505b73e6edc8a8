# %% [markdown]
# # Spatial priors: what does a convolution know?
#
# A convolution assumes that neighbouring points belong together. You measure how much this
# assumption helps: train an MLP and a CNN, then shuffle the positions of all signals in the same
# way and train both again.
#
# Time: 45 minutes. Needs the extra `[lab]`.

# %%
from mnist1d import teaching

teaching.require("jax")

import jax
import numpy as np

import mnist1d
from mnist1d.learning import Settings, Split, fit_seeds, make_fit, resolve
from mnist1d.plots import style

settings = Settings(num_steps=teaching.choose_size(full=6000, smoke=50))
keys = jax.random.split(jax.random.key(0), teaching.choose_size(full=3, smoke=1))

# %% [markdown]
# **Exercise 1.** Shuffle the positions: one permutation for all signals, training and test.

# %%
data = mnist1d.load_dataset()
order = np.random.default_rng(0).permutation(40)

# %% exercise="shuffle"
x_shuffled = data.x[:, order]  # SOLUTION
x_test_shuffled = data.x_test[:, order]  # SOLUTION

# %% check="shuffle"
print(teaching.check_answer(x_shuffled, "shuffle", signals=data.x, order=order))

# %% check="shuffle-test"
print(teaching.check_answer(x_test_shuffled, "shuffle", signals=data.x_test, order=order))

# %% [markdown]
# A linear model does not see the order at all: permute its weights and you have the same model. An
# MLP does not see it either. A CNN does.


# %%
def train(name, split):
    fit = make_fit(resolve(name).make(), settings)
    return np.asarray(fit_seeds(fit, keys, split).curves["test_acc"])  # (seeds, evaluations)


plain = Split.of(data)
shuffled = plain._replace(
    x=jax.numpy.asarray(x_shuffled), x_test=jax.numpy.asarray(x_test_shuffled)
)
curves = {
    (name, what): train(name, split)
    for name in ("mlp", "cnn")
    for what, split in (("plain", plain), ("shuffled", shuffled))
}

# %%
fig, axes = style.figure(1, 2)
for ax, what in zip(axes, ("plain", "shuffled"), strict=True):
    for name in ("mlp", "cnn"):
        ax.plot(settings.eval_steps, curves[name, what].mean(axis=0), label=name.upper())
    ax.set(title=f"{what} positions", xlabel="training steps", ylim=(0, 1))
axes[0].set(ylabel="test accuracy, mean over seeds")
style.legend(axes[0])
fig

# %% [markdown]
# **Exercise 2.** Store three final test accuracies, each a mean over the seeds: of the CNN, of the
# MLP, and of the CNN on shuffled signals. `curves["cnn", "plain"]` has the shape (seeds,
# evaluations).

# %% exercise="accuracies"
cnn_acc = curves["cnn", "plain"][:, -1].mean()  # SOLUTION
mlp_acc = curves["mlp", "plain"][:, -1].mean()  # SOLUTION
cnn_shuffled_acc = curves["cnn", "shuffled"][:, -1].mean()  # SOLUTION

# %% check="accuracies" size="full"
print(teaching.check_accuracy(cnn_acc, "cnn"))

# %% check="mlp" size="full"
print(teaching.check_accuracy(mlp_acc, "mlp"))

# %% check="cnn-shuffled" size="full"
print(teaching.check_accuracy(cnn_shuffled_acc, "cnn", shuffled=True))

# %% [markdown]
# **Exercise 3.** How much more accurate is the CNN than the MLP on plain signals?
# Pass the difference as a fraction.

# %% exercise="prior"
prior = cnn_acc - mlp_acc  # SOLUTION

# %% check="prior" size="full"
print(teaching.check_difference(prior, "cnn", "mlp"))

# %% [markdown]
# ## What to try
#
# * Fix the position of the digits with `make_dataset(max_translation=1)`. How much of the
#   CNN's lead remains?
# * `mnist1d run spatial-priors --preset paper` measures all of this with eight seeds and intervals.
