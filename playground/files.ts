/**
 * The files: what was uploaded and what came of it.
 *
 * @module
 */
import * as api from "./api.ts";
import { button, byId, el } from "./dom.ts";
import { download } from "./stage.ts";

const shownFiles = 18;
/** Larger pictures get no thumbnail: the whole file would have to come. */
const largestThumb = 12e6;

let use: (file: api.StoredFile) => unknown = () => {};

/** `used` makes a stored picture the one that work is about. */
export function setUpFiles(used: (file: api.StoredFile) => unknown): void {
  use = used;
  void refreshFiles();
}

export async function refreshFiles(): Promise<void> {
  const list = byId("files");
  try {
    const { data, has_more } = await api.files(shownFiles);
    byId("files-count").textContent = has_more ? `the newest ${shownFiles}` : "";
    list.replaceChildren(...(data.length ? data.map(tile) : [el("li", { class: "empty" }, "Nothing yet.")]));
  } catch (error) {
    list.replaceChildren(
      el("li", { class: "empty" }, error instanceof Error ? error.message : String(error)),
    );
  }
}

function tile(file: api.StoredFile): HTMLLIElement {
  const { file_id: id, filename, content_type: type, size } = file;
  const picture = type.startsWith("image/") && size <= largestThumb;
  const remove = button("Delete", async () => {
    remove.disabled = true;
    await api.deleteFile(id).catch(() => {});
    await refreshFiles();
  });
  remove.setAttribute("aria-label", `Delete ${filename}`);
  const link = download("Save", id);
  link.setAttribute("aria-label", `Save ${filename}`);
  const useIt = type.startsWith("image/") && button("Use", () => use(file));
  if (useIt) useIt.setAttribute("aria-label", `Use ${filename}`);
  return el(
    "li",
    { class: "tile" },
    picture
      ? el("img", { src: api.downloadUrl(id), alt: "", loading: "lazy", decoding: "async" })
      : el("span", { class: "tile-kind", "aria-hidden": "true" }, filename.split(".").at(-1) ?? ""),
    el("span", { class: "name", title: filename }, filename),
    el("span", { class: "muted" }, bytesText(size)),
    el("span", { class: "actions" }, useIt, link, remove),
  );
}

function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}
