/** Stages a file in a fleet's store, says its id, and waits to be killed. */
import { join } from "node:path";
import { openSharedStore } from "../../../../src/files/shared/open.ts";
import { addressOf } from "../../../../src/fleet/address.ts";
import { connect } from "../../../../src/fleet/connect.ts";
import { silent } from "../../../../src/log.ts";

const { settings, folder } = JSON.parse(process.argv[2]!);
const store = await openSharedStore({
  client: connect(addressOf(settings)).durable,
  settings,
  cacheFolder: join(folder, "cache"),
  now: () => Date.now() / 1000,
  log: silent,
});
const { file_id } = await store.stage(new Uint8Array(100_000), {});
console.log(file_id);
await new Promise(() => setInterval(() => {}, 1000));
