/**
 * The settings of the server itself. A family of models brings rows of its own, see `table.ts`.
 *
 * @module
 */
import { join } from "node:path";
import { fleet } from "./fleet.ts";
import {
  choice,
  list,
  number,
  optional,
  path,
  pathMap,
  quantize,
  setting,
  text,
  whole,
  yesNo,
} from "./types.ts";

const printable = /^[\x21-\x7e]+$/;
const hostName = /^[^\s/?#@]+$/;

export const core = {
  host: setting({
    group: "Server",
    kind: text("a host name or an address", hostName),
    default: "127.0.0.1",
    help: "Address to listen on. Anything but a loopback address needs auth_token.",
    kiapi: "KIAPI_HOST",
  }),
  port: setting({
    group: "Server",
    kind: whole({ min: 0, max: 65535 }),
    default: 8000,
    help: "Port to listen on; 0 takes a free one.",
    kiapi: "KIAPI_PORT",
  }),
  auth_token: setting({
    group: "Server",
    kind: optional(text("printable text without blanks", printable)),
    default: null,
    help: "Token that clients send as `Authorization: Bearer …`. Without one, everybody who reaches the port may use the server.",
    secret: true,
    kiapi: "KIAPI_AUTH_TOKEN",
  }),
  allow_insecure_bind: setting({
    group: "Server",
    kind: yesNo(),
    default: false,
    help: "Lets the server listen on a non-loopback address without auth_token.",
  }),
  allowed_hosts: setting({
    group: "Server",
    kind: list("a list of host names", hostName),
    default: [],
    help: "Names besides loopback that the Host header may hold, such as the name of this machine in your network.",
  }),
  cors_origins: setting({
    group: "Server",
    kind: list("a list of origins such as https://example.org", /^(\*|https?:\/\/[^\s/?#@]+)$/),
    default: [],
    help: "Origins whose pages may call the server from a browser.",
  }),
  public_url: setting({
    group: "Server",
    kind: optional(text("an http or https URL without query", /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/)),
    default: null,
    help: "URL under which others reach the server, for links in results. Without it, the request's own origin.",
  }),
  sync_timeout_s: setting({
    group: "Server",
    kind: number({ above: 0 }),
    default: 600,
    help: "Seconds that a synchronous request waits for its job, waiting in the queue included.",
    kiapi: "KIAPI_SYNC_TIMEOUT_S",
  }),
  shutdown_grace_s: setting({
    group: "Server",
    kind: number({ min: 0 }),
    default: 30,
    help: "Seconds that a running job may still take after the server is asked to stop.",
  }),

  data_dir: setting({
    group: "Places",
    kind: path(),
    default: (_, places) => places.data,
    defaultText: "`$XDG_DATA_HOME/easel`; `~/Library/Application Support/easel` on a Mac",
    help: "Folder of the jobs database, the files, generated secrets and what `easel check` keeps.",
  }),
  files_root: setting({
    group: "Places",
    kind: path(),
    default: (above) => join(above.data_dir as string, "files"),
    defaultText: "`files` in data_dir",
    help: "Folder of uploaded and generated files.",
    kiapi: "KIAPI_FILES_ROOT",
  }),
  lora_dir: setting({
    group: "Places",
    kind: path(),
    default: (above) => join(above.data_dir as string, "loras"),
    defaultText: "`loras` in data_dir",
    help: "Folder of adapters (LoRA) that requests name by their file. One that is dropped in can be used at once.",
  }),
  cache_dir: setting({
    group: "Places",
    kind: path(),
    default: (_, places) => places.cache,
    defaultText: "`$XDG_CACHE_HOME/easel`; `~/Library/Caches/easel` on a Mac",
    help: "Folder of what can be made again: unpacked native parts, quantized weights, prompt encodings.",
  }),
  cache_max_gb: setting({
    group: "Places",
    kind: optional(number({ min: 0 })),
    default: null,
    help: "Gigabytes that cache_dir may hold; the least recently used goes first. Null: unlimited.",
  }),

  device: setting({
    group: "Memory and models",
    kind: choice(["auto", "gpu", "cpu"]),
    default: "auto",
    help: "What computes. `auto` takes the GPU of a Mac and the processor elsewhere; with `gpu`, a machine without one is an error.",
  }),
  cpu_precision: setting({
    group: "Memory and models",
    kind: choice(["auto", "float32", "bfloat16"]),
    default: "auto",
    help: "What the products of networks multiply on a processor; their sums are float32. `auto` takes float32 for depth, and bfloat16 for generating and upscaling where the processor has an instruction for it (AVX512_BF16, AMX, Arm's BFMMLA). `bfloat16` without one is an error. On AMX `auto` makes some products of float32 from three of bfloat16, with an error of about 2^-16, and `float32` makes all of them from six.",
  }),
  cpu_quantized: setting({
    group: "Memory and models",
    kind: choice(["auto", "float", "integer"]),
    default: "auto",
    help: "What quantized transformers of generating and upscaling multiply on a processor. `integer` rounds activations to 8 bits, with a scale for each group of 64, and is an error without an instruction for that (AVX2, VNNI, AMX, Arm's SDOT or USMMLA). `float` unpacks weights on the way to what cpu_precision says. `auto` takes integers where there is an instruction, but not with cpu_precision float32, and not with AMX.",
  }),
  memory_limit_gb: setting({
    group: "Memory and models",
    kind: optional(number({ above: 0 })),
    default: null,
    help: "Memory budget of the models. Null: 80 % of the memory or of the container's limit, or less if the GPU recommends it.",
    kiapi: "KIAPI_MEMORY_LIMIT_GB",
  }),
  default_ttl_s: setting({
    group: "Memory and models",
    kind: number({ min: 0 }),
    default: 1800,
    help: "Seconds that a model stays loaded after its last use.",
    kiapi: "KIAPI_DEFAULT_TTL_S",
  }),
  ttl_sweep_interval_s: setting({
    group: "Memory and models",
    kind: number({ above: 0 }),
    default: 60,
    help: "Seconds between two looks for models that may go.",
    kiapi: "KIAPI_TTL_SWEEP_INTERVAL_S",
  }),
  warmup_models: setting({
    group: "Memory and models",
    kind: list("a list of model names"),
    default: [],
    help: "Models that are loaded at start.",
    kiapi: "KIAPI_WARMUP_MODELS",
  }),
  default_quantize: setting({
    group: "Memory and models",
    kind: quantize(),
    default: 8,
    help: "Bits of the weights of a family without its own setting; null leaves weights as they are published.",
  }),
  model_paths: setting({
    group: "Memory and models",
    kind: pathMap("a map from model names such as depthpro/base to folders or files"),
    default: {},
    help: "Models that are read from a folder or a file of yours, in the published layout.",
  }),

  max_queue: setting({
    group: "Jobs",
    kind: whole({ min: 1 }),
    default: 10000,
    help: "Jobs that may wait; the next one is refused with 429.",
  }),
  job_timeout_s: setting({
    group: "Jobs",
    kind: number({ min: 0 }),
    default: 0,
    help: "Seconds that a job may run; 0: unlimited.",
  }),
  webhook_secret: setting({
    group: "Jobs",
    kind: optional(text("whsec_ and then base64 of at least 24 bytes", /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/)),
    default: null,
    help: "Key that webhooks are signed with. Without one, the server makes one and keeps it in data_dir.",
    secret: true,
    neverEmpty: true,
  }),
  result_link_ttl_s: setting({
    group: "Jobs",
    kind: number({ above: 0 }),
    default: 86400,
    help: "Seconds that a signed link to a result stays valid.",
  }),
  embed_metadata: setting({
    group: "Jobs",
    kind: yesNo(),
    default: true,
    help: "Writes the parameters of a generated or upscaled picture into the picture's file.",
  }),

  max_upload_mb: setting({
    group: "Limits",
    kind: number({ above: 0 }),
    default: 2048,
    help: "Megabytes (of 1048576 bytes) that an upload or a fetched file may have.",
  }),
  max_json_in_flight_mb: setting({
    group: "Limits",
    kind: number({ above: 0 }),
    default: 256,
    help: "Megabytes of JSON bodies that may be read at the same time; further requests wait, then get 503. Payloads of data URLs do not count.",
  }),
  max_input_pixels: setting({
    group: "Limits",
    kind: whole({ min: 1 }),
    default: 67108864,
    help: "Pixels that an input picture may have.",
  }),
  max_output_pixels: setting({
    group: "Limits",
    kind: whole({ min: 1 }),
    default: 67108864,
    help: "Pixels that a result may have.",
  }),

  allow_activation: setting({
    group: "Memory and models",
    kind: yesNo(),
    default: true,
    help: "Lets clients install and remove models over HTTP.",
  }),
  allow_private_urls: setting({
    group: "Outbound requests",
    kind: yesNo(),
    default: false,
    help: "Lets file references and webhooks name addresses of private networks and of this machine.",
    kiapi: "KIAPI_NET_ALLOW_PRIVATE_URLS",
  }),
  allowed_url_hosts: setting({
    group: "Outbound requests",
    kind: list("a list of host names or host:port", hostName),
    default: [],
    help: "Hosts that file references and webhooks may name although their addresses are private, as `host` or `host:port`.",
  }),
  fetch_timeout_s: setting({
    group: "Outbound requests",
    kind: number({ above: 0, max: 86400 }),
    default: 120,
    help: "Seconds that fetching the file behind a URL may take, from the first look-up to the last byte.",
  }),

  jobs_ttl_days: setting({
    group: "Retention",
    kind: optional(number({ above: 0 })),
    default: null,
    help: "Days that finished jobs are kept. Null keeps them.",
  }),
  files_ttl_days: setting({
    group: "Retention",
    kind: optional(number({ above: 0 })),
    default: null,
    help: "Days that files are kept. Null keeps them. A file that a waiting or running job needs always stays.",
  }),
  files_max_gb: setting({
    group: "Retention",
    kind: optional(number({ above: 0 })),
    default: null,
    help: "Gigabytes that the files may take; the oldest go first. Null: unlimited.",
  }),

  log_level: setting({
    group: "Logs",
    kind: choice(["debug", "info", "warning", "error"], { warn: "warning", critical: "error" }),
    default: "info",
    help: "Least important messages that are written.",
    kiapi: "KIAPI_LOG_LEVEL",
  }),
  log_format: setting({
    group: "Logs",
    kind: choice(["text", "json"]),
    default: "text",
    help: "Lines for people, or JSON objects for programs.",
  }),
  ...fleet,
};
