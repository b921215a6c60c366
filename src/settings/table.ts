/**
 * Every setting in one table. The settings file's template, the names in the environment and on the command line, `--help`, the
 * documentation and the JSON schema are made from it.
 *
 * @module
 */
import { join } from "node:path";
import type { Places } from "./directories.ts";
import type { Settings } from "./settings.ts";
import {
  choice,
  type Kind,
  list,
  number,
  optional,
  path,
  pathMap,
  quantize,
  text,
  whole,
  yesNo,
} from "./types.ts";

export type SettingName = keyof Settings;

export interface Setting<T> {
  kind: Kind<T>;
  /** The value when nothing is written, or what it is taken from: the settings above it in the table, or the places of this machine. */
  default: T | ((above: Settings, places: Places) => T | null);
  /** Tells people what a computed default is. */
  defaultText?: string;
  help: string;
  group: Group;
  /** Never printed. */
  secret?: true;
  /** The name that kiapi reads the same setting from. */
  kiapi?: string;
}

export type Group =
  | "Server"
  | "Places"
  | "Memory and models"
  | "Jobs"
  | "Limits"
  | "Outbound requests"
  | "Retention"
  | "Logs"
  | "depthpro"
  | "depthanything"
  | "seedvr2"
  | "qwen";

type Table = { readonly [K in SettingName]: Setting<Settings[K]> };

