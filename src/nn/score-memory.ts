/** Bytes of attention's scores that are held at a time on a GPU, for heads that no kernel of it fuses. */
export const gpuScoreBytes = 256e6;

/** Bytes of scores and their softmax in attention on a GPU. A processor's kernels hold none. */
export function heldScores(tokens: number, float: number): number {
  return float === 2 ? 2 * Math.min(gpuScoreBytes, tokens ** 2 * float) : 0;
}
