"""Makes test/fixtures/seedvr2 with mflux: tiny random networks in the published layout, inputs, taps inside, outputs.

python test/reference/seedvr2.py            (see requirements-mflux.txt)
"""

import json
import re
from pathlib import Path

import mlx.core as mx
import numpy as np
import torch
from mlx.utils import tree_flatten, tree_unflatten
from PIL import Image

# Newer versions of MLX take no array of counts in `repeat`, and a running sum of nothing ends the process on the CPU.
_repeat, _cumsum = mx.repeat, mx.cumsum


def repeat(a, repeats, axis=None):
    if isinstance(repeats, mx.array):
        repeats = repeats.tolist()
        repeats = repeats[0] if isinstance(repeats, list) else repeats
    return _repeat(a, repeats, axis=axis)


mx.repeat = repeat
mx.cumsum = lambda a, *args, **kw: a if a.size == 0 else _cumsum(a, *args, **kw)

import isolated

isolated.use(isolated.MFLUX)

from mflux.models.common.config import ModelConfig  # noqa: E402
from mflux.models.common.vae.tiling_config import TilingConfig  # noqa: E402
from mflux.models.common.vae.vae_tiler import VAETiler  # noqa: E402
from mflux.models.common.vae.vae_util import VAEUtil  # noqa: E402
from mflux.models.seedvr2.latent_creator.seedvr2_latent_creator import SeedVR2LatentCreator  # noqa: E402
from mflux.models.seedvr2.model.seedvr2_transformer.transformer import SeedVR2Transformer  # noqa: E402
from mflux.models.seedvr2.model.seedvr2_transformer.window import WindowPartitioner  # noqa: E402
from mflux.models.seedvr2.model.seedvr2_vae.vae import SeedVR2VAE  # noqa: E402
from mflux.models.seedvr2.variants.upscale.seedvr2_util import SeedVR2Util  # noqa: E402
from mflux.utils.image_util import ImageUtil  # noqa: E402
from mflux.utils.scale_factor import ScaleFactor  # noqa: E402

# mflux rounds to bfloat16 behind each norm of the VAE; the network itself does not ask for it.
ModelConfig.precision = mx.float32

out = Path(__file__).parent.parent / "fixtures" / "seedvr2"
rng = np.random.default_rng(20261121)

DIT = {
    "3b": dict(
        vid_dim=64, txt_in_dim=40, heads=2, head_dim=48, rope_dim=48, num_layers=4, mm_layers=2,
    ),
    "7b": dict(
        vid_dim=64, txt_in_dim=40, heads=2, head_dim=32, rope_dim=24, num_layers=3, mm_layers=3,
        rope_on_text=False, rope_freqs_for="pixel", mlp_type="normal", use_output_ada=False,
        last_layer_vid_only=False, expand_ratio=2,
    ),
}  # fmt: skip
WIDTHS = (64, 32, 32, 32)


def randomize(module):
    """Non-trivial values everywhere, as half precision holds them: a lost norm or bias must show."""
    values = []
    for name, value in tree_flatten(module.parameters()):
        if name.endswith("rope.freqs"):
            new = np.array(value)
        elif re.search(r"norm.*weight$|_scale$", name):
            new = 1 + 0.2 * rng.standard_normal(value.shape)
        elif value.ndim == 1:
            new = 0.2 * rng.standard_normal(value.shape)
        else:
            new = rng.standard_normal(value.shape) / np.sqrt(np.prod(value.shape[1:]))
        values.append((name, mx.array(new.astype(np.float16).astype(np.float32))))
    module.update(tree_unflatten(values))
    return module


