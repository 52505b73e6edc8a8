# %% [markdown]
# # Lottery tickets: which weights matter?
#
# You train a network, prune its smallest weights, rewind the others to their initial values, and
# train again. A good mask keeps more accuracy than a random mask. Has the mask learned something
# about the signals?
#
# Time: 60 minutes. Needs the extra `[lab]`.

# %%
from mnist1d import teaching

teaching.require("jax")

import jax
import jax.numpy as jnp
import numpy as np

import mnist1d
from mnist1d.learning import Settings, Split, make_fit, resolve

split = Split.of(mnist1d.load_dataset())
settings = Settings(num_steps=teaching.choose_size(full=1500, smoke=30), learning_rate=0.02)
fit = make_fit(resolve("mlp").make(), settings)
start = fit.init(jax.random.key(0))


@jax.jit
def train(mask):
    """Train from the same start with a mask: weights whose mask is 0 stay 0."""
    masked = jax.tree.map(jnp.multiply, start, mask)
    return fit(jax.random.key(0), split, params=masked, mask=mask)


dense = train(jax.tree.map(jnp.ones_like, start))

# %%
example = np.array(dense.params["dense1"]["w"])  # (inputs, hidden units)

# %% [markdown]
# **Exercise 1.** Write `magnitude_mask`: 0 at the `int(sparsity * size)` weights of
# smallest magnitude, 1 elsewhere. Use `np.argsort` on the flattened magnitudes.


# %% exercise="mask"
def magnitude_mask(weights, sparsity):
    # BEGIN SOLUTION
    size = np.abs(weights)
    mask = np.ones(size.size)
    mask[np.argsort(size, axis=None)[: int(sparsity * size.size)]] = 0
    return mask.reshape(size.shape)
    # END SOLUTION


# %% check="mask"
print(teaching.check_mask(magnitude_mask(example, 0.8), example, 0.8))

# %%
trained = jax.tree.map(np.array, dense.params)
sizes = [array.size for array in jax.tree.leaves(trained)]

# %% [markdown]
# **Exercise 2.** Below, `magnitude_mask` is applied to every array of the network.
# How many weights and biases are kept at a sparsity of 0.8? `sizes` holds the number of entries of
# each array.

# %% exercise="survivors"
survivors = sum(size - int(0.8 * size) for size in sizes)  # SOLUTION

# %% check="survivors"
print(teaching.check_answer(survivors, "survivors", sizes=sizes))

# %% [markdown]
# Now train from the same initial weights with the ticket's mask, and with a random mask of the same
# density.

# %%
masks = jax.tree.map(lambda weights: magnitude_mask(weights, 0.8), trained)
rng = np.random.default_rng(0)
random_masks = jax.tree.map(lambda m: rng.permutation(m.ravel()).reshape(m.shape), masks)


def accuracy(mask):
    return float(train(jax.tree.map(jnp.float32, mask)).curves["test_acc"][-1])


found = {"dense": float(dense.curves["test_acc"][-1])}
found |= {"ticket": accuracy(masks), "random": accuracy(random_masks)}
for name, acc in found.items():
    print(f"{name:7} {acc:.3f}")

# %%
mask = masks["dense1"]["w"]  # (inputs, hidden units)

# %% [markdown]
# **Exercise 3.** If the mask has a spatial prior, it keeps weights of neighbouring
# inputs together. For what fraction of the pairs of neighbouring inputs of a hidden unit are both
# weights kept?

# %% exercise="adjacency"
adjacent = float((mask[1:] * mask[:-1]).mean())  # SOLUTION

# %% check="adjacency"
print(teaching.check_adjacency(adjacent, mask))

# %% [markdown]
# **Exercise 4.** With what probability would both weights be kept by chance? Each
# weight is kept with probability 0.2.

# %% exercise="by-chance"
by_chance = 0.2**2  # SOLUTION

# %% check="by-chance"
print(teaching.check_answer(by_chance, "by-chance"))

# %% [markdown]
# ## What to try
#
# * Prune in ten rounds instead of one. Does the ticket get better?
# * `mnist1d run lottery --preset quick` prunes in 13 rounds and shows the masks.
