"""Makes test/fixtures/zimage-mflux and test/fixtures/flux2-mflux: tiny models as mflux saves them, quantized, and what mflux computes
with them.

python test/reference/diffusion_mflux.py            (see requirements-diffusion.txt; zimage.py and flux2.py come first)

mflux has the sizes of the published networks in its constructors, so smaller ones are put together from its own blocks. Heads keep
their published width, because such a folder has no config that could name another. Everything that is saved goes through its saver.
"""

import shutil
from pathlib import Path
from types import SimpleNamespace

import mlx.core as mx
import numpy as np
import isolated

isolated.use(isolated.MFLUX_WITH_FLUX2)

from mflux.models.common.config import ModelConfig
from mflux.models.common.weights.loading.weight_loader import WeightLoader
from mflux.models.common.weights.saving.model_saver import ModelSaver
from mflux.models.flux2.latent_creator.flux2_latent_creator import Flux2LatentCreator
from mflux.models.flux2.model.flux2_text_encoder.prompt_encoder import Flux2PromptEncoder
from mflux.models.flux2.model.flux2_text_encoder.qwen3_text_encoder import Qwen3TextEncoder
from mflux.models.flux2.model.flux2_transformer.transformer import Flux2Transformer
from mflux.models.flux2.model.flux2_vae.decoder.decoder import Flux2Decoder
from mflux.models.flux2.model.flux2_vae.encoder.encoder import Flux2Encoder
from mflux.models.flux2.model.flux2_vae.vae import Flux2VAE
from mflux.models.flux2.weights.flux2_weight_definition import Flux2KleinWeightDefinition
from mflux.models.z_image.model.z_image_text_encoder.text_encoder import TextEncoder
from mflux.models.z_image.model.z_image_transformer.feed_forward import FeedForward
from mflux.models.z_image.model.z_image_transformer.transformer import ZImageTransformer
from mflux.models.z_image.model.z_image_vae.decoder import decoder as zimage_decoder
from mflux.models.z_image.model.z_image_vae.encoder import encoder as zimage_encoder
from mflux.models.z_image.model.z_image_vae.vae import VAE
from mflux.models.z_image.weights.z_image_weight_definition import ZImageWeightDefinition
from mlx import nn
from mlx.utils import tree_flatten, tree_unflatten
from transformers import AutoTokenizer

fixtures = Path(__file__).parent.parent / "fixtures"
ModelConfig.precision = mx.float32
mx.random.seed(20261129)
rng = np.random.default_rng(20261129)
BITS = 4


def random_weights(module):
    def value(name, old):
        if "inv_freq" in name:
            return old
        if old.ndim == 1 and name.endswith("weight") or name.endswith("running_var"):
            new = mx.abs(1 + 0.1 * mx.random.normal(old.shape))
        elif old.ndim == 1:
            new = 0.1 * mx.random.normal(old.shape)
        elif "embed_tokens" in name or "pad_token" in name:
            new = mx.random.normal(old.shape)
        else:
            new = mx.random.normal(old.shape) / np.sqrt(np.prod(old.shape[1:]))
        return new.astype(mx.bfloat16)

    module.update(tree_unflatten([(name, value(name, old)) for name, old in tree_flatten(module.parameters())]))
    return module


def saved(name, parts, definition, tokenizer_name):
    """Quantizes and saves as `mflux-save` does, then computes in single precision from the values that were saved."""
    folder = fixtures / f"{name}-mflux"
    shutil.rmtree(folder, ignore_errors=True)
    for part in parts.values():
        random_weights(part)
        nn.quantize(
            part, bits=BITS, group_size=64, class_predicate=lambda path, module: hasattr(module, "to_quantized")
        )
    tokenizer = SimpleNamespace(tokenizer=AutoTokenizer.from_pretrained(fixtures / name / "model" / "tokenizer"))
    model = SimpleNamespace(**parts, tokenizers={tokenizer_name: tokenizer})
    ModelSaver.save_model(model, BITS, str(folder), definition)
    for part in parts:
        read, level, version = WeightLoader._try_load_mflux_format(folder / part)
        assert read is not None and level == BITS and version is not None
    for part in parts.values():
        wide = [(k, v if v.dtype == mx.uint32 else v.astype(mx.float32)) for k, v in tree_flatten(part.parameters())]
        part.update(tree_unflatten(wide))
    return folder


def write(folder, taps):
    mx.save_safetensors(str(folder / "taps.safetensors"), {name: tap.astype(mx.float32) for name, tap in taps.items()})


