/** A stored file as the API shows it and as the store keeps it. */
export interface FileRecord {
  file_id: string;
  filename: string;
  content_type: string;
  size: number;
  sha256: string;
  /** Unix seconds with fractions. */
  created_at: number;
  meta: Record<string, unknown>;
}

/** Where a request says a file comes from, after parsing. A data URL is stored at submit and then named by its id. */
export type FileRef =
  | { type: "file_id"; file_id: string }
  | { type: "url"; url: string }
  | { type: "data_url"; media_type: string; size: number; file_id: string };

/** An adapter, which may also be a file of the folder `lora_dir`. */
export type AdapterRef = FileRef | { type: "lora"; lora: string };
