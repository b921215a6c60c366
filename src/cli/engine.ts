import { existsSync } from "node:fs";
import { cpus, release, version as systemVersion } from "node:os";
import { basename, join } from "node:path";
import { nativeFolder, repair, type Where } from "../../ffi/native.ts";
import { withRemedy } from "../check/gpu-remedies.ts";
import { metalFolder, newerMetal } from "../check/metal-variant.ts";
import { testAtStart } from "../check/start-test.ts";
import { systemFault } from "../check/system.ts";
import type { DeviceState } from "../engine/engine.ts";
import { type Started, startEngine } from "../engine/start.ts";
import { takeSharpFrom } from "../images/native-parts.ts";
import type { Loaded } from "../settings/load.ts";
import { version } from "../version.ts";
import { CommandError, exitCodes } from "./context.ts";
import type { Process } from "./process.ts";

/** An engine whose `ready` waits for the test of its kernels, too. */
export interface TestedEngine extends Started {
  /** Its device; null until it is ready. */
  device(): DeviceState | null;
}

/** Where the native parts may be unpacked. */
export function nativePlaces(
  { settings, sources }: Loaded,
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): Where {
  if (sources.cache_dir !== "default") return { usual: settings.cache_dir, chosen: settings.cache_dir };
  // macOS empties ~/Library/Caches when a disk fills up, and a service would lose its libraries while it runs
  const service = platform === "darwin" && isService(env);
  return { usual: service ? join(settings.data_dir, "native") : settings.cache_dir, chosen: undefined };
}

/** Whether launchd started this process: by our own launch agent, or by Homebrew's. */
function isService({
  XPC_SERVICE_NAME: name,
  EASEL_SERVICE_LABEL: own,
}: Readonly<Record<string, string | undefined>>) {
  return name !== undefined && (name === own || /^(dev\.easel\.|homebrew\.mxcl\.easel)/.test(name));
}

/** The machine, its system and the build: what the test of a kernel holds for. */
const testedOn = (folder: string) => ({
  system: `${globalThis.process.platform} ${release()} ${systemVersion()}`,
  build: `${version} ${basename(folder)}`,
});

/** Where a binary for a Mac carries two sets of kernels: the folder of those that this machine is to use. */
async function kernelFolder(folder: string, { settings, file }: Loaded): Promise<string> {
  if (!existsSync(join(folder, newerMetal))) return folder;
  const [{ passed }, { runAgain }] = await Promise.all([
    import("../check/doctor/engine.ts"),
    import("./again.ts"),
  ]);
  const { system, build } = testedOn(folder);
  const config = file !== null && existsSync(file) ? ["--config", file] : [];
  return metalFolder(folder, {
    system: () => Bun.spawnSync(["sysctl", "-n", "kern.osproductversion"]).stdout.toString().trim(),
    forced: globalThis.process.env.EASEL_METAL_VARIANT,
    key: [cpus()[0]?.model, system, build].join(" | "),
    file: join(settings.cache_dir, "metal-variant.json"),
    passes: async (variant) =>
      passed(await runAgain([...config, "doctor", "--engine-part"], { EASEL_METAL_VARIANT: variant })),
  });
}

/** Starts the engine as the settings want it, untested. A fault of it ends the process. */
export function untestedEngine(loaded: Loaded, process: Process): Started {
  const fault = systemFault({ platform: globalThis.process.platform, release: release() });
  if (fault) throw new CommandError(fault, exitCodes.startup);
  const { device, cpu_precision: products, cpu_quantized: quantized } = loaded.settings;
  const started = startEngine(
    process.startWorker(),
    nativePlaces(loaded),
    (error) => process.leave(error, exitCodes.engineFault),
    {
      device: device === "auto" ? "best" : device,
      precision: { products, quantized },
      choose: (folder) => kernelFolder(folder, loaded),
    },
  );
  started.folder.then(takeSharpFrom, () => {});
  return started;
}

/** What a machine needs that runs no jobs: libvips for thumbnails. Nothing of MLX is unpacked. */
export function noEngineOf(loaded: Loaded): Pick<TestedEngine, "folder" | "ready" | "device"> {
  const folder = nativeFolder({ ...nativePlaces(loaded), only: /^(sharp-|libheif\/)/ });
  folder.then(takeSharpFrom, () => {});
  const ready = folder.then(() => {});
  ready.catch(() => {});
  return { folder, ready, device: () => null };
}

/** The engine of this process, with the kernels of its GPU tested when that has not been done on this machine before. */
export function engineOf(loaded: Loaded, process: Process): TestedEngine {
  const started = untestedEngine(loaded, process);
  let state: DeviceState | null = null;
  const tested = async () => {
    const folder = await started.folder;
    await started.ready.catch((error: Error) => {
      throw error.message.startsWith("[open]") ? new Error(withRemedy(error.message)) : error;
    });
    state = await testAtStart(started.engine, {
      file: join(loaded.settings.cache_dir, "self-test.json"),
      ...testedOn(folder),
      mend: () => repair(folder),
    });
  };
  const ready = tested();
  // Awaited where it is needed; a rejection must not end the process before.
  ready.catch(() => {});
  return { ...started, ready, device: () => state };
}
