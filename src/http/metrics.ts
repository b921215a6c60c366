/**
 * Counts for `/metrics`, in the text format of Prometheus.
 *
 * @module
 */
import { durationBounds, type JobMetrics } from "../jobs/scheduler.ts";

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

/** Methods as sent are the client's own words: any other one is counted as "other", so that nobody can make labels without end. */
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

function family(
  name: string,
  type: "counter" | "gauge" | "histogram",
  help: string,
  lines: readonly string[],
): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
}

/** `buckets` holds, for each bound, how many values were at most that. */
function histogram(
  name: string,
  labels: Labels,
  bounds: readonly number[],
  of: { buckets: readonly number[]; count: number; seconds: number },
): string[] {
  return [
    ...bounds.map((bound, i) =>
      sample(`${name}_bucket`, { ...labels, le: String(bound) }, of.buckets[i] ?? 0),
    ),
    sample(`${name}_bucket`, { ...labels, le: "+Inf" }, of.count),
    sample(`${name}_sum`, labels, of.seconds),
    sample(`${name}_count`, labels, of.count),
  ];
}

export function metricsText(requests: RequestMetrics, jobs: JobMetrics, version: string): string {
  const routes = [...requests.all()];
  const ended = [...jobs.ended];
  return [
    family("easel_info", "gauge", "The version that runs.", [sample("easel_info", { version }, 1)]),
    family("easel_queue_length", "gauge", "Jobs that wait.", [sample("easel_queue_length", {}, jobs.queued)]),
    family("easel_jobs_running", "gauge", "Jobs that run now.", [
      sample("easel_jobs_running", {}, jobs.running),
    ]),
    family(
      "easel_jobs_total",
      "counter",
      "Jobs that ended since the start, by final status.",
      ended.map(({ type, status, count }) => sample("easel_jobs_total", { type, status }, count)),
    ),
    family(
      "easel_job_duration_seconds",
      "histogram",
      "How long jobs ran, without waiting.",
      ended.flatMap((entry) =>
        histogram(
          "easel_job_duration_seconds",
          { type: entry.type, status: entry.status },
          durationBounds,
          entry,
        ),
      ),
    ),
    family(
      "easel_model_memory_bytes",
      "gauge",
      "Memory of the loaded weights, by model and part.",
      jobs.models.map(({ bytes, ...labels }) => sample("easel_model_memory_bytes", labels, bytes)),
    ),
    family("easel_memory_budget_bytes", "gauge", "What models and the running job may take together.", [
      sample("easel_memory_budget_bytes", {}, jobs.budget_bytes),
    ]),
    family("easel_model_loads_total", "counter", "Parts of models loaded since the start.", [
      sample("easel_model_loads_total", {}, jobs.loads),
    ]),
    family("easel_model_load_seconds_total", "counter", "Seconds spent in loading.", [
      sample("easel_model_load_seconds_total", {}, jobs.load_seconds),
    ]),
    family(
      "easel_model_evictions_total",
      "counter",
      "Parts of models that left memory, by reason.",
      Object.entries(jobs.evictions).map(([reason, count]) =>
        sample("easel_model_evictions_total", { reason }, count),
      ),
    ),
    family("easel_out_of_memory_total", "counter", "Runs that did not get the memory they asked for.", [
      sample("easel_out_of_memory_total", {}, jobs.out_of_memory),
    ]),
    family(
      "easel_webhooks_total",
      "counter",
      "Messages about ended jobs, by what became of the attempt.",
      Object.entries(jobs.webhooks).map(([outcome, count]) =>
        sample("easel_webhooks_total", { outcome }, count),
      ),
    ),
    family(
      "easel_http_request_duration_seconds",
      "histogram",
      "How long requests took, by route.",
      routes.flatMap((entry) =>
        histogram("easel_http_request_duration_seconds", entry.labels, requestBounds, entry),
      ),
    ),
    family("easel_process_resident_memory_bytes", "gauge", "Resident memory of the process.", [
      sample("easel_process_resident_memory_bytes", {}, process.memoryUsage.rss()),
    ]),
  ]
    .flat()
    .concat("")
    .join("\n");
}
