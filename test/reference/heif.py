"""Writes test/fixtures/images/heic/: small HEIC pictures, and what pillow-heif decodes them to.

`expected.json` holds, for each file, Pillow's mode, its size as it is shown, and its RGB bytes in base64.
The files with a turn hold it twice, as iPhones do: in the container, and in the EXIF block.
"""

import base64
import json
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

pillow_heif.register_heif_opener()
ROOT = Path(__file__).parents[2]
OUT = ROOT / "test/fixtures/images/heic"
OUT.mkdir(parents=True, exist_ok=True)
W, H = 48, 32

base = Image.open(ROOT / "examples/flower.jpg").convert("RGB").resize((W, H), Image.Resampling.LANCZOS)
expected: dict[str, dict] = {}


def record(name: str) -> None:
    with Image.open(OUT / name) as opened:
        shown = opened.convert("RGB")
        expected[name] = {
            "mode": opened.mode,
            "width": shown.width,
            "height": shown.height,
            "rgb": base64.b64encode(shown.tobytes()).decode(),
        }


def save(name: str, image: Image.Image, **options) -> None:
    image.save(OUT / name, quality=90, **options)
    record(name)


for turn in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = turn
    exif.get_ifd(0x8769)[0xA405] = 26
    save(f"turn-{turn}.heic", base, exif=exif.tobytes())
save("plain.heic", base.resize((64, 64)))
save("grey.heic", base.convert("L"))
save("alpha.heic", Image.merge("RGBA", (*base.split(), base.convert("L"))))
save("full-chroma.heic", base, chroma=444)
save("odd.heic", base.crop((0, 0, 47, 31)))

deep = (np.asarray(base).astype(np.uint16) << 8) | 0x80
pillow_heif.from_bytes("RGB;16", (W, H), deep.tobytes()).save(OUT / "ten-bit.heic", quality=90)
record("ten-bit.heic")

# A profile that swaps red and blue: a reader that ignores it shows other colours.
srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
swapped = bytearray(srgb)
tags = {bytes(swapped[at : at + 4]): at for at in range(132, 132 + 12 * int.from_bytes(swapped[128:132], "big"), 12)}
red, blue = tags[b"rXYZ"], tags[b"bXYZ"]
swapped[red + 4 : red + 12], swapped[blue + 4 : blue + 12] = swapped[blue + 4 : blue + 12], swapped[red + 4 : red + 12]
save("profile.heic", base, icc_profile=bytes(swapped))
stored = np.frombuffer(base64.b64decode(expected["profile.heic"]["rgb"]), np.uint8).reshape(H, W, 3)
expected["profile.heic"]["rgb"] = base64.b64encode(stored[..., ::-1].tobytes()).decode()

(OUT / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
print(len(expected), "files")
