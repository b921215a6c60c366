import { accessSync, constants, lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Loaded } from "../settings/load.ts";
import type { Settings } from "../settings/settings.ts";

/**
 * The settings with a data directory that can be written. A service account may have no home; then a private folder among the
 * temporary files serves, with a warning. A chosen directory is used as it is, and fails with its own error.
 */
export function withDataPlace(
  { settings, sources }: Pick<Loaded, "settings" | "sources">,
  warn: (text: string) => void,
): Settings {
  if (sources.data_dir !== "default" || writable(settings.data_dir)) return settings;
  for (const folder of new Set([tmpdir(), "/tmp", "/var/tmp"])) {
    const own = join(folder, `easel-${process.getuid?.() ?? 0}`);
    const data_dir = join(own, "data");
    if (!writable(own) || !isPrivate(own) || !writable(data_dir)) continue;
    warn(
      `${settings.data_dir} cannot be written: jobs and files are kept in ${data_dir}, where the system may remove them. Set data_dir`,
    );
    const files_root = sources.files_root === "default" ? join(data_dir, "files") : settings.files_root;
    return { ...settings, data_dir, files_root };
  }
  return settings;
}

function writable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Others may make a folder among the temporary files before us. */
function isPrivate(folder: string): boolean {
  const stat = lstatSync(folder);
  return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0;
}
