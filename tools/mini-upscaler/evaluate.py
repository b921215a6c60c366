"""Measures a network on photographs against Lanczos.

    python evaluate.py --weights FILE [--sheet FILE]

The photographs ship inside scikit-image, scikit-learn and matplotlib; none is in this repository, and none was trained on.

The protocol. A photograph is cut to whole multiples of the factor and brought down in two ways: `bicubic`, by Pillow; and `camera`, by
Pillow's box filter after a blur of .35 pixels of the small picture, with noise of two grey levels and a JPEG of quality 90 with halved
colours. Both methods enlarge the same bytes. PSNR is of all three colours together, SSIM of the luma; what lies within eight pixels of
the edge does not count. Both are means of photographs. `colour` is the largest difference between the mean colour of an answer and that
of the photograph, in grey levels.
"""

import argparse
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageFilter
from skimage.metrics import structural_similarity

from degrade import as_jpeg
from enlarge import enlarged
from net import FACTORS
from weights import load_net

CHAINS = ("bicubic", "camera")
EDGE = 8
LARGEST = 768
# What the weights must keep: dB above Lanczos by factor and chain.
LEAST = {(2, "bicubic"): 0.8, (2, "camera"): 0.8, (4, "bicubic"): 0.5, (4, "camera"): 0.5}


@dataclass
class Score:
    psnr: float
    ssim: float
    colour: float


def photographs():
    """Name and uint8 picture."""
    import matplotlib.cbook
    import skimage.data
    from sklearn.datasets import load_sample_image

    found = {name: getattr(skimage.data, name)() for name in ("astronaut", "camera", "chelsea", "coffee", "rocket")}
    found |= {name: load_sample_image(f"{name}.jpg") for name in ("china", "flower")}
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        found["officer"] = np.asarray(Image.open(file).convert("RGB"))
    for name, picture in found.items():
        colours = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, 2)
        yield name, np.ascontiguousarray(colours[:LARGEST, :LARGEST, :3])


def brought_down(picture, factor, chain):
    size = (picture.shape[1] // factor, picture.shape[0] // factor)
    if chain == "bicubic":
        return np.asarray(Image.fromarray(picture).resize(size, Image.BICUBIC))
    soft = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(0.35 * factor)).resize(size, Image.BOX)
    noise = np.random.default_rng(factor).normal(0, 2, (size[1], size[0], 3))
    noisy = np.clip(np.asarray(soft, np.float64) + noise + 0.5, 0, 255).astype(np.uint8)
    return as_jpeg(noisy, 90, 2)


def score(answer, wanted):
    a, b = (x[EDGE:-EDGE, EDGE:-EDGE].astype(np.float64) for x in (answer, wanted))
    luma = [x @ (0.299, 0.587, 0.114) for x in (a, b)]
    psnr = 10 * np.log10(255**2 / np.mean((a - b) ** 2))
    ssim = structural_similarity(*luma, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    return Score(float(psnr), float(ssim), float(np.abs(a.mean((0, 1)) - b.mean((0, 1))).max()))


def measure(net, found):
    """(factor, chain) to photograph to the scores of the network and of Lanczos."""
    rows = {}
    for factor in FACTORS:
        for chain in CHAINS:
            for name, picture in found:
                wanted = picture[: picture.shape[0] // factor * factor, : picture.shape[1] // factor * factor]
                small = brought_down(wanted, factor, chain)
                lanczos = np.asarray(Image.fromarray(small).resize(wanted.shape[1::-1], Image.LANCZOS))
                rows.setdefault((factor, chain), {})[name] = (
                    score(enlarged(net, small, factor), wanted),
                    score(lanczos, wanted),
                )
    return rows


def report(rows):
    for (factor, chain), scores in rows.items():
        mine, other = (
            [np.mean([getattr(pair[i], key) for pair in scores.values()]) for key in ("psnr", "ssim", "colour")]
            for i in (0, 1)
        )
        each = " ".join(f"{name} {pair[0].psnr - pair[1].psnr:+.2f}" for name, pair in scores.items())
        yield (
            f"{factor}× {chain:8s} PSNR {mine[0]:.2f} (Lanczos {other[0]:.2f}, {mine[0] - other[0]:+.2f})  "
            f"SSIM {mine[1]:.4f} ({other[1]:.4f})  colour {mine[2]:.2f} ({other[2]:.2f})  {each}"
        )


def failures(rows):
    """What falls below what is asked for."""
    for key, scores in rows.items():
        gain = np.mean([mine.psnr - other.psnr for mine, other in scores.values()])
        better = np.mean([mine.ssim - other.ssim for mine, other in scores.values()])
        if gain < LEAST.get(key, 0) or better <= 0:
            yield f"{key[0]}× {key[1]}: {gain:+.2f} dB, SSIM {better:+.4f}"


def sheet(net, found, file, factor=4, side=192):
    """For the eye: the photograph, Lanczos and the network, side by side."""
    rows = []
    for _, picture in found:
        wanted = picture[: picture.shape[0] // factor * factor, : picture.shape[1] // factor * factor]
        small = brought_down(wanted, factor, "camera")
        top, left = wanted.shape[0] // 4, wanted.shape[1] // 3
        lanczos = np.asarray(Image.fromarray(small).resize(wanted.shape[1::-1], Image.LANCZOS))
        rows.append(
            np.hstack(
                [x[top : top + side, left : left + side] for x in (wanted, lanczos, enlarged(net, small, factor))]
            )
        )
    half = (len(rows) + 1) // 2
    Image.fromarray(np.hstack([np.vstack(rows[:half]), np.vstack(rows[-half:])])).save(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True, help="a run's checkpoint, or what export.py wrote")
    parser.add_argument("--sheet", help="file for a picture to look at")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    net, found = load_net(arguments.weights), list(photographs())
    rows = measure(net, found)
    print(*report(rows), sep="\n")
    missing = list(failures(rows))
    print("\n".join(missing) if missing else "above what is asked for everywhere")
    if arguments.sheet:
        sheet(net, found, arguments.sheet)


if __name__ == "__main__":
    main()
