import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  defaultSettings,
  type LoadOptions,
  loadSettings,
  SettingsError,
} from "../../../src/settings/load.ts";
import { insecureBind } from "../../../src/settings/rules.ts";
import { envName, flagName, settingNames, table } from "../../../src/settings/table.ts";

const folder = mkdtempSync(join(tmpdir(), "easel-settings-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function yaml(text: string | Uint8Array): string {
  const file = join(folder, `settings-${++files}.yaml`);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
const load = (options: LoadOptions = {}) =>
  loadSettings({
    env: { HOME: "/home/ada" },
    platform: "linux",
    accountHome: null,
    workingDirectory: "/work dir",
    ...options,
  });
function problems(options: LoadOptions): string[] {
  try {
    load(options);
  } catch (error) {
    if (error instanceof SettingsError) return error.message.split("\n");
    throw error;
  }
  return [];
}

describe("precedence", () => {
  const file = yaml("port: 1\nmax_queue: 2\nlog_level: debug\n");
  const loaded = load({
    file,
    env: { HOME: "/home/ada", EASEL_PORT: "3", EASEL_MAX_QUEUE: "4" },
    flags: { port: "5" },
  });

  test("a flag wins over the environment, that over the file, that over the default", () => {
    expect(loaded.settings.port).toBe(5);
    expect(loaded.settings.max_queue).toBe(4);
    expect(loaded.settings.log_level).toBe("debug");
    expect(loaded.settings.host).toBe("127.0.0.1");
  });

  test("the place of every value is known", () => {
    expect(loaded.sources.port).toBe("--port");
    expect(loaded.sources.max_queue).toBe("EASEL_MAX_QUEUE");
    expect(loaded.sources.log_level).toBe(`${file}:3`);
    expect(loaded.sources.host).toBe("default");
  });

  test("kiapi's variable is read when ours is not set", () => {
    const kiapi = { HOME: "/h", KIAPI_SYNC_TIMEOUT_S: "12.5", KIAPI_LOG_LEVEL: "CRITICAL", KIAPI_PORT: "9" };
    expect(load({ env: kiapi }).settings).toMatchObject({
      sync_timeout_s: 12.5,
      log_level: "error",
      port: 9,
    });
    expect(load({ env: { ...kiapi, EASEL_PORT: "10" } }).settings.port).toBe(10);
    expect(
      load({ env: { HOME: "/h", KIAPI_NET_ALLOW_PRIVATE_URLS: "true" } }).settings.allow_private_urls,
    ).toBe(true);
  });

  test("an empty variable counts as not set", () => {
    const { settings, sources } = load({ env: { HOME: "/h", EASEL_PORT: "", EASEL_AUTH_TOKEN: " " } });
    expect(settings.port).toBe(8000);
    expect(settings.auth_token).toBeNull();
    expect(sources.auth_token).toBe("default");
  });

  test("an empty secret for webhooks is an error: receivers would refuse what another one has signed", () => {
    for (const EASEL_WEBHOOK_SECRET of ["", " "])
      expect(() => load({ env: { HOME: "/h", EASEL_WEBHOOK_SECRET } })).toThrow(
        "EASEL_WEBHOOK_SECRET: webhook_secret must be whsec_ and then base64 of at least 24 bytes, or null",
      );
    expect(load({ env: { HOME: "/h", EASEL_WEBHOOK_SECRET: "none" } }).settings.webhook_secret).toBeNull();
  });

  test("a variable that is nearly one of ours is warned about, and others are left alone", () => {
    const env = {
      HOME: "/h",
      EASEL_PROT: "1",
      EASEL_SOMETHING_ELSE_ENTIRELY: "x",
      EASEL_NATIVE_DRI: "/x",
      EASEL_DEBUG: "1",
      EASEL_TEST_BINARY: "/b",
    };
    expect(load({ env }).warnings).toEqual([
      "Unknown variable EASEL_PROT. Did you mean EASEL_PORT?",
      "Unknown variable EASEL_SOMETHING_ELSE_ENTIRELY",
      "Unknown variable EASEL_NATIVE_DRI. Did you mean EASEL_NATIVE_DIR?",
    ]);
  });
});

test("an invalid number of threads is reported and not used", () => {
  const warnings = (EASEL_CPU_THREADS: string, more = {}) =>
    load({ env: { HOME: "/h", EASEL_CPU_THREADS, ...more } }).warnings;
  for (const wrong of ["x", "0", "-3", "1.5"])
    expect(warnings(wrong)).toEqual([
      "EASEL_CPU_THREADS must be a whole number of at least 1: its value is not used",
    ]);
  for (const right of ["1", "64", ""]) expect(warnings(right)).toEqual([]);
  expect(warnings("2", { EASEL_CPU_PIN: "yes" })).toEqual([
    "EASEL_CPU_PIN must be on or off: its value is not used",
  ]);
});

describe("values from text", () => {
  const env = (name: string, value: string) => load({ env: { HOME: "/h", [name]: value } }).settings;

  test("lists are JSON or separated by commas", () => {
    expect(env("EASEL_WARMUP_MODELS", '["a", "b"]').warmup_models).toEqual(["a", "b"]);
    expect(env("EASEL_WARMUP_MODELS", "a, b").warmup_models).toEqual(["a", "b"]);
  });
  test("maps are JSON", () => {
    expect(env("EASEL_MODEL_PATHS", '{"depthpro/base": "/m"}').model_paths).toEqual({
      "depthpro/base": "/m",
    });
  });
  test("none and null mean none", () => {
    expect(env("EASEL_DEFAULT_QUANTIZE", "none").default_quantize).toBeNull();
    expect(env("EASEL_MEMORY_LIMIT_GB", "null").memory_limit_gb).toBeNull();
  });
  test("a flag that stands alone is true", () => {
    expect(load({ flags: { allow_private_urls: true } }).settings.allow_private_urls).toBe(true);
  });
  test.each([
    ["EASEL_PORT", "80x", 'EASEL_PORT: port must be a whole number from 0 to 65535, not "80x"'],
    ["EASEL_PORT", "0x50", 'EASEL_PORT: port must be a whole number from 0 to 65535, not "0x50"'],
    ["EASEL_PORT", "70000", "EASEL_PORT: port must be a whole number from 0 to 65535, not 70000"],
    ["EASEL_PORT", "1.5", "EASEL_PORT: port must be a whole number from 0 to 65535, not 1.5"],
    [
      "EASEL_SYNC_TIMEOUT_S",
      "Infinity",
      'EASEL_SYNC_TIMEOUT_S: sync_timeout_s must be a number above 0, not "Infinity"',
    ],
    [
      "EASEL_SYNC_TIMEOUT_S",
      "1e999",
      "EASEL_SYNC_TIMEOUT_S: sync_timeout_s must be a number above 0, not null",
    ],
    [
      "EASEL_QWEN_DEFAULT_WIDTH",
      "1000",
      "EASEL_QWEN_DEFAULT_WIDTH: qwen_default_width must be a whole number of at least 16 that 16 divides, not 1000",
    ],
    [
      "KIAPI_WARMUP_MODELS",
      "[3",
      'KIAPI_WARMUP_MODELS: warmup_models must be a list of model names, not "[3"',
    ],
    [
      "EASEL_MODEL_PATHS",
      "/m",
      'EASEL_MODEL_PATHS: model_paths must be a map from model names such as depthpro/base to folders or files, not "/m"',
    ],
    [
      "EASEL_DEFAULT_QUANTIZE",
      "7",
      "EASEL_DEFAULT_QUANTIZE: default_quantize must be 3, 4, 5, 6, 8 or null, not 7",
    ],
    [
      "EASEL_LOG_LEVEL",
      "loud",
      'EASEL_LOG_LEVEL: log_level must be one of debug, info, warning, error, not "loud"',
    ],
    [
      "EASEL_CORS_ORIGINS",
      "example.org",
      'EASEL_CORS_ORIGINS: cors_origins must be a list of origins such as https://example.org, not ["example.org"]',
    ],
  ])("%s=%s is refused", (name, value, message) => {
    expect(problems({ env: { HOME: "/h", [name]: value } })).toEqual([message]);
  });
});

/** A value that no setting of this kind takes, as it is written in the file. */
const wrong: Record<string, unknown> = {
  number: "many",
  text: 987654321,
  path: 7,
  "true|false": "perhaps",
  "a,b": 7,
  json: 7,
  "bits|none": 7,
};

test.each(settingNames)(
  "%s: a value that does not fit is refused in the file, the environment and as a flag",
  (name) => {
    const { kind, secret } = table[name]!;
    const value = wrong[kind.placeholder] ?? "swordfish";
    const file = yaml(`# first\n${name}: ${JSON.stringify(value)}\n`);
    const [line, ...more] = problems({ file });
    expect(more).toEqual([]);
    expect(line).toStartWith(`${file}:2: ${name} must be ${kind.expects}`);
    if (secret) expect(line).not.toContain(String(value));
    else expect(line).toContain(`, not ${JSON.stringify(value)}`);
    // text is text there, and any text is a path
    if (typeof value === "string" || kind.placeholder === "bits|none") {
      const text = String(value);
      expect(problems({ env: { HOME: "/h", [envName(name)]: text } })[0]).toStartWith(
        `${envName(name)}: ${name} must be `,
      );
      expect(problems({ flags: { [name]: text } })[0]).toStartWith(`${flagName(name)}: ${name} must be `);
    }
  },
);

test.each(settingNames)("%s: a slip in the name is told with the right one", (name) => {
  const slip = `${name.slice(0, 1)}${name[2]}${name[1]}${name.slice(3)}`;
  if (slip === name) return;
  const file = yaml(`\n${slip}: 1\n`);
  expect(problems({ file })).toEqual([`${file}:2: unknown setting "${slip}". Did you mean "${name}"?`]);
});

describe("the file", () => {
  test("unknown names and bad values name their line and what may be meant, all at once", () => {
    const file = yaml("# mine\nprot: 1\nport: many\nlog-level: debug\nzzzz: 1\n");
    expect(problems({ file })).toEqual([
      `${file}:2: unknown setting "prot". Did you mean "port"?`,
      `${file}:4: unknown setting "log-level". Did you mean "log_level"?`,
      `${file}:5: unknown setting "zzzz"`,
      `${file}:3: port must be a whole number from 0 to 65535, not "many"`,
    ]);
  });
  test("numbers stay numbers and texts stay texts", () => {
    const file = yaml('auth_token: 123456\nport: "80"\nseedvr2_default_resolution: 1080\n');
    expect(problems({ file })).toEqual(
      [
        `${file}:2: port must be a whole number from 0 to 65535, not "80"`,
        `${file}:1: auth_token must be printable text without blanks, or null. Put quotes around it`,
        `${file}:3: seedvr2_default_resolution must be a shortest edge in pixels or a scale such as 2x, not 1080. Put quotes around it`,
      ].sort((a, b) => order(a) - order(b)),
    );
  });
  const order = (line: string) =>
    ["port", "auth_token", "seedvr2"].findIndex((name) => line.includes(`: ${name}`));

  test("a secret is never shown", () => {
    const file = yaml('auth_token: "hunter two"\nwebhook_secret: hunter2\n');
    const said = problems({ file });
    expect(said).toHaveLength(2);
    expect(said.join("\n")).not.toContain("hunter");
  });
  test("a name written twice is refused with its line", () => {
    const file = yaml("port: 1\nhost: localhost\nport: 2\n");
    expect(problems({ file })).toEqual([`${file}:3: Map keys must be unique`]);
  });
  test("broken YAML is refused with its line", () => {
    const file = yaml("port: 1\nhost: [\n");
    expect(problems({ file })[0]).toStartWith(`${file}:3: `);
  });
  test("a list instead of names is refused", () => {
    const file = yaml("- port\n");
    expect(problems({ file })).toEqual([`${file}:1: must hold \`name: value\` lines`]);
  });
  test("bytes that are no text are refused", () => {
    const file = yaml(new Uint8Array([0xff, 0xfe, 0x00]));
    expect(problems({ file })).toEqual([`${file}: not UTF-8 text`]);
  });
  test("an alias bomb is refused", () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `x${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(",")}]`,
    );
    const file = yaml(`warmup_models: &l0 [a,a]\n${levels.join("\n")}\ncors_origins: [*l9]\n`);
    expect(problems({ file }).join("\n")).toContain("cors_origins holds too many aliases");
  });
  test("an empty file and a missing usual file mean defaults", () => {
    for (const text of ["", "# nothing\n", "---\n"])
      expect(load({ file: yaml(text) }).settings.port).toBe(8000);
    expect(load({ env: { HOME: join(folder, "nobody") } }).settings.port).toBe(8000);
  });
  test("a file that was named must exist", () => {
    const file = join(folder, "missing.yaml");
    expect(problems({ file })).toEqual([`${file}: no such file`]);
    expect(problems({ env: { HOME: "/h", EASEL_CONFIG: file } })).toEqual([`${file}: no such file`]);
    expect(problems({ file: folder })).toEqual([`${folder}: cannot be read (EISDIR)`]);
  });
  test("the usual file is read", () => {
    const config = join(folder, "config");
    mkdirSync(join(config, "easel"), { recursive: true });
    writeFileSync(join(config, "easel", "settings.yaml"), "port: 77\n");
    expect(load({ env: { HOME: "/h", XDG_CONFIG_HOME: config } }).settings.port).toBe(77);
  });
  test("a secret in a file that others can read brings a warning", () => {
    const file = yaml("auth_token: hunter2\n");
    expect(load({ file }).warnings).toEqual([]);
    chmodSync(file, 0o644);
    expect(load({ file }).warnings[0]).toContain("chmod 600");
  });
});

