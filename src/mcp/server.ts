/**
 * The MCP server: nine tools over the API. One is made for each session.
 *
 * @module
 */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import type { Api } from "./api.ts";
import { guarded, type Tool } from "./tool.ts";
import { jobTools } from "./tools/jobs.ts";
import { modelTools } from "./tools/models.ts";
import { pictureTools } from "./tools/pictures.ts";

const instructions =
  "easel runs image models on this machine: depth maps, upscaling, generating and editing pictures. " +
  "list_models says which models are installed. Tools that make a picture wait up to wait_s seconds and then answer with the " +
  "running job; get_job waits further. Give pictures by url, by file_id of an earlier result, or as a data_url.";

/** Schemas are large, so sessions share them. */
const made = new Map<boolean, readonly Tool[]>();
const jsonSchemaValidator = new AjvJsonSchemaValidator();

function toolsFor(paths: boolean): readonly Tool[] {
  const tools = made.get(paths) ?? [...pictureTools(paths), ...jobTools, ...modelTools];
  made.set(paths, tools);
  return tools;
}

export function createMcpServer(api: Api, version: string): McpServer {
  const server = new McpServer(
    { name: "easel", title: "easel", version },
    { instructions, jsonSchemaValidator },
  );
  for (const tool of toolsFor(api.readPath !== undefined))
    server.registerTool(tool.name, tool.config, guarded(api, tool));
  return server;
}
