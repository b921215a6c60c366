// Written by scripts/docs/api-types.ts from the documents that the server serves.

export namespace common {
  export type ArtworkError = {
    message: string;
    statusCode: number;
    error?: string;
  };

  export type AsyncJobResponse = {
    job_id: string;
    type: string;
    status: JobStatus;
    queue_position?: number;
    urls?: JobUrls;
  };

  export type Body_upload_v1_files_post = {
    file: string;
  };

  export type CancelJobsRequest = {
    status?: Array<"queued" | "running">;
    type?: string;
  };

  export type CancelJobsResponse = {
    canceled: number;
  };

  export type DepthMapArtworkResponse = {
    id: string;
    artworkType: "depth_map";
    parameters: DepthMapParameters;
    duration: number;
    results: Array<string>;
    status: "starting" | "processing" | "succeeded" | "failed" | "canceled";
    createdAt: string;
    error?: string;
  };

  export type DepthMapParameters = {
    imageUrl: string;
    invertDepth?: boolean;
    resolutionLowerLimit?: number;
    usePostResize?: boolean;
    webhook?: string;
    useVersion3?: boolean;
    model?: string;
    normalizationMode?: "Standard" | "V2-Style" | "Raw";
  };

  export type ErrorResponse = {
    detail: string;
    code: string;
  };

  export type FileDeleteResponse = {
    deleted: boolean;
    file_id: string;
  };

  export type FileID = string;

  export type FileLink = {
    url: string;
    expires_at: number;
  };

  export type FileListResponse = {
    object?: string;
    data?: Array<FileRecord>;
    has_more?: boolean;
  };

  export type FileRecord = {
    file_id: FileID;
    filename: string;
    content_type: string;
    size: number;
    sha256?: string;
    created_at: number;
    meta?: Record<string, unknown>;
  };

  export type FileUpload = {
    upload_id: string;
    url: string;
    method: "PUT";
    headers: Record<string, string>;
    expires_at: number;
  };

  export type FileUploadRequest = {
    filename?: string;
    content_type?: string;
    size: number;
  };

  export type FleetNode = {
    name: string;
    role: string;
    version: string;
    state: "ready" | "starting" | "draining" | "lost";
    device?: string | null;
    budget_gb: number;
    models: Array<string>;
    running: Array<string>;
  };

  export type HTTPValidationError = {
    detail?: Array<ValidationError>;
    code?: string;
  };

  export type HealthResponse = {
    status: string;
    warm: boolean;
    queue_len: number;
    memory: MemoryStats;
    relay?: RelayHealth | null;
    nodes?: Array<FleetNode>;
    store?: "here" | "away";
  };

  export type Job = {
    type: JobType;
    params?: Record<string, unknown>;
    id?: JobID;
    status?: JobStatus;
    result?: JobResult | null;
    artifacts?: Array<FileID>;
    error?: string | null;
    error_code?: string | null;
    created_at?: number;
    started_at?: number | null;
    finished_at?: number | null;
    progress?: number | null;
    progress_label?: string;
    webhook_delivery?: {
      status: "pending" | "delivered" | "given_up";
      attempts: number;
      error: string | null;
    } | null;
  };

  export type JobDeleteResponse = {
    deleted: boolean;
    job_id: string;
    was_running: boolean;
    deleted_files?: Array<FileID>;
  };

  export type JobID = string;

  export type JobListResponse = {
    object?: string;
    data?: Array<Job>;
    has_more?: boolean;
  };

  export type JobResult = Record<string, unknown>;

  export type JobStatus = "queued" | "running" | "succeeded" | "failed" | "canceled";

  export type JobType = string;

  export type JobUrls = {
    job: string;
    events: string;
    cancel: string;
  };

  export type LoraEntry = {
    name: string;
    size: number;
    modified_at: number;
    fits: Array<{
      family: string;
      models: Array<string>;
    }>;
    problem?: string;
  };

  export type LoraList = {
    object: "list";
    data: Array<LoraEntry>;
  };

  export type MemoryStats = {
    loaded?: Array<ResidentModelStats>;
    resident_gb: number;
    budget_gb: number;
  };

  export type OpenAIError = {
    error: {
      message: string;
      type: string;
      param: string | null;
      code: string | null;
    };
  };

