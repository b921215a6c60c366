/**
 * The picture that work is about: dropped, pasted, chosen, taken or picked from the files.
 *
 * @module
 */
import * as api from "./api.ts";
import { byId, el, find, on } from "./dom.ts";

export interface Picture {
  name: string;
  /** What the browser shows of it, if it can. */
  image: HTMLImageElement | undefined;
  /** Its id on the server; sent there when it is first asked for. */
  id(): Promise<string>;
}

/** An image element of an address, once it can be drawn; nothing when the browser cannot. */
export async function imageOf(url: string, alt: string): Promise<HTMLImageElement | undefined> {
  const image = el("img", { src: url, alt });
  try {
    await image.decode();
    return image;
  } catch {
    return undefined;
  }
}

/** A picture that is not on the server yet. */
export async function fromBlob(blob: Blob, name: string): Promise<Picture> {
  let sent: Promise<string> | undefined;
  return {
    name,
    image: await imageOf(URL.createObjectURL(blob), name),
    id() {
      sent ??= api.upload(blob, name).then(({ file_id }) => file_id);
      sent.catch(() => {
        sent = undefined;
      });
      return sent;
    },
  };
}

/** A picture that the server has. */
export const fromStored = async (id: string, name: string): Promise<Picture> => ({
  name,
  image: await imageOf(api.downloadUrl(id), name),
  id: async () => id,
});

/** Listens for pictures that are dropped or pasted anywhere on the page. */
export function listenForPictures(take: (blob: Blob, name: string) => unknown): void {
  const hint = byId("drop-hint");
  let depth = 0;
  const files = (data: DataTransfer | null) => [...(data?.files ?? [])];
  const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  on(document.body, {
    dragenter: (event) => {
      if (!carriesFiles(event)) return;
      depth++;
      hint.hidden = false;
    },
    dragleave: (event) => {
      if (!carriesFiles(event)) return;
      depth = Math.max(0, depth - 1);
      hint.hidden = depth === 0;
    },
    dragover: (event) => {
      if (carriesFiles(event)) event.preventDefault();
    },
    drop: (event) => {
      depth = 0;
      hint.hidden = true;
      const [file] = files(event.dataTransfer);
      if (!file) return;
      event.preventDefault();
      take(file, file.name);
    },
  });
  document.addEventListener("paste", (event) => {
    const [file] = files(event.clipboardData);
    if (!file) return;
    event.preventDefault();
    take(file, file.name || "pasted.png");
  });
}

/** Asks for files of this machine. */
export function choose(accept: string, multiple: boolean, take: (files: File[]) => unknown): void {
  const chooser = byId<HTMLInputElement>("chooser");
  chooser.accept = accept;
  chooser.multiple = multiple;
  chooser.value = "";
  chooser.onchange = () => take([...(chooser.files ?? [])]);
  chooser.click();
}

/** Takes a picture with the camera. */
export async function camera(take: (blob: Blob, name: string) => unknown): Promise<void> {
  const dialog = byId<HTMLDialogElement>("camera");
  const video = find<HTMLVideoElement>("video", dialog);
  const error = find(".error", dialog);
  const shutter = find<HTMLButtonElement>("[data-take]", dialog);
  error.hidden = true;
  shutter.disabled = true;
  dialog.showModal();
  let stream: MediaStream | undefined;
  dialog.onclose = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = undefined;
    video.srcObject = null;
  };
  find<HTMLButtonElement>("[data-close]", dialog).onclick = () => dialog.close();
  shutter.onclick = async () => {
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext("2d")!.drawImage(video, 0, 0);
    dialog.close();
    await take(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 }), "camera.jpg");
  };
  try {
    if (!navigator.mediaDevices)
      throw new Error("A browser gives a camera only to pages on this machine or behind https.");
    const got = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1440 } },
    });
    if (!dialog.open) {
      for (const track of got.getTracks()) track.stop();
      return;
    }
    stream = got;
    video.srcObject = got;
    await video.play();
    shutter.disabled = false;
  } catch (cause) {
    error.hidden = false;
    error.textContent = cause instanceof Error ? cause.message : "There is no camera.";
  }
}
