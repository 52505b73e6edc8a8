# %% [markdown]
# # Double descent: is bigger worse, then better?
#
# You add label noise, train networks of growing width, and find the width at which a network can
# just fit the training set.
#
# Time: 60 minutes. Needs the extra `[lab]`.

# %%
from mnist1d import teaching

teaching.require("jax")

import jax
import numpy as np

import mnist1d
from mnist1d.learning import Settings, Split, make_fit
from mnist1d.learning.narrow import plain_mlp
from mnist1d.plots import style

data = mnist1d.make_dataset(num_samples=4000, train_split=0.25, dtype="float32")
len(data.y), len(data.y_test)

# %%
rng = np.random.default_rng(0)

# %% [markdown]
# **Exercise 1.** With probability 0.15, replace a training label by one drawn from all ten classes.
# Use the generator `rng`.

# %% exercise="noise"
again = rng.random(len(data.y)) < 0.15  # SOLUTION
y_noisy = np.where(again, rng.integers(0, 10, len(data.y)), data.y)  # SOLUTION

# %% check="noise"
print(teaching.check_label_noise(y_noisy, data.y, 0.15))

# %% [markdown]
# **Exercise 2.** What fraction of the labels do you expect to be wrong now? A new label may
# equal the old one.

# %% exercise="wrong-labels"
wrong = 0.15 * 9 / 10  # SOLUTION

# %% check="wrong-labels"
print(teaching.check_answer(wrong, "wrong-labels"))

# %% [markdown]
# Now train one network per width.

# %%
widths = teaching.choose_size(full=[4, 6, 9, 13, 19, 28, 41, 60, 90, 130], smoke=[4, 9])
settings = Settings(
    num_steps=teaching.choose_size(full=5000, smoke=20),
    optimizer="momentum",
    eval_every=5000,
    reshuffle=True,
)
noisy = Split.of(data)._replace(y=jax.numpy.asarray(y_noisy, jax.numpy.int32))
train_errors, test_errors = [], []
for width in widths:
    result = jax.jit(make_fit(plain_mlp(width), settings))(jax.random.key(0), noisy)
    train_errors.append(1 - float(result.curves["train_acc"][-1]))
    test_errors.append(1 - float(result.curves["test_acc"][-1]))

# %%
fig, ax = style.figure()
ax.plot(widths, train_errors, label="training error")
ax.plot(widths, test_errors, label="test error")
ax.set(xscale="log", xlabel="hidden units per layer", ylabel="error", ylim=(0, 1))
style.plain_log(ax.xaxis)
style.legend(ax)
fig

# %% [markdown]
# **Exercise 3.** The interpolation threshold is the smallest width whose training error is at most
# 2%. Find it in `widths` and `train_errors`. Store `None` if no width fits.

# %% exercise="threshold"
fits = np.array(train_errors) <= 0.02  # SOLUTION
threshold = widths[fits.argmax()] if fits.any() else None  # SOLUTION

# %% check="threshold"
print(teaching.check_threshold(threshold, widths, train_errors))

# %% [markdown]
# **Exercise 4.** At which width is the test error highest, leaving out the first
# width? (That network is too small to learn much.) Compare this width with the threshold. With one
# seed per width the peak is flat; over eight seeds it lies just before the threshold.

# %% exercise="peak"
peak = widths[1 + int(np.argmax(test_errors[1:]))]  # SOLUTION

# %% check="peak"
print(teaching.check_answer(peak, "peak", widths=widths, errors=test_errors))

# %% [markdown]
# ## What to try
#
# * Remove the label noise. Is there still a peak?
# * `mnist1d run double-descent --preset quick` runs the published protocol on fewer signals.
