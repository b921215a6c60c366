"""Does with OpenAI's client what a front end does, and prints what it saw: `openai_client.py BASE_URL TOKEN PICTURE MASK`."""

import base64
import json
import sys
import urllib.request

import openai

base_url, token, picture, mask = sys.argv[1:]
client = openai.OpenAI(api_key=token, base_url=base_url, max_retries=0)
told: dict[str, object] = {}

told["models"] = sorted(model.id for model in client.models.list())

made = client.images.generate(model="gpt-image-1", prompt="a red fox", n=2)
pictures = [base64.b64decode(image.b64_json) for image in made.data]
told["pictures"] = len(set(pictures))
told["png"] = all(data.startswith(b"\x89PNG") for data in pictures)

linked = client.images.generate(
    model="qwen/image", prompt="a red fox", size="48x64", response_format="url", output_format="webp"
)
with urllib.request.urlopen(linked.data[0].url) as answer:
    told["webp"] = answer.read()[8:12] == b"WEBP"

with open(picture, "rb") as file:
    edited = client.images.edit(image=file, prompt="make it blue")
told["edited"] = base64.b64decode(edited.data[0].b64_json).startswith(b"\x89PNG")

with open(picture, "rb") as file, open(mask, "rb") as transparent:
    repainted = client.images.edit(image=file, mask=transparent, prompt="a red ball")
told["repainted"] = repainted.data[0].b64_json
told["size"] = repainted.size

events = list(client.images.generate(prompt="a red fox", stream=True, partial_images=2))
told["last"] = events[-1].type
told["partial"] = sum(event.type == "image_generation.partial_image" for event in events)

key = {"Idempotency-Key": "one fox, in Python"}
first = client.images.generate(prompt="a fox once", extra_headers=key)
again = client.images.generate(prompt="a fox once", extra_headers=key)
told["again"] = first.data[0].b64_json == again.data[0].b64_json and bool(first.data[0].b64_json)

try:
    client.images.generate(prompt="a fox", background="transparent")
except openai.BadRequestError as error:
    told["refused"] = [error.status_code, error.code]
try:
    client.images.generate(prompt="a fox", model="no-such-model")
except openai.NotFoundError as error:
    told["unknown"] = [error.status_code, error.code]
try:
    openai.OpenAI(api_key="wrong", base_url=base_url, max_retries=0).models.list()
except openai.AuthenticationError as error:
    told["stranger"] = error.status_code

print(json.dumps(told))
