"""Makes test/fixtures/qwen with diffusers and transformers: a tiny random checkpoint in the published layout, inputs, taps
inside, outputs, and whole tiny pipelines with given noise.

python test/reference/qwen.py            (see requirements.txt)
"""

import copy
import json
import math
import re
import shutil
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    AutoencoderKLQwenImage,
    FlowMatchEulerDiscreteScheduler,
    QwenImageEditPlusPipeline,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
)
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as edit_plus
from PIL import Image
from safetensors.torch import load_file, save_file
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2TokenizerFast
from transformers.feature_extraction_utils import BatchFeature
from transformers.models.qwen2_vl.image_processing_qwen2_vl import Qwen2VLImageProcessor

out = Path(__file__).parent.parent / "fixtures" / "qwen"
model = out / "image"
torch.manual_seed(20261121)
rng = np.random.default_rng(20261121)
torch.set_grad_enabled(False)

# Pixels of a reference picture's latents: 1024 x 1024 in the published pipeline, too many for a test.
edit_plus.VAE_IMAGE_SIZE = 128 * 128

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# In the published order, which is the order of their ids.
ADDED = [
    ("<|endoftext|>", True), ("<|im_start|>", True), ("<|im_end|>", True), ("<|object_ref_start|>", True),
    ("<|object_ref_end|>", True), ("<|box_start|>", True), ("<|box_end|>", True), ("<|quad_start|>", True),
    ("<|quad_end|>", True), ("<|vision_start|>", True), ("<|vision_end|>", True), ("<|vision_pad|>", True),
    ("<|image_pad|>", True), ("<|video_pad|>", True), ("<tool_call>", False), ("</tool_call>", False),
    ("<|fim_prefix|>", False), ("<|fim_middle|>", False), ("<|fim_suffix|>", False), ("<|fim_pad|>", False),
    ("<|repo_name|>", False), ("<|file_sep|>", False),
]  # fmt: skip
CORPUS = [
    QwenImagePipeline.__doc__, QwenImageEditPlusPipeline.__doc__, edit_plus.EXAMPLE_DOC_STRING,
    "Describe the image by detailing the color, shape, size, texture, quantity, text, spatial relationships of the objects and "
    "background: system user assistant Picture 1: the key features of the input image, then explain how the user's text "
    "instruction should alter or modify the image. Generate a new image that meets the user's requirements.",
    "一只猫坐在窗边，看着外面的雨。 Ein Schiff fährt über das Meer. Кот сидит на окне.",
]  # fmt: skip


def randomize(module):
    """Non-trivial values everywhere, as half precision holds them: a lost norm or bias must show."""
    for name, value in module.named_parameters():
        if re.search(r"norm.*weight$|layernorm\.weight$|ln_q\.weight$|gamma$", name):
            new = 1 + 0.2 * torch.randn_like(value)
        elif value.ndim == 1:
            new = 0.2 * torch.randn_like(value)
        elif "embed_tokens" in name:
            new = torch.randn_like(value)
        else:
            new = torch.randn_like(value) / math.sqrt(np.prod(value.shape[1:]))
        value.copy_(new.bfloat16().float())
    return module.eval()


def store(module, folder):
    """As published: in half precision. The module itself computes on in single precision, from the same values."""
    # A copy: rounding the module itself would round its angles too.
    copy.deepcopy(module).bfloat16().save_pretrained(model / folder)
    return module


def save(name, tensors):
    save_file({k: torch.as_tensor(np.asarray(v)).float().contiguous() for k, v in tensors.items()}, out / name)


def make_tokenizer():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=600, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    folder = model / "tokenizer"
    folder.mkdir(parents=True)
    tokenizer.model.save(str(folder))
    first = tokenizer.get_vocab_size()
    added = {
        str(first + i): {
            "content": text, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": special,
        }
        for i, (text, special) in enumerate(ADDED)
    }  # fmt: skip
    config = {
        "add_bos_token": False, "add_prefix_space": False, "added_tokens_decoder": added, "bos_token": None,
        "clean_up_tokenization_spaces": False, "eos_token": "<|im_end|>", "errors": "replace", "model_max_length": 131072,
        "pad_token": "<|endoftext|>", "split_special_tokens": False, "tokenizer_class": "Qwen2Tokenizer", "unk_token": None,
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "added_tokens.json").write_text(json.dumps({t: first + i for i, (t, _) in enumerate(ADDED)}) + "\n")
    return Qwen2TokenizerFast.from_pretrained(folder)


