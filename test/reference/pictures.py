"""Writes test/fixtures/images/: small pictures of every kind that Pillow makes, and what Pillow decodes them to.

`expected.json` holds, for each file, Pillow's mode, its size after the EXIF turn, and its RGB bytes in base64.
"""

import base64
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

OUT = Path(__file__).parents[1] / "fixtures/images"
OUT.mkdir(parents=True, exist_ok=True)
W, H = 24, 16

yy, xx = np.mgrid[0:H, 0:W]
rgb = np.stack([xx * 10, yy * 15, (xx * 7 + yy * 9) % 256], axis=-1).astype(np.uint8)
grey = rgb[..., 0]
alpha = ((xx + yy) * 6).astype(np.uint8)
base = Image.fromarray(rgb)
expected: dict[str, dict] = {}


def upright(image: Image.Image) -> Image.Image:
    return ImageOps.exif_transpose(image).convert("RGB")


def save(name: str, image: Image.Image, result: Image.Image | None = None, **options) -> None:
    image.save(OUT / name, **options)
    with Image.open(OUT / name) as opened:
        mode = opened.mode
        shown = result or upright(opened)
        record(name, mode, shown)


def record(name: str, mode: str, shown: Image.Image) -> None:
    expected[name] = {
        "mode": mode,
        "width": shown.width,
        "height": shown.height,
        "rgb": base64.b64encode(shown.tobytes()).decode(),
    }


save("rgb.png", base)
save("rgb.webp", base, lossless=True)
save("rgb.jpg", base, quality=95, subsampling=0)
save("progressive.jpg", base, quality=95, subsampling=0, progressive=True)
save("rgb.tif", base, compression="tiff_lzw")
save("rgba.png", Image.fromarray(np.dstack([rgb, alpha])), result=base)
save("grey.png", Image.fromarray(grey))
save(
    "grey-alpha.png",
    Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha)]),
    result=Image.fromarray(grey).convert("RGB"),
)
save("one-bit.png", Image.fromarray(grey).convert("1"))
palette = base.quantize(16)
save("palette.png", palette)
save("palette-transparent.png", palette, result=palette.convert("RGB"), transparency=3)
save("palette.gif", palette)
save("cmyk.jpg", base.convert("CMYK"), quality=95)
save("strip.png", base.crop((0, 0, W, 1)))
save("column.png", base.crop((0, 0, 1, H)))
save("one-pixel.png", base.crop((3, 3, 4, 4)))

# 16 bits: Pillow has no 16-bit colour and clips 16-bit grey, so the truth is the high byte.
wide = (grey.astype(np.uint16) << 8) | 0x3C
Image.fromarray(wide).save(OUT / "grey16.png")
record("grey16.png", "I;16", Image.fromarray(grey).convert("RGB"))

import cv2  # noqa: E402

deep = (rgb.astype(np.uint16) << 8) | 0x3C
cv2.imwrite(str(OUT / "rgb16.png"), deep[..., ::-1])
record("rgb16.png", "RGB", base)

# Animations: the first frame counts.
second = ImageOps.invert(base)
save("animated.gif", palette, save_all=True, append_images=[second.quantize(16)], duration=100)
save("animated.webp", base, save_all=True, append_images=[second], lossless=True, duration=100)
save("animated.png", base, save_all=True, append_images=[second], duration=100)

# The eight turns of EXIF: each file, turned as it asks, is the same picture.
undo = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
for turn, method in undo.items():
    stored = base if method is None else base.transpose(method)
    exif = Image.Exif()
    exif[0x0112] = turn
    save(f"turn-{turn}.png", stored, exif=exif)
    save(f"turn-{turn}.webp", stored, lossless=True, exif=exif)
    assert upright(Image.open(OUT / f"turn-{turn}.png")).tobytes() == base.tobytes()


# Focal length in 35 mm film: where phones keep it, in the first directory, as a fraction, zero, and on a turned picture.
def focal(name: str, inside: dict, first: dict | None = None, stored: Image.Image = base) -> None:
    exif = Image.Exif()
    for tag, value in (first or {}).items():
        exif[tag] = value
    exif.get_ifd(0x8769).update(inside)
    save(name, stored, exif=exif, quality=90)


focal("focal-26.jpg", {0xA405: 26})
focal("focal-zero.jpg", {0xA405: 0})
focal("focal-plain-only.jpg", {0x920A: 4.2})
focal("focal-turned.jpg", {0xA405: 50}, {0x0112: 6}, base.transpose(Image.Transpose.ROTATE_90))

# What is no picture.
(OUT / "text.png").write_bytes(b"this is no picture\n")
(OUT / "empty.png").write_bytes(b"")
whole = io.BytesIO()
Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(whole, "JPEG", quality=95)
(OUT / "cut.jpg").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
whole = io.BytesIO()
Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(whole, "PNG")
(OUT / "cut.png").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
(OUT / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>\n')

(OUT / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
