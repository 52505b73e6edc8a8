"""Random settings and templates for property tests: small, legal, with the edges in reach."""

import os

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from mnist1d import DataConfig, Templates

SEARCH = int(os.environ.get("MNIST1D_SEARCH", "1"))  # times as many examples, then at random


def examples(count):
    """The number of examples of a property test: `count`, always the same ones, unless
    MNIST1D_SEARCH asks for more (see tests/test_search.py)."""
    return settings(max_examples=SEARCH * count)


scales = st.one_of(st.just(0.0), st.floats(1e-3, 1.0))


@st.composite
def configs(draw):
    """A DataConfig; working lengths from 2 points, shifts past the length, scales of 0."""
    low = draw(st.integers(0, 20))
    return DataConfig(
        num_samples=12 * draw(st.integers(1, 3)),  # any number of classes up to four divides it
        train_split=draw(st.floats(0, 1)),
        template_len=draw(st.integers(2, 20)),
        padding=(low, low + draw(st.integers(0, 20))),
        scale_coeff=draw(st.one_of(st.just(0.0), st.floats(1e-3, 2))),
        max_translation=draw(st.integers(1, 60)),
        corr_noise_scale=draw(scales),
        iid_noise_scale=draw(scales),
        shear_scale=draw(scales),
        shuffle_seq=draw(st.booleans()),
        final_seq_length=draw(st.integers(2, 50)),
        seed=draw(st.integers(0, 2**32 - 1)),
    )


@st.composite
def own_templates(draw):
    """Templates of one to four classes and any length from two points, with exact zeros among their
    values."""
    classes, length = draw(st.integers(1, 4)), draw(st.integers(2, 15))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    x = rng.normal(size=(classes, length))
    x[
        rng.random(x.shape) < 0.2
    ] = -1e-8  # together with the 1e-8 that is added: a point that looks like padding
    x[:, 0] = 1.0  # so that no set is constant, whatever the scales
    return Templates(x=x, t=np.linspace(-1, 1, length), y=rng.permutation(100)[:classes])