def run_tokenizer(tokenizer):
    pool = [
        "a cat", "A photo of", "  two  spaces", "\n\n", "\t", "I'll", "WE'RE", "don't", "123 4567", "3.14", "héllo", "e\u0301", "naïve",
        "猫が好き", "你好，世界！", "Привет", "שלום", "مرحبا", "👩‍👩‍👧‍👦", "🙂", "\u200b", "\u00a0", "foo_bar", "https://a.b/c?d=e", "<b>", "</b>", "<|",
        "|>", "...", "—", "“quoted”", "%$#@!", "\r\n", "CamelCase", "ﬁ", "Å", "ǆ", "𝔘𝔫𝔦", "한국어", "ไทย", "a" * 20, "=" * 9, " ", "",
    ]  # fmt: skip
    texts = list(pool)
    while len(texts) < 1500:
        texts.append(
            "".join(
                pool[i] + (" " if rng.random() < 0.5 else "") for i in rng.integers(0, len(pool), rng.integers(1, 6))
            )
        )
    while len(texts) < 2000:
        points = rng.choice([0x20, 0x7F, 0x2FF, 0x9FFF, 0x1FAFF], 8)
        chars = [chr(int(rng.integers(0x20, p + 1))) for p in points]
        texts.append("".join(c for c in chars if not 0xD800 <= ord(c) <= 0xDFFF))
    cases = [[text, tokenizer(text)["input_ids"]] for text in texts]
    special = [
        "<|im_start|>user\na<|im_end|>",
        "<|vision_start|><|image_pad|><|vision_end|>",
        "x<|endoftext|>y",
        "<tool_call> z",
    ]
    cases += [[text, tokenizer(text)["input_ids"]] for text in special]
    (out / "tokens.json").write_text(json.dumps(cases, ensure_ascii=False, separators=(",", ":")) + "\n")


def make_text_encoder(tokenizer):
    ids = {
        name: tokenizer.convert_tokens_to_ids(f"<|{name}|>")
        for name in ("image_pad", "video_pad", "vision_start", "vision_end")
    }
    config = Qwen2_5_VLConfig(
        text_config=dict(
            hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, intermediate_size=128,
            vocab_size=len(tokenizer) + 10, rms_norm_eps=1e-6, rope_theta=1e6, max_position_embeddings=4096,
            rope_scaling={"type": "mrope", "mrope_section": [2, 3, 3]},
        ),
        vision_config=dict(
            depth=4, hidden_size=32, num_heads=2, intermediate_size=85, out_hidden_size=64, fullatt_block_indexes=[1, 3],
            patch_size=14, window_size=112, spatial_merge_size=2, temporal_patch_size=2, tokens_per_second=2,
        ),
        image_token_id=ids["image_pad"], video_token_id=ids["video_pad"],
        vision_start_token_id=ids["vision_start"], vision_end_token_id=ids["vision_end"],
    )  # fmt: skip
    encoder = randomize(Qwen2_5_VLForConditionalGeneration(config))
    store(encoder, "text_encoder")
    (model / "text_encoder" / "generation_config.json").unlink()
    # The spelling of the published configs: what the language model is, at the top.
    path = model / "text_encoder" / "config.json"
    written = json.loads(path.read_text())
    written |= {k: v for k, v in written.pop("text_config").items() if k not in written}
    path.write_text(json.dumps(written, indent=1) + "\n")
    forward = encoder.forward

    def fresh(*args, **kw):
        # Positions of the call before must not be used again.
        encoder.model.rope_deltas = None
        return forward(*args, **kw)

    encoder.forward = fresh
    return encoder


