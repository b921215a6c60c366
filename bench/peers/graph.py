"""A transformer as ONNX and as OpenVINO's own format: from latents, text and sigma to the velocity.

python graph.py flux2|zimage FOLDER NAME
"""

import sys
from pathlib import Path

import openvino
import torch
from diffusers import Flux2KleinPipeline, Flux2Transformer2DModel, ZImageTransformer2DModel
from safetensors.torch import load_file

torch.set_grad_enabled(False)
family, folder, name = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
inputs = load_file(folder / "inputs.safetensors")


class Flux2(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = Flux2Transformer2DModel.from_pretrained(folder / "transformer", torch_dtype=torch.float32).eval()
        self.register_buffer("places", Flux2KleinPipeline._prepare_latent_ids(inputs["noise"][None]))
        self.register_buffer("words", Flux2KleinPipeline._prepare_text_ids(inputs["text"][None]))

    def forward(self, latents, text, sigma):
        tokens = Flux2KleinPipeline._pack_latents(latents[None])
        made = self.model(
            hidden_states=tokens, encoder_hidden_states=text[None], timestep=sigma, img_ids=self.places, txt_ids=self.words,
            return_dict=False,
        )[0]  # fmt: skip
        return made[0].T.reshape(latents.shape)


class ZImage(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = ZImageTransformer2DModel.from_pretrained(folder / "transformer", torch_dtype=torch.float32).eval()

    def forward(self, latents, text, sigma):
        return -self.model([latents[:, None]], 1 - sigma, [text], return_dict=False)[0][0][:, 0]


network = (Flux2 if family == "flux2" else ZImage)()
names = ["latents", "text", "sigma"]
given = (inputs["noise"], inputs["text"], torch.tensor([1.0]))
torch.onnx.export(network, given, folder / f"{name}.onnx", input_names=names, output_names=["velocity"], dynamo=True)
openvino.save_model(openvino.convert_model(folder / f"{name}.onnx"), folder / f"{name}.xml", compress_to_fp16=False)
