import { expect, test } from "bun:test";
import { variants as flux2 } from "../../../../src/capabilities/flux2/variants.ts";
import { variants as zimage } from "../../../../src/capabilities/zimage/variants.ts";

test.each([...flux2, ...zimage].map((variant) => [variant.repo, variant] as const))(
  "%s is fetched by its folders, without the second copy of the transformer at the top",
  (_, { downloads }) => {
    const [download] = downloads;
    if (download?.kind !== "huggingface") throw new Error("it is no repository");
    const fetched = (path: string) => download.files.some((pattern) => new Bun.Glob(pattern).match(path));
    for (const part of ["transformer", "text_encoder", "vae"])
      expect([part, fetched(`${part}/diffusion_pytorch_model.safetensors`)]).toEqual([part, true]);
    expect(fetched("tokenizer/tokenizer.json")).toBe(true);
    expect(fetched("flux-2-klein-4b.safetensors")).toBe(false);
  },
);

test("models that are not for commercial use are gated, the others are not", () => {
  for (const { name, licence, downloads } of flux2) {
    const [download] = downloads;
    expect([name, download?.kind === "huggingface" && download.gated === true]).toEqual([
      name,
      !licence.commercial,
    ]);
  }
});
