"""Writes src/capabilities/depth/colormaps.ts: 256 RGB bytes for each named colour map, from matplotlib's tables.

viridis and inferno are by Nathaniel J. Smith, Stefan van der Walt and Eric Firing, released under CC0.
turbo is by Anton Mikhailov (Google), Apache-2.0. Spectral is by Cynthia Brewer and others (ColorBrewer), Apache-2.0;
it is turned round (Spectral_r), so that near is red, as Depth Anything shows it.
"""

from pathlib import Path

import matplotlib
import numpy as np

NAMES = {"turbo": "turbo", "inferno": "inferno", "viridis": "viridis", "spectral": "Spectral_r"}
OUT = Path(__file__).parents[2] / "src/capabilities/depth/colormaps.ts"

HEAD = """/**
 * 256 RGB bytes for each colour map, from 0 (far) to 255 (near). Written by `test/reference/colormaps.py`.
 *
 * viridis, inferno: N. J. Smith, S. van der Walt, E. Firing, CC0. turbo: A. Mikhailov, Apache-2.0.
 * spectral: C. Brewer and others (ColorBrewer), Apache-2.0.
 *
 * @module
 */

const steps = 255;
const still = "m".charCodeAt(0);

/** A colour, and how much each of its channels grows from entry to entry: a letter for each step, "m" where it stays. */
function table(first: readonly number[], letters: string): Uint8Array {
  const bytes = new Uint8Array((steps + 1) * 3);
  bytes.set(first);
  for (let channel = 0; channel < 3; channel++)
    for (let at = 0; at < steps; at++) {
      const before = at * 3 + channel;
      bytes[before + 3] = bytes[before]! + letters.charCodeAt(channel * steps + at) - still;
    }
  return bytes;
}

export const colormaps = {
"""

lines = []
for ours, theirs in NAMES.items():
    table = (matplotlib.colormaps[theirs](np.arange(256))[:, :3] * 255).round().astype(int)
    text = "".join(chr(ord("m") + step) for step in np.diff(table, axis=0).T.ravel())
    lines += [f"  {ours}: table(", f"    [{', '.join(map(str, table[0]))}],"]
    pieces = [text[i : i + 96] for i in range(0, len(text), 96)]
    lines += [
        f'    {"  " if i else ""}"{piece}"{" +" if i + 1 < len(pieces) else ","}' for i, piece in enumerate(pieces)
    ]
    lines.append("  ),")
lines += ["} as const;", ""]
OUT.write_text(HEAD + "\n".join(lines))
