/**
 * The body of a job's webhook, in the words of the dialect that took the job.
 *
 * @module
 */
import type { Links } from "../../files/links.ts";
import type { Notification } from "../../jobs/store/store.ts";
import { artworkNotification } from "./tengr/notification.ts";

/** The Job, unless its dialect has a body of its own. */
export const notifications =
  (links: Links): Notification =>
  (job, { dialect, webhook }) =>
    dialect === "tengr" ? artworkNotification(job, webhook, links) : job;
