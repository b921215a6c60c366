import { Checkpoint } from "../../weights/checkpoint.ts";
import { type Rename, renaming } from "../../weights/naming.ts";
import { component, type LoadOptions, loaded } from "../diffusion/parts.ts";
import { AutoencoderKl } from "./autoencoder-kl.ts";
import { type CoderConfig, coderConfig } from "./config.ts";

const ofMflux = renaming([
  [/\.conv_(in|out)\.(conv|conv2d)\./, ".conv_$1."],
  [/\.conv_norm_out\.norm\./, ".conv_norm_out."],
  [/\.to_out\.(?=weight|bias|scales)/, ".to_out.0."],
]);

/** Whether kernels have their channels last, as mflux saves them. */
const channelsLast = (names: readonly string[]) =>
  names.some((name) => /\.conv_in\.(conv|conv2d)\.|\.attentions\.0\.to_out\.(weight|scales)$/.test(name));

const naming = (names: readonly string[]): Rename => {
  if (!channelsLast(names)) return (name) => name;
  return (name, shape) => (shape.length === 4 ? { name: ofMflux(name), axes: [0, 3, 1, 2] } : ofMflux(name));
};

/** The picture coder of a pipeline. Its convolutions are never quantized. */
export function loadAutoencoderKl(
  paths: readonly string[],
  model: string,
  usual: Partial<Pick<CoderConfig, "scaling" | "shift">>,
  options: LoadOptions = {},
): AutoencoderKl {
  using checkpoint = Checkpoint.open([component(paths, "vae", model)], naming);
  const config = coderConfig(checkpoint, usual);
  return loaded(
    checkpoint,
    { ...options, bits: null },
    [/^bn\.num_batches_tracked$/],
    (weights) => new AutoencoderKl(weights, config),
  );
}
