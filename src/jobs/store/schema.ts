/**
 * The first schema of the jobs. `seq` is the order of arrival: the queue runs it upwards, lists read it downwards. A removed job
 * leaves a tombstone, so that a list can go on after it and an id that retention took can answer 410.
 */
export const jobsSchema = `
CREATE TABLE jobs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  params TEXT NOT NULL,
  status TEXT NOT NULL,
  result TEXT,
  artifacts TEXT NOT NULL DEFAULT '[]',
  error TEXT,
  error_code TEXT,
  created_at REAL NOT NULL,
  started_at REAL,
  finished_at REAL,
  progress REAL,
  progress_label TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  webhook TEXT,
  idempotency_key TEXT UNIQUE,
  request_hash TEXT
) STRICT;
CREATE INDEX jobs_by_status ON jobs (status, seq);
CREATE INDEX jobs_by_type ON jobs (type, seq);
CREATE INDEX jobs_by_type_and_status ON jobs (type, status, seq);
CREATE INDEX jobs_by_end ON jobs (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE removed_jobs (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  pruned INTEGER NOT NULL
) STRICT;

CREATE TABLE deliveries (
  id TEXT PRIMARY KEY,
  job_id TEXT NOT NULL,
  url TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at REAL NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at REAL NOT NULL
) STRICT;
CREATE INDEX deliveries_by_time ON deliveries (next_at);
`;

/** State of the message to a job's webhook, as JSON. */
export const webhookDeliverySchema = "ALTER TABLE jobs ADD COLUMN webhook_delivery TEXT";

/** The dialect that took a job. Before it was kept, the type said so. */
export const dialectSchema = `
ALTER TABLE jobs ADD COLUMN dialect TEXT NOT NULL DEFAULT 'kiapi';
UPDATE jobs SET dialect = 'tengr' WHERE type = 'depth-map';
`;