def save(path, tensors, half=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = mx.float16 if half else mx.float32
    mx.save_safetensors(str(path), {k: mx.array(v).astype(kind) for k, v in tensors.items()})


def dit_names(transformer, mm_layers):
    """mflux's names as the checkpoint spells them."""
    found = {}
    for name, value in tree_flatten(transformer.parameters()):
        block = re.match(r"blocks\.(\d+)\.", name)
        shared = block is not None and int(block[1]) >= mm_layers
        name = re.sub(r"\.ada\.params_(vid|txt|all)\.", r".ada.\1.", name)
        name = re.sub(r"\.(proj_qkv|proj_out|norm_q|norm_k)_(vid|txt)\.", r".\1.\2.", name)
        name = name.replace("attn.rope.freqs", "attn.rope.rope.freqs")
        name = re.sub(r"^out_(shift|scale)$", r"vid_out_ada.out_\1", name)
        if shared:
            name = re.sub(r"\.(vid|txt)\.(weight|bias)$", r".all.\2", name)
        found[name] = value
    return found


def vae_names(vae):
    return {
        name: value.transpose(0, 4, 1, 2, 3) if value.ndim == 5 else value
        for name, value in tree_flatten(vae.parameters())
    }


def run_dit(kind):
    config = DIT[kind]
    transformer = randomize(SeedVR2Transformer(**config))
    weights = dit_names(transformer, config["mm_layers"])
    save(out / kind / f"seedvr2_ema_{kind}_fp16.safetensors", weights, half=True)
    vid = rng.standard_normal((1, 33, 1, 48, 42)).astype(np.float32)
    vid[:, 32] = 1
    txt = rng.standard_normal((1, 5, 40)).astype(np.float32)
    taps = {"vid": vid, "txt": txt}

    for i, block in enumerate(transformer.blocks):
        taps[f"block{i}.in"] = None
    original = type(transformer.blocks[0]).__call__
    outputs = []

    def spy(self, **kw):
        result = original(self, **kw)
        outputs.append(result)
        return result

    type(transformer.blocks[0]).__call__ = spy
    taps["out"] = transformer(vid=mx.array(vid), txt=mx.array(txt), timestep=mx.array(1000.0))
    type(transformer.blocks[0]).__call__ = original
    taps = {k: v for k, v in taps.items() if v is not None}
    for i, (v, t) in enumerate(outputs):
        taps[f"block{i}.vid"], taps[f"block{i}.txt"] = v, t
    save(out / f"dit-{kind}.safetensors", taps)
    return transformer


def run_vae():
    vae = randomize(SeedVR2VAE(block_out_channels=WIDTHS))
    save(out / "ema_vae_fp16.safetensors", vae_names(vae), half=True)
    image = rng.uniform(-1, 1, (1, 3, 40, 56)).astype(np.float32)
    latent = rng.standard_normal((1, 16, 1, 5, 7)).astype(np.float32)
    taps = {"image": image, "latent": latent}
    taps["encoded"] = vae.encode(mx.array(image))
    taps["decoded"] = vae.decode(mx.array(latent))
    x = vae.encoder.conv_in(mx.array(image)[:, :, None])
    for i, block in enumerate(vae.encoder.down_blocks):
        x = block(x)
        taps[f"down{i}"] = x
    taps["encoder.mid"] = vae.encoder.mid_block(x)
    x = vae.decoder.mid_block(vae.decoder.conv_in(mx.array(latent) / 0.9152))
    taps["decoder.mid"] = x
    for i, block in enumerate(vae.decoder.up_blocks):
        x = block(x)
        taps[f"up{i}"] = x
    big = rng.uniform(-1, 1, (1, 3, 136, 112)).astype(np.float32)
    tiles = dict(tile_size=(64, 64), tile_overlap=(16, 16))
    coded = VAETiler.encode_image_tiled(image=mx.array(big), encode_fn=vae.encode, latent_channels=16, **tiles)
    taps |= {"tiled.image": big, "tiled.encoded": coded}
    taps["tiled.decoded"] = VAETiler.decode_image_tiled(latent=coded, decode_fn=vae.decode, **tiles)
    save(out / "vae.safetensors", taps)
    return vae


def run_windows():
    cases = []
    for h, w in [(24, 21), (9, 12), (45, 80), (68, 120), (33, 90), (1, 7), (120, 17), (50, 50)]:
        for shift in (False, True):
            slices = WindowPartitioner._make_windows((1, h, w), (4, 3, 3), shift)
            boxes = [[sh.start, sh.stop, sw.start, sw.stop] for _, sh, sw in slices]
            cases.append({"height": h, "width": w, "shift": shift, "windows": boxes})
    (out / "windows.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")


def run_color():
    content = np.clip(rng.standard_normal((1, 3, 37, 53)) * 0.6, -1, 1).astype(np.float32)
    grid = np.linspace(-1, 1, 53)[None, None, None] * np.linspace(-0.5, 1, 37)[None, None, :, None]
    style = np.clip(grid + 0.2 * rng.standard_normal((1, 3, 37, 53)), -1, 1).astype(np.float32)
    both = SeedVR2Util.apply_color_correction(mx.array(content), mx.array(style))
    wavelet = SeedVR2Util._wavelet_reconstruction(content, style)
    keep = SeedVR2Util._wavelet_reconstruction
    SeedVR2Util._wavelet_reconstruction = staticmethod(lambda content, style: content)
    lab = SeedVR2Util.apply_color_correction(mx.array(content), mx.array(style))
    SeedVR2Util._wavelet_reconstruction = keep
    save(
        out / "color.safetensors",
        {"content": content, "style": style, "wavelet-lab": both, "wavelet": wavelet, "lab": lab},
    )


def picture(width, height):
    """Of random numbers of its own, so that the rest is the same whether the picture is there already or not."""
    noise = np.random.default_rng(width * height)
    y, x = np.mgrid[0:height, 0:width]
    base = np.stack([x * 255 / width, y * 255 / height, 128 + 100 * np.sin(x / 7 + y / 11)], axis=-1)
    return Image.fromarray(np.clip(base + noise.normal(0, 12, base.shape), 0, 255).astype(np.uint8))


def run_pipeline(kind, transformer, vae, width, height, resolution, softness, seed):
    path = out / f"input-{width}x{height}.png"
    if not path.exists():
        picture(width, height).save(path)
    asked = ScaleFactor.parse(resolution) if isinstance(resolution, str) else resolution
    image, true_h, true_w = SeedVR2Util.preprocess_image(path, asked, softness)
    text = torch.load(out / "pos_emb.pt").float().numpy()[None]
    latent = VAEUtil.encode(vae=vae, image=image, tiling_config=TilingConfig())
    condition = SeedVR2LatentCreator.create_condition(encoded_latent=latent)
    noise = SeedVR2LatentCreator.create_noise_latents(seed=seed, height=latent.shape[-2], width=latent.shape[-1])
    vid = mx.concatenate([noise, condition], axis=1)
    predicted = transformer(txt=mx.array(text), vid=vid, timestep=mx.array(1000.0))
    clean = noise - predicted
    decoded = VAEUtil.decode(vae=vae, latent=clean, tiling_config=TilingConfig())
    decoded = decoded[:, :, :true_h, :true_w]
    fixed = SeedVR2Util.apply_color_correction(decoded, image[:, :, :true_h, :true_w])
    pixels = ImageUtil._to_numpy(ImageUtil._denormalize(fixed))
    name = f"{kind}-{width}x{height}-{resolution}-{softness}-{seed}.png"
    ImageUtil._numpy_to_pil(pixels).save(out / name)
    return {
        "variant": kind, "input": path.name, "resolution": resolution, "softness": softness,
        "seed": seed, "width": true_w, "height": true_h, "output": name,
    }  # fmt: skip


def run_sizes():
    cases = []
    for w, h in [(100, 75), (75, 100), (64, 64), (1920, 1080), (333, 777), (64, 1024)]:
        for resolution in ["2x", "1.5x", "4x", "0.3x", 16, 384, 1080]:
            if min(w, h) * 4 > 2048 and resolution == "4x":
                continue
            value = (
                ScaleFactor.parse(resolution).get_scaled_value(min(w, h)) if isinstance(resolution, str) else resolution
            )
            scale = value / min(w, h)
            size = [int(w * scale) // 2 * 2, int(h * scale) // 2 * 2]
            cases.append({"width": w, "height": h, "resolution": resolution, "size": size})
    (out / "sizes.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")


def main():
    out.mkdir(parents=True, exist_ok=True)
    torch.save(torch.from_numpy(rng.standard_normal((7, 40)).astype(np.float32)).bfloat16(), out / "pos_emb.pt")
    run_windows()
    run_sizes()
    run_color()
    vae = run_vae()
    cases = []
    for kind, config in DIT.items():
        transformer = run_dit(kind)
        known = {"rope": config.get("rope_freqs_for", "lang"), "window": [4, 3, 3]}
        (out / kind / "config.json").write_text(json.dumps(known) + "\n")
        cases.append(run_pipeline(kind, transformer, vae, 100, 75, "2x", 0.0, 42))
        cases.append(run_pipeline(kind, transformer, vae, 100, 75, 336, 0.4, 7))
    (out / "pipeline.json").write_text(json.dumps(cases, indent=1) + "\n")


main()
