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
  };

  export type JobDeleteResponse = {
    deleted: boolean;
    job_id: string;
    was_running: boolean;
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
    images: Array<{
      image_url?: string;
      file_id?: string;
    }>;
    mask?: unknown;
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

  export type ValidationError = {
    loc: Array<string | number>;
    msg: string;
    type: string;
    input?: unknown;
    ctx?: Record<string, unknown>;
  };
}

export namespace depthanything {
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
    webhook?: string | null;
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
    scale?: number | null;
    offset?: number | null;
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
  };

  export type JobID = common.JobID;

  export type JobStatus = common.JobStatus;

  export type JobType = common.JobType;

  export type JobUrls = common.JobUrls;

  export type UnloadResponse = {
    unloaded: boolean;
    freed_gb: number;
  };

  export type ValidationError = common.ValidationError;

  export type _Timings = {
    total_s: number;
  };
}
