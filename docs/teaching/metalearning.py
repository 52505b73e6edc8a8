# %% [markdown]
# # Metalearning: differentiate through training
#
# Training is a function: it takes a learning rate and returns a loss. JAX can differentiate it.
# With this gradient, gradient descent finds a good learning rate without a grid search.
#
# Time: 45 minutes. Needs the extra `[lab]`.

# %%
from mnist1d import teaching

teaching.require("jax")

import jax
import jax.numpy as jnp

import mnist1d
from mnist1d.learning.unrolled import mlp_init, sgd_objective
from mnist1d.plots import style

data = mnist1d.load_dataset()
num_steps = teaching.choose_size(full=200, smoke=20)
start = mlp_init(jax.random.key(0), 40, 50)

# %% [markdown]
# **Exercise 1.** Start small. Minimise `(w - 3) ** 2` from `w = 0` with two steps of
# gradient descent. Write the loss after both steps as a function of the rate.


# %% exercise="two-steps"
def after_two_steps(rate):
    # BEGIN SOLUTION
    w = 0.0
    for _ in range(2):
        w = w - rate * 2 * (w - 3)
    return (w - 3) ** 2
    # END SOLUTION


# %% check="two-steps"
print(teaching.check_number(after_two_steps(0.25), 0.5625, tolerance=1e-6))

# %% [markdown]
# **Exercise 2.** Differentiate this loss with respect to the rate at 0.25, with
# `jax.grad`.

# %% exercise="gradient"
slope = float(jax.grad(after_two_steps)(0.25))  # SOLUTION

# %% check="gradient"
print(teaching.check_gradient(slope, after_two_steps, at=0.25))

# %% [markdown]
# The same works for 200 steps of training a network. `objective(rate)` below is the mean loss
# over all steps.

# %%
inner = sgd_objective(num_steps, batch_size=50)


@jax.jit
def objective(rate):
    return inner(rate, start, data.x, data.y)


# %% [markdown]
# There are two ways to differentiate: forward mode (`jax.jvp`) carries the derivative along the
# steps, reverse mode (`jax.grad`) goes back through them. The check below compares your
# reverse-mode gradient with the forward-mode one.

# %%
forward = float(jax.jvp(objective, (1.0,), (1.0,))[1])

# %% [markdown]
# **Exercise 3.** Write the function `gradient(rate)`, the derivative of `objective`,
# and compile it with `jax.jit`. Look at its sign at 1.0: should the rate grow or shrink?

# %% exercise="meta-gradient"
gradient = jax.jit(jax.grad(objective))  # SOLUTION

# %% check="meta-gradient"
print(teaching.check_value(gradient, 1.0, forward))

# %%
outer_steps = teaching.choose_size(full=50, smoke=2)
rates = [0.15]

# %% [markdown]
# **Exercise 4.** Descend: start at 0.15, take 50 steps `rate = rate - 0.3 * gradient`, and append
# every rate to `rates`.

# %% exercise="descend"
# BEGIN SOLUTION
for _ in range(outer_steps):
    rates.append(rates[-1] - 0.3 * float(gradient(rates[-1])))
# END SOLUTION
rate = rates[-1]

# %% check="descend" size="full"
print(teaching.check_rate(rate))

# %%
fig, ax = style.figure()
ax.plot(jnp.array(rates))
ax.set(xlabel="outer steps", ylabel="learning rate")
fig

# %% [markdown]
# ## What to try
#
# * Start at 1.4, then at 1.5. Only one of the two rates comes back. Compare `gradient(1.5)` with
#   the objective at 1.5 and at 1.0: which way does the gradient point? At such large rates, a tiny
#   change of the rate changes the whole course of training, so the gradient says little.
# * `mnist1d run learning-rate` compares this method with a grid search; `mnist1d run activation`
#   learns a whole function.
