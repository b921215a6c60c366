/**
 * Counts for `/metrics`, in the text format of Prometheus.
 *
 * @module
 */
import type { DeviceState } from "../../engine/engine.ts";
import { durationBounds, type JobMetrics } from "../../jobs/scheduler.ts";

const requestBounds = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 600] as const;

interface RouteCount {
  labels: Labels;
  count: number;
  seconds: number;
  buckets: number[];
}

type Labels = Readonly<Record<string, string>>;

/** Requests by method, route and status. */
export interface RequestMetrics {
  observe(method: string, route: string, status: number, seconds: number): void;
  all(): Iterable<RouteCount>;
}

/** Any other method counts as "other", which bounds label cardinality. */
const methods = new Set(["GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"]);

export function requestMetrics(): RequestMetrics {
  const counts = new Map<string, RouteCount>();
  return {
    observe(method, route, status, seconds) {
      const known = methods.has(method) ? method : "other";
      const key = `${known} ${route} ${status}`;
      let entry = counts.get(key);
      if (!entry) {
        entry = {
          labels: { method: known, route, status: String(status) },
          count: 0,
          seconds: 0,
          buckets: requestBounds.map(() => 0),
        };
        counts.set(key, entry);
      }
      entry.count++;
      entry.seconds += seconds;
      for (let i = 0; i < requestBounds.length; i++) if (seconds <= requestBounds[i]!) entry.buckets[i]!++;
    },
    all: () => counts.values(),
  };
}

const escaped = (value: string) =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

const sample = (name: string, labels: Labels, value: number) => {
  const inner = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}${inner.length > 0 ? `{${inner.join(",")}}` : ""} ${value}`;
};

const headed = (name: string, type: string, help: string, lines: readonly string[]): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
  ...lines,
];

/** Values of one name, each with its labels; a single number has none. */
const family = (
  name: string,
  type: "counter" | "gauge",
  help: string,
  values: number | readonly (readonly [Labels, number])[],
): string[] =>
  headed(
    name,
    type,
    help,
    typeof values === "number"
      ? [sample(name, {}, values)]
      : values.map(([labels, value]) => sample(name, labels, value)),
  );

interface Timed {
  labels: Labels;
  /** For each bound, how many values were at most that. */
  buckets: readonly number[];
  count: number;
  seconds: number;
}

const histogram = (name: string, help: string, bounds: readonly number[], all: readonly Timed[]): string[] =>
  headed(
    name,
    "histogram",
    help,
    all.flatMap(({ labels, buckets, count, seconds }) => [
      ...bounds.map((bound, i) =>
        sample(`${name}_bucket`, { ...labels, le: String(bound) }, buckets[i] ?? 0),
      ),
      sample(`${name}_bucket`, { ...labels, le: "+Inf" }, count),
      sample(`${name}_sum`, labels, seconds),
      sample(`${name}_count`, labels, count),
    ]),
  );

export function metricsText(
  requests: RequestMetrics,
  jobs: JobMetrics,
  version: string,
  device: DeviceState | null = null,
): string {
  const ended = jobs.ended.map(({ type, status, ...rest }) => ({ labels: { type, status }, ...rest }));
  const by = (label: string, counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([value, count]) => [{ [label]: value }, count] as const);
  return [
    family("easel_info", "gauge", "The version that runs.", [[{ version }, 1]]),
    family(
      "easel_device_info",
      "gauge",
      "The device that computes, and whether its kernels passed their test.",
      device ? [[{ kind: device.kind, name: device.name, self_test: device.self_test }, 1]] : [],
    ),
    family("easel_queue_length", "gauge", "Jobs that wait.", jobs.queued),
    family("easel_jobs_running", "gauge", "Jobs that run now.", jobs.running),
    family(
      "easel_jobs_total",
      "counter",
      "Jobs that ended since the start, by final status.",
      ended.map(({ labels, count }) => [labels, count]),
    ),
    histogram("easel_job_duration_seconds", "How long jobs ran, without waiting.", durationBounds, ended),
    family(
      "easel_model_memory_bytes",
      "gauge",
      "Memory of the loaded weights, by model and part.",
      jobs.models.map(({ bytes, ...labels }) => [labels, bytes]),
    ),
    family(
      "easel_memory_budget_bytes",
      "gauge",
      "Memory that models and the running job may take together.",
      jobs.budget_bytes,
    ),
    family("easel_model_loads_total", "counter", "Parts of models loaded since the start.", jobs.loads),
    family("easel_model_load_seconds_total", "counter", "Seconds spent in loading.", jobs.load_seconds),
    family(
      "easel_model_evictions_total",
      "counter",
      "Parts of models that left memory, by reason.",
      by("reason", jobs.evictions),
    ),
    family("easel_out_of_memory_total", "counter", "Runs that ran out of memory.", jobs.out_of_memory),
    family(
      "easel_webhooks_total",
      "counter",
      "Messages about ended jobs, by what became of the attempt.",
      by("outcome", jobs.webhooks),
    ),
    histogram("easel_http_request_duration_seconds", "How long requests took, by route.", requestBounds, [
      ...requests.all(),
    ]),
    family(
      "easel_process_resident_memory_bytes",
      "gauge",
      "Resident memory of the process.",
      process.memoryUsage.rss(),
    ),
  ]
    .flat()
    .concat("")
    .join("\n");
}