  export type OpenAIImagesEditRequest = {
    model?: string | null;
    prompt: string;
    n?: number | null;
    size?: string | null;
    quality?: "auto" | "low" | "medium" | "high" | "standard" | "hd" | null;
    response_format?: "url" | "b64_json" | null;
    background?: "auto" | "opaque" | "transparent" | null;
    output_format?: "png" | "jpeg" | "webp" | null;
    output_compression?: number | null;
    stream?: boolean | null;
    partial_images?: number | null;
    seed?: number | null;
    cancel_on_disconnect?: boolean;
    images: Array<{
      image_url?: string;
      file_id?: string;
    }>;
    mask?: {
      image_url?: string;
      file_id?: string;
    } | null;
  };

  export type OpenAIImagesRequest = {
    model?: string | null;
    prompt: string;
    n?: number | null;
    size?: string | null;
    quality?: "auto" | "low" | "medium" | "high" | "standard" | "hd" | null;
    response_format?: "url" | "b64_json" | null;
    background?: "auto" | "opaque" | "transparent" | null;
    output_format?: "png" | "jpeg" | "webp" | null;
    output_compression?: number | null;
    stream?: boolean | null;
    partial_images?: number | null;
    seed?: number | null;
    cancel_on_disconnect?: boolean;
  };

  export type OpenAIImagesResponse = {
    created: number;
    background: "opaque";
    output_format: "png" | "jpeg" | "webp";
    quality: string;
    size: string;
    data: Array<{
      b64_json?: string;
      url?: string;
    }>;
  };

  export type OpenAIModelList = {
    object: "list";
    data: Array<{
      id: string;
      object: "model";
      created: number;
      owned_by: string;
    }>;
  };

  export type ReadyResponse = {
    ready: boolean;
    reason?: string | null;
    files?: "here" | "away";
    device?: {
      kind: "cpu" | "gpu";
      name: string;
      self_test: "passed" | "passed_before" | "imprecise" | "not_needed";
      precision?: {
        setting: "auto" | "float32" | "bfloat16";
        depth: "float32" | "bfloat16";
        diffusion: "float32" | "bfloat16";
        quantized?: "float32" | "bfloat16" | "integer";
        reason: string | null;
      };
    } | null;
  };

  export type RelayHealth = {
    name: RelayName;
    running: boolean;
    failed: boolean;
  };

  export type RelayName = string;

  export type ResidentModelStats = {
    name: string;
    family: string;
    domain: string;
    repo: string;
    weight_gb: number;
    priority: number;
    idle_s: number;
    ttl_s?: number | null;
    expires_in_s?: number | null;
  };

  export type SetupCopy = {
    bits: number;
    repo: string;
    size_gb: number;
    ready: boolean;
    licence: string;
    licence_url: string;
    commercial_use: boolean;
    activate_command: string;
  };

  export type SetupModelState = {
    domain: string;
    family: string;
    name: string;
    default: boolean;
    status: "ready" | "missing" | "none";
    size_gb: number;
    resources?: Array<SetupResourceState>;
    activated?: boolean;
    built_in?: boolean;
    operations?: Array<string>;
    licence?: string;
    licence_url?: string;
    commercial_use?: boolean;
    bits?: number;
    copies?: Array<SetupCopy>;
    memory_gb?: number | null;
    fits?: boolean | null;
    loaded?: boolean;
    note?: string;
  };

  export type SetupResourceState = {
    kind: string;
    label: string;
    ready: boolean;
    disk_gb?: number | null;
    detail?: string;
    activate_command: string;
  };

  export type SetupResponse = {
    object?: string;
    summary: SetupSummary;
    data?: Array<SetupModelState>;
  };

  export type SetupSummary = {
    models_total: number;
    models_ready: number;
    resources_total: number;
    resources_ready: number;
    installed_gb: number;
    total_gb: number;
  };

  export type ValidationError = {
    loc: Array<string | number>;
    msg: string;
    type: string;
    input?: unknown;
    ctx?: Record<string, unknown>;
  };

  export type VersionResponse = {
    version: string;
    commit: string | null;
    mlx: string | null;
    bun: string;
    target: string;
    kernels: string | null;
  };
}

