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

await bench("zimage");
