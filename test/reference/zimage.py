"""Makes test/fixtures/zimage with diffusers and transformers: a tiny random checkpoint in the published layout, inputs, taps
inside, outputs, and whole tiny pipelines with the noise of MLX's generator.

python test/reference/zimage.py            (see requirements-diffusion.txt)
"""

import json
import math
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, ZImagePipeline, ZImageTransformer2DModel
from safetensors.torch import save_file

from diffusion_common import (
    hooked,
    make_text_encoder,
    make_tokenizer,
    noise,
    randomize,
    save,
    store,
    templated,
    token_cases,
)

out = Path(__file__).parent.parent / "fixtures" / "zimage"
model = out / "model"
torch.manual_seed(20261129)
torch.set_grad_enabled(False)
shifts = {"turbo": 3.0, "base": 6.0}


def scheduler(kind):
    return FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=shifts[kind], use_dynamic_shifting=False)


def make_transformer(dim=128, layers=2):
    made = ZImageTransformer2DModel(
        dim=dim, n_layers=layers, n_refiner_layers=1, n_heads=dim // 32, n_kv_heads=dim // 32, cap_feat_dim=64, axes_dims=[8, 12, 12],
        axes_lens=[1536, 512, 512],
    )  # fmt: skip
    return randomize(made)


def original_names(transformer):
    """The transformer's tensors as its authors and the files for ComfyUI name them."""
    made = {}
    state = dict(transformer.state_dict())
    for name in list(state):
        if name.endswith("attention.to_q.weight"):
            parts = [state.pop(name.replace("to_q", part)) for part in ("to_q", "to_k", "to_v")]
            made[name.replace("to_q", "qkv")] = torch.cat(parts)
    rules = [
        ("all_x_embedder.2-1.", "x_embedder."), ("all_final_layer.2-1.", "final_layer."), (".attention.to_out.0.", ".attention.out."),
        (".attention.norm_q.", ".attention.q_norm."), (".attention.norm_k.", ".attention.k_norm."),
    ]  # fmt: skip
    for name, value in state.items():
        for ours, theirs in rules:
            name = name.replace(ours, theirs)
        made[name] = value
    return made


def run_original():
    """A still smaller transformer in one file of the original names, and with adapters in both spellings. diffusers reads them back."""
    folder = out / "original"
    transformer = make_transformer(dim=64, layers=1)
    (folder / "transformer").mkdir(parents=True)
    transformer.save_config(folder / "transformer")
    file = folder / "transformer" / "z_image_turbo_bf16.safetensors"

    def read(tensors, dtype=torch.float32, path=folder / "again.safetensors"):
        save_file({f"model.diffusion_model.{k}": v.to(dtype).contiguous() for k, v in tensors.items()}, path)
        return ZImageTransformer2DModel.from_single_file(
            str(path), config=str(folder / "transformer"), torch_dtype=torch.float32
        ).eval()

    named = original_names(transformer)
    again = read(named, torch.bfloat16, file)
    for (name, a), (_, b) in zip(transformer.state_dict().items(), again.state_dict().items()):
        assert torch.equal(a, b), name
    latents, caption = torch.randn(16, 1, 6, 8), torch.randn(9, 64)
    taps = {"latents": latents[:, 0], "caption": caption, "sigma": [0.45], "alpha": [2.0], "scale": [0.7]}
    run = lambda net: -net([latents], torch.tensor([0.55]), [caption], return_dict=False)[0][0][:, 0]  # noqa: E731
    taps["velocity"] = run(again)
    rank = 4
    for spelling, tensors in (("original", named), ("diffusers", dict(transformer.state_dict()))):
        changed = dict(tensors)
        for name, weight in tensors.items():
            if weight.ndim != 2 or name.endswith("pad_token"):
                continue
            outputs, inputs = weight.shape
            down, up = torch.randn(rank, inputs) / inputs**0.5, 0.5 * torch.randn(outputs, rank) / rank**0.5
            layer = name.removesuffix(".weight")
            taps[f"{spelling}:{layer}.down"], taps[f"{spelling}:{layer}.up"] = down, up
            changed[name] = weight + 0.7 * 2.0 / rank * up @ down
        if spelling == "original":
            net = read(changed)
        else:
            net = make_transformer(dim=64, layers=1)
            net.load_state_dict(changed)
        taps[f"{spelling}:velocity"] = run(net.eval())
    save(folder / "taps.safetensors", taps)
    (folder / "again.safetensors").unlink()


def run_transformer(transformer):
    """Image tokens and captions on and off multiples of 32."""
    for name, (rows, columns, length, time) in {"padded": (5, 6, 13, 0.39), "even": (4, 8, 64, 0.8)}.items():
        latents, caption = torch.randn(16, 1, 2 * rows, 2 * columns), torch.randn(length, 64)
        taps = {"latents": latents[:, 0], "caption": caption, "sigma": [1 - time]}
        places = {"refined": transformer.noise_refiner[-1], "context": transformer.context_refiner[-1]}
        places |= {f"block{i}": block for i, block in enumerate(transformer.layers)}
        hooks = hooked(places, taps)
        made = transformer([latents], torch.tensor([time]), [caption], return_dict=False)[0][0]
        for hook in hooks:
            hook.remove()
        taps["velocity"] = -made[:, 0]
        save(out / f"dit-{name}.safetensors", taps)