const printable = /^[\x21-\x7e]+$/;
const hostName = /^[^\s/?#@]+$/;
const inherited = {
  default: (above: Settings) => above.default_quantize,
  defaultText: "default_quantize",
} as const;

export const table: Table = {
  host: {
    group: "Server",
    kind: text("a host name or an address", hostName),
    default: "127.0.0.1",
    help: "Address to listen on. Anything but a loopback address needs auth_token.",
    kiapi: "KIAPI_HOST",
  },
  port: {
    group: "Server",
    kind: whole({ min: 0, max: 65535 }),
    default: 8000,
    help: "Port to listen on; 0 takes a free one.",
    kiapi: "KIAPI_PORT",
  },
  auth_token: {
    group: "Server",
    kind: optional(text("printable text without blanks", printable)),
    default: null,
    help: "Token that clients send as `Authorization: Bearer …`. Without one, everybody who reaches the port may use the server.",
    secret: true,
    kiapi: "KIAPI_AUTH_TOKEN",
  },
  allow_insecure_bind: {
    group: "Server",
    kind: yesNo(),
    default: false,
    help: "Lets the server listen on a non-loopback address without auth_token.",
  },
  allowed_hosts: {
    group: "Server",
    kind: list("a list of host names", hostName),
    default: [],
    help: "Names besides loopback that the Host header may hold, such as the name of this machine in your network.",
  },
  cors_origins: {
    group: "Server",
    kind: list("a list of origins such as https://example.org", /^(\*|https?:\/\/[^\s/?#@]+)$/),
    default: [],
    help: "Origins whose pages may call the server from a browser.",
  },
  public_url: {
    group: "Server",
    kind: optional(text("an http or https URL without query", /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/)),
    default: null,
    help: "URL under which others reach the server, for links in results. Without it, the request's own origin.",
  },
  sync_timeout_s: {
    group: "Server",
    kind: number({ above: 0 }),
    default: 600,
    help: "Seconds that a synchronous request waits for its job, waiting in the queue included.",
    kiapi: "KIAPI_SYNC_TIMEOUT_S",
  },
  shutdown_grace_s: {
    group: "Server",
    kind: number({ min: 0 }),
    default: 30,
    help: "Seconds that a running job may still take when the server is told to stop.",
  },

  data_dir: {
    group: "Places",
    kind: path(),
    default: (_, places) => places.data,
    defaultText: "`$XDG_DATA_HOME/easel`; `~/Library/Application Support/easel` on a Mac",
    help: "Folder of the jobs database, the files, generated secrets and what `easel check` keeps.",
  },
  files_root: {
    group: "Places",
    kind: path(),
    default: (above) => join(above.data_dir, "files"),
    defaultText: "`files` in data_dir",
    help: "Folder of uploaded and generated files.",
    kiapi: "KIAPI_FILES_ROOT",
  },
  cache_dir: {
    group: "Places",
    kind: path(),
    default: (_, places) => places.cache,
    defaultText: "`$XDG_CACHE_HOME/easel`; `~/Library/Caches/easel` on a Mac",
    help: "Folder of what can be made again: unpacked native parts, quantized weights, prompt encodings.",
  },
  cache_max_gb: {
    group: "Places",
    kind: optional(number({ min: 0 })),
    default: null,
    help: "Gigabytes that cache_dir may hold; the least recently used goes first. Null is no limit.",
  },

  device: {
    group: "Memory and models",
    kind: choice(["auto", "gpu", "cpu"]),
    default: "auto",
    help: "What computes. `auto` takes the GPU of a Mac and the processor elsewhere; with `gpu`, a machine without one is an error.",
  },
  memory_limit_gb: {
    group: "Memory and models",
    kind: optional(number({ above: 0 })),
    default: null,
    help: "Memory budget of the models. Null takes 80 % of the memory, or of the container's limit, or less where the graphics processor recommends it.",
    kiapi: "KIAPI_MEMORY_LIMIT_GB",
  },
  default_ttl_s: {
    group: "Memory and models",
    kind: number({ min: 0 }),
    default: 1800,
    help: "Seconds that a model stays loaded after its last use.",
    kiapi: "KIAPI_DEFAULT_TTL_S",
  },
  ttl_sweep_interval_s: {
    group: "Memory and models",
    kind: number({ above: 0 }),
    default: 60,
    help: "Seconds between two looks for models that may go.",
    kiapi: "KIAPI_TTL_SWEEP_INTERVAL_S",
  },
  warmup_models: {
    group: "Memory and models",
    kind: list("a list of model names"),
    default: [],
    help: "Models that are loaded at start.",
    kiapi: "KIAPI_WARMUP_MODELS",
  },
  default_quantize: {
    group: "Memory and models",
    kind: quantize(),
    default: 8,
    help: "Bits of the weights of a family that has no setting of its own; null leaves weights as they are published.",
  },
  model_paths: {
    group: "Memory and models",
    kind: pathMap("a map from model names such as depthpro/base to folders or files"),
    default: {},
    help: "Models that are read from a folder or a file of yours, in the published layout.",
  },

  max_queue: {
    group: "Jobs",
    kind: whole({ min: 1 }),
    default: 10000,
    help: "Jobs that may wait; the next one is refused with 429.",
  },
  job_timeout_s: {
    group: "Jobs",
    kind: number({ min: 0 }),
    default: 0,
    help: "Seconds that a job may run; 0 is no limit.",
  },
  webhook_secret: {
    group: "Jobs",
    kind: optional(text("whsec_ and then base64 of at least 24 bytes", /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/)),
    default: null,
    help: "Key that webhooks are signed with. Without one, the server makes one and keeps it in data_dir.",
    secret: true,
  },
  result_link_ttl_s: {
    group: "Jobs",
    kind: number({ above: 0 }),
    default: 86400,
    help: "Seconds that a signed link to a result stays valid.",
  },
  embed_metadata: {
    group: "Jobs",
    kind: yesNo(),
    default: true,
    help: "Writes the parameters of a generated or upscaled picture into the picture's file.",
  },

  max_upload_mb: {
    group: "Limits",
    kind: number({ above: 0 }),
    default: 2048,
    help: "Megabytes (of 1048576 bytes) that an upload or a fetched file may have.",
  },
  max_json_in_flight_mb: {
    group: "Limits",
    kind: number({ above: 0 }),
    default: 256,
    help: "Megabytes of JSON bodies that may be read at the same time; further requests wait, then get 503. Payloads of data URLs do not count.",
  },
  max_input_pixels: {
    group: "Limits",
    kind: whole({ min: 1 }),
    default: 67108864,
    help: "Pixels that an input picture may have.",
  },
  max_output_pixels: {
    group: "Limits",
    kind: whole({ min: 1 }),
    default: 67108864,
    help: "Pixels that a result may have.",
  },

  allow_private_urls: {
    group: "Outbound requests",
    kind: yesNo(),
    default: false,
    help: "Lets file references and webhooks name addresses of private networks and of this machine.",
    kiapi: "KIAPI_NET_ALLOW_PRIVATE_URLS",
  },
  allowed_url_hosts: {
    group: "Outbound requests",
    kind: list("a list of host names or host:port", hostName),
    default: [],
    help: "Hosts that file references and webhooks may name although their addresses are private, as `host` or `host:port`.",
  },
  fetch_timeout_s: {
    group: "Outbound requests",
    kind: number({ above: 0, max: 86400 }),
    default: 120,
    help: "Seconds that fetching the file behind a URL may take, from the first look-up to the last byte.",
  },

  jobs_ttl_days: {
    group: "Retention",
    kind: optional(number({ above: 0 })),
    default: null,
    help: "Days that finished jobs are kept. Null keeps them.",
  },
  files_ttl_days: {
    group: "Retention",
    kind: optional(number({ above: 0 })),
    default: null,
    help: "Days that files are kept. Null keeps them. A file that a waiting or running job needs always stays.",
  },
  files_max_gb: {
    group: "Retention",
    kind: optional(number({ above: 0 })),
    default: null,
    help: "Gigabytes that the files may take; the oldest go first. Null is no limit.",
  },

  log_level: {
    group: "Logs",
    kind: choice(["debug", "info", "warning", "error"], { warn: "warning", critical: "error" }),
    default: "info",
    help: "Least important messages that are written.",
    kiapi: "KIAPI_LOG_LEVEL",
  },
  log_format: {
    group: "Logs",
    kind: choice(["text", "json"]),
    default: "text",
    help: "Lines for people, or JSON objects for programs.",
  },

  depthpro_default_quantize: {
    group: "depthpro",
    kind: quantize(),
    ...inherited,
    help: "Bits of the weights when a request names none.",
    kiapi: "KIAPI_DEPTHPRO_DEFAULT_QUANTIZE",
  },
  depthpro_max_input_pixels: {
    group: "depthpro",
    kind: whole({ min: 1 }),
    default: 67108864,
    help: "Pixels that an input picture may have. One of more than 16777216 is brought down to them while it is decoded; its depth map has the full size.",
    kiapi: "KIAPI_DEPTHPRO_MAX_INPUT_PIXELS",
  },

  depthanything_default_quantize: {
    group: "depthanything",
    kind: quantize(),
    default: null,
    help: "Bits of the weights when a request names none.",
  },
  depthanything_max_input_pixels: {
    group: "depthanything",
    kind: whole({ min: 1 }),
    default: 67108864,
    help: "Pixels that an input picture may have. One of more than 16777216 is brought down to them while it is decoded; its depth map has the full size.",
  },

  seedvr2_default_quantize: {
    group: "seedvr2",
    kind: quantize(),
    ...inherited,
    help: "Bits of the weights when a request names none.",
    kiapi: "KIAPI_SEEDVR2_DEFAULT_QUANTIZE",
  },
  seedvr2_default_resolution: {
    group: "seedvr2",
    kind: text("a shortest edge in pixels or a scale such as 2x", /^(\d+|\d+(\.\d+)?x)$/),
    default: "2x",
    help: "Shortest edge of the result in pixels, or a scale such as 2x, when a request names none.",
    kiapi: "KIAPI_SEEDVR2_DEFAULT_RESOLUTION",
  },
  seedvr2_default_softness: {
    group: "seedvr2",
    kind: number({ min: 0, max: 1 }),
    default: 0,
    help: "Softness when a request names none.",
    kiapi: "KIAPI_SEEDVR2_DEFAULT_SOFTNESS",
  },
  seedvr2_max_scale: {
    group: "seedvr2",
    kind: number({ above: 0 }),
    default: 4,
    help: "Largest scale.",
    kiapi: "KIAPI_SEEDVR2_MAX_SCALE",
  },
  seedvr2_max_resolution: {
    group: "seedvr2",
    kind: whole({ min: 1 }),
    default: 2048,
    help: "Largest shortest edge in pixels.",
    kiapi: "KIAPI_SEEDVR2_MAX_RESOLUTION",
  },
  seedvr2_min_resolution: {
    group: "seedvr2",
    kind: whole({ min: 1 }),
    default: 16,
    help: "Smallest shortest edge in pixels.",
    kiapi: "KIAPI_SEEDVR2_MIN_RESOLUTION",
  },
  seedvr2_tile: {
    group: "seedvr2",
    kind: whole({ min: 128, max: 4096, multipleOf: 16 }),
    default: 512,
    help: "Edge of the tiles, in pixels, in which the autoencoder works. Smaller ones need less memory.",
  },
  seedvr2_color_fix: {
    group: "seedvr2",
    kind: choice(["wavelet-lab", "wavelet", "lab", "none"]),
    default: "wavelet-lab",
    help: "How the colours of the input are carried over to the result.",
  },

  qwen_default_quantize: {
    group: "qwen",
    kind: quantize(),
    ...inherited,
    help: "Bits of the weights when a request names none.",
    kiapi: "KIAPI_QWEN_DEFAULT_QUANTIZE",
  },
  qwen_default_width: {
    group: "qwen",
    kind: whole({ min: 16, multipleOf: 16 }),
    default: 1024,
    help: "Width when a request names none.",
    kiapi: "KIAPI_QWEN_DEFAULT_WIDTH",
  },
  qwen_default_height: {
    group: "qwen",
    kind: whole({ min: 16, multipleOf: 16 }),
    default: 1024,
    help: "Height when a request names none.",
    kiapi: "KIAPI_QWEN_DEFAULT_HEIGHT",
  },
  qwen_max_width: {
    group: "qwen",
    kind: whole({ min: 16 }),
    default: 2048,
    help: "Largest width.",
    kiapi: "KIAPI_QWEN_MAX_WIDTH",
  },
  qwen_max_height: {
    group: "qwen",
    kind: whole({ min: 16 }),
    default: 2048,
    help: "Largest height.",
    kiapi: "KIAPI_QWEN_MAX_HEIGHT",
  },
  qwen_max_steps: {
    group: "qwen",
    kind: whole({ min: 1 }),
    default: 100,
    help: "Most steps that a request may ask for.",
    kiapi: "KIAPI_QWEN_MAX_STEPS",
  },
  qwen_max_loras: {
    group: "qwen",
    kind: whole({ min: 0 }),
    default: 4,
    help: "Most LoRA adapters that a request may name.",
    kiapi: "KIAPI_QWEN_MAX_LORAS",
  },
  qwen_generate_steps: {
    group: "qwen",
    kind: whole({ min: 1 }),
    default: 30,
    help: "Steps of a generation when a request names none.",
    kiapi: "KIAPI_QWEN_GENERATE_STEPS",
  },
  qwen_generate_guidance: {
    group: "qwen",
    kind: number({ min: 0 }),
    default: 4,
    help: "Guidance of a generation when a request names none.",
    kiapi: "KIAPI_QWEN_GENERATE_GUIDANCE",
  },
  qwen_edit_steps: {
    group: "qwen",
    kind: whole({ min: 1 }),
    default: 30,
    help: "Steps of an edit when a request names none.",
    kiapi: "KIAPI_QWEN_EDIT_STEPS",
  },
  qwen_edit_guidance: {
    group: "qwen",
    kind: number({ min: 0 }),
    default: 2.5,
    help: "Guidance of an edit when a request names none.",
    kiapi: "KIAPI_QWEN_EDIT_GUIDANCE",
  },
  qwen_reference_pixels: {
    group: "qwen",
    kind: whole({ min: 16384, max: 4194304 }),
    default: 1048576,
    help: "Pixels at which the transformer sees each picture of an edit. Fewer take less time and memory, and lose detail.",
  },
  qwen_batch_guidance: {
    group: "qwen",
    kind: yesNo(),
    default: true,
    help: "Runs the prompt and the negative prompt at once instead of one after the other, in twice the working memory.",
  },
  qwen_vae_tile: {
    group: "qwen",
    kind: whole({ min: 128, max: 4096, multipleOf: 16 }),
    default: 1024,
    help: "Pictures of more than twice the pixels of a square of this edge pass the autoencoder in such squares. Smaller ones need less memory.",
  },
  qwen_prompt_cache_mb: {
    group: "qwen",
    kind: whole({ min: 0 }),
    default: 256,
    help: "Megabytes of encoded prompts kept on disk, so that one that comes again needs no text encoder; 0 keeps none.",
  },
  qwen_lightning_4: {
    group: "qwen",
    kind: optional(path()),
    default: null,
    help: "Adapter file for `fast: 4`, which is refused without it.",
  },
  qwen_lightning_8: {
    group: "qwen",
    kind: optional(path()),
    default: null,
    help: "Adapter file for `fast: 8`, which is refused without it.",
  },
};

/** In the order of the table, so that a computed default finds what it is taken from. */
export const settingNames = Object.keys(table) as readonly SettingName[];

export const isSettingName = (name: string): name is SettingName => Object.hasOwn(table, name);
/** `sync_timeout_s` is `EASEL_SYNC_TIMEOUT_S` in the environment. */
export const envName = (name: SettingName): string => `EASEL_${name.toUpperCase()}`;
/** `sync_timeout_s` is `--sync-timeout-s` on the command line. */
export const flagName = (name: SettingName): string => `--${name.replaceAll("_", "-")}`;
