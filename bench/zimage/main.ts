/**
 * Steps of Z-Image's transformer beside mflux and diffusers. Writes `docs/bench/zimage.md`.
 *
 *     PYTHON=python3 bun bench/zimage/main.ts [--rounds 3] [--side 256] [--folder /tmp/easel-bench-zimage]
 *
 * Needs Python with `test/reference/requirements-diffusion.txt`.
 *
 * @module
 */
import { bench } from "../steps.ts";

await bench({
  family: "zimage",
  model: "zimage/turbo",
  title: "Z-Image",
  form: "Random weights in the form of Z-Image's transformer: its width, one layer and one of each refiner, and a caption of 120 tokens",
  shapes: (side) => ({ noise: [16, side / 8, side / 8], text: [120, 2560] }),
});
