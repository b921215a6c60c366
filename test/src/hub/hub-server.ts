/** A model hub on loopback that plays the failures of a real one. */
import type { Server } from "bun";

export interface Behaviour {
  /** Cut the connection after this many bytes, this many times. */
  cutAfter?: { bytes: number; times: number };
  /** Answer 429 with this Retry-After, this many times. */
  busy?: { seconds: string; times: number };
  /** Answer every file request with this status. */
  status?: number;
  /** Say this length, whatever the file has. */
  sayLength?: number;
  /** Send other bytes of the same length. */
  corrupt?: boolean;
  ignoreRange?: boolean;
  /** One byte now and then, then nothing. */
  trickle?: { times: number };
  /** Refuse listings with 429 and this Retry-After, this many times. */
  busyListing?: { seconds: string; times: number };
  /** Send listings from another host through a redirect. */
  redirectListing?: boolean;
  /** Say 403 on the other host, this many times. */
  expired?: { times: number };
  /** What the file is called now. */
  etag?: () => string;
  /** Send bytes from another host through a redirect. */
  redirect?: boolean;
  listingStatus?: number;
  listing?: (entries: unknown[]) => unknown[];
  /** The commit that the hub names. */
  commit?: string;
}

export interface Seen {
  host: "hub" | "elsewhere";
  path: string;
  range: string | null;
  authorization: string | null;
  bytes: number;
  status: number;
}

export function hubServer(files: Record<string, Uint8Array>, behaviour: Behaviour = {}) {
  const seen: Seen[] = [];
  const commit = behaviour.commit ?? "c0ffee".padEnd(40, "0");
  const left = {
    cut: behaviour.cutAfter?.times ?? 0,
    busy: behaviour.busy?.times ?? 0,
    trickle: behaviour.trickle?.times ?? 0,
    busyListing: behaviour.busyListing?.times ?? 0,
    expired: behaviour.expired?.times ?? 0,
  };

  const send = (request: Request, name: string, log: Seen): Response => {
    let bytes = files[name];
    if (!bytes) return new Response("no", { status: 404 });
    if (behaviour.corrupt) bytes = bytes.map((byte) => byte ^ 1);
    const asked = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
    const ranged = asked !== null && !behaviour.ignoreRange;
    const start = ranged ? Number(asked[1]) : 0;
    const end = ranged ? Math.min(Number(asked[2]) + 1, bytes.length) : bytes.length;
    if (ranged && start >= bytes.length) return new Response(null, { status: 416 });
    const total = behaviour.sayLength ?? bytes.length;
    const headers: Record<string, string> = {
      ...(ranged && { "content-range": `bytes ${start}-${end - 1}/${total}` }),
      ...(behaviour.etag && { etag: behaviour.etag() }),
    };
    const part = bytes.subarray(start, end);
    let cut = part.length;
    let slow = false;
    if (left.cut > 0 && behaviour.cutAfter && part.length > behaviour.cutAfter.bytes) {
      left.cut--;
      cut = behaviour.cutAfter.bytes;
    }
    if (left.trickle > 0) {
      left.trickle--;
      slow = true;
    }
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        if (slow) {
          log.bytes += 1;
          controller.enqueue(part.slice(0, 1));
          return; // and never another byte
        }
        for (let at = 0; at < cut; at += 65536) {
          const chunk = part.slice(at, Math.min(cut, at + 65536));
          log.bytes += chunk.length;
          controller.enqueue(chunk);
          await Bun.sleep(0);
        }
        if (cut < part.length) {
          await Bun.sleep(20); // what was queued leaves first
          controller.error(new Error("cut"));
        } else controller.close();
      },
    });
    return new Response(body, { status: ranged ? 206 : 200, headers });
  };

  const handle = (host: Seen["host"]) => async (request: Request) => {
    const url = new URL(request.url);
    if (url.pathname === "/requests") return Response.json(seen.length);
    const log: Seen = {
      host,
      path: url.pathname,
      range: request.headers.get("range"),
      authorization: request.headers.get("authorization"),
      bytes: 0,
      status: 0,
    };
    seen.push(log);
    const response = await answer(host, request, url, log);
    log.status = response.status;
    return response;
  };
  const answer = async (host: Seen["host"], request: Request, url: URL, log: Seen): Promise<Response> => {
    if (url.pathname.startsWith("/api/models/")) {
      if (left.busyListing > 0 && behaviour.busyListing) {
        left.busyListing--;
        const headers = { "retry-after": behaviour.busyListing.seconds };
        return new Response("later", { status: 429, headers });
      }
      if (host === "hub" && behaviour.redirectListing)
        return new Response(null, {
          status: 307,
          headers: { location: new URL(url.pathname + url.search, elsewhere.url).href },
        });
      if (behaviour.listingStatus) return Response.json({ error: "no" }, { status: behaviour.listingStatus });
      if (url.pathname.includes("/tree/")) {
        const entries = Object.entries(files).map(([path, bytes]) => ({
          type: "file",
          path,
          size: bytes.length,
          ...(path.endsWith(".safetensors")
            ? { oid: "1".repeat(40), lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } }
            : { oid: gitSha1(bytes) }),
        }));
        return Response.json(behaviour.listing ? behaviour.listing(entries) : entries);
      }
      return Response.json({
        id: "org/model",
        _id: "1",
        sha: commit,
        downloads: 0,
        likes: 0,
        private: false,
        gated: false,
        lastModified: new Date().toISOString(),
      });
    }
    const name = decodeURIComponent(url.pathname.split(`/resolve/${commit}/`)[1] ?? url.pathname.slice(1));
    if (behaviour.status) return new Response("no", { status: behaviour.status });
    if (left.busy > 0 && behaviour.busy) {
      left.busy--;
      return new Response("later", { status: 429, headers: { "retry-after": behaviour.busy.seconds } });
    }
    if (host === "hub" && behaviour.redirect)
      return new Response(null, { status: 302, headers: { location: `${elsewhere.url}${name}` } });
    if (host === "elsewhere" && left.expired > 0) {
      left.expired--;
      return new Response("this link has run out", { status: 403 });
    }
    return send(request, name, log);
  };
  const elsewhere: Server<undefined> = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: handle("elsewhere"),
  });
  const hub: Server<undefined> = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: handle("hub") });
  return {
    url: hub.url.href.replace(/\/$/, ""),
    commit,
    seen,
    [Symbol.dispose]() {
      hub.stop(true);
      elsewhere.stop(true);
    },
  };
}

export function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

export function gitSha1(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}
