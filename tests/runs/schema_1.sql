-- The tables of schema 1, of which stores exist.
CREATE TABLE trials (
  id INTEGER PRIMARY KEY,
  trial TEXT NOT NULL UNIQUE,
  study TEXT NOT NULL,
  config TEXT NOT NULL
);
CREATE TABLE calls (
  call INTEGER PRIMARY KEY,
  trial_id INTEGER NOT NULL REFERENCES trials,
  seeds TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('done', 'failed', 'skipped')),
  started TEXT NOT NULL,
  seconds REAL NOT NULL,
  error TEXT,
  provenance TEXT NOT NULL
);
CREATE INDEX calls_of_trial ON calls (trial_id);
CREATE TABLE seeds (
  trial_id INTEGER NOT NULL REFERENCES trials,
  seed INTEGER NOT NULL,
  call INTEGER NOT NULL REFERENCES calls,
  PRIMARY KEY (trial_id, seed)
) WITHOUT ROWID;
CREATE TABLE measurements (
  trial_id INTEGER NOT NULL REFERENCES trials,
  seed INTEGER NOT NULL,
  metric TEXT NOT NULL,
  step INTEGER,
  value REAL,
  array TEXT
);
CREATE INDEX measurements_of_trial ON measurements (trial_id, seed);
CREATE TABLE sweeps (
  sweep INTEGER PRIMARY KEY,
  study TEXT NOT NULL,
  label TEXT NOT NULL,
  wanted TEXT NOT NULL,
  started TEXT NOT NULL,
  command TEXT NOT NULL
);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE VIEW rows AS
  SELECT study, trial, seed, metric, step, value, array FROM measurements JOIN trials ON trials.id = measurements.trial_id;
