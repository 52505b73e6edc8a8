"""Overrides: typed by the field, a comma makes a grid, and an error names the rule, the value and
the fix."""

import pytest

from mnist1d.errors import UsageError
from mnist1d.runs import apply_overrides, parse_overrides, plan
from tests.runs.toy import Config


def configs(*texts):
    return apply_overrides([Config()], parse_overrides(Config, texts))


def test_values_have_the_field_s_type():
    (config,) = configs(
        "size=3",
        "rate=1",
        "pair=4:5",
        "limit=7",
        "data.padding=30:50",
        "data.shuffle_seq=true",
        "action=skip",
    )
    assert (config.size, config.rate, config.pair, config.limit, config.action) == (
        3,
        1.0,
        (4, 5),
        7,
        "skip",
    )
    assert isinstance(config.rate, float)
    assert config.data.padding == (30, 50) and config.data.shuffle_seq is True
    assert configs("limit=none")[0].limit is None


def test_commas_make_a_grid_over_every_config_of_the_preset(toy):
    assert [(c.size, c.rate) for c in configs("size=1,2", "rate=0.1,0.2")] == [
        (1, 0.1),
        (1, 0.2),
        (2, 0.1),
        (2, 0.2),
    ]
    assert len(plan("toy", "smoke", overrides=["rate=0.1,0.2"])) == 6
    assert len(plan("toy", "smoke", overrides=["size=5"])) == 1  # three configs become one


def test_values_that_the_grid_does_not_vary_make_a_copy_of_it_each(toy):
    labels = [task.label for task in plan("toy", "smoke", overrides=["size=1,2", "rate=0.1,0.2"])]
    assert labels == ["smoke size=1,2 rate=0.1"] * 2 + ["smoke size=1,2 rate=0.2"] * 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sise=3", "unknown field 'sise': did you mean 'size'"),
        ("padding=3:4", "did you mean 'data.padding'"),
        ("size=large", "size must be a whole number, like 500; got 'large'"),
        ("size=1.5", "size must be a whole number"),
        ("rate=x", "rate must be a finite number, like 0.5; got 'x'"),
        ("rate=nan", "rate must be a finite number"),
        ("size=0", "size must be at least 1, got 0"),
        ("pair=1", "pair takes 2 values joined by colons, like pair=1:1"),
        ("data.padding=60:36", "write padding=(36, 60)"),
        ("data.shuffle_seq=maybe", "data.shuffle_seq must be true or false, got 'maybe'"),
        ("size", "an override must be name=value"),
        ("=3", "an override must be name=value"),
        ("size=", "an override must be name=value"),
        ("size=1,,2", "size must be a whole number"),
        ("action=jump", "unknown action 'jump'"),
    ],
)
def test_mistakes(text, message):
    with pytest.raises(UsageError) as error:
        configs(text)
    assert message in str(error.value)


def test_a_field_set_twice():
    with pytest.raises(UsageError, match="size is set twice: combine its values, size=1,2"):
        configs("size=1", "size=2")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tOy",), "did you mean 'toy'"),
        (("toy", "papers"), "did you mean 'paper'"),
        (("toy", "smoke", 0), "seeds must be a whole number, at least 1, got 0"),
    ],
)
def test_mistakes_in_a_plan(toy, arguments, message):
    with pytest.raises(UsageError, match=message):
        plan(*arguments)
