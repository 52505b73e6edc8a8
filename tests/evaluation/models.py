"""Small, fast models as users write them, for the tests."""

import numpy as np


class Stub:
    """An estimator that answers what it is told to: class 3 and `answer(x)` as probabilities."""

    def __init__(self, answer=None, fails=()):
        self.answer, self.fails = answer, fails

    def get_params(self, deep=True):
        return {"answer": self.answer, "fails": self.fails, "random_state": None}

    def set_params(self, random_state):
        self.seed = random_state
        return self

    def __sklearn_clone__(self):
        return type(self)(self.answer, self.fails)

    def fit(self, x, y):
        if self.seed in self.fails:
            raise RuntimeError(f"no luck with {self.seed}")

    def predict(self, x):
        return np.full(len(x), 3)

    def predict_proba(self, x):
        return np.full((len(x), 10), 0.1) if self.answer is None else self.answer(x)