def normal(*shape):
    return mx.array(rng.normal(size=shape).astype(np.float32))


def zimage():
    sizes = {128: 32, 256: 32, 512: 64}

    def smaller(module):
        """Its sizes stand in the constructor, which gets smaller ones."""
        for name, value in list(vars(module).items()):
            if isinstance(value, type) and issubclass(value, nn.Module) and name not in ("Encoder", "Decoder"):
                make = lambda *a, _make=value, **kw: _make(
                    *a, **{k: v if k == "num_groups" else sizes.get(v, v) for k, v in kw.items()}
                )  # noqa: E731
                setattr(module, name, make)

    smaller(zimage_encoder)
    smaller(zimage_decoder)
    transformer = ZImageTransformer(dim=128, n_layers=1, n_refiner_layers=1, n_heads=1, cap_feat_dim=64)
    for block in [*transformer.noise_refiner, *transformer.context_refiner, *transformer.layers]:
        block.feed_forward = FeedForward(128, 320)
    text_encoder = TextEncoder(
        vocab_size=452,
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=128,
        head_dim=32,
    )
    parts = {"transformer": transformer, "text_encoder": text_encoder, "vae": VAE()}
    folder = saved("zimage", parts, ZImageWeightDefinition, "z_image")
    latents, caption, z = normal(16, 1, 6, 8), normal(9, 64), normal(1, 16, 1, 4, 6)
    picture = mx.array(rng.uniform(-1, 1, size=(1, 3, 1, 32, 48)).astype(np.float32))
    ids = mx.array(rng.integers(0, 420, size=(1, 12)).astype(np.int32))
    vae = parts["vae"]
    write(
        folder,
        {
            "latents": latents[:, 0], "caption": caption, "sigma": mx.array([0.4]), "z": z[:, :, 0], "picture": picture[:, :, 0],
            "velocity": transformer(latents, 0.6, mx.array([0.4]), caption)[:, 0], "ids": ids, "states": text_encoder(ids)[0],
            "decoded": vae.decode(z)[:, :, 0], "encoded": vae.encode(picture)[:, :, 0],
        },
    )  # fmt: skip


def flux2():
    transformer = Flux2Transformer(
        num_layers=1, num_single_layers=1, attention_head_dim=128, num_attention_heads=1, joint_attention_dim=192
    )
    text_encoder = Qwen3TextEncoder(
        vocab_size=452,
        hidden_size=64,
        num_hidden_layers=28,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=128,
        head_dim=32,
    )
    vae = Flux2VAE()
    vae.encoder = Flux2Encoder(block_out_channels=(32, 32, 32, 64))
    vae.decoder = Flux2Decoder(block_out_channels=(32, 32, 32, 64))
    parts = {"transformer": transformer, "text_encoder": text_encoder, "vae": vae}
    folder = saved("flux2", parts, Flux2KleinWeightDefinition, "qwen3")
    tokens, text, packed = normal(1, 12, 128), normal(1, 8, 192), normal(1, 128, 2, 3)
    picture = mx.array(rng.uniform(-1, 1, size=(1, 3, 32, 48)).astype(np.float32))
    img_ids = Flux2LatentCreator.prepare_grid_ids(mx.zeros((1, 128, 3, 4)), t_coord=0)
    pad = AutoTokenizer.from_pretrained(fixtures / "flux2" / "model" / "tokenizer").pad_token_id
    ids = np.full((1, 512), pad, dtype=np.int32)
    ids[0, :12] = rng.integers(0, 420, size=12)
    mask = (np.arange(512)[None] < 12).astype(np.int32)
    mean, var = (getattr(vae.bn, name).reshape(1, -1, 1, 1) for name in ("running_mean", "running_var"))
    encoded = (Flux2LatentCreator.patchify_latents(vae.encode(picture)) - mean) / mx.sqrt(var + 1e-4)
    write(
        folder,
        {
            "latents": tokens[0], "text": text[0], "sigma": mx.array([0.4]), "z": packed, "picture": picture,
            "velocity": transformer(tokens, text, mx.array([0.4]), img_ids, Flux2PromptEncoder.prepare_text_ids(text))[0],
            "ids": mx.array(ids[0, :12]), "states": text_encoder.get_prompt_embeds(mx.array(ids), mx.array(mask))[0],
            "decoded": vae.decode_packed_latents(packed), "encoded": encoded,
        },
    )  # fmt: skip


zimage()
flux2()
