"""Makes test/fixtures/flux2 with diffusers and transformers: a tiny random checkpoint in the published layout, the same
transformer as its authors name it, inputs, taps inside, outputs, and whole tiny pipelines with the noise of MLX's generator.

python test/reference/flux2.py            (see requirements-diffusion.txt)
"""

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler, Flux2KleinPipeline, Flux2Transformer2DModel
from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu
from PIL import Image, ImageOps
from safetensors.torch import save_file

from diffusion_common import (
    hooked, make_text_encoder, make_tokenizer, noise, picture, randomize, rewrite, save, store, token_cases,
)  # fmt: skip

out = Path(__file__).parent.parent / "fixtures" / "flux2"
model = out / "model"
torch.manual_seed(20261130)
torch.set_grad_enabled(False)


def scheduler():
    return FlowMatchEulerDiscreteScheduler(
        num_train_timesteps=1000, shift=3.0, use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15, base_image_seq_len=256,
        max_image_seq_len=4096, time_shift_type="exponential",
    )  # fmt: skip


def make_transformer(layers=2, heads=4, joint=192):
    made = Flux2Transformer2DModel(
        patch_size=1, in_channels=128, num_layers=layers, num_single_layers=layers, attention_head_dim=32, num_attention_heads=heads,
        joint_attention_dim=joint, timestep_guidance_channels=256, mlp_ratio=3.0, axes_dims_rope=(8, 8, 8, 8), rope_theta=2000, eps=1e-6,
        guidance_embeds=False,
    )  # fmt: skip
    return randomize(made)


def ids_of(grids, text):
    """Position ids, by the pipeline's own functions."""
    maps = [torch.zeros(1, 128, h, w) for h, w in grids]
    images = [Flux2KleinPipeline._prepare_latent_ids(maps[0])]
    if len(maps) > 1:
        images.append(Flux2KleinPipeline._prepare_image_ids(maps[1:]))
    return torch.cat(images, 1), Flux2KleinPipeline._prepare_text_ids(torch.zeros(1, text, 1))


def forward(transformer, latents, text, grids, sigma):
    img_ids, txt_ids = ids_of(grids, text.shape[1])
    return transformer(
        hidden_states=latents,
        encoder_hidden_states=text,
        timestep=torch.tensor([sigma]),
        img_ids=img_ids,
        txt_ids=txt_ids,
        return_dict=False,
    )[0]


def run_transformer(transformer):
    for name, grids, text, sigma in (("plain", [(5, 6)], 24, 0.61), ("references", [(4, 6), (3, 5), (6, 2)], 16, 0.27)):
        tokens = sum(h * w for h, w in grids)
        taps = {
            "latents": torch.randn(1, tokens, 128),
            "text": torch.randn(1, text, 192),
            "sigma": [sigma],
            "shapes": np.array(grids),
        }
        hooks = [
            block.register_forward_hook(
                lambda m, a, o, i=i: taps.update({f"double{i}.txt": o[0], f"double{i}.img": o[1]})
            )
            for i, block in enumerate(transformer.transformer_blocks)
        ]
        hooks += hooked({f"single{i}": b for i, b in enumerate(transformer.single_transformer_blocks)}, taps)
        taps["velocity"] = forward(transformer, taps["latents"], taps["text"], grids, sigma)[
            :, : grids[0][0] * grids[0][1]
        ]
        for hook in hooks:
            hook.remove()
        save(out / f"dit-{name}.safetensors", taps)


