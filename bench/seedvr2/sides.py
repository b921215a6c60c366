"""What make.py and mflux_side.py share: mflux's networks in the sizes of this bench, and the published names of their tensors."""

import re
import sys
from pathlib import Path

import mlx.core as mx
from mlx.utils import tree_flatten

_repeat, _cumsum = mx.repeat, mx.cumsum


def repeat(a, repeats, axis=None):
    if isinstance(repeats, mx.array):
        repeats = repeats.tolist()
        repeats = repeats[0] if isinstance(repeats, list) else repeats
    return _repeat(a, repeats, axis=axis)


# mflux was written for an older MLX: see test/reference/seedvr2.py
mx.repeat = repeat
mx.cumsum = lambda a, *args, **kw: a if a.size == 0 else _cumsum(a, *args, **kw)

sys.path.insert(0, str(Path(__file__).parents[2] / "test/reference"))
import isolated  # noqa: E402

isolated.use(isolated.MFLUX)

from mflux.models.seedvr2.model.seedvr2_transformer.transformer import SeedVR2Transformer  # noqa: E402
from mflux.models.seedvr2.model.seedvr2_vae.vae import SeedVR2VAE  # noqa: E402

TRANSFORMER = dict(vid_dim=1024, txt_in_dim=5120, heads=8, head_dim=128, num_layers=12, mm_layers=4)


def networks():
    return SeedVR2Transformer(**TRANSFORMER), SeedVR2VAE()


def published(name, transformer):
    if not transformer:
        return name
    block = re.match(r"blocks\.(\d+)\.", name)
    name = re.sub(r"\.ada\.params_(vid|txt|all)\.", r".ada.\1.", name)
    name = re.sub(r"\.(proj_qkv|proj_out|norm_q|norm_k)_(vid|txt)\.", r".\1.\2.", name)
    name = name.replace("attn.rope.freqs", "attn.rope.rope.freqs")
    name = re.sub(r"^out_(shift|scale)$", r"vid_out_ada.out_\1", name)
    if block is not None and int(block[1]) >= TRANSFORMER["mm_layers"]:
        name = re.sub(r"\.(vid|txt)\.(weight|bias)$", r".all.\2", name)
    return name


def published_names(module):
    """The module's tensors as a checkpoint names and lays them out."""
    transformer = isinstance(module, SeedVR2Transformer)
    return {
        published(name, transformer): value.transpose(0, 4, 1, 2, 3) if value.ndim == 5 else value
        for name, value in tree_flatten(module.parameters())
    }


def load(module, path):
    tensors = mx.load(str(path))
    transformer = isinstance(module, SeedVR2Transformer)
    values = []
    for name, value in tree_flatten(module.parameters()):
        found = tensors[published(name, transformer)].astype(mx.float32)
        values.append((name, found.transpose(0, 2, 3, 4, 1) if value.ndim == 5 else found))
    module.load_weights(values)
    mx.eval(module.parameters())
