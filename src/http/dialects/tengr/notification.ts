import type { Links } from "../../../files/links.ts";
import type { Job } from "../../../jobs/job.ts";
import type { Webhook } from "../../../jobs/store/store.ts";
import { artworkOf } from "./translate.ts";

/** Tengr's webhooks get artworks that succeeded or failed; a cancelled one sends nothing. */
export function artworkNotification(job: Job, { context }: Webhook, links: Links): object | undefined {
  return job.status === "canceled" ? undefined : artworkOf(job, String(context?.origin ?? ""), links);
}
