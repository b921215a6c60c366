/**
 * Parts that autoencoders share: the residual blocks of latent diffusion, and stages that free their intermediate maps. Each
 * autoencoder brings its own norms and convolutions.
 *
 * @module
 */
import type { Tensor } from "../../ffi/index.ts";
import { computed } from "./computed.ts";
import type { Conv2d } from "./conv.ts";
import type { Weights } from "./weights.ts";

export interface Layer {
  forward(x: Tensor): Tensor;
}

/** Gets the output of a named layer. */
export type Tap = (name: string, x: Tensor) => void;

/** The layers that a coder's blocks are built of. */
export interface Layers {
  norm(w: Weights, width: number): Layer;
  /** Three pixels wide and high. */
  conv(w: Weights, inputs: number, outputs: number): Conv2d;
  /** Of one pixel, past a block that changes the width. */
  shortcut(w: Weights, inputs: number, outputs: number): Layer;
  /** Of every pixel to every other, added to what came in. */
  attention(w: Weights, width: number): Layer;
}

/** Applies layers in order. */
export const through = (layers: readonly Layer[], x: Tensor): Tensor =>
  layers.reduce((y, layer) => layer.forward(y), x);

/** Applies layers and frees their intermediate maps. */
export function stage(name: string, tap: Tap, layers: readonly Layer[], x: Tensor): Tensor {
  const made = computed(() => through(layers, x));
  tap(name, made);
  return made;
}

export class Resnet implements Layer {
  readonly norm1: Layer;
  readonly conv1: Conv2d;
  readonly norm2: Layer;
  readonly conv2: Conv2d;
  readonly conv_shortcut: Layer | null;

  constructor(layers: Layers, w: Weights, inputs: number, outputs: number) {
    this.norm1 = layers.norm(w.at("norm1"), inputs);
    this.conv1 = layers.conv(w.at("conv1"), inputs, outputs);
    this.norm2 = layers.norm(w.at("norm2"), outputs);
    this.conv2 = layers.conv(w.at("conv2"), outputs, outputs);
    this.conv_shortcut = inputs === outputs ? null : layers.shortcut(w.at("conv_shortcut"), inputs, outputs);
  }

  forward(x: Tensor): Tensor {
    return computed(() => {
      const y = this.conv1.forward(this.norm1.forward(x).silu());
      const residual = this.conv_shortcut ? this.conv_shortcut.forward(x) : x;
      return this.conv2.forward(this.norm2.forward(y).silu(), { residual });
    });
  }
}

/** The block in the middle, where the map is smallest: the only one that looks at all pixels at once. */
export class Mid implements Layer {
  readonly resnets: readonly [Resnet, Resnet];
  readonly attentions: readonly [Layer];

  constructor(layers: Layers, w: Weights, width: number) {
    const resnet = (i: number) => new Resnet(layers, w.at("resnets").at(i), width, width);
    this.resnets = [resnet(0), resnet(1)];
    this.attentions = [layers.attention(w.at("attentions").at(0), width)];
  }

  forward(x: Tensor): Tensor {
    return through([this.resnets[0], ...this.attentions, this.resnets[1]], x);
  }
}
