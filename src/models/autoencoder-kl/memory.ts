import type { TensorTable } from "../../weights/tensor-table.ts";
import { linear, type Packing, partBytes, type Shapes, sizeOf, tableOf, times } from "../diffusion/memory.ts";

const widths = [128, 256, 512, 512] as const;

/** The published tensors, for so many channels of latents. */
export function coderTable(latents: number, { normalized = false } = {}): TensorTable {
  const [first, last] = [widths[0], widths[3]];
  const conv = (name: string, outputs: number, inputs: number, kernel = 3): Shapes => [
    [`${name}.weight`, [outputs, inputs, kernel, kernel]],
    [`${name}.bias`, [outputs]],
  ];
  const norm = (name: string, width: number): Shapes => [
    [`${name}.weight`, [width]],
    [`${name}.bias`, [width]],
  ];
  const resnet = (at: string, inputs: number, outputs: number): Shapes => [
    ...norm(`${at}.norm1`, inputs),
    ...conv(`${at}.conv1`, outputs, inputs),
    ...norm(`${at}.norm2`, outputs),
    ...conv(`${at}.conv2`, outputs, outputs),
    ...(inputs === outputs ? [] : conv(`${at}.conv_shortcut`, outputs, inputs, 1)),
  ];
  const middle = (at: string): Shapes => [
    ...resnet(`${at}.resnets.0`, last, last),
    ...norm(`${at}.attentions.0.group_norm`, last),
    ...["to_q", "to_k", "to_v", "to_out.0"].flatMap((name) =>
      linear(`${at}.attentions.0.${name}`, last, last, true),
    ),
    ...resnet(`${at}.resnets.1`, last, last),
  ];
  const down = [...widths];
  const up = widths.toReversed();
  const levels = widths.length;
  const level = (side: "down" | "up", order: readonly number[], blocks: number) =>
    times(levels, (i) => {
      const at = `${side === "down" ? "encoder" : "decoder"}.${side}_blocks.${i}`;
      const width = order[i]!;
      return [
        ...times(blocks, (r) =>
          resnet(`${at}.resnets.${r}`, r === 0 ? (order[i - 1] ?? width) : width, width),
        ),
        ...(i < levels - 1 ? conv(`${at}.${side}samplers.0.conv`, width, width) : []),
      ];
    });
  return tableOf([
    ...conv("encoder.conv_in", first, 3),
    ...level("down", down, 2),
    ...middle("encoder.mid_block"),
    ...norm("encoder.conv_norm_out", last),
    ...conv("encoder.conv_out", 2 * latents, last),
    ...conv("decoder.conv_in", last, latents),
    ...middle("decoder.mid_block"),
    ...level("up", up, 3),
    ...norm("decoder.conv_norm_out", first),
    ...conv("decoder.conv_out", 3, first),
    ...(normalized
      ? [
          ...conv("quant_conv", 2 * latents, 2 * latents, 1),
          ...conv("post_quant_conv", latents, latents, 1),
          ["bn.running_mean", [4 * latents]] as const,
          ["bn.running_var", [4 * latents]] as const,
        ]
      : []),
  ]);
}

export const coderBytes = (table: TensorTable, float: number, packing?: Packing): number =>
  partBytes(table, {
    bits: null,
    float,
    unused: /num_batches_tracked$/,
    packing,
  });

/** Bytes of strips that are worked on, besides whole maps: a GPU's are larger. */
const strips = (float: number) => (float === 2 ? 1e9 : 4e7);

/** Widest level at full size, in the decoder: its second last level ends there, before the last one. */
const fullWidth = (table: TensorTable) => sizeOf(table, /decoder\.up_blocks\.3\.resnets\.0\.norm1\.weight$/);
const lastWidth = (table: TensorTable) => sizeOf(table, /decoder\.up_blocks\.3\.resnets\.1\.norm1\.weight$/);
const firstWidth = (table: TensorTable) => sizeOf(table, /encoder\.conv_in(\.conv2d)?\.bias$/);

/** Bytes to draw a picture: the map that the last level reads, and two of its own. */
export function decodeWorking(table: TensorTable, pixels: number, float: number): number {
  const maps = pixels * (fullWidth(table) + 2 * lastWidth(table)) * float;
  return Math.round(maps + Math.min(maps, strips(float)) + 24 * pixels);
}

/** Bytes to look at a picture: three maps of the first level. */
export function encodeWorking(table: TensorTable, pixels: number, float: number): number {
  const maps = pixels * 3 * firstWidth(table) * float;
  return Math.round(maps + Math.min(maps, strips(float)) + 24 * pixels);
}
