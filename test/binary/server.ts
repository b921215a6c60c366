import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The binary under test; EASEL_TEST_BINARY names another one, such as that of another machine under an emulator. */
const built = process.env.EASEL_TEST_BINARY ?? join(import.meta.dir, "../../dist/easel");

/** What it is started with where this machine cannot: an emulator and its options, apart by blanks. */
const runner = process.env.EASEL_TEST_RUNNER?.split(" ") ?? [];
export const emulated = runner.length > 0;

/** The binary alone in a folder of its own, with nothing of this machine around it. */
export interface Place extends Disposable {
  folder: string;
  home: string;
  binary: string;
  /** What a shell would type to start it. */
  command: readonly string[];
}

export function place(): Place {
  const folder = mkdtempSync(join(tmpdir(), "easel-binary-"));
  const home = join(folder, "home");
  const binary = join(folder, "easel");
  mkdirSync(home);
  cpSync(built, binary);
  return {
    folder,
    home,
    binary,
    command: [...runner, binary],
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

type Env = Record<string, string>;

/** Runs a command to its end, with the given environment and no other. */
export async function ran({ command, folder }: Place, args: string[], env: Env) {
  const child = Bun.spawn([...command, ...args], {
    cwd: folder,
    env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code };
}

export interface Server extends AsyncDisposable {
  url: string;
  pid: number;
  /** What it has printed so far. */
  text(): string;
  get(path: string): Promise<Response>;
  /** The exit code, once there is one. */
  ended: Promise<number | null>;
  /** Sends the signal and gives the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the server on a free port and waits until it answers. */
export async function started({ command, folder }: Place, env: Env, args: string[] = []): Promise<Server> {
  const child = Bun.spawn([...command, "run", "--port", "0", ...args], {
    cwd: folder,
    env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      text += decoder.decode(chunk, { stream: true });
      const found = /listening on (http:\S+)/.exec(text);
      if (found) resolve(found[1]!);
    }
  };
  const streams = Promise.all([read(child.stdout), read(child.stderr)]);
  const ended = child.exited.then(async (code) => {
    await streams;
    reject(new Error(`the server ended with ${code ?? child.signalCode}:\n${text}`));
    return code;
  });
  const url = await promise;
  return {
    url,
    pid: child.pid,
    text: () => text,
    get: (path) => fetch(new URL(path, url)),
    ended,
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill("SIGKILL");
      await ended;
    },
  };
}
