"""The store's tables. `trials`, `calls` and `rows` are for everybody to read; the numbers that join
them are internal."""

VERSION = 2  # 2: arrays lie in their rows; 1: in npz files beside the database
APPLICATION_ID = 0x4D31444C  # "M1DL": tells our databases from anybody else's

TABLES = """
CREATE TABLE trials (            -- what was asked, once for each distinct config
  id INTEGER PRIMARY KEY,
  trial TEXT NOT NULL UNIQUE,    -- SHA-256 of schema, study and every field of the config
  study TEXT NOT NULL,
  config TEXT NOT NULL           -- JSON, nested, defaults included
);
CREATE TABLE calls (             -- each time that a trial ran, for some seeds, and how it went
  call INTEGER PRIMARY KEY,
  trial_id INTEGER NOT NULL REFERENCES trials,
  seeds TEXT NOT NULL,           -- JSON list
  status TEXT NOT NULL CHECK (status IN ('done', 'failed', 'skipped')),
  started TEXT NOT NULL,         -- UTC, ISO 8601
  seconds REAL NOT NULL,
  error TEXT,                    -- traceback, or why it was skipped
  provenance TEXT NOT NULL       -- JSON: versions, git, processor, device, python, platform, command
);
CREATE INDEX calls_of_trial ON calls (trial_id);
CREATE TABLE seeds (             -- the seeds that are done; the key admits each of them once
  trial_id INTEGER NOT NULL REFERENCES trials,
  seed INTEGER NOT NULL,
  call INTEGER NOT NULL REFERENCES calls,
  PRIMARY KEY (trial_id, seed)
) WITHOUT ROWID;
CREATE TABLE measurements (
  trial_id INTEGER NOT NULL REFERENCES trials,
  seed INTEGER NOT NULL,
  metric TEXT NOT NULL,
  step INTEGER,                  -- NULL: one value, not a curve
  value REAL,                    -- NULL: not a number, or an array
  array BLOB                     -- where the value is an array: a .npy file, compressed by zlib
);
CREATE INDEX measurements_of_trial ON measurements (trial_id, seed);
CREATE TABLE sweeps (            -- what each sweep wanted, so that a report shows what was asked last
  sweep INTEGER PRIMARY KEY,
  study TEXT NOT NULL,
  label TEXT NOT NULL,           -- preset and overrides
  wanted TEXT NOT NULL,          -- JSON: {trial: seeds}, in the order of the study's grid
  started TEXT NOT NULL,
  command TEXT NOT NULL
);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE VIEW rows AS
  SELECT study, trial, seed, metric, step, value, array FROM measurements JOIN trials ON trials.id = measurements.trial_id;
"""
