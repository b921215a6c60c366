/**
 * The binary's commands: a download beside curl, which neither hashes nor syncs, from the same server in turns; and how long
 * `easel version` and `easel status` take. Writes `docs/bench/cli.md`.
 *
 *     bun build.ts && bun bench/cli/main.ts [--rounds 5] [--megabytes 1024] [--folder /tmp]
 *
 * Needs Linux with python3 and curl.
 *
 * @module
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { spread } from "../statistics.ts";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    rounds: { type: "string", default: "5" },
    megabytes: { type: "string", default: "1024" },
    folder: { type: "string", default: tmpdir() },
  },
});
const rounds = Number(values.rounds);
const megabytes = Number(values.megabytes);
const root = join(import.meta.dir, "../..");
const easel = join(root, "dist/easel");
const work = mkdtempSync(join(values.folder, "easel-bench-cli-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

interface Run {
  seconds: number;
  /** Of the processor, in the command itself. */
  cpu: number;
}

async function timed(command: string[], env: Record<string, string>): Promise<Run> {
  const started = performance.now();
  const child = Bun.spawn(command, { cwd: work, env, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const told = new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${await told}`);
  const seconds = (performance.now() - started) / 1000;
  return { seconds, cpu: Number(child.resourceUsage()!.cpuTime.total) / 1e6 };
}

async function firstLine(stream: ReadableStream<Uint8Array>, found: RegExp): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const match = found.exec(text);
    if (match) return match[1]!;
  }
  throw new Error(`no answer: ${text}`);
}

// --- Downloads ------------------------------------------------------------------------------------------------------------------

const source = join(work, "source");
const hasher = new Bun.CryptoHasher("sha256");
const file = openSync(source, "w");
for (let i = 0; i < megabytes; i++) {
  const piece = Buffer.alloc(2 ** 20);
  for (let at = 0; at < piece.length; at += 65536) crypto.getRandomValues(piece.subarray(at, at + 65536));
  hasher.update(piece);
  writeSync(file, piece);
}
closeSync(file);
const hash = hasher.digest("hex");

async function download(rate: number | null) {
  const command = ["python3", join(import.meta.dir, "server.py"), source, hash];
  const server = Bun.spawn([...command, ...(rate ? [String(rate)] : [])], {
    stdout: "pipe",
    stderr: "inherit",
  });
  try {
    const url = `http://127.0.0.1:${await firstLine(server.stdout, /^(\d+)\n/)}`;
    const home = join(work, "hub");
    const pairs: { curl: Run; ours: Run }[] = [];
    for (let round = 0; round < rounds; round++) {
      const to = join(work, "curl.out");
      const curl = () =>
        timed(["curl", "-sS", "-o", to, `${url}/model.safetensors`], { PATH: process.env.PATH! });
      const ours = () =>
        timed([easel, "activate", "--model", "depthanything/v2-small", "--json"], {
          HOME: work,
          HF_HOME: home,
          HF_ENDPOINT: url,
        });
      // each of them goes first in half of the rounds
      const [first, second] = round % 2 ? [await ours(), await curl()] : [await curl(), await ours()];
      pairs.push(round % 2 ? { ours: first, curl: second } : { curl: first, ours: second });
      rmSync(home, { recursive: true });
      rmSync(to);
    }
    return pairs;
  } finally {
    server.kill();
    await server.exited;
  }
}

const lines = (await downloadRows()).join("\n");

async function downloadRows(): Promise<string[]> {
  const rows: string[] = [];
  for (const [name, rate] of [
    ["1 Gbit/s", 125e6],
    ["none: loopback", null],
  ] as const) {
    const pairs = await download(rate);
    const speed = (which: "curl" | "ours") =>
      spread(
        pairs.map((pair) => (megabytes * 2 ** 20) / 1e6 / pair[which].seconds),
        0,
      );
    const cpu = (which: "curl" | "ours") =>
      spread(
        pairs.map((pair) => pair[which].cpu),
        1,
      );
    const ratio = spread(
      pairs.map(({ curl, ours }) => (100 * curl.seconds) / ours.seconds),
      0,
    );
    rows.push(
      `| ${name} | ${speed("ours")} | ${speed("curl")} | ${ratio} | ${cpu("ours")} | ${cpu("curl")} |`,
    );
    console.log(rows.at(-1));
  }
  return rows;
}

// --- Commands -------------------------------------------------------------------------------------------------------------------

const home = join(work, "home");
mkdirSync(home);
const env = { HOME: home };
await timed([easel, "check", "--engine"], env); // what the first start unpacks is there

async function commands(names: string[][]): Promise<Run[][]> {
  const runs: Run[][] = names.map(() => []);
  for (let round = 0; round < 6 * rounds; round++)
    for (const [i, name] of names.entries()) runs[i]!.push(await timed(name, env));
  return runs;
}
const names = [[easel, "version"], [easel, "status"], ["/bin/true"]];
const alone = await commands(names);
const server = Bun.spawn([easel, "run", "--port", "0"], { cwd: work, env, stdout: "pipe", stderr: "ignore" });
await firstLine(server.stdout, /listening on (http:\S+)/);
const beside = await commands(names);
server.kill();
await server.exited;

const row = (what: string, runs: Run[][]) =>
  [0, 1, 2]
    .map((i) => {
      const name = ["`easel version`", "`easel status`", "an empty program"][i];
      const wall = spread(
        runs[i]!.map(({ seconds }) => seconds * 1000),
        0,
      );
      const cpu = spread(
        runs[i]!.map(({ cpu }) => cpu * 1000),
        0,
      );
      return `| ${name} | ${what} | ${wall} | ${cpu} |`;
    })
    .join("\n");

const model = /model name\s*: (.*)/.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "";
const busy =
  loadavg()[0]! > 2 * cpus().length
    ? " Other work took most of the processor, and ours, which hashes, waits for it more than curl does: to be repeated on a quiet machine."
    : "";
const page = `# Speed of the command line

Written by \`bun bench/cli/main.ts\` on ${process.platform} ${process.arch}, ${model}, ${cpus().length} threads; the machine's load was
${loadavg()[0]!.toFixed(1)}. Medians, with the least and the largest in brackets.${busy}

## Downloads

One file of ${megabytes} MiB from one server, a program of its own, to the same disk, in turns. Ours is the whole command \`easel activate\`:
it lists the repository, fetches in four parts, hashes while it fetches, and syncs; curl only fetches. The share is curl's time
divided by ours.

| line | ours, MB/s | curl, MB/s | share of curl's speed, % | ours, processor seconds | curl, processor seconds |
|---|---|---|---|---|---|
${lines}

## Commands

| command | a server runs | milliseconds | milliseconds of the processor |
|---|---|---|---|
${row("no", alone)}
${row("yes", beside)}
`;
await Bun.write(join(root, "docs/bench/cli.md"), page);
const format = Bun.spawn([join(root, "node_modules/.bin/biome"), "check", "--write", "docs/bench/cli.md"], {
  stdout: "ignore",
  stderr: "ignore",
});
await format.exited;
console.log(page);
