# %% [markdown]
# # Build the data set
#
# You write the generator of MNIST-1D yourself, stage by stage, and compare each stage with the
# package's.
#
# Time: 45 minutes. Needs the extra `[lab]` for the figure only.

# %%
import numpy as np

import mnist1d
from mnist1d import teaching

stages = {stage.name: stage for stage in mnist1d.explain(digit=3, seed=0)}
for stage in stages.values():
    print(f"{stage.name:17} {len(stage.x)} points: {stage.text}")

# %%
teaching.require("matplotlib")
from mnist1d.plots.data import stages_figure

stages_figure(list(stages.values()))

# %% [markdown]
# **Exercise 1.** The first stage appends zeros: the more zeros, the smaller the digit. Write `pad`.

# %%
template = stages["template"].x
num_zeros = len(stages["pad"].x) - len(template)


# %% exercise="pad"
def pad(x, zeros):
    # BEGIN SOLUTION
    return np.concatenate([x, np.zeros(zeros)])
    # END SOLUTION


# %% check="pad"
print(teaching.check_stage(pad(template, num_zeros), "pad"))

# %% [markdown]
# **Exercise 2.** The second stage stretches the padded template to 72 points by linear
# interpolation. `np.interp` does the work: both signals cover the interval from 0 to 1.


# %% exercise="stretch"
def stretch(x, length):
    # BEGIN SOLUTION
    old, new = np.linspace(0, 1, len(x)), np.linspace(0, 1, length)
    return np.interp(new, old, x)
    # END SOLUTION


# %% check="stretch"
print(teaching.check_stage(stretch(stages["pad"].x, 72), "dilate"))

# %% [markdown]
# **Exercise 3.** The third stage multiplies the signal by the amplitude factor; the result is
# `scaled`. Write the fourth: shift a signal by k points to the right. The shift is circular: points
# that leave on the right come back on the left.

# %%
scaled = stages["scale"].x
place = np.flatnonzero(scaled == scaled.max())[0]
shift = np.flatnonzero(stages["translate"].x == scaled.max())[0] - place


# %% exercise="translate"
def translate(x, k):
    # BEGIN SOLUTION
    return np.roll(x, k)
    # END SOLUTION


# %% check="translate"
print(teaching.check_stage(translate(scaled, shift), "translate"))

# %% [markdown]
# **Exercise 4.** Next come noise and a ramp; finally the signal is resampled to 40
# points. You have already written the function for that.

# %% exercise="resample"
resampled = stretch(stages["shear"].x, 40)  # SOLUTION

# %% check="resample"
print(teaching.check_stage(resampled, "resample"))

# %% [markdown]
# **Exercise 5.** Make the published data set with `mnist1d.make_dataset`. Its seed is 42 and all
# settings have their defaults.

# %% exercise="published"
data = mnist1d.make_dataset(seed=42)  # SOLUTION

# %% check="published"
print(teaching.check_published(data))

# %% [markdown]
# ## What to try
#
# * Which setting makes the digits larger? Which one makes the data set easier for a linear model?
# * `mnist1d show animation -o film.gif` animates the stages.
