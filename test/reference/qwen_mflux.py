"""Makes test/fixtures/qwen-mflux: a tiny Qwen-Image as mflux saves one, quantized, and what mflux computes with it.

python test/reference/qwen_mflux.py            (see requirements-mflux.txt)

The weights are those of test/fixtures/qwen/image, which qwen.py makes; the picture coder is smaller still. mflux has the sizes of the
published networks in its constructors, so they are built here from its own blocks. Everything that is saved goes through its saver.
"""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import mlx.core as mx
import numpy as np
import isolated

isolated.use(isolated.MFLUX)

from mflux.models.common.config import ModelConfig
from mflux.models.common.weights.loading.loaded_weights import LoadedWeights, MetaData
from mflux.models.common.weights.loading.weight_applier import WeightApplier
from mflux.models.common.weights.loading.weight_loader import WeightLoader
from mflux.models.common.weights.mapping.weight_mapper import WeightMapper
from mflux.models.common.weights.saving.model_saver import ModelSaver
from mflux.models.qwen.model.qwen_text_encoder.qwen_encoder import QwenEncoder
from mflux.models.qwen.model.qwen_text_encoder.qwen_encoder_layer import QwenEncoderLayer
from mflux.models.qwen.model.qwen_text_encoder.qwen_rope import QwenRotaryEmbedding
from mflux.models.qwen.model.qwen_text_encoder.qwen_text_encoder import QwenTextEncoder
from mflux.models.qwen.model.qwen_text_encoder.qwen_vision_transformer import VisionTransformer
from mflux.models.qwen.model.qwen_transformer.qwen_rope import QwenEmbedRopeMLX
from mflux.models.qwen.model.qwen_transformer.qwen_transformer import QwenTransformer
from mflux.models.qwen.model.qwen_vae import qwen_image_decoder_3d, qwen_image_encoder_3d
from mflux.models.qwen.model.qwen_vae.qwen_vae import QwenVAE
from mflux.models.qwen.weights.qwen_weight_definition import QwenWeightDefinition
from mlx.utils import tree_flatten, tree_unflatten
from transformers import AutoTokenizer

fixtures = Path(__file__).parent.parent / "fixtures"
source, out = fixtures / "qwen" / "image", fixtures / "qwen-mflux"
ModelConfig.precision = mx.float32
mx.random.seed(20261121)
rng = np.random.default_rng(20261121)


def transformer():
    made = QwenTransformer(num_layers=2, attention_head_dim=32, num_attention_heads=4, joint_attention_dim=64)
    made.pos_embed = QwenEmbedRopeMLX(theta=10000, axes_dim=[8, 12, 12], scale_rope=True)
    return made


def text_encoder(vocabulary):
    """As an edit model has it: with eyes."""
    made = QwenTextEncoder()
    made.encoder = QwenEncoder(vocab_size=vocabulary, hidden_size=64, num_hidden_layers=0)
    layer = dict(hidden_size=64, num_attention_heads=4, num_key_value_heads=2, intermediate_size=128)
    made.encoder.layers = [QwenEncoderLayer(**layer) for _ in range(3)]
    made.encoder.rotary_emb = QwenRotaryEmbedding(dim=16)
    for each in made.encoder.layers:
        each.self_attn.rope_scaling = {"mrope_section": [2, 3, 3]}
    made.encoder.visual = VisionTransformer(
        embed_dim=32, depth=4, num_heads=2, mlp_ratio=85 / 32, hidden_size=64, fullatt_block_indexes=[1, 3]
    )
    return made


def vae():
    """Its sizes stand in the constructors of its halves: they get a smaller base instead of 96."""
    base = 4

    def smaller(size):
        return size * base // 96 if isinstance(size, int) and size >= 96 else size

    modules = (qwen_image_encoder_3d, qwen_image_decoder_3d)
    kept = [
        (module, name, value) for module in modules for name, value in vars(module).items() if isinstance(value, type)
    ]
    for module, name, value in kept:
        if name.startswith("QwenImage") and not name.endswith(("Encoder3D", "Decoder3D")):
            make = lambda *a, _make=value, **kw: _make(*map(smaller, a), **{k: smaller(v) for k, v in kw.items()})  # noqa: E731
            setattr(module, name, make)
    made = QwenVAE()
    for module, name, value in kept:
        setattr(module, name, value)
    return made


