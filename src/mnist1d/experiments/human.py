"""The human expert: which test signals of the benchmark were answered, and which answers were
wrong.

The authors' repository holds five files of 100 answers. The second file repeats the first, so 400
distinct answers are public: to test signals 0 to 99 and 200 to 499. 17 of them are wrong. The
published accuracy, 95.8%, averages all five files. For shuffled signals the paper gives "around
30", without answers.
"""

from __future__ import annotations

import math

import numpy as np

from mnist1d.experiments.present import spread
from mnist1d.experiments.values import Values
from mnist1d.intervals import wilson

ANSWERED = (*range(100), *range(200, 500))  # places in the test set
MISREAD = {  # place in the test set: the answer
    **{29: 1, 48: 1, 60: 4, 98: 2, 223: 4, 225: 4, 235: 9, 282: 2, 305: 9},
    **{337: 8, 342: 9, 446: 9, 448: 1, 453: 1, 468: 1, 473: 4, 496: 2},
}
NUM_ANSWERS = len(ANSWERED)
ACC = 1 - len(MISREAD) / NUM_ANSWERS
STANDARD_ERROR = math.sqrt(ACC * (1 - ACC) / NUM_ANSWERS)
CELL = spread(ACC, *wilson(ACC * NUM_ANSWERS, NUM_ANSWERS))  # as `present.cell` writes it
SHUFFLED_ACC = 0.30


def correct() -> Values:
    """Return 1 for each correct answer, 0 for each wrong one, by place in the test set."""
    return Values(ANSWERED, np.array([place not in MISREAD for place in ANSWERED], float))