describe("places", () => {
  test("Linux has XDG's folders", () => {
    expect(load().settings).toMatchObject({
      data_dir: "/home/ada/.local/share/easel",
      files_root: "/home/ada/.local/share/easel/files",
      cache_dir: "/home/ada/.cache/easel",
    });
    const env = { HOME: "/home/ada", XDG_DATA_HOME: "/d", XDG_CACHE_HOME: "not/absolute" };
    expect(load({ env }).settings).toMatchObject({
      data_dir: "/d/easel",
      cache_dir: "/home/ada/.cache/easel",
    });
  });
  test("a Mac has its Library", () => {
    expect(load({ platform: "darwin" }).settings).toMatchObject({
      data_dir: "/home/ada/Library/Application Support/easel",
      cache_dir: "/home/ada/Library/Caches/easel",
    });
  });
  test("a missing HOME is the account's home, and without one an error that says what to set", () => {
    expect(load({ env: {}, accountHome: "/home/eve" }).settings.cache_dir).toBe("/home/eve/.cache/easel");
    expect(problems({ env: {} })).toEqual([
      "data_dir: HOME is not set, so there is no default. Set EASEL_DATA_DIR or HOME",
      "cache_dir: HOME is not set, so there is no default. Set EASEL_CACHE_DIR or HOME",
    ]);
    expect(load({ env: { EASEL_DATA_DIR: "/d", EASEL_CACHE_DIR: "/c" } }).settings.files_root).toBe(
      "/d/files",
    );
  });
  test("paths start at the place where they are written", () => {
    const file = yaml("model_paths: { depthpro/base: models/dp, qwen/image: ~/q }\nfiles_root: /abs\n");
    const { settings } = load({ file, flags: { data_dir: "here" } });
    expect(settings.model_paths).toEqual({
      "depthpro/base": join(folder, "models/dp"),
      "qwen/image": "/home/ada/q",
    });
    expect(settings.data_dir).toBe("/work dir/here");
    expect(settings.files_root).toBe("/abs");
  });
});