def random_weights(module):
    def value(name, old):
        if "norm" in name:
            # As its mapping leaves them: without the axes of ones.
            new = 1 + 0.2 * mx.random.normal([old.shape[0]])
        else:
            new = mx.random.normal(old.shape) / (np.sqrt(np.prod(old.shape[1:])) if old.ndim > 1 else 5)
        return new.astype(mx.bfloat16)

    module.update(tree_unflatten([(name, value(name, old)) for name, old in tree_flatten(module.parameters())]))


def published(name, mapping):
    """The weights of the published layout under mflux's names, as its loader makes them."""
    tensors = {}
    for file in sorted((source / name).glob("*.safetensors")):
        tensors |= mx.load(str(file))
    return WeightMapper.apply_mapping(hf_weights=tensors, mapping=mapping, num_blocks=4, num_layers=4)


def save(model, bits, folder):
    """Applies weights and bits as mflux does, then saves as `mflux-save` does."""
    definition = QwenWeightDefinition
    mapping = {component.name: component.mapping_getter() for component in definition.get_components()}
    weights = LoadedWeights(
        components={name: published(name, mapping[name]) for name in ("transformer", "text_encoder")},
        meta_data=MetaData(quantization_level=None, mflux_version=None),
    )
    parts = {"transformer": model.transformer, "text_encoder": model.text_encoder}
    WeightApplier.apply_and_quantize(weights=weights, models=parts, quantize_arg=bits, weight_definition=definition)
    ModelSaver.save_model(model, bits, str(folder), definition)
    read, level, version = WeightLoader._try_load_mflux_format(folder / "transformer")
    assert read is not None and level == bits and version is not None
    for part in ("transformer", "text_encoder", "vae"):
        shutil.copy(source / part / "config.json", folder / part / "config.json")
    config = json.loads((folder / "vae" / "config.json").read_text()) | {"base_dim": 4}
    (folder / "vae" / "config.json").write_text(json.dumps(config, indent=1) + "\n")


def run(model):
    # In single precision, from the values that were saved.
    for part in (model.transformer, model.text_encoder, model.vae):
        part.update(
            tree_unflatten(
                [(k, v if v.dtype == mx.uint32 else v.astype(mx.float32)) for k, v in tree_flatten(part.parameters())]
            )
        )
    latents, text = (mx.array(rng.normal(size=shape).astype(np.float32)) for shape in ((1, 30, 64), (1, 9, 64)))
    config = SimpleNamespace(
        height=80, width=96, scheduler=SimpleNamespace(sigmas=mx.array([0.61]), timesteps=mx.array([610.0]))
    )
    velocity = model.transformer(
        t=0, config=config, hidden_states=latents, encoder_hidden_states=text,
        encoder_hidden_states_mask=mx.ones((1, 9), dtype=mx.int32),
    )  # fmt: skip
    noise = mx.array(rng.normal(size=(1, 16, 1, 4, 6)).astype(np.float32))
    picture = mx.array(rng.uniform(-1, 1, size=(1, 3, 1, 32, 48)).astype(np.float32))
    ids = mx.array(rng.integers(0, 600, size=(1, 12)).astype(np.int32))
    states = model.text_encoder.encoder(ids, mx.ones(ids.shape, dtype=mx.int32))
    taps = {
        "latents": latents, "text": text, "velocity": velocity, "sigma": mx.array([0.61]), "z": noise,
        "decoded": model.vae.decode(noise), "picture": picture, "encoded": model.vae.encode(picture), "ids": ids.astype(mx.float32),
        "states": states,
    }  # fmt: skip
    mx.save_safetensors(str(out / "taps.safetensors"), {name: tap.astype(mx.float32) for name, tap in taps.items()})


def main():
    shutil.rmtree(out, ignore_errors=True)
    tokenizer = SimpleNamespace(tokenizer=AutoTokenizer.from_pretrained(source / "tokenizer"))
    vocabulary = json.loads((source / "text_encoder" / "config.json").read_text())["vocab_size"]
    model = SimpleNamespace(
        vae=vae(), transformer=transformer(), text_encoder=text_encoder(vocabulary), tokenizers={"qwen": tokenizer}
    )
    random_weights(model.vae)
    save(model, 4, out)
    run(model)
    for name, component in (
        ("vae", model.vae),
        ("transformer", model.transformer),
        ("text_encoder", model.text_encoder),
    ):
        print(name, sum(value.nbytes for _, value in tree_flatten(component.parameters())))


main()
