/**
 * The first schema of the files. `seq` is the order of arrival; lists read it downwards. A removed file leaves a tombstone, so that
 * a list can go on after it. The identity binds the folder of blobs to this database.
 */
export const filesSchema = `
CREATE TABLE files (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  file_id TEXT NOT NULL UNIQUE,
  filename TEXT NOT NULL,
  content_type TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  created_at REAL NOT NULL,
  meta TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE TABLE removed_files (
  seq INTEGER PRIMARY KEY,
  file_id TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE files_identity (id TEXT NOT NULL) STRICT;
INSERT INTO files_identity VALUES (lower(hex(randomblob(16))));
`;
