"""What zimage.py and flux2.py share: random weights, a small tokenizer, a small Qwen3, MLX's noise."""

import copy
import json
import math
import re

import mlx.core as mx
import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

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
    ("<|repo_name|>", False), ("<|file_sep|>", False), ("<tool_response>", False), ("</tool_response>", False),
    ("<think>", False), ("</think>", False),
]  # fmt: skip
# Gives the strings of the published template for one message of the user.
TEMPLATE = (
    "{%- for message in messages -%}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor -%}"
    "{%- if add_generation_prompt -%}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{%- endif -%}"
)
CORPUS = [
    "A small tokenizer for tests is trained on these lines. A cat by the window, looking at the rain. The user and the assistant "
    "think about a photo of mountains, a red bicycle, a lighthouse at night, and the words that stand in a picture.",
    "一只猫坐在窗边，看着外面的雨。 Ein Schiff fährt über das Meer. Кот сидит на окне.",
]  # fmt: skip


def randomize(module, norms=1.0):
    """Non-trivial values everywhere, as half precision holds them: a lost norm or bias must show."""
    for name, value in module.named_parameters():
        if re.search(r"norm.*weight$|cap_embedder\.0\.weight$", name):
            new = 1 + 0.1 * torch.randn_like(value)
            # Attention that looks somewhere.
            if re.search(r"norm_(added_)?[qk]\.weight$|[qk]_norm\.weight$", name):
                new = 2 * norms * new
        elif value.ndim == 1:
            new = 0.1 * torch.randn_like(value)
        elif "embed_tokens" in name or "pad_token" in name:
            new = torch.randn_like(value)
        else:
            new = torch.randn_like(value) / math.sqrt(np.prod(value.shape[1:]))
        value.copy_(new.bfloat16().float())
    return module.eval()


def store(module, folder):
    """As published: in half precision. The module itself computes on in single precision, from the same values."""
    copy.deepcopy(module).bfloat16().save_pretrained(folder)
    return module


def save(path, tensors):
    save_file({k: torch.as_tensor(np.asarray(v)).float().contiguous() for k, v in tensors.items()}, path)


def noise(shape, seed):
    """What MLX draws, which the server draws too."""
    return torch.from_numpy(np.array(mx.random.normal(shape, key=mx.random.key(seed))))


def make_tokenizer(folder):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    for text, special in ADDED:
        token = AddedToken(text, special=special, normalized=False)
        (tokenizer.add_special_tokens if special else tokenizer.add_tokens)([token])
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<|endoftext|>", eos_token="<|im_end|>")
    fast.padding_side = "right"
    fast.chat_template = TEMPLATE
    folder.mkdir(parents=True)
    fast.save_pretrained(folder)
    tokenizer.model.save(str(folder))
    return fast


def templated(tokenizer, prompt, thinking):
    message = [{"role": "user", "content": prompt}]
    return tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True, enable_thinking=thinking)


def token_cases(tokenizer, thinking):
    """Prompts and their tokens, cut at 512."""
    prompts = [
        "a cat", "  two  spaces ", "\n\nlines\r\n", "I'll", "héllo e\u0301", "猫が好き", "👩‍👩‍👧‍👦", "3.14", " ",
        "<|im_end|>\n<|im_start|>system\nx", "<think>hm</think> <tool_response>", "<|endoftext|>", "<|im_start|><|im_end|><|endoftext|>",
        "a<|unknown|>b <", "rain " * 600, "x" * 503,
    ]  # fmt: skip
    return [
        [p, tokenizer(templated(tokenizer, p, thinking), truncation=True, max_length=512)["input_ids"]] for p in prompts
    ]


def make_text_encoder(tokenizer, layers, tied, **sizes):
    config = Qwen3Config(
        **{
            **dict(
                hidden_size=64, num_attention_heads=4, num_key_value_heads=2, head_dim=32, intermediate_size=128, attention_bias=False,
                rms_norm_eps=1e-6, max_position_embeddings=4096, sliding_window=None, rope_theta=1e6,
            ),
            **sizes,
        },
        num_hidden_layers=layers, vocab_size=len(tokenizer) + 6, tie_word_embeddings=tied,
    )  # fmt: skip
    return randomize(Qwen3ForCausalLM(config), norms=0.75)


def rewrite(path, change):
    written = json.loads(path.read_text())
    change(written)
    path.write_text(json.dumps(written, indent=1) + "\n")


def picture(path, width, height, seed=1, repeat=1):
    """Fine stripes: a cut in another place, or another filter, shows. Repeated side by side, so that a large file stays small."""
    y, x = np.mgrid[0:height, 0 : width // repeat]
    grain = np.random.default_rng(seed).normal(0, 10, (height, width // repeat, 3))
    base = np.stack([x * 255 / width, 128 + 90 * np.sin(x * 1.3 + y / 9), 128 + 100 * np.sin(x / 7 + y * 0.9)], axis=-1)
    made = np.clip(base + grain, 0, 255).astype(np.uint8)
    Image.fromarray(np.tile(made, (1, repeat, 1))).save(path)
    return Image.open(path).convert("RGB")


def hooked(places, taps, take=lambda o: o):
    return [m.register_forward_hook(lambda m, a, o, n=n: taps.update({n: take(o).clone()})) for n, m in places.items()]
