import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { Glob } from "bun";

const root = join(import.meta.dir, "..");
const files = [...new Glob("{src,ffi,playground}/**/*.{ts,tsx}").scanSync({ cwd: root })];
const source = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));

/** Where a specifier leads: a file of ours, or the name of a package. */
const target = (from: string, specifier: string) =>
  specifier.startsWith(".") ? normalize(join(dirname(from), specifier)) : specifier;

/** Everything a file names in an import, types included. */
const named = (file: string) =>
  [...source.get(file)!.matchAll(/^\s*(?:import|export)\b[^;]*?["']([^"';]+)["']|\bimport\(\s*"([^"]+)"/gm)]
    .filter((match) => /\bfrom\b|^\s*import\b|import\(/.test(match[0]))
    .map((match) => target(file, (match[1] ?? match[2])!));

const transpiler = { ts: new Bun.Transpiler({ loader: "ts" }), tsx: new Bun.Transpiler({ loader: "tsx" }) };
/** What a file loads when it runs: imports of types are gone. */
const loaded = (file: string) =>
  transpiler[file.endsWith("x") ? "tsx" : "ts"]
    .scanImports(source.get(file)!)
    .map((entry) => target(file, entry.path));

/** Every room, and which others it may name. The first pattern that fits a file is its room. */
const rooms: readonly (readonly [room: RegExp, may: readonly RegExp[]])[] = (() => {
  const errors = /^src\/((errors|log)\.ts$|disk\/)/;
  const settings = /^src\/settings\//;
  const seam = /^src\/engine\/(task|engine|need|finite)\.ts$/;
  const engine = /^src\/engine\/(?!host)/;
  const capability = /^src\/capabilities\/capability\.ts$/;
  const tensors = [
    /^ffi\//,
    /^src\/nn\//,
    /^src\/weights\//,
    /^src\/images\/(paste|pixels|quickselect|resample|round|sizing|tiles)\.ts$/,
  ];
  const headers = /^src\/weights\/(naming|provenance|tensor-table)\.ts$/;
  // What a plan knows of a network: no tensors, so the main thread may load it.
  const memory = /^src\/models\/[^/]+\/(memory|files|names)\.ts$/;
  const common = [errors, settings, seam];
  // Statements over a fleet's database, and its errors: the stores on it write their own statements.
  const database = /^src\/fleet\/(connect|errors|pulse|turns)\.ts$/;
  return [
    [/^src\/(main|serve|stores|readiness|version|assets|guides|embedded\.d)\.ts$/, [/./]],
    [/^ffi\//, [/^ffi\//, /^dist\//]],
    [/^src\/nn\//, [...tensors, seam]],
    [/^src\/weights\//, [/^src\/weights\//, /^ffi\//, ...common]],
    [
      /^src\/hub\//,
      [
        /^src\/hub\//,
        /^src\/net\//,
        /^src\/weights\/provenance\.ts$/,
        /^src\/capabilities\/(capability|downloads)\.ts$/,
        ...common,
      ],
    ],
    [
      memory,
      [memory, /^src\/images\/(round|sizing)\.ts$/, /^src\/nn\/(score|weight)-memory\.ts$/, headers, seam],
    ],
    [/^src\/models\//, [/^src\/models\//, ...tensors, seam]],
    [
      /^src\/capabilities\/[^/]+\/(task|engine\/.*)\.ts$/,
      [/^src\/capabilities\/[^/]+\//, /^src\/models\//, /^src\/geometry\//, ...tensors, seam],
    ],
    [
      /^src\/(worker|tasks)\.ts$/,
      [
        /^src\/engine\//,
        /^src\/(tasks|check\/(selftest-task|kernels\/task))\.ts$/,
        /^src\/capabilities\/[^/]+\/task\.ts$/,
        /^ffi\//,
      ],
    ],
    [
      /^src\/check\/(selftest-task\.ts$|kernels\/)/,
      [/^src\/check\/(selftest-task\.ts$|kernels\/)/, ...tensors, seam],
    ],
    [/^src\/check\//, [/^src\//, /^ffi\/native\.ts$/]],
    [/^src\/engine\/host\.ts$/, [/^src\/engine\//, /^ffi\//]],
    [/^src\/engine\/start\.ts$/, [engine, /^ffi\/native\.ts$/]],
    [/^src\/engine\//, [engine, errors]],
    // The table holds the rows of every family.
    [/^src\/settings\/(table|load)\.ts$/, [/^src\/capabilities\/registry\.ts$/, ...common]],
    [/^src\/((errors|log)\.ts|disk\/|settings\/|net\/)/, [/^src\/net\//, ...common]],
    [/^src\/images\//, [/^src\/images\//, ...common]],
    // Arithmetic on plain arrays, on whichever thread calls it.
    [/^src\/geometry\//, [/^src\/geometry\//]],
    [/^src\/repair\.ts$/, [/^src\/(database|(jobs|files)\/.*)\.ts$/, errors]],
    [/^src\/storage\.ts$/, [/^src\/database\.ts$/, errors]],
    [/^src\/database\.ts$/, [errors, /^src\/(jobs\/store|files)\/schema\.ts$/]],
    // Below the stores: the database and a machine's place in it.
    [
      /^src\/fleet\/(address|connect|errors|members|migrate|node|open|orders|pulse|schema|secrets|turns)\.ts$/,
      [/^src\/fleet\/(?!presence|stores)/, ...common],
    ],
    [/^src\/fleet\//, [/^src\/(fleet|jobs|files)\//, capability, engine, ...common]],
    [/^src\/files\//, [/^src\/files\//, /^src\/images\//, /^src\/net\//, database, ...common]],
    [
      /^src\/jobs\//,
      [/^src\/jobs\//, /^src\/files\//, /^src\/net\//, engine, capability, database, ...common],
    ],
    [
      /^src\/capabilities\//,
      [
        /^src\/(capabilities|jobs|files|images|geometry|net)\//,
        /^src\/nn\/score-memory\.ts$/,
        headers,
        memory,
        /^src\/hub\//,
        /^src\/version\.ts$/,
        ...common,
      ],
    ],
    // Tools over the API alone: they run in the server and in `easel mcp`.
    [/^src\/mcp\//, [/^src\/mcp\//]],
    [/^src\/http\//, [/^src\/(http|capabilities|jobs|files|images|net|hub|mcp)\//, engine, ...common]],
    [/^playground\//, [/^playground\//, /^src\/capabilities\/(depth\/colormaps|seedvr2\/result-size)\.ts$/]],
    [/^src\/cli\//, [/^src\//, /^ffi\/(native|leave)\.ts$/]],
  ];
})();

const isOurs = (path: string) => /^(src|ffi|dist|playground)\//.test(path);

test("every file belongs to a room", () => {
  expect(files.filter((file) => !rooms.some(([room]) => room.test(file)))).toEqual([]);
});

test("a room names only the rooms it may know", () => {
  const wrong = files.flatMap((file) => {
    const may = rooms.find(([room]) => room.test(file))?.[1] ?? [];
    return named(file)
      .filter((path) => isOurs(path) && !may.some((pattern) => pattern.test(path)))
      .map((path) => `${file} → ${path}`);
  });
  expect(wrong).toEqual([]);
});

/** Every file that runs once `entry` does. */
function closure(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  // at the end of a process on a Mac it takes one function of C's library, and no tensor
  if (source.has(entry) && entry !== "ffi/leave.ts") for (const path of loaded(entry)) closure(path, seen);
  return seen;
}

test("the main thread never loads a tensor", () => {
  const engineSide =
    /^(ffi\/(?!(native|archive|leave|dtype)\.ts)|src\/nn\/(?!(score|weight)-memory)|src\/models\/[^/]+\/(?!(memory|files|names)\.ts)|src\/(worker|tasks)\.ts|src\/engine\/host\.ts)|^bun:ffi$/;
  const mainSide =
    /^src\/((main|serve)\.ts|http\/|jobs\/|files\/|images\/|cli\/|net\/|settings\/|engine\/(client|start)\.ts|capabilities\/[^/]+\/(contract|operation|variants|capability)\.ts)/;
  const wrong = files
    .filter((file) => mainSide.test(file))
    .flatMap((file) =>
      [...closure(file)].filter((path) => engineSide.test(path)).map((path) => `${file} loads ${path}`),
    );
  expect(wrong).toEqual([]);
});

test("the engine thread never loads a route, a job or a file store", () => {
  const wrong = files
    .filter((file) => /^(src\/(worker\.ts|models\/|nn\/)|ffi\/)/.test(file))
    .flatMap((file) =>
      [...closure(file)]
        .filter((path) =>
          /^(src\/(http|jobs|files|cli|net)\/|src\/images\/(?!(paste|pixels|quickselect|resample|round|sizing|tiles)\.ts)|hono|bun:sqlite$|sharp$)/.test(
            path,
          ),
        )
        .map((path) => `${file} loads ${path}`),
    );
  expect(wrong).toEqual([]);
});

test("only ffi/ calls native code, and only the stores and a lock open SQLite", () => {
  const wrong = files.flatMap((file) =>
    named(file)
      .filter(
        (path) =>
          (path === "bun:ffi" && !file.startsWith("ffi/")) ||
          (path === "bun:sqlite" &&
            !/^src\/((database|storage|repair)\.ts|jobs\/|files\/|hub\/download\/lock\.ts)/.test(file)),
      )
      .map((path) => `${file} → ${path}`),
  );
  expect(wrong).toEqual([]);
});

test("only one file opens connections to PostgreSQL", () => {
  const opens = /^import \{[^}]*(?<!type )\bSQL\b[^}]*\} from "bun"|\bBun\.SQL\b|\bnew SQL\b/m;
  expect(files.filter((file) => opens.test(source.get(file)!))).toEqual(["src/fleet/connect.ts"]);
});

test("one machine alone loads nothing of a fleet", () => {
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = source.get(file);
    if (text === undefined) return;
    for (const { kind, path } of transpiler[file.endsWith("x") ? "tsx" : "ts"].scanImports(text))
      if (kind === "import-statement") visit(target(file, path));
  };
  for (const entry of ["src/main.ts", "src/cli/main.ts", "src/serve.ts"]) visit(entry);
  const fleet = /^src\/(fleet\/(?!errors)|files\/shared\/|jobs\/.*postgres)/;
  expect([...seen].filter((file) => fleet.test(file))).toEqual([]);
});
