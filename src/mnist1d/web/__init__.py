"""The page: bend the data, watch the pipeline, take the quiz, look at the runs; served on this
machine or written as a static site."""