describe("quantize", () => {
  test("a family follows default_quantize unless it has its own", () => {
    const { settings } = load({ flags: { default_quantize: "4", qwen_default_quantize: "none" } });
    expect(settings).toMatchObject({
      depthpro_default_quantize: 4,
      seedvr2_default_quantize: 4,
      qwen_default_quantize: null,
      depthanything_default_quantize: null,
    });
  });
  test("a null in the file is a value, not an absence", () => {
    const { settings } = load({ file: yaml("depthpro_default_quantize: null\n") });
    expect(settings).toMatchObject({ depthpro_default_quantize: null, seedvr2_default_quantize: 8 });
  });
});

describe("rules across settings", () => {
  test("limits and defaults must agree", () => {
    expect(problems({ flags: { qwen_max_width: "512" } })).toEqual([
      "qwen_default_width: qwen_default_width is 1024, more than qwen_max_width, which is 512",
    ]);
    expect(problems({ flags: { seedvr2_min_resolution: "4096" } })).toHaveLength(1);
  });
  test.each(["0.0.0.0", "::", "192.168.1.4", "example.org", "127.example.org"])(
    "%s without a token is refused at start",
    (host) => {
      expect(insecureBind(defaultSettings({ host }))).toContain("auth_token");
      expect(insecureBind(defaultSettings({ host, auth_token: "5f0c61d2" }))).toBeNull();
      for (const auth_token of [
        "t",
        "...",
        "111111111111",
        "<your-token>",
        "changeme-now",
        "your_token_here",
      ])
        expect(insecureBind(defaultSettings({ host, auth_token }))).toContain("easily guessed");
      expect(insecureBind(defaultSettings({ host, allow_insecure_bind: true }))).toBeNull();
    },
  );
  test.each(["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])("%s needs no token", (host) => {
    expect(insecureBind(defaultSettings({ host }))).toBeNull();
  });
});

