import type { Bits } from "../engine/task.ts";

/** The settings of a running server, after flags, environment, file and defaults. `table.ts` says what each one means. */
export interface Settings {
  host: string;
  port: number;
  auth_token: string | null;
  sync_timeout_s: number;
  data_dir: string;
  files_root: string;
  cache_dir: string;
  device: "auto" | "gpu" | "cpu";
  memory_limit_gb: number | null;
  default_ttl_s: number;
  ttl_sweep_interval_s: number;
  warmup_models: readonly string[];
  default_quantize: Bits;
  model_paths: Readonly<Record<string, string>>;
  max_queue: number;
  max_upload_mb: number;
  max_json_in_flight_mb: number;
  max_input_pixels: number;
  max_output_pixels: number;
  job_timeout_s: number;
  jobs_ttl_days: number | null;
  files_ttl_days: number | null;
  files_max_gb: number | null;
  public_url: string | null;
  allowed_url_hosts: readonly string[];
  allow_private_urls: boolean;
  fetch_timeout_s: number;
  result_link_ttl_s: number;
  cache_max_gb: number | null;
  allowed_hosts: readonly string[];
  cors_origins: readonly string[];
  webhook_secret: string | null;
  allow_insecure_bind: boolean;
  shutdown_grace_s: number;
  log_level: "debug" | "info" | "warning" | "error";
  log_format: "text" | "json";

  depthpro_default_quantize: Bits;
  depthpro_max_input_pixels: number;

  depthanything_default_quantize: Bits;
  depthanything_max_input_pixels: number;

  seedvr2_default_quantize: Bits;
  seedvr2_default_resolution: string;
  seedvr2_default_softness: number;
  seedvr2_max_scale: number;
  seedvr2_max_resolution: number;
  seedvr2_min_resolution: number;
  seedvr2_tile: number;
  seedvr2_color_fix: "wavelet-lab" | "wavelet" | "lab" | "none";

  qwen_default_quantize: Bits;
  qwen_default_width: number;
  qwen_default_height: number;
  qwen_max_width: number;
  qwen_max_height: number;
  qwen_max_steps: number;
  qwen_max_loras: number;
  qwen_generate_steps: number;
  qwen_generate_guidance: number;
  qwen_edit_steps: number;
  qwen_edit_guidance: number;
  qwen_reference_pixels: number;
  qwen_batch_guidance: boolean;
  qwen_vae_tile: number;
  qwen_prompt_cache_mb: number;
  qwen_lightning_4: string | null;
  qwen_lightning_8: string | null;

  /** Writes the parameters of a generated or upscaled picture into the file. */
  embed_metadata: boolean;
}
