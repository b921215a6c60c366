/**
 * Brings the native parts and the engine up, off the main thread's way.
 *
 * @module
 */
import { join } from "node:path";
import { library, nativeFolder, repair, type Where } from "../../ffi/native.ts";
import { connect, type Port } from "./client.ts";
import type { Engine } from "./engine.ts";
import type { WantedDevice, WantedPrecision } from "./protocol.ts";

export interface Started {
  engine: Engine;
  /** The folder of the native parts. */
  folder: Promise<string>;
  /** The folder whose library is opened: that one, or one inside it. */
  chosen: Promise<string>;
  /** Settles when MLX is open. Earlier requests wait for it. */
  ready: Promise<void>;
}

export interface Starting {
  device?: WantedDevice;
  precision?: WantedPrecision;
  /** The folder whose library is opened: that of the native parts, or one inside it. */
  choose?: (folder: string) => Promise<string>;
}

/** Starts the engine and does not wait for it. `fault` is called when the engine breaks later. */
export function startEngine(
  port: Port,
  where: Where,
  fault: (error: Error) => void,
  { device = "best", precision, choose = async (path) => path }: Starting = {},
): Started {
  const connected = connect(port, fault);
  const folder = nativeFolder(where);
  const chosen = folder.then(choose);
  const ready = chosen.then((path) => {
    const open = () => connected.open(join(path, library), device, precision);
    return open().catch(async (error) => {
      if (await repair(await folder)) return open();
      throw error;
    });
  });
  // Callers that await it see the error; without them it must not be unhandled.
  folder.catch(() => {});
  chosen.catch(() => {});
  ready.catch(() => {});
  const engine: Engine = {
    load: (...request) => ready.then(() => connected.load(...request)),
    run: (...request) => ready.then(() => connected.run(...request)),
    evict: (...request) => ready.then(() => connected.evict(...request)),
    stats: () => ready.then(() => connected.stats()),
  };
  return { engine, folder, chosen, ready };
}