export namespace depthanything {
  export type ActivateRequest = {
    accept_license?: boolean;
    fast?: boolean;
    bits?: number | null;
  };

  export type AsyncJobResponse = common.AsyncJobResponse;

  export type CapabilityModelSpec = {
    name: string;
    family: string;
    domain: string;
    aliases?: Array<string>;
    default?: boolean;
    features?: Array<string>;
    activated?: boolean;
    licence?: string;
    commercial_use?: boolean;
    note?: string;
  };

  export type DeactivateResponse = {
    freed_bytes: number;
  };

  export type ErrorResponse = common.ErrorResponse;

  export type EstimateRequest = {
    model?: string | null;
    mode?: "sync" | "async";
    image: FileRef;
    quantize?: number | null;
    include_depth_data?: boolean;
    input_size?: number | null;
    focal_length_px?: number | null;
    normalization?: "minmax" | "v2-style" | "raw";
    invert?: boolean;
    colormap?: "grey" | "turbo" | "inferno" | "viridis" | "spectral";
    depth_format?: "png8" | "png16" | null;
    preview?: boolean;
    align_to?: FileRef | null;
    extras?: Array<
      "mesh_glb" | "points_ply" | "normals_png" | "depth_exr" | "stereo_jpeg" | "anaglyph_jpeg"
    > | null;
    fov_deg?: number | null;
    mesh_triangles?: number | null;
    max_points?: number | null;
    relative_range?: number | null;
    stereo_baseline?: number | null;
    stereo_focus?: number | null;
    webhook?: string | null;
    cancel_on_disconnect?: boolean;
  };

  export type EstimateResponse = {
    model: string;
    depth_image_file_id: string;
    depth_image_bytes: number;
    depth_data_file_id: string | null;
    depth_data_bytes: number | null;
    input_width: number;
    input_height: number;
    input_mode: string;
    width: number;
    height: number;
    mode: string;
    array_shape: Array<number>;
    min_depth: number;
    max_depth: number;
    params: Record<string, unknown>;
    timings: _Timings;
    depth_unit?: "metre" | "relative" | "relative_inverse";
    focal_length_px?: number | null;
    notes?: Array<string>;
    scale?: number | null;
    offset?: number | null;
    alignment?: {
      scale: number;
      shift: number;
    };
    extras?: Array<{
      kind: "mesh_glb" | "points_ply" | "normals_png" | "depth_exr" | "stereo_jpeg" | "anaglyph_jpeg";
      file_id: string;
      content_type: string;
      bytes: number;
    }>;
    camera?: {
      focal_length_px: number;
      fov_deg: number;
      principal_point: Array<number>;
      source: "given" | "estimated" | "assumed";
    };
  };

  export type FileDataURLRef = {
    type?: "data_url";
    data_url: string;
  };

  export type FileID = common.FileID;

  export type FileIDRef = {
    type?: "file_id";
    file_id: string;
  };

  export type FileRef = FileIDRef | FileURLRef | FileDataURLRef;

  export type FileURLRef = {
    type?: "url";
    url: string;
  };

  export type HTTPValidationError = common.HTTPValidationError;

  export type JobEstimateResponse = {
    type: JobType;
    params?: Record<string, unknown>;
    id?: JobID;
    status?: JobStatus;
    result?: EstimateResponse | null;
    artifacts?: Array<FileID>;
    error?: string | null;
    error_code?: string | null;
    created_at?: number;
    started_at?: number | null;
    finished_at?: number | null;
    progress?: number | null;
    progress_label?: string;
    webhook_delivery?: {
      status: "pending" | "delivered" | "given_up";
      attempts: number;
      error: string | null;
    } | null;
  };

  export type JobID = common.JobID;

  export type JobStatus = common.JobStatus;

  export type JobType = common.JobType;

  export type JobUrls = common.JobUrls;

  export type PlanResponse = {
    model: string;
    bits: number | null;
    peak_bytes: number;
    budget_bytes: number;
    fits: boolean;
    smaller: string | null;
  };

  export type UnloadResponse = {
    unloaded: boolean;
    freed_gb: number;
    pending?: Array<string>;
  };

  export type ValidationError = common.ValidationError;

  export type _Timings = {
    total_s: number;
  };
}
