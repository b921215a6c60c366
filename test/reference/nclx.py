"""Writes test/fixtures/images/nclx/: small HEIC and AVIF pictures without a profile, whose colours are named by numbers.

`expected.json` holds, for each file, its size as it is shown and its sRGB bytes in base64: what Pillow decodes, brought to sRGB here from
the chromaticities of the primaries. Needs imagecodecs beside requirements.txt.
"""

import base64
import json
from pathlib import Path

import imagecodecs
import numpy as np
import pillow_heif
from PIL import Image, ImageOps

pillow_heif.register_heif_opener()
ROOT = Path(__file__).parents[2]
OUT = ROOT / "test/fixtures/images/nclx"
OUT.mkdir(parents=True, exist_ok=True)
W, H = 24, 16

base = Image.open(ROOT / "examples/flower.jpg").convert("RGB").resize((W, H), Image.Resampling.LANCZOS)
pixels = np.asarray(base)
expected: dict[str, dict] = {}

SRGB, BT2020, P3 = 1, 9, 12
WHITE = (0.3127, 0.3290)
CHROMATICITIES = {
    SRGB: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
    BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    P3: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}


def xyz(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1, (1 - x - y) / y])


def to_xyz(primaries: int) -> np.ndarray:
    columns = np.stack([xyz(*corner) for corner in CHROMATICITIES[primaries]], axis=1)
    return columns * np.linalg.solve(columns, xyz(*WHITE))


def to_srgb(rgb: np.ndarray, primaries: int) -> np.ndarray:
    if primaries == SRGB:
        return rgb
    shares = rgb / 255
    light = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    light = np.clip(light @ np.linalg.solve(to_xyz(SRGB), to_xyz(primaries)).T, 0, 1)
    shares = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(shares * 255).astype(np.uint8)


def record(name: str, primaries: int) -> None:
    with Image.open(OUT / name) as opened:
        shown = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    rgb = to_srgb(shown, primaries)
    expected[name] = {
        "width": rgb.shape[1],
        "height": rgb.shape[0],
        "rgb": base64.b64encode(rgb.tobytes()).decode(),
    }


def heic(
    name: str, primaries: int, transfer: int, matrix: int, full: int, bits: int = 8, shown: int | None = None
) -> None:
    options = {
        "quality": 95,
        "chroma": 444,
        "color_primaries": primaries,
        "transfer_characteristics": transfer,
        "matrix_coefficients": matrix,
        "full_range_flag": full,
    }
    if bits == 8:
        base.save(OUT / name, **options)
    else:
        deep = (pixels.astype(np.uint16) << 8) | 0x80
        pillow_heif.from_bytes("RGB;16", (W, H), deep.tobytes()).save(OUT / name, **options)
    record(name, primaries if shown is None else shown)


def avif(name: str, primaries: int, transfer: int, matrix: int, bits: int = 8, shown: int | None = None) -> None:
    most = 2**bits - 1
    data = np.round(pixels.astype(float) * most / 255).astype(np.uint8 if bits == 8 else np.uint16)
    options = {"primaries": primaries, "transfer": transfer, "matrix": matrix}
    (OUT / name).write_bytes(imagecodecs.avif_encode(data, 95, bitspersample=bits, pixelformat="444", **options))
    record(name, primaries if shown is None else shown)


heic("bt601-full.heic", SRGB, 13, 6, 1)
heic("bt709-limited.heic", SRGB, 13, 1, 0)
heic("p3.heic", P3, 13, 6, 1)
heic("bt2020-ten-bit.heic", BT2020, 14, 9, 0, bits=10)
# No white of HDR is known: the numbers stay.
heic("pq-ten-bit.heic", BT2020, 16, 9, 0, bits=10, shown=SRGB)
avif("bt601.avif", SRGB, 13, 6)
avif("bt709-ten-bit.avif", SRGB, 13, 1, bits=10)
avif("bt709-twelve-bit.avif", SRGB, 13, 1, bits=12)
avif("p3.avif", P3, 13, 6)
avif("p3-ten-bit.avif", P3, 13, 6, bits=10)
avif("bt2020-ten-bit.avif", BT2020, 14, 9, bits=10)
avif("hlg-ten-bit.avif", BT2020, 18, 9, bits=10, shown=SRGB)

base.save(OUT / "limited.avif", quality=95, subsampling="4:4:4", range="limited")
record("limited.avif", SRGB)

# Turned and with transparency, as an editor may write it; the number of the primaries is put in afterwards.
exif = Image.Exif()
exif[0x0112] = 6
turned = OUT / "p3-turned.avif"
Image.merge("RGBA", (*base.split(), base.convert("L"))).save(turned, quality=95, subsampling="4:4:4", exif=exif)
file = bytearray(turned.read_bytes())
at = file.index(b"colrnclx") + 8
file[at : at + 2] = P3.to_bytes(2, "big")
turned.write_bytes(file)
record("p3-turned.avif", P3)

(OUT / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
print(len(expected), "files")
