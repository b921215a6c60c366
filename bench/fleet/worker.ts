/**
 * A worker for `bench/fleet/main.ts`, in a process of its own: `bun bench/fleet/worker.ts URL MODE START SECONDS WINDOW`.
 * It prints one line of JSON when it is done, and keeps its connections until it is killed.
 */
import { insertFiles } from "../../src/files/shared/postgres-records.ts";
import { addressOf } from "../../src/fleet/address.ts";
import { connect } from "../../src/fleet/connect.ts";
import { createPostgresNotices } from "../../src/jobs/notify/postgres-notices.ts";
import { createPostgresJobStore } from "../../src/jobs/store/postgres.ts";
import { createLog } from "../../src/log.ts";
import { defaultSettings } from "../../src/settings/load.ts";
import { end, offer, variants } from "./jobs.ts";

const [url, mode, start, seconds, window] = process.argv.slice(2) as [string, string, string, string, string];
const connection = connect(addressOf(defaultSettings({ fleet_url: url }), {}));
const id = crypto.randomUUID();
const node = { id, name: id, role: "worker", version: "0", lease: 600, window: Number(window) };
const store = createPostgresJobStore({ connection, node, insertFiles });
await store.beat({ running: [] });

const done = (result: object) => console.log(JSON.stringify(result));

await Bun.sleep(Math.max(0, Number(start) - Date.now()));
if (mode === "claims") {
  const claims: number[] = [];
  const began = performance.now();
  while (performance.now() - began < Number(seconds) * 1000) {
    const before = performance.now();
    const claimed = await store.claim(offer(variants, []));
    if (!claimed) break;
    claims.push(performance.now() - before);
    await end(store, claimed);
  }
  done({ claims, seconds: (performance.now() - began) / 1000 });
} else if (mode === "steady") {
  const began = Date.now();
  let jobs = 0;
  for (;;) {
    const claimed = await store.claim(offer(variants, []));
    if (!claimed) break;
    await Bun.sleep(100);
    await end(store, claimed);
    jobs++;
  }
  done({ began, ended: Date.now(), jobs });
} else if (mode === "models") {
  // room for one model, 0.3 s to load one
  let resident = "";
  let loads = 0;
  for (;;) {
    const claimed = await store.claim(offer(variants, [resident]));
    if (!claimed) break;
    const variant = String(claimed.job.params.variant);
    if (variant !== resident) {
      loads++;
      await Bun.sleep(300);
    }
    resident = variant;
    await Bun.sleep(10);
    await end(store, claimed);
  }
  done({ loads });
} else {
  const log = createLog({ level: "error", format: "text" });
  const notices = await createPostgresNotices({ connection, node: id, log });
  let busy = Promise.resolve();
  const take = async () => {
    for (
      let claimed = await store.claim(offer(variants, []));
      claimed;
      claimed = await store.claim(offer(variants, []))
    )
      await end(store, claimed);
  };
  notices.on("work", () => {
    busy = busy.then(take);
  });
  done({});
}
setInterval(() => {}, 1 << 30);
