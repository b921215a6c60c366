/**
 * The service worker: it keeps the page's shell, so that the page opens and says so when the server is not there.
 *
 * The server is always asked first for the page itself, and the kept shell is used only when no answer comes, so a new server is never
 * shown with an old page. Everything else goes to the server as without this worker.
 *
 * @module
 */

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  readonly preloadResponse: Promise<Response | undefined>;
  respondWith(answer: Promise<Response>): void;
}

interface Scope {
  addEventListener(name: "install" | "activate", listener: (event: ExtendableEvent) => void): void;
  addEventListener(name: "fetch", listener: (event: FetchEvent) => void): void;
  readonly clients: { claim(): Promise<void> };
  readonly registration: { navigationPreload?: { enable(): Promise<void> } };
  skipWaiting(): Promise<void>;
}

/** Put here by `scripts/build/playground.ts`: a hash of the page, and the files that it starts with. Their names carry hashes. */
declare const SHELL: { version: string; files: readonly string[] };

const scope = self as unknown as Scope;
const { version, files } = SHELL;
const prefix = "easel-shell-";
const cacheName = prefix + version;

const hexadecimal = (bytes: Uint8Array) =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

async function keep(): Promise<void> {
  const page = await fetch("/", { cache: "no-cache" });
  const digest = await crypto.subtle.digest("SHA-256", await page.clone().arrayBuffer());
  if (hexadecimal(new Uint8Array(digest)) !== version)
    throw new Error("the server answers with another page: a newer one, or the form for the token");
  const cache = await caches.open(cacheName);
  await cache.addAll(files);
  await cache.put("/", page);
  await scope.skipWaiting();
}

async function dropOthers(): Promise<void> {
  const others = (await caches.keys()).filter((other) => other.startsWith(prefix) && other !== cacheName);
  await Promise.all(others.map((other) => caches.delete(other)));
  await scope.registration.navigationPreload?.enable();
  await scope.clients.claim();
}

/** The server's answer, whatever it is; the kept page only where there is none. */
async function page({ request, preloadResponse }: FetchEvent): Promise<Response> {
  try {
    return (await preloadResponse) ?? (await fetch(request));
  } catch (error) {
    const kept = await caches.match("/", { cacheName });
    if (kept) return kept;
    throw error;
  }
}

/** A file whose name carries a hash never changes, so the kept one is as good. */
const file = async (request: Request): Promise<Response> =>
  (await caches.match(request, { cacheName })) ?? fetch(request);

scope.addEventListener("install", (event) => event.waitUntil(keep()));
scope.addEventListener("activate", (event) => event.waitUntil(dropOthers()));
scope.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (event.request.mode === "navigate" && pathname === "/") event.respondWith(page(event));
  else if (files.includes(pathname)) event.respondWith(file(event.request));
});
