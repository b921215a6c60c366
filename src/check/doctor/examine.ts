/**
 * Puts the page of `easel doctor` together.
 *
 * @module
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { arch, homedir, hostname, release } from "node:os";
import { join } from "node:path";
import { inspectParts, nativeFolder } from "../../../ffi/native.ts";
import { runAgain } from "../../cli/again.ts";
import { addressOf } from "../../cli/client.ts";
import type { CommandContext } from "../../cli/context.ts";
import { nativePlaces } from "../../cli/engine.ts";
import { machineMemory } from "../../engine/memory.ts";
import { shownSettings } from "../../settings/document.ts";
import type { Loaded } from "../../settings/load.ts";
import { settingNames } from "../../settings/table.ts";
import { version } from "../../version.ts";
import { type Ask, askSystem } from "./ask.ts";
import { type Ended, engineSections } from "./engine.ts";
import { linuxSystem } from "./linux.ts";
import { macBinary, macSystem } from "./mac.ts";
import { deeply, withoutPerson } from "./personal.ts";
import { diskSection, logSection, nativeSection, serverSection } from "./places.ts";
import { type Report, reportOf, type Section } from "./report.ts";

/** Starts this program again with other arguments, and waits for its end. */
export type RunAgain = (args: readonly string[]) => Promise<Ended>;

/** The machine that is looked at; a test puts another one in its place. */
export interface Machine {
  platform: NodeJS.Platform;
  /** The kernel's version. */
  kernel: string;
  ask: Ask;
  again: RunAgain;
}

export const thisMachine = (): Machine => ({
  platform: globalThis.process.platform,
  kernel: release(),
  ask: askSystem,
  again: runAgain,
});

/** Looks at the machine, and takes out what says whose it is. */
export async function examine(context: CommandContext, machine: Machine): Promise<Report> {
  const sections = [
    ...(await systemSections(machine, context.env)),
    ...(await ownSections(context, machine.again)),
  ];
  const clean = withoutPerson({ homes: homesOf(context.env), host: hostname() });
  return deeply(reportOf(`${version} (${machine.platform}-${arch()})`, sections), clean);
}

async function systemSections(
  { platform, kernel, ask }: Machine,
  env: CommandContext["env"],
): Promise<Section[]> {
  if (platform === "darwin")
    return [await macSystem(ask, kernel, env), await macBinary(ask, globalThis.process.execPath)];
  const read = (path: string) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return "";
    }
  };
  const files = {
    osRelease: read("/etc/os-release"),
    cpuinfo: read("/proc/cpuinfo"),
    meminfo: read("/proc/meminfo"),
  };
  return [await linuxSystem(ask, kernel, arch(), files)];
}

/** What easel itself knows. Settings that cannot be read leave only that to say. */
async function ownSections(context: CommandContext, again: RunAgain): Promise<Section[]> {
  let loaded: Loaded;
  try {
    loaded = context.loaded();
  } catch (error) {
    return [
      { name: "Settings", facts: {}, faults: [error instanceof Error ? error.message : String(error)] },
    ];
  }
  const { settings, file } = loaded;
  const { data_dir, cache_dir } = settings;
  const engine = engineSections(
    await again([...(file && existsSync(file) ? ["--config", file] : []), "doctor", "--engine-part"]),
    machineMemory(),
    settings.memory_limit_gb,
    context.env.MLX_ENABLE_TF32,
  );
  return [
    settingsSection(loaded),
    await partsSection(loaded),
    ...engine,
    diskSection({ "the data directory": data_dir, "the cache directory": cache_dir }),
    await serverSection(addressOf(settings)),
    logSection([join(data_dir, "logs", "server.log"), "/opt/homebrew/var/log/easel.log"]),
  ];
}

/** Settings that name a person's machines and folders: only said to be set. */
const personal: ReadonlySet<string> = new Set([
  "allowed_hosts",
  "allowed_url_hosts",
  "cors_origins",
  "model_paths",
  "public_url",
]);

function settingsSection({ settings, sources, warnings }: Loaded): Section {
  const shown = shownSettings(settings);
  const own = settingNames.filter((name) => sources[name] !== "default");
  return {
    name: "Settings",
    facts:
      own.length === 0
        ? { all: "at their defaults" }
        : Object.fromEntries(
            own.map((name) => [
              name,
              `${personal.has(name) ? "(set)" : JSON.stringify(shown[name])} from ${sources[name]}`,
            ]),
          ),
    faults: [...warnings],
  };
}

async function partsSection(loaded: Loaded): Promise<Section> {
  try {
    const folder = await nativeFolder(nativePlaces(loaded));
    return nativeSection(folder, await inspectParts(folder));
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    return { name: "Native parts", facts: { folder: null }, faults: [fault] };
  }
}

/** The home directory by its name in the environment, in the system's list, and behind links. */
function homesOf(env: CommandContext["env"]): string[] {
  return [env.HOME, homedir()]
    .filter((home) => home !== undefined)
    .flatMap((home) => {
      try {
        return [home, realpathSync(home)];
      } catch {
        return [home];
      }
    });
}
