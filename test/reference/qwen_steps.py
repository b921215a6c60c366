"""Makes test/fixtures/qwen-steps with the first-block cache of diffusers: the tiny checkpoint of test/fixtures/qwen, a text that is drawn,
several thresholds.

python test/reference/qwen_steps.py            (see requirements.txt; needs test/fixtures/qwen)
"""

import json
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKLQwenImage,
    FirstBlockCacheConfig,
    FlowMatchEulerDiscreteScheduler,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
)
from safetensors.torch import save_file

fixtures = Path(__file__).parent.parent / "fixtures"
model = fixtures / "qwen" / "image"
out = fixtures / "qwen-steps"
torch.set_grad_enabled(False)
random = torch.Generator().manual_seed(20261130)

WIDTH, HEIGHT, STEPS = 96, 64, 20
THRESHOLDS = (0.5, 0.7, 0.8, 0.9)


def main():
    out.mkdir(exist_ok=True)
    load = {"torch_dtype": torch.float32}
    vae = AutoencoderKLQwenImage.from_pretrained(model / "vae", **load).eval()
    transformer = QwenImageTransformer2DModel.from_pretrained(model / "transformer", **load).eval()
    scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(model / "scheduler")
    pipe = QwenImagePipeline(scheduler, vae, None, None, transformer)
    pipe.set_progress_bar_config(disable=True)
    noise = torch.randn(1, WIDTH * HEIGHT // 256, 64, generator=random)
    text = torch.randn(1, 11, 64, generator=random)
    arrays, cases = {"noise": noise[0], "text": text[0]}, []
    runs = []
    transformer.transformer_blocks[1].attn.register_forward_hook(lambda *_: runs.append(1))
    for threshold in THRESHOLDS:
        transformer.enable_cache(FirstBlockCacheConfig(threshold=threshold))
        runs.clear()
        made = pipe(
            prompt_embeds=text,
            prompt_embeds_mask=torch.ones(1, 11, dtype=torch.long),
            true_cfg_scale=1.0,
            width=WIDTH,
            height=HEIGHT,
            num_inference_steps=STEPS,
            latents=noise,
            output_type="latent",
        ).images
        transformer.disable_cache()
        arrays[f"latents.{threshold}"] = made[0]
        cases.append({"threshold": threshold, "reused": STEPS - len(runs)})
    save_file({k: v.float().contiguous() for k, v in arrays.items()}, out / "pipeline.safetensors")
    (out / "pipeline.safetensors").chmod(0o644)
    about = {"width": WIDTH, "height": HEIGHT, "steps": STEPS, "cases": cases}
    (out / "pipeline.json").write_text(json.dumps(about, indent=1) + "\n")
    print(cases)


main()
