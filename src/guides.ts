/**
 * The guides of `docs/`, which the program carries for agents.
 *
 * @module
 */
import agents from "../docs/guides/agents.md" with { type: "text" };
import depth from "../docs/guides/depth.md" with { type: "text" };
import depthFiles from "../docs/guides/depth-files.md" with { type: "text" };
import events from "../docs/guides/events.md" with { type: "text" };
import files from "../docs/guides/files.md" with { type: "text" };
import firstJob from "../docs/guides/first-job.md" with { type: "text" };
import fleet from "../docs/guides/fleet.md" with { type: "text" };
import flux2 from "../docs/guides/flux2.md" with { type: "text" };
import mac from "../docs/guides/mac.md" with { type: "text" };
import models from "../docs/guides/models.md" with { type: "text" };
import qwen from "../docs/guides/qwen.md" with { type: "text" };
import seedvr2 from "../docs/guides/seedvr2.md" with { type: "text" };
import service from "../docs/guides/service.md" with { type: "text" };
import webhooks from "../docs/guides/webhooks.md" with { type: "text" };
import zimage from "../docs/guides/zimage.md" with { type: "text" };
import type { Guide } from "./http/pages/llms.ts";

/** In the order in which a newcomer reads them. */
export const guides = (): readonly Guide[] =>
  Object.entries({
    "first-job.md": firstJob,
    "agents.md": agents,
    "files.md": files,
    "events.md": events,
    "webhooks.md": webhooks,
    "depth.md": depth,
    "depth-files.md": depthFiles,
    "models.md": models,
    "seedvr2.md": seedvr2,
    "flux2.md": flux2,
    "zimage.md": zimage,
    "qwen.md": qwen,
    "service.md": service,
    "fleet.md": fleet,
    "mac.md": mac,
  }).map(([name, text]) => ({ name, text }));
