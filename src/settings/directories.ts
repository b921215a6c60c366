/**
 * Where files live: XDG's folders on Linux, `~/Library` on a Mac.
 *
 * @module
 */
import { isAbsolute, join, resolve } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A folder is null when nothing says where the home is. */
export interface Places {
  config: string | null;
  data: string | null;
  cache: string | null;
}

const absolute = (path: string | undefined): string | null => (path && isAbsolute(path) ? path : null);

/** `accountHome` is the home that the system's account list names, for services that start without HOME. */
export function places(env: Environment, platform: NodeJS.Platform, accountHome: string | null): Places {
  const home = absolute(env.HOME) ?? absolute(accountHome ?? undefined);
  const under = (...parts: string[]) => (home ? join(home, ...parts) : null);
  if (platform === "darwin") {
    return {
      config: under("Library", "Application Support", "easel"),
      data: under("Library", "Application Support", "easel"),
      cache: under("Library", "Caches", "easel"),
    };
  }
  // XDG's specification tells to ignore values that are not absolute.
  const xdg = (name: string, ...fallback: string[]) => {
    const base = absolute(env[name]) ?? under(...fallback);
    return base && join(base, "easel");
  };
  return {
    config: xdg("XDG_CONFIG_HOME", ".config"),
    data: xdg("XDG_DATA_HOME", ".local", "share"),
    cache: xdg("XDG_CACHE_HOME", ".cache"),
  };
}

/** Makes a written path absolute: `~` is the home, anything relative starts at `base`. */
export function resolvePath(written: string, base: string, home: string | null): string {
  if (home && (written === "~" || written.startsWith("~/"))) return join(home, written.slice(1));
  return resolve(base, written);
}