class Processor:
    """Qwen2.5-VL's processor without torchvision: pictures to patches, and a place for each of them in the text."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.pictures = Qwen2VLImageProcessor(min_pixels=56 * 56, max_pixels=28 * 28 * 16384)

    def __call__(self, text, images=None, padding=True, return_tensors="pt"):
        found = self.pictures(images=images, return_tensors="pt")
        grids = iter(found["image_grid_thw"].prod(-1).tolist())
        expanded = [re.sub(r"<\|image_pad\|>", lambda _: "<|image_pad|>" * (next(grids) // 4), t) for t in text]
        return BatchFeature({**self.tokenizer(expanded, padding=padding, return_tensors="pt"), **found})


def make_transformer():
    config = dict(
        patch_size=2, in_channels=64, out_channels=16, num_layers=2, attention_head_dim=32, num_attention_heads=4,
        joint_attention_dim=64, guidance_embeds=False, axes_dims_rope=(8, 12, 12),
    )  # fmt: skip
    transformer = randomize(QwenImageTransformer2DModel(**config))
    store(transformer, "transformer")
    zero = QwenImageTransformer2DModel(**config, zero_cond_t=True)
    zero.load_state_dict(transformer.state_dict())
    return transformer, zero.eval()


def run_transformer(name, transformer, text, shapes, sigma):
    tokens = sum(h * w for h, w in shapes)
    taps = {"latents": torch.randn(1, tokens, 64), "text": text, "sigma": [sigma], "shapes": np.array(shapes)}
    hooks = [
        block.register_forward_hook(lambda m, a, o, i=i: taps.update({f"block{i}.txt": o[0], f"block{i}.img": o[1]}))
        for i, block in enumerate(transformer.transformer_blocks)
    ]
    taps["out"] = forward(transformer, taps["latents"], text, shapes, sigma)
    for hook in hooks:
        hook.remove()
    save(f"dit-{name}.safetensors", taps)
    return taps


def forward(transformer, latents, text, shapes, sigma):
    return transformer(
        hidden_states=latents,
        encoder_hidden_states=text,
        timestep=torch.tensor([sigma]),
        img_shapes=[[(1, h, w) for h, w in shapes]],
        return_dict=False,
    )[0]


def run_lora(transformer, taps):
    """Matrices that a LoRA may change, each with its low-rank pair, and the output with all of them merged."""
    rank, alpha, scale = 4, 2.0, 0.7
    skip = re.compile(r"transformer_blocks\.1\.attn\.(to_k|add_v_proj)$")
    pairs, weights = {}, {}
    for name, layer in transformer.named_modules():
        if not isinstance(layer, torch.nn.Linear) or skip.search(name):
            continue
        outputs, inputs = layer.weight.shape
        down = torch.randn(rank, inputs) / math.sqrt(inputs)
        up = 0.5 * torch.randn(outputs, rank) / math.sqrt(rank)
        pairs[f"{name}.down"], pairs[f"{name}.up"] = down, up
        weights[name] = layer.weight.clone()
    result = {"alpha": [alpha], "scale": [scale], **pairs}
    for key, factor in (("plain", scale), ("alpha", scale * alpha / rank)):
        for name, weight in weights.items():
            layer = transformer.get_submodule(name)
            layer.weight.copy_(weight + factor * pairs[f"{name}.up"] @ pairs[f"{name}.down"])
        result[f"out.{key}"] = forward(
            transformer, taps["latents"], taps["text"], taps["shapes"].tolist(), taps["sigma"][0]
        )
    for name, weight in weights.items():
        transformer.get_submodule(name).weight.copy_(weight)
    save("lora.safetensors", result)


def make_vae():
    vae = randomize(AutoencoderKLQwenImage(base_dim=8, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=2))
    return store(vae, "vae")


def run_vae(vae):
    picture = torch.rand(1, 3, 1, 48, 72) * 2 - 1
    mean = torch.tensor(vae.config.latents_mean).view(1, 16, 1, 1, 1)
    std = torch.tensor(vae.config.latents_std).view(1, 16, 1, 1, 1)
    latents = torch.randn(1, 16, 1, 6, 10)
    taps = {"picture": picture, "latents": latents}
    places = {"encoder.mid": vae.encoder.mid_block, "decoder.mid": vae.decoder.mid_block}
    places |= {f"down{i}": block for i, block in enumerate(vae.encoder.down_blocks)}
    places |= {f"up{i}": block for i, block in enumerate(vae.decoder.up_blocks)}
    hooks = [m.register_forward_hook(lambda m, a, o, n=n: taps.update({n: o.clone()})) for n, m in places.items()]
    taps["encoded"] = (vae.encode(picture).latent_dist.mode() - mean) / std
    taps["decoded"] = vae.decode(latents * std + mean).sample
    for hook in hooks:
        hook.remove()
    save("vae.safetensors", taps)


def run_text_encoder(encoder, tokenizer, processor, pictures):
    plain = tokenizer("<|im_start|>user\nA cat by the window, 窗边<|im_end|>\n", return_tensors="pt")
    taps = {"plain.ids": plain["input_ids"]}
    found = encoder(**plain, output_hidden_states=True).hidden_states
    taps |= {f"plain.{i}": h for i, h in enumerate(found)}
    text = "<|im_start|>user\n" + "".join(
        f"Picture {i + 1}: <|vision_start|><|image_pad|><|vision_end|>" for i in range(len(pictures))
    ) + "Make it blue<|im_end|>\n"  # fmt: skip
    both = processor(text=[text], images=pictures)
    taps["both.ids"] = both["input_ids"]
    taps["both.patches"], taps["both.grid"] = both["pixel_values"], both["image_grid_thw"]
    taps["both.vision"] = encoder.model.visual(both["pixel_values"], grid_thw=both["image_grid_thw"])
    positions, _ = encoder.model.get_rope_index(
        both["input_ids"], both["image_grid_thw"], attention_mask=both["attention_mask"]
    )
    taps["both.positions"] = positions
    taps["both.out"] = encoder(**both, output_hidden_states=True).hidden_states[-1]
    # The same with the positions given: the reference must not have fallen back to counting.
    again = encoder(**both, position_ids=positions, output_hidden_states=True).hidden_states[-1]
    assert torch.equal(taps["both.out"], again)
    counted = torch.arange(positions.shape[-1]).view(1, 1, -1).expand(3, 1, -1)
    assert not torch.allclose(
        encoder(**both, position_ids=counted, output_hidden_states=True).hidden_states[-1], again, atol=0.1
    )
    save("text.safetensors", taps)


def picture(name, width, height):
    path = out / name
    noise = np.random.default_rng(width * height)
    y, x = np.mgrid[0:height, 0:width]
    base = np.stack([x * 255 / width, y * 255 / height, 128 + 100 * np.sin(x / 7 + y / 11)], axis=-1)
    Image.fromarray(np.clip(base + noise.normal(0, 12, base.shape), 0, 255).astype(np.uint8)).save(path)
    return Image.open(path).convert("RGB")


def run_schedule():
    cases = []
    config = json.loads((model / "scheduler" / "scheduler_config.json").read_text())
    light = {**config, "base_shift": math.log(3), "max_shift": math.log(3), "shift_terminal": None}
    for kind, given in (("standard", config), ("lightning", light)):
        for width, height in ((1024, 1024), (1664, 928), (256, 512), (64, 96), (2048, 2048)):
            for steps in (2, 3, 4, 8, 20, 50):
                scheduler = FlowMatchEulerDiscreteScheduler.from_config(given)
                mu = edit_plus.calculate_shift(
                    width * height // 256,
                    given["base_image_seq_len"],
                    given["max_image_seq_len"],
                    given["base_shift"],
                    given["max_shift"],
                )
                scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / steps, steps), mu=mu)
                cases.append(
                    {
                        "kind": kind,
                        "width": width,
                        "height": height,
                        "steps": steps,
                        "sigmas": scheduler.sigmas.tolist(),
                    }
                )
    (out / "schedule.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")


def run_guidance():
    positive, negative = torch.randn(7, 64), torch.randn(7, 64)
    combined = negative + 3.5 * (positive - negative)
    guided = combined * (positive.norm(dim=-1, keepdim=True) / combined.norm(dim=-1, keepdim=True))
    save("guidance.safetensors", {"positive": positive, "negative": negative, "guided": guided})


def run_pipelines(parts, zero, pictures):
    vae, text_encoder, tokenizer, processor, transformer, scheduler = parts
    plain = QwenImagePipeline(scheduler, vae, text_encoder, tokenizer, transformer)
    edit = QwenImageEditPlusPipeline(scheduler, vae, text_encoder, tokenizer, processor, transformer)
    for pipe in (plain, edit):
        pipe.set_progress_bar_config(disable=True)
    width, height, steps = 96, 64, 3
    noise = torch.randn(1, width * height // 256, 64)
    arrays, cases = {"noise": noise}, []

    def record(name, latents, **how):
        arrays[f"{name}.latents"] = latents
        z = plain._unpack_latents(latents, height, width, 8)
        mean = torch.tensor(vae.config.latents_mean).view(1, 16, 1, 1, 1)
        std = torch.tensor(vae.config.latents_std).view(1, 16, 1, 1, 1)
        decoded = vae.decode(z * std + mean).sample[:, :, 0]
        plain.image_processor.postprocess(decoded, output_type="pil")[0].save(out / f"{name}.png")
        cases.append({"name": name, "width": width, "height": height, "steps": steps, **how})

    common = dict(width=width, height=height, num_inference_steps=steps, latents=noise, output_type="latent")
    prompt, negative = "A cat by the window, looking at the rain. 窗边", "blurry"
    for name, guidance in (("txt2img", 4.0), ("txt2img-unguided", 1.0)):
        made = plain(prompt=prompt, negative_prompt=negative, true_cfg_scale=guidance, **common).images
        record(name, made, kind="txt2img", prompt=prompt, negative_prompt=negative, guidance=guidance)

    # A start from a picture: the pipeline of diffusers draws from the encoder's distribution, so the loop is written out.
    start = int(steps * 0.4)
    embeds, _ = plain.encode_prompt(prompt)
    others, _ = plain.encode_prompt(" ")
    sized = plain.image_processor.preprocess(plain.image_processor.resize(pictures[0], height, width))
    mean = torch.tensor(vae.config.latents_mean).view(1, 16, 1, 1, 1)
    std = torch.tensor(vae.config.latents_std).view(1, 16, 1, 1, 1)
    clean = (vae.encode(sized.unsqueeze(2)).latent_dist.mode() - mean) / std
    clean = plain._pack_latents(clean, 1, 16, height // 8, width // 8)
    arrays["img2img.clean"] = clean
    mu = edit_plus.calculate_shift(noise.shape[1], 256, 8192, 0.5, 0.9)
    scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / steps, steps), mu=mu)
    sigmas = scheduler.sigmas
    latents = (1 - sigmas[start]) * clean + sigmas[start] * noise
    shapes = [(height // 16, width // 16)]
    for i in range(start, steps):
        sigma = float(sigmas[i])
        positive = forward(transformer, latents, embeds, shapes, sigma)
        other = forward(transformer, latents, others, shapes, sigma)
        both = other + 4.0 * (positive - other)
        velocity = both * positive.norm(dim=-1, keepdim=True) / both.norm(dim=-1, keepdim=True)
        latents = latents + (sigmas[i + 1] - sigmas[i]) * velocity
    record("img2img", latents, kind="img2img", prompt=prompt, negative_prompt=None, guidance=4.0, image_strength=0.4)

    prompt = "Put the second picture on the first"
    for name, network in (("edit", transformer), ("edit-zero", zero)):
        edit.register_modules(transformer=network)
        made = edit(image=list(pictures), prompt=prompt, negative_prompt="", true_cfg_scale=2.5, **common).images
        record(name, made, kind="edit", prompt=prompt, negative_prompt=None, guidance=2.5)
    save("pipeline.safetensors", arrays)
    (out / "pipeline.json").write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")


def main():
    shutil.rmtree(out, ignore_errors=True)
    model.mkdir(parents=True)
    tokenizer = make_tokenizer()
    run_tokenizer(tokenizer)
    encoder = make_text_encoder(tokenizer)
    processor = Processor(tokenizer)
    transformer, zero = make_transformer()
    vae = make_vae()
    scheduler = FlowMatchEulerDiscreteScheduler(
        base_image_seq_len=256, base_shift=0.5, max_image_seq_len=8192, max_shift=0.9, shift=1.0, shift_terminal=0.02,
        time_shift_type="exponential", use_dynamic_shifting=True,
    )  # fmt: skip
    scheduler.save_pretrained(model / "scheduler")
    pictures = [picture("first.png", 150, 100), picture("second.png", 80, 130)]
    small = [p.resize((28 * 10, 28 * 6)) if i == 0 else p.resize((28 * 3, 28 * 5)) for i, p in enumerate(pictures)]
    run_text_encoder(encoder, tokenizer, processor, small)
    taps = run_transformer("plain", transformer, torch.randn(1, 9, 64), [(5, 6)], 0.61)
    refs = [(5, 6), (4, 3), (3, 7)]
    run_transformer("references", transformer, torch.randn(1, 12, 64), refs, 0.32)
    run_transformer("zero", zero, torch.randn(1, 12, 64), refs, 0.32)
    run_lora(transformer, taps)
    run_vae(vae)
    run_schedule()
    run_guidance()
    run_pipelines((vae, encoder, tokenizer, processor, transformer, scheduler), zero, pictures)
    assert load_file(model / "vae" / "diffusion_pytorch_model.safetensors")


main()
