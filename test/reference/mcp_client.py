"""Does with the official MCP client what an agent does, and prints what it saw: `mcp_client.py PICTURE http URL` or
`mcp_client.py PICTURE stdio COMMAND…`."""

import asyncio
import base64
import json
import os
import sys
import urllib.request

from mcp import Client, MCPError, StdioServerParameters

picture, transport, *address = sys.argv[1:]
seen: dict[str, object] = {}


async def use(client: Client) -> None:
    seen["tools"] = sorted(tool.name for tool in (await client.list_tools()).tools)
    seen["schemas"] = all(tool.output_schema for tool in (await client.list_tools()).tools)

    with open(picture, "rb") as file:
        url = "data:image/jpeg;base64," + base64.b64encode(file.read()).decode()
    depth = await client.call_tool("estimate_depth", {"image": {"data_url": url}, "wait_s": 120})
    seen["depth"] = depth.structured_content["status"]
    seen["kinds"] = sorted({part.type for part in depth.content})

    steps: list[float] = []

    async def step(progress: float, total: float | None, message: str | None) -> None:
        steps.append(progress)

    source = {"file_id": depth.structured_content["files"][0]["file_id"]}
    upscaled = await client.call_tool(
        "upscale_image", {"image": source, "resolution": "2x", "wait_s": 120}, progress_callback=step
    )
    seen["upscaled"] = upscaled.structured_content["status"]
    seen["rising"] = len(steps) > 0 and steps == sorted(steps)

    begun = await client.call_tool("estimate_depth", {"image": source, "wait_s": 0})
    seen["begun"] = begun.structured_content["status"] in ("queued", "running")
    later = await client.call_tool("get_job", {"job_id": begun.structured_content["job_id"], "wait_s": 120})
    seen["later"] = later.structured_content["status"]
    link = next(part for part in later.content if part.type == "resource_link")
    with urllib.request.urlopen(str(link.uri)) as answer:
        seen["png"] = answer.read(4) == b"\x89PNG"

    stranger = await client.call_tool("get_job", {"job_id": "job_" + "0" * 32})
    seen["stranger"] = stranger.is_error
    wrong = await client.call_tool("upscale_image", {"image": 7})
    seen["wrong"] = wrong.is_error
    try:
        unknown = await client.call_tool("format_disk", {})
        seen["unknown"] = unknown.is_error
    except MCPError:
        seen["unknown"] = True


async def main() -> None:
    server = (
        StdioServerParameters(command=address[0], args=address[1:], env=dict(os.environ))
        if transport == "stdio"
        else address[0]
    )
    async with Client(server) as client:
        await use(client)
    print(json.dumps(seen))


asyncio.run(main())
