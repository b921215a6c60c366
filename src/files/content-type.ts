/** Types by extension, for files that come without a type. */
const types: Readonly<Record<string, string>> = {
  avif: "image/avif",
  bmp: "image/bmp",
  css: "text/css",
  csv: "text/csv",
  exr: "image/x-exr",
  gif: "image/gif",
  glb: "model/gltf-binary",
  gz: "application/gzip",
  heic: "image/heic",
  heif: "image/heif",
  htm: "text/html",
  html: "text/html",
  jpe: "image/jpeg",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "text/javascript",
  json: "application/json",
  jxl: "image/jxl",
  md: "text/markdown",
  mov: "video/quicktime",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  tar: "application/x-tar",
  tif: "image/tiff",
  tiff: "image/tiff",
  txt: "text/plain",
  wav: "audio/x-wav",
  webm: "video/webm",
  webp: "image/webp",
  xml: "text/xml",
  yaml: "application/yaml",
  yml: "application/yaml",
  zip: "application/zip",
};

const token = "[\\w!#$%&'*+.^`|~-]+";
const mediaType = new RegExp(
  `^${token}/${token}( *; *${token}=(${token}|"[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]*"))*$`,
);

/** The type of bytes of which nothing is known. */
export const unknownType = "application/octet-stream";

/** The given type when it is one, else what the filename's extension says, else application/octet-stream. */
export function contentTypeOf(filename: string, given?: string): string {
  const written = given?.trim() ?? "";
  if (written.length <= 255 && mediaType.test(written)) return written;
  const extension = /\.([^./\\]+)$/.exec(filename)?.[1]?.toLowerCase() ?? "";
  return (Object.hasOwn(types, extension) && types[extension]) || unknownType;
}

/** The extension, with its dot, that a file of this type gets when it has no name. */
export function extensionOf(contentType: string): string {
  const essence = contentType.split(";")[0]!.trim().toLowerCase();
  if (essence === "image/jpeg") return ".jpg";
  const found = Object.entries(types).find(([, type]) => type === essence);
  return found ? `.${found[0]}` : ".bin";
}