def authors_names(transformer):
    """The transformer's tensors under the names of the authors' single files, where shift comes before scale in the last modulation."""
    made = {}
    state = dict(transformer.state_dict())
    top = {
        "x_embedder": "img_in", "context_embedder": "txt_in", "time_guidance_embed.timestep_embedder.linear_1": "time_in.in_layer",
        "time_guidance_embed.timestep_embedder.linear_2": "time_in.out_layer",
        "double_stream_modulation_img.linear": "double_stream_modulation_img.lin",
        "double_stream_modulation_txt.linear": "double_stream_modulation_txt.lin",
        "single_stream_modulation.linear": "single_stream_modulation.lin", "proj_out": "final_layer.linear",
    }  # fmt: skip
    for theirs, ours in top.items():
        made[f"{ours}.weight"] = state.pop(f"{theirs}.weight")
    scale, shift = state.pop("norm_out.linear.weight").chunk(2)
    made["final_layer.adaLN_modulation.1.weight"] = torch.cat([shift, scale])
    for i in range(len(transformer.transformer_blocks)):
        at, to = f"transformer_blocks.{i}", f"double_blocks.{i}"
        for stream, names, proj, norms, ff in (
            ("img", ("to_q", "to_k", "to_v"), "to_out.0", ("norm_q", "norm_k"), "ff"),
            (
                "txt",
                ("add_q_proj", "add_k_proj", "add_v_proj"),
                "to_add_out",
                ("norm_added_q", "norm_added_k"),
                "ff_context",
            ),
        ):
            made[f"{to}.{stream}_attn.qkv.weight"] = torch.cat([state.pop(f"{at}.attn.{n}.weight") for n in names])
            made[f"{to}.{stream}_attn.proj.weight"] = state.pop(f"{at}.attn.{proj}.weight")
            made[f"{to}.{stream}_attn.norm.query_norm.scale"] = state.pop(f"{at}.attn.{norms[0]}.weight")
            made[f"{to}.{stream}_attn.norm.key_norm.scale"] = state.pop(f"{at}.attn.{norms[1]}.weight")
            made[f"{to}.{stream}_mlp.0.weight"] = state.pop(f"{at}.{ff}.linear_in.weight")
            made[f"{to}.{stream}_mlp.2.weight"] = state.pop(f"{at}.{ff}.linear_out.weight")
    for i in range(len(transformer.single_transformer_blocks)):
        at, to = f"single_transformer_blocks.{i}.attn", f"single_blocks.{i}"
        made[f"{to}.linear1.weight"] = state.pop(f"{at}.to_qkv_mlp_proj.weight")
        made[f"{to}.linear2.weight"] = state.pop(f"{at}.to_out.weight")
        made[f"{to}.norm.query_norm.scale"] = state.pop(f"{at}.norm_q.weight")
        made[f"{to}.norm.key_norm.scale"] = state.pop(f"{at}.norm_k.weight")
    assert not state, list(state)
    return made


def run_authors():
    """A still smaller transformer as its authors would publish it, and with adapters in both spellings. diffusers reads them back."""
    folder = out / "authors"
    transformer = make_transformer(layers=1, heads=2, joint=96)
    (folder / "transformer").mkdir(parents=True)
    transformer.save_config(folder / "transformer")
    file = folder / "transformer" / "flux-2-klein-4b.safetensors"

    def read(tensors, dtype=torch.float32, path=folder / "again.safetensors"):
        save_file({k: v.to(dtype).contiguous() for k, v in tensors.items()}, path)
        return Flux2Transformer2DModel.from_single_file(
            str(path), config=str(folder / "transformer"), torch_dtype=torch.float32
        ).eval()

    named = authors_names(transformer)
    again = read(named, torch.bfloat16, file)
    for (name, a), (_, b) in zip(transformer.state_dict().items(), again.state_dict().items()):
        assert torch.equal(a, b), name
    taps = {
        "latents": torch.randn(1, 12, 128),
        "text": torch.randn(1, 8, 96),
        "sigma": [0.45],
        "alpha": [2.0],
        "scale": [0.7],
    }
    run = lambda net: forward(net, taps["latents"], taps["text"], [(3, 4)], 0.45)  # noqa: E731
    taps["velocity"] = run(again)
    rank = 4
    for spelling, tensors in (("authors", named), ("diffusers", dict(transformer.state_dict()))):
        changed = dict(tensors)
        for name, weight in tensors.items():
            if weight.ndim != 2:
                continue
            outputs, inputs = weight.shape
            down, up = torch.randn(rank, inputs) / inputs**0.5, 0.5 * torch.randn(outputs, rank) / rank**0.5
            layer = name.removesuffix(".weight")
            taps[f"{spelling}:{layer}.down"], taps[f"{spelling}:{layer}.up"] = down, up
            changed[name] = weight + 0.7 * 2.0 / rank * up @ down
        if spelling == "authors":
            net = read(changed)
        else:
            net = make_transformer(layers=1, heads=2, joint=96)
            net.load_state_dict(changed)
        taps[f"{spelling}:velocity"] = run(net.eval())
    save(folder / "taps.safetensors", taps)
    (folder / "again.safetensors").unlink()