describe("defaultSettings", () => {
  test("gives what load gives without anything written, paths aside", () => {
    const { data_dir, files_root, cache_dir, ...rest } = load().settings;
    expect(defaultSettings({ data_dir, files_root, cache_dir })).toEqual({
      data_dir,
      files_root,
      cache_dir,
      ...rest,
    });
  });
  test("derives from what is changed", () => {
    expect(defaultSettings({ data_dir: "/d", default_quantize: 6 })).toMatchObject({
      files_root: "/d/files",
      qwen_default_quantize: 6,
    });
  });
});

describe("a login in the address of a fleet's files", () => {
  const wrong = [
    ["files_url", "s3://AKIA:SECRET@bucket/x"],
    ["files_url", "s3://SECRET@bucket"],
    ["files_url", "s3://AKIA:SECRET"],
    ["files_url", "s3://AKIA:SECRET/x"],
    ["files_url", "s3:AKIA:SECRET"],
    ["files_url", "s3:/AKIA:SECRET@bucket/x"],
    ["files_url", "file://user:SECRET@host/folder"],
    ["s3_endpoint", "https://user:SECRET@s3.example"],
    ["s3_endpoint", "https//user:SECRET@s3.example"],
    ["s3_public_endpoint", "https://SECRET@s3.example"],
  ] as const;
  test.each(wrong)("%s %s is refused and not shown", (name, value) => {
    const file = yaml(`${name}: ${JSON.stringify(value)}\n`);
    for (const options of [
      { env: { HOME: "/h", [envName(name)]: value } },
      { flags: { [name]: value } },
      { file },
      { file: yaml(`${name}: [${JSON.stringify(value)}]\n`) },
    ]) {
      const [problem, ...others] = problems(options);
      expect(others).toEqual([]);
      expect(problem).toMatch(new RegExp(`: ${name} must be .*, without a user name, a key or a password`));
      expect(problem).not.toMatch(/SECRET|AKIA/);
    }
  });

  test("an @ in a folder's name or in a prefix is none", () => {
    for (const files_url of ["file:///mnt/ada@home", "s3://bucket/ada@home"])
      expect(load({ flags: { files_url } }).settings.files_url).toBe(files_url);
  });

  test("other wrong values are shown", () => {
    expect(problems({ flags: { s3_endpoint: "s3.example" } })).toEqual([
      '--s3-endpoint: s3_endpoint must be an http or https URL, or null, not "s3.example"',
    ]);
  });
});
