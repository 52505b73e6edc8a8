"""The store's tables. The views `rows` and `calls` and the tables `trials` and `sweeps` are public;
the rest is internal.

Every row can be verified: `trial` is the SHA-256 of its row, and the other tables have a checksum
(see `mnist1d.runs.checksums`).
"""

VERSION = 3  # 3: checksums; 2: arrays in the rows; 1: arrays in npz files beside the database
APPLICATION_ID = 0x4D31444C  # "M1DL": identifies our databases

TABLES = """
CREATE TABLE trials (            -- what was asked, once for each distinct config
  id INTEGER PRIMARY KEY,
  trial TEXT NOT NULL UNIQUE,    -- SHA-256 of schema, study and every field of the config
  study TEXT NOT NULL,
  config TEXT NOT NULL           -- JSON, nested, defaults included
);
CREATE TABLE provenances (       -- what calls share, so that 100,000 trials do not repeat it
  id INTEGER PRIMARY KEY,
  checksum BLOB NOT NULL UNIQUE,
  content TEXT NOT NULL          -- JSON: versions, git, processor, device, Python, platform, argv
);
CREATE TABLE attempts (          -- each time that a trial ran, for some seeds, and how it went
  call INTEGER PRIMARY KEY,
  trial_id INTEGER NOT NULL REFERENCES trials,
  seeds TEXT NOT NULL,           -- JSON list
  status TEXT NOT NULL CHECK (status IN ('done', 'failed', 'skipped', 'lost')),
  started TEXT NOT NULL,         -- UTC, ISO 8601
  seconds REAL NOT NULL,
  error TEXT,                    -- traceback, why it was skipped, or why its rows were removed
  provenance_id INTEGER NOT NULL REFERENCES provenances,
  checksum BLOB NOT NULL
);
CREATE INDEX attempts_of_trial ON attempts (trial_id);
CREATE TABLE seeds (             -- the seeds that are done; the key admits each of them once
  trial_id INTEGER NOT NULL REFERENCES trials,
  seed INTEGER NOT NULL,
  call INTEGER NOT NULL REFERENCES attempts,
  checksum BLOB NOT NULL,        -- of the seed's measurements
  PRIMARY KEY (trial_id, seed)
) WITHOUT ROWID;
CREATE TABLE measurements (
  trial_id INTEGER NOT NULL REFERENCES trials,
  seed INTEGER NOT NULL,
  place INTEGER NOT NULL,        -- 0, 1, ... in the order in which the study returned them
  metric TEXT NOT NULL,
  step INTEGER,                  -- NULL: one value, not a curve
  value REAL,                    -- NULL: not a number, or an array
  array BLOB,                    -- where the value is an array: a .npy file, compressed by zlib
  PRIMARY KEY (trial_id, seed, place)
) WITHOUT ROWID;
CREATE TABLE sweeps (            -- what each sweep wanted: a report shows what was asked last
  sweep INTEGER PRIMARY KEY,
  asked INTEGER NOT NULL,        -- counts commands: one command may ask for several labels
  study TEXT NOT NULL,
  label TEXT NOT NULL,           -- preset and overrides
  wanted TEXT NOT NULL,          -- JSON: {trial: seeds}, in the order of the study's grid
  started TEXT NOT NULL,
  command TEXT NOT NULL,
  checksum BLOB NOT NULL
);
CREATE INDEX sweeps_of_study ON sweeps (study, label);
CREATE TABLE meta (              -- "study NAME": where a study from outside the package lies, JSON
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  checksum BLOB NOT NULL
);
CREATE TABLE counts (            -- lines of the tables, kept by triggers
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
);
CREATE VIEW calls AS
  SELECT call, trial_id, seeds, status, started, seconds, error, content AS provenance
  FROM attempts JOIN provenances ON provenances.id = provenance_id;
CREATE VIEW rows AS
  SELECT study, trial, seed, metric, step, value, array
  FROM measurements JOIN trials ON trials.id = measurements.trial_id;
"""


COUNTED = ("trials", "attempts", "seeds", "sweeps", "meta")  # the count reveals a lost row


def statements() -> list[str]:
    """Return the statements that create the tables, without their comments, and the triggers that
    count their rows."""
    lines = [line.partition("--")[0].rstrip() for line in TABLES.splitlines()]
    made = [text.strip() for text in "\n".join(lines).split(";") if text.strip()]
    for table in COUNTED:
        made.append(f"INSERT INTO counts VALUES ('{table}', 0)")
        for event, change in (("INSERT", "+ 1"), ("DELETE", "- 1")):
            made.append(
                f"CREATE TRIGGER {table}_{event.lower()} AFTER {event} ON {table} BEGIN "
                f"UPDATE counts SET value = value {change} WHERE name = '{table}'; END"
            )
    return made