def make_vae():
    config = dict(
        down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4, block_out_channels=(32, 32, 32, 64),
        layers_per_block=2, latent_channels=32, norm_num_groups=32, use_quant_conv=True, use_post_quant_conv=True,
        mid_block_add_attention=True, batch_norm_eps=1e-4, batch_norm_momentum=0.1, patch_size=(2, 2),
    )  # fmt: skip
    vae = randomize(AutoencoderKLFlux2(**config))
    # One latent channel is so small that the epsilon of its normalization counts.
    vae.quant_conv.weight[5].mul_(0.01)
    vae.quant_conv.bias[5].mul_(0.01)
    vae.post_quant_conv.weight[:, 5].mul_(100)
    for p in vae.parameters():
        p.copy_(p.bfloat16().float())
    pictures = torch.rand(4, 3, 64, 64) * 2 - 1
    seen = Flux2KleinPipeline._patchify_latents(vae.encode(pictures).latent_dist.mode()).transpose(0, 1).flatten(1)
    vae.bn.running_mean.copy_((seen.mean(1) * (0.5 + torch.rand(128))).bfloat16())
    vae.bn.running_var.copy_((seen.var(1) * (0.5 + torch.rand(128))).bfloat16())
    return vae


def normalized(vae, latents):
    z = Flux2KleinPipeline._patchify_latents(latents)
    mean, var = vae.bn.running_mean.view(1, -1, 1, 1), vae.bn.running_var.view(1, -1, 1, 1)
    return (z - mean) / torch.sqrt(var + vae.config.batch_norm_eps)


def restored(vae, tokens):
    mean, var = vae.bn.running_mean.view(1, -1, 1, 1), vae.bn.running_var.view(1, -1, 1, 1)
    return Flux2KleinPipeline._unpatchify_latents(tokens * torch.sqrt(var + vae.config.batch_norm_eps) + mean)


def run_vae(vae):
    sample, tokens = torch.rand(1, 3, 48, 80) * 2 - 1, torch.randn(1, 128, 3, 5)
    taps = {"picture": sample, "latents": tokens}
    places = {"encoder.mid": vae.encoder.mid_block, "decoder.mid": vae.decoder.mid_block}
    places |= {f"down{i}": block for i, block in enumerate(vae.encoder.down_blocks)}
    places |= {f"up{i}": block for i, block in enumerate(vae.decoder.up_blocks)}
    hooks = hooked(places, taps)
    taps["encoded"] = normalized(vae, vae.encode(sample).latent_dist.mode())
    taps["decoded"] = vae.decode(restored(vae, tokens)).sample
    for hook in hooks:
        hook.remove()
    save(out / "vae.safetensors", taps)


def run_text_encoder(encoder, tokenizer):
    taps = {}
    for name, prompt in {"short": "A cat by the window, 窗边", "long": "x" * 600}.items():
        taps[name] = Flux2KleinPipeline._get_qwen3_prompt_embeds(encoder, tokenizer, prompt)[0]
    save(out / "text.safetensors", taps)
    (out / "text.json").write_text(
        json.dumps({"short": "A cat by the window, 窗边", "long": "x" * 600}, ensure_ascii=False) + "\n"
    )


