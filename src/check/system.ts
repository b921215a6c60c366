/**
 * Systems that easel cannot run on although its file starts there.
 *
 * @module
 */

/** The kernel of macOS 14. */
const oldestDarwin = 23;

export interface SystemFacts {
  platform: NodeJS.Platform;
  /** The kernel's version, as `uname -r` gives it. */
  release: string;
}

/** Says why this system is too old, or nothing. */
export function systemFault({ platform, release }: SystemFacts): string | undefined {
  const kernel = Number.parseInt(release, 10);
  if (platform !== "darwin" || !(kernel < oldestDarwin)) return undefined;
  // macOS 11 began with kernel 20
  return `easel needs macOS 14 or newer; this is macOS ${kernel >= 20 ? kernel - 9 : 10}`;
}
