/**
 * How the names of a file's tensors become the network's. Nothing here knows MLX.
 *
 * @module
 */

/**
 * The place of a file's tensor in the network: its whole, or one of several parts joined along the first axis. `axes` are those of the
 * file, in the order in which the network has them. Of `rows`, the file's first axis is cut in equal pieces, and this is one of them.
 */
export type Slot =
  | string
  | {
      name: string;
      part?: number;
      of?: number;
      axes?: readonly number[];
      rows?: { index: number; of: number };
    };

/** Translates a name of the file into the network's, or into several that the file has fused. */
export type Rename = (name: string, shape: readonly number[]) => Slot | readonly Slot[];

/** Turns patterns into a {@linkcode Rename}: each rule that fits is applied, in order. */
export function renaming(rules: readonly (readonly [RegExp, string | ((...match: string[]) => string)])[]) {
  return (name: string): string => {
    let renamed = name;
    for (const [pattern, to] of rules) renamed = renamed.replace(pattern, to as string);
    return renamed;
  };
}
