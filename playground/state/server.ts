/**
 * The server's state: reachable, ready, its memory, and the models that it offers.
 *
 * @module
 */
import { computed, signal } from "@preact/signals";
import * as api from "./api.ts";
import { toast } from "./notices.ts";

export const offer = signal<api.Offer | undefined>(undefined);
export const offerError = signal<string | undefined>(undefined);
export const health = signal<api.ServerHealth | undefined>(undefined);
/** Why the server takes no jobs; undefined while it does. */
export const trouble = signal<string | undefined>(undefined);
/** Whether the server has answered since the page was opened. */
export const met = signal(false);

export const models = computed(() => offer.value?.families.flatMap((family) => family.models) ?? []);

export const familyTitle = (family: string) =>
  models.value.find((model) => model.family === family)?.family_label ?? family;

/** A model in words: "Depth Anything · mini". */
export const modelTitle = (family: string, name: string) => `${familyTitle(family)} · ${name}`;

/** What each model takes of memory and disk, by "family/name", once something that shows it has asked. */
export const setup = signal<ReadonlyMap<string, api.ModelSetup>>(new Map());
/** Gigabytes (10^9) that are free for downloads. */
export const freeGb = signal<number | undefined>(undefined);

export async function loadSetup(): Promise<void> {
  const answer = await api.setup().catch(() => undefined);
  setup.value = new Map(answer?.data.map((state) => [`${state.family}/${state.name}`, state]));
  freeGb.value = answer?.summary.free_gb;
}

export async function unloadModel(family: string, name: string): Promise<void> {
  try {
    await api.unload(family, name);
    toast(`${modelTitle(family, name)} was unloaded`);
  } catch (error) {
    toast((error as Error).message);
  }
  await watchServer();
}

export async function loadOffer(): Promise<void> {
  try {
    offer.value = await api.offer();
    offerError.value = undefined;
  } catch (error) {
    offerError.value = error instanceof Error ? error.message : String(error);
  }
}

const healthyEvery = 15_000;
const troubledEvery = 1500;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Asks for readiness and memory, now and again later: soon while something is wrong. */
export async function watchServer(): Promise<void> {
  clearTimeout(timer);
  try {
    const [ready, current] = await Promise.all([api.ready(), api.health()]);
    met.value = true;
    const wasLost = trouble.value !== undefined;
    trouble.value = ready.ready ? undefined : (ready.reason ?? "The server is not ready.");
    health.value = current;
    if (wasLost && ready.ready) void loadOffer();
  } catch {
    trouble.value = met.value
      ? "Connection lost. Trying again…"
      : "The server is not there. Start easel, and this page goes on by itself.";
  }
  if (!document.hidden) timer = setTimeout(watchServer, trouble.value ? troubledEvery : healthyEvery);
}