def make_vae():
    config = dict(
        down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4, block_out_channels=[32, 32, 32, 64],
        layers_per_block=2, latent_channels=16, norm_num_groups=32, scaling_factor=0.3611, shift_factor=0.1159, use_quant_conv=False,
        use_post_quant_conv=False, mid_block_add_attention=True, force_upcast=True,
    )  # fmt: skip
    vae = randomize(AutoencoderKL(**config))
    vae.decoder.conv_out.weight.mul_(0.5)
    return vae


def run_vae(vae):
    picture = torch.rand(1, 3, 56, 72) * 2 - 1
    latents = torch.randn(1, 16, 6, 10)
    taps = {"picture": picture, "latents": latents}
    places = {"encoder.mid": vae.encoder.mid_block, "decoder.mid": vae.decoder.mid_block}
    places |= {f"down{i}": block for i, block in enumerate(vae.encoder.down_blocks)}
    places |= {f"up{i}": block for i, block in enumerate(vae.decoder.up_blocks)}
    hooks = hooked(places, taps)
    taps["encoded"] = (vae.encode(picture).latent_dist.mode() - 0.1159) * 0.3611
    taps["decoded"] = vae.decode(latents / 0.3611 + 0.1159).sample
    for hook in hooks:
        hook.remove()
    save(out / "vae.safetensors", taps)


def run_text_encoder(encoder, tokenizer):
    text = templated(tokenizer, "A cat by the window, 窗边", True)
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    taps = {"ids": ids}
    taps |= {
        f"state{i}": h[0] for i, h in enumerate(encoder(input_ids=ids, output_hidden_states=True).hidden_states[:-1])
    }
    save(out / "text.safetensors", taps)


def run_schedule():
    cases = []
    for kind in shifts:
        for steps in (1, 2, 4, 8, 9, 28, 50):
            made = scheduler(kind)
            made.set_timesteps(sigmas=[float(s) for s in torch.linspace(1, 1 / steps, steps, dtype=torch.float64)])
            cases.append({"kind": kind, "steps": steps, "sigmas": made.sigmas.tolist()})
    (out / "schedule.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")


def run_pipelines(vae, encoder, tokenizer, transformer):
    cases = []
    prompt = "A cat by the window, looking at the rain. 窗边"
    long = "rain on the roof and a cat " * 80
    plans = [
        ("turbo", "turbo", 96, 64, 3, 0.0, prompt, None, 7), ("turbo-long", "turbo", 64, 64, 2, 0.0, long, None, 8),
        ("base", "base", 80, 112, 3, 4.0, prompt, None, 9), ("base-negative", "base", 64, 96, 2, 2.5, prompt, "blurry, dark", 10),
        ("base-unguided", "base", 64, 64, 2, 0.0, prompt, None, 11),
    ]  # fmt: skip
    for name, kind, width, height, steps, guidance, words, negative, seed in plans:
        pipe = ZImagePipeline(scheduler(kind), vae, encoder, tokenizer, transformer)
        pipe.set_progress_bar_config(disable=True)
        latents = noise([16, 1, height // 8, width // 8], seed).transpose(0, 1)
        made = pipe(
            prompt=words, negative_prompt=negative, width=width, height=height, num_inference_steps=steps, guidance_scale=guidance,
            latents=latents,
        ).images[0]  # fmt: skip
        made.save(out / f"{name}.png")
        cases.append(
            dict(
                name=name, kind=kind, width=width, height=height, steps=steps, guidance=guidance, prompt=words, negative_prompt=negative,
                seed=seed,
            )
        )  # fmt: skip
    (out / "pipeline.json").write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")


def main():
    shutil.rmtree(out, ignore_errors=True)
    model.mkdir(parents=True)
    tokenizer = make_tokenizer(model / "tokenizer")
    (out / "tokens.json").write_text(
        json.dumps(token_cases(tokenizer, True), ensure_ascii=False, separators=(",", ":")) + "\n"
    )
    encoder = make_text_encoder(tokenizer, layers=4, tied=True)
    transformer = make_transformer()
    # Modulation of a usual size, and attention that counts.
    for block in [*transformer.noise_refiner, *transformer.layers]:
        block.adaLN_modulation[0].weight.mul_(0.5)
    for block in transformer.layers:
        block.attention.to_out[0].weight.mul_(2)
    vae = make_vae()
    store(encoder, model / "text_encoder")
    store(transformer, model / "transformer")
    store(vae, model / "vae")
    scheduler("turbo").save_pretrained(model / "scheduler")
    pipe = ZImagePipeline(scheduler("turbo"), vae, encoder, tokenizer, transformer)
    (model / "model_index.json").write_text(
        json.dumps({k: v for k, v in pipe.config.items() if not k.startswith("_name")}, indent=1) + "\n"
    )
    run_text_encoder(encoder, tokenizer)
    run_transformer(transformer)
    run_vae(vae)
    run_schedule()
    run_pipelines(vae, encoder, tokenizer, transformer)
    run_original()
    assert math.isfinite(sum(p.sum() for p in transformer.parameters()))


if __name__ == "__main__":
    main()
