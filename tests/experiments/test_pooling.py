"""Sizes of the data sets of the pooling study."""

from mnist1d.experiments import pooling


def test_sizes_of_training_and_test_set():
    config = pooling.Config(num_train=2000, num_test=1000).sized_data
    assert (config.num_samples, round(config.num_samples * config.train_split)) == (3000, 2000)
