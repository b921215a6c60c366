"""Writes src/capabilities/depth/colormaps.ts: 256 RGB bytes for each named colour map, from matplotlib's tables.

viridis and inferno are by Nathaniel J. Smith, Stefan van der Walt and Eric Firing, released under CC0.
turbo is by Anton Mikhailov (Google), Apache-2.0. Spectral is by Cynthia Brewer and others (ColorBrewer), Apache-2.0;
it is turned round (Spectral_r), so that near is red, as Depth Anything shows it.
"""

import base64
from pathlib import Path

import matplotlib
import numpy as np

NAMES = {"turbo": "turbo", "inferno": "inferno", "viridis": "viridis", "spectral": "Spectral_r"}
OUT = Path(__file__).parents[2] / "src/capabilities/depth/colormaps.ts"

lines = [
    "/**",
    " * 256 RGB bytes for each colour map, from 0 (far) to 255 (near). Written by `test/reference/colormaps.py`.",
    " *",
    " * viridis, inferno: N. J. Smith, S. van der Walt, E. Firing, CC0. turbo: A. Mikhailov, Apache-2.0.",
    " * spectral: C. Brewer and others (ColorBrewer), Apache-2.0.",
    " *",
    " * @module",
    " */",
    "const bytes = (base64: string): Uint8Array => Uint8Array.fromBase64(base64);",
    "",
    "export const colormaps = {",
]
for ours, theirs in NAMES.items():
    table = (matplotlib.colormaps[theirs](np.arange(256))[:, :3] * 255).round().astype(np.uint8)
    text = base64.b64encode(table.tobytes()).decode()
    lines.append(f"  {ours}: bytes(")
    pieces = [text[i : i + 96] for i in range(0, len(text), 96)]
    lines += [
        f'    {"  " if i else ""}"{piece}"{" +" if i + 1 < len(pieces) else ","}' for i, piece in enumerate(pieces)
    ]
    lines.append("  ),")
lines += ["} as const;", ""]
OUT.write_text("\n".join(lines))
