import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";

/** A JPEG of that size, as large and detailed as those of cameras: an example, enlarged, with noise. Gives its path. */
export async function photograph(width: number, height: number): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), "easel-bench-photo-")), `${width}x${height}.jpg`);
  const noise = await sharp({
    create: {
      width,
      height,
      channels: 3,
      background: "grey",
      noise: { type: "gaussian", mean: 128, sigma: 6 },
    },
  })
    .png({ compressionLevel: 1 })
    .toBuffer();
  await sharp(join(import.meta.dir, "../../examples/street.jpg"))
    .resize(width, height, { fit: "fill" })
    .composite([{ input: noise, blend: "soft-light" }])
    .jpeg({ quality: 90 })
    .toFile(path);
  return path;
}
