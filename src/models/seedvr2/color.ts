import { concat, scope, split, stack, Tensor, where } from "../../../ffi/index.ts";

/** How the colours of the result are brought back to those of the input. */
export type ColorFix = "wavelet-lab" | "wavelet" | "lab" | "none";

/**
 * Gives a picture [rows, columns, 3] in −1 … 1 the colours of another of the same size.
 *
 * `wavelet` takes fine detail from the content and the coarse rest from the style. `lab` brings each colour plane of CIELAB to
 * the style's histogram, lightness only by a fifth.
 */
export function fixColors(content: Tensor, style: Tensor, how: ColorFix): Tensor {
  return scope(() => {
    let fixed = content;
    if (how === "wavelet" || how === "wavelet-lab") {
      const detail = content.sub(coarse(content));
      fixed = detail.add(coarse(style)).clip(-1, 1);
    }
    if (how === "lab" || how === "wavelet-lab") fixed = matchLab(fixed, style);
    return fixed;
  });
}

const blurLevels = 5;

/** Blurred by ever wider kernels ¼ ½ ¼ along both axes; the border repeats. */
function coarse(image: Tensor): Tensor {
  const [rows, columns] = image.shape as [number, number, number];
  const widest = Math.max(1, Math.floor(Math.min(rows, columns) / 8));
  let blurred = image;
  for (let level = 0; level < blurLevels; level++) {
    const reach = Math.min(2 ** level, widest);
    blurred = scope(() => blurAlong(blurAlong(blurred, 0, reach), 1, reach).contiguous());
  }
  return blurred;
}

function blurAlong(x: Tensor, axis: 0 | 1, reach: number): Tensor {
  const size = x.shape[axis]!;
  const border = [0, 0, 0];
  border[axis] = reach;
  const padded = x.pad(border, border, "edge");
  const at = (offset: number) => {
    const start = [0, 0, 0];
    const stop = [...padded.shape];
    start[axis] = offset;
    stop[axis] = offset + size;
    return padded.slice(start, stop);
  };
  return at(0)
    .add(at(2 * reach))
    .mul(0.25)
    .add(at(reach).mul(0.5));
}

const lightnessKept = 0.8;

function matchLab(content: Tensor, style: Tensor): Tensor {
  const toUnit = (x: Tensor) => x.add(1).mul(0.5).clip(0, 1);
  const from = rgbToLab(toUnit(content));
  const to = rgbToLab(toUnit(style));
  const planes = [0, 1, 2].map((i) => {
    const plane = from.at(i, 2);
    const matched = matchHistogram(plane, to.at(i, 2));
    return i === 0 ? plane.mul(lightnessKept).add(matched.mul(1 - lightnessKept)) : matched;
  });
  return labToRgb(stack(planes, 2)).clip(0, 1).mul(2).sub(1);
}

/** The k-th smallest value becomes the k-th smallest of the other. */
function matchHistogram(plane: Tensor, other: Tensor): Tensor {
  const flat = plane.reshape(-1);
  const order = flat.argsort(0);
  return flat.putAlong(order, other.reshape(-1).sort(0), 0).reshape(...plane.shape);
}

const rgbToXyz = [
  0.4124564, 0.3575761, 0.1804375, 0.2126729, 0.7151522, 0.072175, 0.0193339, 0.119192, 0.9503041,
];
const xyzToRgb = [
  3.2404542, -1.5371385, -0.4985314, -0.969266, 1.8760108, 0.041556, 0.0556434, -0.2040259, 1.0572252,
];
const white = { x: 0.95047, z: 1.08883 };
const kappa = (29 / 3) ** 3;
const epsilon = 6 / 29;

function rgbToLab(rgb: Tensor): Tensor {
  const linearRgb = where(rgb.greater(0.04045), rgb.add(0.055).div(1.055).pow(2.4), rgb.div(12.92));
  const xyz = mixed(linearRgb, rgbToXyz).div(row([white.x, 1, white.z]));
  const root = xyz.maximum(1e-12).log().div(3).exp();
  const f = where(xyz.greater(epsilon ** 3), root, xyz.mul(kappa).add(16).div(116));
  const [x, y, z] = split(f, 3, 2) as [Tensor, Tensor, Tensor];
  return concat([y.mul(116).sub(16), x.sub(y).mul(500), y.sub(z).mul(200)], 2);
}

function labToRgb(lab: Tensor): Tensor {
  const [l, a, b] = split(lab, 3, 2) as [Tensor, Tensor, Tensor];
  const y = l.add(16).div(116);
  const f = concat([a.div(500).add(y), y, y.sub(b.div(200))], 2);
  const cubes = where(f.greater(epsilon), f.mul(f).mul(f), f.mul(116).sub(16).div(kappa));
  const rgb = mixed(cubes.mul(row([white.x, 1, white.z])), xyzToRgb);
  const curved = rgb
    .maximum(0)
    .pow(1 / 2.4)
    .mul(1.055)
    .sub(0.055);
  return where(rgb.greater(0.0031308), curved, rgb.mul(12.92));
}

const row = (values: readonly number[]) => Tensor.from(Float32Array.from(values));

/** Each pixel times a 3×3 matrix. */
function mixed(pixels: Tensor, matrix: readonly number[]): Tensor {
  return stack(
    [0, 1, 2].map((i) => pixels.mul(row(matrix.slice(3 * i, 3 * i + 3))).sum(2)),
    2,
  );
}