def run_schedule():
    cases = []
    for width, height in ((512, 512), (768, 768), (1024, 1024), (1152, 1024), (2048, 2048), (64, 96)):
        for steps in (1, 2, 4, 40, 50):
            made = scheduler()
            made.set_timesteps(
                sigmas=np.linspace(1.0, 1 / steps, steps),
                mu=compute_empirical_mu(image_seq_len=width * height // 256, num_steps=steps),
            )
            cases.append({"width": width, "height": height, "steps": steps, "sigmas": made.sigmas.tolist()})
    (out / "schedule.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")


def run_pipelines(parts):
    vae, encoder, tokenizer, transformer = parts
    cases = []
    prompt, edit = "A cat by the window, looking at the rain. 窗边", "Put the second picture on the first"
    files = {"wide.png": (150, 100, 1), "tall.png": (72, 129, 2), "large.png": (1300, 900, 3, 26)}
    pictures = {name: picture(out / name, *how) for name, how in files.items()}

    def record(name, made, **how):
        made.save(out / f"{name}.png")
        cases.append({"name": name, **how})

    def pipe(distilled):
        made = Flux2KleinPipeline(scheduler(), vae, encoder, tokenizer, transformer, is_distilled=distilled)
        made.set_progress_bar_config(disable=True)
        return made

    plans = [
        ("txt2img", True, 96, 64, 2, 1.0, prompt, 3, []), ("txt2img-long", True, 64, 64, 1, 1.0, "x" * 700, 4, []),
        ("base", False, 64, 80, 2, 4.0, prompt, 5, []), ("base-unguided", False, 64, 64, 2, 1.0, prompt, 6, []),
        ("edit", True, 96, 64, 2, 1.0, edit, 7, ["wide.png", "tall.png"]), ("edit-base", False, 64, 64, 1, 3.0, edit, 8, ["tall.png"]),
        ("edit-large", True, 64, 64, 1, 1.0, edit, 9, ["large.png"]),
    ]  # fmt: skip
    for name, distilled, width, height, steps, guidance, words, seed, references in plans:
        made = pipe(distilled)(
            prompt=words, width=width, height=height, num_inference_steps=steps, guidance_scale=guidance,
            image=[pictures[r] for r in references] or None, latents=noise([1, 128, height // 16, width // 16], seed),
        ).images[0]  # fmt: skip
        record(
            name, made, distilled=distilled, width=width, height=height, steps=steps, guidance=guidance, prompt=words, seed=seed,
            images=references,
        )  # fmt: skip

    # A start from a picture is no pipeline of diffusers' for this family: the loop is written out.
    width, height, steps, strength, seed = 96, 64, 4, 0.5, 12
    first = ImageOps.exif_transpose(pictures["wide.png"]).resize((width, height), Image.Resampling.LANCZOS)
    sample = torch.from_numpy(np.array(first)).float().permute(2, 0, 1)[None] / 255 * 2 - 1
    clean = normalized(vae, vae.encode(sample).latent_dist.mode()).flatten(2).transpose(1, 2)
    drawn = noise([1, 128, height // 16, width // 16], seed).flatten(2).transpose(1, 2)
    embeds, _ = pipe(True).encode_prompt(prompt)
    made = scheduler()
    made.set_timesteps(
        sigmas=np.linspace(1.0, 1 / steps, steps),
        mu=compute_empirical_mu(image_seq_len=width * height // 256, num_steps=steps),
    )
    sigmas, start, grid = made.sigmas.tolist(), max(1, int(steps * strength)), (height // 16, width // 16)
    latents = (1 - sigmas[start]) * clean + sigmas[start] * drawn
    for i in range(start, steps):
        latents = latents + (sigmas[i + 1] - sigmas[i]) * forward(transformer, latents, embeds, [grid], sigmas[i])
    decoded = vae.decode(restored(vae, latents.transpose(1, 2).reshape(1, 128, *grid))).sample
    record(
        "img2img", pipe(True).image_processor.postprocess(decoded, output_type="pil")[0], distilled=True, width=width, height=height,
        steps=steps, guidance=1.0, prompt=prompt, seed=seed, images=[], init_image="wide.png", image_strength=strength,
    )  # fmt: skip
    (out / "pipeline.json").write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")


def main():
    shutil.rmtree(out, ignore_errors=True)
    model.mkdir(parents=True)
    tokenizer = make_tokenizer(model / "tokenizer")
    (out / "tokens.json").write_text(
        json.dumps(token_cases(tokenizer, False), ensure_ascii=False, separators=(",", ":")) + "\n"
    )
    encoder = make_text_encoder(tokenizer, layers=28, tied=False)
    # The residual stream of so many layers must not drown what each of them adds.
    transformer = make_transformer()
    for stream in ("double_stream_modulation_img", "double_stream_modulation_txt", "single_stream_modulation"):
        getattr(transformer, stream).linear.weight.mul_(0.5)
    vae = make_vae()
    store(encoder, model / "text_encoder")
    store(transformer, model / "transformer")
    store(vae, model / "vae")
    rewrite(model / "text_encoder" / "config.json", lambda c: c.pop("dtype", None))
    scheduler().save_pretrained(model / "scheduler")
    pipe = Flux2KleinPipeline(scheduler(), vae, encoder, tokenizer, transformer, is_distilled=True)
    (model / "model_index.json").write_text(
        json.dumps({k: v for k, v in pipe.config.items() if not k.startswith("_name")}, indent=1) + "\n"
    )
    run_text_encoder(encoder, tokenizer)
    run_transformer(transformer)
    run_vae(vae)
    run_schedule()
    run_pipelines((vae, encoder, tokenizer, transformer))
    run_authors()


if __name__ == "__main__":
    main()
