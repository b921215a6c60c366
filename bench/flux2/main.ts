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

await bench("flux2");
