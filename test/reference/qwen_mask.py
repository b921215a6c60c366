"""Makes test/fixtures/qwen-mask with diffusers' own pipeline for edits of a part: the tiny checkpoint of test/fixtures/qwen, texts that
are drawn, a mask along tokens and one along cells.

python test/reference/qwen_mask.py            (see requirements.txt; needs test/fixtures/qwen)
"""

import functools
import json
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    AutoencoderKLQwenImage,
    FlowMatchEulerDiscreteScheduler,
    QwenImageEditInpaintPipeline,
    QwenImageTransformer2DModel,
)
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_inpaint as module
from PIL import Image
from safetensors.torch import save_file

fixtures = Path(__file__).parent.parent / "fixtures"
model = fixtures / "qwen" / "image"
out = fixtures / "qwen-mask"
torch.set_grad_enabled(False)
random = torch.Generator().manual_seed(20261129)

WIDTH, HEIGHT, STEPS, GUIDANCE = 160, 96, 4, 3.0
# The published pipeline brings a picture to 1024 x 1024 pixels, too many for a test, and draws from the coder's distribution.
module.calculate_dimensions = lambda _area, _ratio: (WIDTH, HEIGHT, None)
module.retrieve_latents = functools.partial(module.retrieve_latents, sample_mode="argmax")


def mask_of(name):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    if name == "tokens":
        mask[16:64, 48:128] = 255
    else:
        mask[8:56, 24:104] = 255
        mask[64:72, 0:160] = 255
    return mask


def main():
    out.mkdir(exist_ok=True)
    load = {"torch_dtype": torch.float32}
    vae = AutoencoderKLQwenImage.from_pretrained(model / "vae", **load).eval()
    transformer = QwenImageTransformer2DModel.from_pretrained(model / "transformer", **load).eval()
    scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(model / "scheduler")
    pipe = QwenImageEditInpaintPipeline(scheduler, vae, None, None, None, transformer)
    pipe.set_progress_bar_config(disable=True)

    first = Image.open(fixtures / "qwen" / "first.png").convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    first.save(out / "first.png")
    noise = torch.randn(1, 1, 16, HEIGHT // 8, WIDTH // 8, generator=random)
    module.randn_tensor = lambda shape, **_: noise.reshape(shape)
    text = {
        "positive": torch.randn(1, 11, 64, generator=random),
        "negative": torch.randn(1, 7, 64, generator=random),
    }
    packed = pipe._pack_latents(noise, 1, 16, HEIGHT // 8, WIDTH // 8)
    arrays = {"noise": packed[0], **{name: value[0] for name, value in text.items()}}
    for name in ("tokens", "cells"):
        mask = mask_of(name)
        Image.fromarray(mask).save(out / f"mask-{name}.png")
        common = dict(
            image=first,
            mask_image=Image.fromarray(mask),
            prompt_embeds=text["positive"],
            prompt_embeds_mask=torch.ones(1, 11, dtype=torch.long),
            negative_prompt_embeds=text["negative"],
            negative_prompt_embeds_mask=torch.ones(1, 7, dtype=torch.long),
            strength=1.0,
            num_inference_steps=STEPS,
            output_type="latent",
        )
        for kind, guidance in (("guided", GUIDANCE), ("plain", 1.0)):
            arrays[f"{name}.{kind}"] = pipe(**common, true_cfg_scale=guidance).images[0]
    save_file({k: v.float().contiguous() for k, v in arrays.items()}, out / "pipeline.safetensors")
    (out / "pipeline.safetensors").chmod(0o644)
    about = {"width": WIDTH, "height": HEIGHT, "steps": STEPS, "guidance": GUIDANCE}
    (out / "pipeline.json").write_text(json.dumps(about, indent=1) + "\n")


main()
