# %% [markdown]
# # The ideal observer: how good can any model be?
#
# The generator is known, so Bayes' rule gives the exact probability of each class. You write the
# observer for a simpler generator yourself, compare it with the package's, and then measure the
# ceiling of MNIST-1D.
#
# Time: 60 minutes. Needs the extra `[lab]`.

# %%
from mnist1d import teaching

teaching.require("jax")

import numpy as np

import mnist1d
from mnist1d.observer import IdealObserver
from mnist1d.plots.observer import seen_figure

NOISE = 0.06
config = mnist1d.DataConfig(
    padding=(48, 48),
    scale_coeff=0.0,
    shear_scale=0.0,
    corr_noise_scale=0.0,
    iid_noise_scale=NOISE,
    num_samples=teaching.choose_size(full=1000, smoke=100),
)
data = mnist1d.make_dataset(config)
x = data.x_test * data.std + data.mean  # raw signals (samples, time)

# %% [markdown]
# In this simple generator a signal is `x = R (a + noise)`: `a` is the template of a class, padded
# with 48 zeros, stretched to 60 points and shifted by one of 48 shifts; the noise is white; and the
# matrix `R` resamples from 60 points to 40.

# %%
LENGTH, SHIFTS = config.working_length, config.max_translation


def stretch(x, length):
    return np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(x)), x)


R = np.stack([stretch(row, 40) for row in np.eye(LENGTH)], axis=1)  # (40, LENGTH)
templates = data.templates.x  # (classes, 12)

# %% [markdown]
# **Exercise 1.** Compute the mean signal of each class and shift, as an array of shape (10, 48,
# 40): pad the template, stretch it to `LENGTH` points, shift it by `np.roll`, resample it by `R`.


# %% exercise="means"
def mean_signal(template, shift):
    # BEGIN SOLUTION
    return R @ np.roll(stretch(np.pad(template, (0, 48)), LENGTH), shift)
    # END SOLUTION


means = np.array([[mean_signal(t, k) for k in range(SHIFTS)] for t in templates])

# %% check="means"
print(teaching.check_shape(means, (10, 48, 40)))

# %% [markdown]
# **Exercise 2.** Given class and shift, a signal is Gaussian. Write down its covariance matrix (40,
# 40).

# %% exercise="covariance"
covariance = NOISE**2 * R @ R.T  # SOLUTION

# %% check="covariance"
print(teaching.check_answer(covariance, "covariance", noise=NOISE, matrix=R))

# %%
difference = x[:, None, None, :] - means  # (samples, classes, shifts, time)

# %% [markdown]
# **Exercise 3.** Bayes' rule: the probability of a class is proportional to the sum over shifts of
# the likelihoods. Compute the probabilities (samples, 10) of all test signals from `difference`.
# Subtract the largest log likelihood before you take the exponential.

# %% exercise="posterior"
inverse = np.linalg.inv(covariance)  # SOLUTION
log_likelihood = -0.5 * ((difference @ inverse) * difference).sum(axis=-1)  # SOLUTION
largest = log_likelihood.max(axis=(1, 2), keepdims=True)  # SOLUTION
likelihood = np.exp(log_likelihood - largest).sum(axis=-1)  # SOLUTION
posterior = likelihood / likelihood.sum(axis=1, keepdims=True)  # SOLUTION

# %% check="posterior"
print(teaching.check_posterior(posterior, IdealObserver.of(data).predict_proba(data.x_test)))

# %% [markdown]
# **Exercise 4.** The expected accuracy of the observer is the mean of its largest probabilities.
# Compute it.

# %% exercise="ceiling"
ceiling = float(posterior.max(axis=1).mean())  # SOLUTION

# %% check="ceiling"
print(teaching.check_answer(ceiling, "ceiling", posterior=posterior))

# %% [markdown]
# Now MNIST-1D itself: the package's observer integrates over padding, amplitude and slope as well.

# %%
published = mnist1d.load_dataset()
observer = IdealObserver.of(published)
some = teaching.choose_size(full=1000, smoke=20)
p = observer.predict_proba(published.x_test[:some])
acc = (p.argmax(axis=1) == published.y_test[:some]).mean()
print(f"accuracy: {acc:.2%}; expected: {p.max(axis=1).mean():.2%}")

# %%
hardest = int(p.max(axis=1).argmin())
seen_figure(observer, published.x_test[[hardest]], published.t, published.y_test[[hardest]])

# %% [markdown]
# ## What to try
#
# * `mnist1d observer --iid-noise-scale 0.1` gives the ceiling at other settings. Where is it
#   below the CNN's 94%?
# * [The derivation](../ideal-observer.md) treats the full generator.
