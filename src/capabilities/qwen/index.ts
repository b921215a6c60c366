import type { Settings } from "../../settings/settings.ts";
import type { Operation } from "../capability.ts";
import type { Family } from "../family.ts";
import { adapters } from "./adapters.ts";
import { prose } from "./contract.ts";
import { edit, generate, warm } from "./operation.ts";
import { ownSettings, rows, settingProblems } from "./settings.ts";
import { isEdit, models } from "./variants.ts";
import { verbs } from "./verbs.ts";

const sizeOf = (settings: Settings) => {
  const { qwen_default_width, qwen_default_height } = ownSettings(settings);
  return { width: qwen_default_width, height: qwen_default_height };
};

export const qwen: Family = {
  ...models,
  domain: "image",
  label: "Qwen-Image",
  title: prose.title,
  summary: prose.summary,
  description: prose.description,
  operations: [generate as Operation, edit as Operation],
  warm,
  adapters,
  pageFields: ["mask"],
  openai: {
    generate: {
      operation: generate as Operation,
      defaults: (settings) => ({ ...sizeOf(settings), steps: ownSettings(settings).qwen_generate_steps }),
    },
    edit: {
      operation: edit as Operation,
      defaults: (settings) => ({ ...sizeOf(settings), steps: ownSettings(settings).qwen_edit_steps }),
    },
  },
  settings: rows,
  settingProblems,
  verbs,
  probe: {
    shows: "picture",
    side: 256,
    request(model, image, { width, height }) {
      const body = { model, steps: 1, width, height, seed: 1, prompt: "a red ball on a table" };
      return isEdit(model)
        ? { path: "/edit", body: { ...body, images: [image] } }
        : { path: "/generate", body };
    },
  },
};
