/**
 * Steps of FLUX.2 klein 4B's transformer beside mflux and diffusers. Writes `docs/bench/flux2.md`.
 *
 *     PYTHON=python3 bun bench/flux2/main.ts [--rounds 3] [--side 256] [--folder /tmp/easel-bench-flux2]
 *
 * Needs Python with `test/reference/requirements-diffusion.txt`.
 *
 * @module
 */
import { bench } from "../steps.ts";

await bench({
  family: "flux2",
  model: "flux2/klein-4b",
  title: "FLUX.2 klein",
  form: "Random weights in the form of klein-4b's transformer: its width, one block of each kind and a text of 512 tokens",
  shapes: (side) => ({ noise: [128, side / 16, side / 16], text: [512, 7680] }),
});
