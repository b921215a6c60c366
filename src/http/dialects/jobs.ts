/**
 * Operations that dialects add to those of the families, and the bodies of their webhooks.
 *
 * @module
 */
import type { Operation } from "../../capabilities/capability.ts";
import { family } from "../../capabilities/depthanything/variants.ts";
import type { Links } from "../../files/links.ts";
import type { Notification } from "../../jobs/store/store.ts";
import { artworkNotification } from "./tengr/notification.ts";
import { depthMap } from "./tengr/operation.ts";

export const dialectOperations = [{ family, operation: depthMap as Operation }];

/** The body that a webhook gets at a job's end, in the words of the dialect that took the job: the Job, unless it has its own. */
export const notifications =
  (links: Links): Notification =>
  (job, { dialect, webhook }) =>
    dialect === "tengr" ? artworkNotification(job, webhook, links) : job;
