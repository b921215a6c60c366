/**
 * Folders that mflux has saved: the published networks under mflux's own names, channels last, quantized or not. In those of its
 * versions up to 0.21 the transformer has lost one bias.
 *
 * @module
 */
import { type Rename, renaming } from "../../weights/naming.ts";

/** Whether a transformer's names are mflux's. Then the last modulation may have no bias. */
export const isMflux = (names: readonly string[]) =>
  names.some((name) => name.includes(".attn.attn_to_out."));

export const transformerNames = renaming([
  [/\.attn\.attn_to_out\./, ".attn.to_out."],
  [/\.(img|txt)_mod_linear\./, ".$1_mod.1."],
  [/\.(img|txt)_ff\.mlp_in\./, ".$1_mlp.net.0.proj."],
  [/\.(img|txt)_ff\.mlp_out\./, ".$1_mlp.net.2."],
]);

/** What the encoder's list of blocks has for each of mflux's: two residual blocks and one that makes the map smaller. */
const blocksEach = 3;
const block = (stage: string, inner: number) => `encoder.down_blocks.${blocksEach * Number(stage) + inner}.`;

const coderName = renaming([
  [/\.conv3d\./, "."],
  [/\.skip_conv\./, ".conv_shortcut."],
  [/(\.norm\d?|\.norm_out)\.weight$/, "$1.gamma"],
  [/^decoder\.up_block(\d+)\./, "decoder.up_blocks.$1."],
  [/^encoder\.down_blocks\.(\d+)\.resnets\.(\d+)\./, (_, stage, resnet) => block(stage!, Number(resnet))],
  [/^encoder\.down_blocks\.(\d+)\.downsamplers\.0\./, (_, stage) => block(stage!, blocksEach - 1)],
  [/\.resample_conv\./, ".resample.1."],
]);

const textName = renaming([
  [/^encoder\.visual\.merger\.mlp_0\./, "visual.merger.mlp.0."],
  [/^encoder\.visual\.merger\.mlp_1\./, "visual.merger.mlp.2."],
  [/^encoder\.visual\./, "visual."],
  [/^encoder\./, "model."],
]);

/** Where the second axis of a kernel is the last in the file. */
const channelsLast: Readonly<Record<number, readonly number[]>> = { 4: [0, 3, 1, 2], 5: [0, 4, 1, 2, 3] };

const arranged =
  (rename: (name: string) => string): Rename =>
  (name, shape) => {
    const axes = name.endsWith(".weight") ? channelsLast[shape.length] : undefined;
    return axes ? { name: rename(name), axes } : rename(name);
  };

/** The picture coder's names, where they are mflux's. */
export const coderNames = (names: readonly string[]): Rename | undefined =>
  names.some((name) => name.includes(".conv3d.")) ? arranged(coderName) : undefined;

/** The text encoder's names, where they are mflux's. */
export const textNames = (names: readonly string[]): Rename | undefined =>
  names.includes("encoder.embed_tokens.weight") ? arranged(textName) : undefined;

/** What mflux saves besides, and can be computed. */
export const computed = /rotary[a-z_]*\.inv_freq$/;
