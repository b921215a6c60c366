/**
 * The middle of the page: an empty place for a picture, the picture, work on its way, a result, or what went wrong.
 *
 * @module
 */
import { ApiError, downloadUrl } from "./api.ts";
import { announce, button, byId, el } from "./dom.ts";

/** What a view puts on the stage. */
export interface Shown {
  bar?: readonly Node[];
  body: Node;
  foot?: readonly Node[];
  dispose?(): void;
}

const bar = byId("stage-bar");
const body = byId("stage-body");
const foot = byId("stage-foot");
let current: Shown | undefined;

export function show(next: Shown): void {
  current?.dispose?.();
  current = next;
  bar.replaceChildren(...(next.bar ?? []));
  body.replaceChildren(next.body);
  foot.replaceChildren(...(next.foot ?? []));
}

/** A link that saves a stored file. */
export const download = (text: string, fileId: string) =>
  el("a", { href: downloadUrl(fileId), download: true, class: "button quiet" }, text);

/** A picture alone, or a stand-in for one that the browser cannot show. */
export function still(picture: HTMLImageElement | undefined, name: string): HTMLElement {
  if (!picture) return el("div", { class: "stand-in" }, el("p", {}, name), el("small", {}, "No preview"));
  const holder = el("div", { class: "compare still" }, el("div", { class: "layer" }, picture));
  holder.style.setProperty("--w", String(picture.naturalWidth));
  holder.style.setProperty("--h", String(picture.naturalHeight));
  return holder;
}

/** Words beside the picture that they are about. */
export function message(
  { title, words, code, calm }: { title: string; words: string; code?: string | undefined; calm?: boolean },
  picture: HTMLElement | undefined,
  again?: () => unknown,
): Shown {
  announce(words);
  const box = el(
    "div",
    calm ? { class: "notice" } : { class: "notice error", role: "alert" },
    el("h2", {}, title),
    el("p", { class: "error-text" }, words),
    code && el("p", { class: "error-code" }, el("code", {}, code)),
    again && button("Try again", again),
  );
  return { body: el("div", { class: "beside" }, picture ?? el("div", { class: "blank" }), box) };
}

/** What went wrong, in the server's own words where it was the server that said no. */
export function failed(error: unknown, picture: HTMLElement | undefined, again?: () => unknown): Shown {
  const known = error instanceof ApiError && error.code !== undefined;
  return message(
    {
      title: known ? "The server says no" : "It did not work",
      words: error instanceof Error ? error.message : String(error),
      code: known ? error.code : undefined,
    },
    picture,
    again,
  );
}

export interface Work {
  shown: Shown;
  progress(label: string, share: number | null | undefined, position?: number): void;
  preview(picture: string): void;
}

/** Work on its way, over the picture that it is about. */
export function working(picture: HTMLElement | undefined, cancel: () => unknown): Work {
  const label = el("p", { class: "work-label" }, "Sending");
  const bar = el("progress", { max: 1, "aria-label": "Progress" });
  const stop = button("Cancel", () => {
    stop.disabled = true;
    label.textContent = "Stopping";
    return cancel();
  });
  const clock = el("span", { class: "muted" });
  const begun = performance.now();
  const timer = setInterval(() => {
    clock.textContent = `${Math.round((performance.now() - begun) / 1000)} s`;
  }, 1000);
  const card = el(
    "div",
    { class: "work", role: "group", "aria-label": "Work on its way" },
    el("div", { class: "row" }, label, clock),
    bar,
    stop,
  );
  const under = el("div", { class: "under" }, picture ?? el("div", { class: "blank" }));
  let shown = "";
  return {
    shown: { body: el("div", { class: "busy" }, under, card), dispose: () => clearInterval(timer) },
    progress(text, share, position) {
      if (stop.disabled) return;
      const place = position ? `, ${position} before it` : "";
      const said = text.charAt(0).toUpperCase() + text.slice(1) + place;
      if (said !== shown) announce(said);
      shown = said;
      label.textContent = share ? `${said}, ${Math.round(share * 100)} %` : said;
      if (share === null || share === undefined) bar.removeAttribute("value");
      else bar.value = share;
    },
    preview(picture) {
      const image = el("img", { src: picture, alt: "The picture so far", class: "preview" });
      under.replaceChildren(image);
    },
  };
}
