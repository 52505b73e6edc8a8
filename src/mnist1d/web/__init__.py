"""The page: change the data, watch the pipeline, take the quiz, look at the runs. It is served on
this machine or written as a static site."""
