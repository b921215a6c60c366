/**
 * The memory that Depth Pro takes. Plans use it before the network is loaded, so nothing here knows MLX.
 *
 * @module
 */
import type { Bits } from "../../engine/task.ts";
import {
  type Amounts,
  amountsOf,
  axisOf,
  weightBytes as bytesOf,
  type Kinds,
  type Panels,
} from "../../nn/weight-memory.ts";
import type { TensorTable } from "../../weights/tensor-table.ts";

export interface NetworkSize {
  /** Numbers of its weights. */
  amounts: Amounts;
  /** Side of the decoder's map at half the network's side, and its channels. */
  side: number;
  channels: number;
}

/** Three ViT-L, the decoder and the field-of-view head. */
export const published: NetworkSize = {
  amounts: { matrices: 906e6, others: 46e6 },
  side: 768,
  channels: 256,
};

/** Names as Apple and as transformers have them. The deepest stage has nothing that its first block could look at. */
const kinds: Kinds = {
  matrix: /(blocks|layer)\.\d+\..*weight$/,
  unused: /mask_token$|decoder\.fusions\.4\.resnet1\.|fusion_stage\.intermediate\.0\.residual_layer1\./,
  flat: /(patch_embed\.proj|patch_embeddings\.projection|fov\.encoder\.1|fov_encoder\.neck)\.weight$/,
  turned:
    /(\.deconv|upsample_lowres|upsample(_latent)?\d\.[1-9]|image_block\.layers\.0|(intermediate|scaled_images)\.\d\.layers\.[1-9]|^head(\.layers)?\.1)\.weight$/,
};

/** The sizes of files on this machine, from their headers; undefined where they are of another network. */
export function sizeOfFiles(table: TensorTable, panels?: Panels): NetworkSize | undefined {
  const channels = axisOf(table, /(decoder\.fusions\.0\.out_conv|fusion_stage\.final\.projection)\.weight$/);
  const places = axisOf(table, /patch_encoder\..*(pos_embed|position_embeddings)$/, 1);
  const patch = axisOf(
    table,
    /patch_encoder\..*(patch_embed\.proj|patch_embeddings\.projection)\.weight$/,
    2,
  );
  if (channels === undefined || places === undefined || patch === undefined) return undefined;
  return {
    amounts: amountsOf(table, kinds, panels),
    // The network's side is four patches of the encoder.
    side: 2 * patch * Math.round(Math.sqrt(places - 1)),
    channels,
  };
}

/** On a processor the matrices stay in the half precision of their files. */
export const weightBytes = ({ amounts }: NetworkSize, bits: Bits, float: number): number =>
  bytesOf(amounts, { bits, float, half: float === 4 });

/** Maps of the decoder at their largest, of which this many are alive at once. */
const liveMaps = 4;
/** A strip of the head's maps, which is as high as this allows. */
const stripBytes = 96e6;

/** Bytes of the activations at their peak. The network's side is fixed, so that they do not change with the picture. */
export const workingBytes = ({ side, channels }: NetworkSize, float: number): number =>
  liveMaps * side ** 2 * channels * float + stripBytes;
