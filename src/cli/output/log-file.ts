import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** A log that rotates: a full file becomes `.1`, the one before it `.2`, and so on up to `files`. Lines bring their own ends. */
export function rotatingLog(path: string, bytes = 10 * 1024 * 1024, files = 5): (line: string) => void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let file = openSync(path, "a", 0o600);
  let size = fstatSync(file).size;
  const rotate = () => {
    closeSync(file);
    rmSync(`${path}.${files - 1}`, { force: true });
    for (let i = files - 2; i >= 1; i--) rename(`${path}.${i}`, `${path}.${i + 1}`);
    rename(path, `${path}.1`);
    file = openSync(path, "a", 0o600);
    size = 0;
  };
  return (line) => {
    const data = Buffer.from(line);
    if (size > 0 && size + data.length > bytes) rotate();
    size += data.length;
    try {
      writeSync(file, data);
    } catch {
      // A full disk must not take the server with it.
    }
  };
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
