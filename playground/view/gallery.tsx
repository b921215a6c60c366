/**
 * Everything that was made, newest first: a strip under the stage, and a page of its own.
 *
 * @module
 */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { toolTitles } from "../form/titles.ts";
import type { Job } from "../state/api.ts";
import { hasMore, jobs, loaded, loadMore, removeJobs, results } from "../state/jobs.ts";
import { learnName } from "../state/names.ts";
import { toast } from "../state/notices.ts";
import { persisted } from "../state/persisted.ts";
import { ago, duration, inputsOf, modelOf, pictureOf, secondsOf, titleOf, toolOf } from "../state/result.ts";
import { compareAddress, jobAddress, mostCompared, type ToolName, toolNames } from "../state/route.ts";
import { dragOf } from "../state/send.ts";
import { Segments } from "./controls.tsx";
import { Icon } from "./icons.tsx";
import { save } from "./save.ts";
import { Thumb } from "./thumb.tsx";
import { Tiles } from "./tiles.tsx";

const stripLength = 24;

/** The latest results, with the shown one marked. */
export function Strip({ shown }: { shown: string | undefined }) {
  const list = results.value.slice(0, stripLength);
  if (list.length === 0) return <nav class="strip strip-empty" aria-label="Results" />;
  return (
    <nav class="strip" aria-label="Results">
      {list.map((job) => (
        <a
          key={job.id}
          href={jobAddress(job.id)}
          title={titleOf(job)}
          onDragStart={dragOf(job)}
          {...(job.id === shown && { "aria-current": "true" as const })}
        >
          <JobThumb job={job} size={128} />
        </a>
      ))}
      <a class="strip-all" href="#/gallery">
        All
      </a>
    </nav>
  );
}

function JobThumb({ job, size, first = false }: { job: Job; size: 128 | 320; first?: boolean }) {
  const file = pictureOf(job);
  const [input] = inputsOf(job);
  useEffect(() => {
    if (input && typeof job.params.prompt !== "string") learnName(input);
  }, [input]);
  return file ? (
    <Thumb file={file} size={size} alt={titleOf(job)} first={first} />
  ) : (
    <span class="plate" role="img" aria-label={titleOf(job)} />
  );
}

const stars = persisted<readonly string[]>("stars", []);
/** Older results are asked for when the end comes so near. */
const aheadPixels = 4000;
/** Tiles that a phone shows without scrolling. */
const firstTiles = 6;

type Filter = "all" | "starred" | "failed" | ToolName;

export function Gallery() {
  const search = useSignal("");
  const filter = useSignal<Filter>("all");
  const selected = useSignal<ReadonlySet<string>>(new Set());
  const shown = useComputed(() => {
    const words = search.value.trim().toLowerCase();
    const pool =
      filter.value === "failed" ? jobs.value.filter(({ status }) => status === "failed") : results.value;
    return pool.filter(
      (job) =>
        (filter.value === "all" ||
          filter.value === "failed" ||
          (filter.value === "starred" ? stars.value.includes(job.id) : toolOf(job) === filter.value)) &&
        (words === "" || `${titleOf(job)} ${modelOf(job).title}`.toLowerCase().includes(words)),
    );
  });
  const end = useRef<HTMLDivElement>(null);
  const isNear = () => end.current!.getBoundingClientRect().top < innerHeight + aheadPixels;
  const look = useRef(() => {});
  look.current = () => {
    if (hasMore.peek() && isNear()) void loadMore();
  };
  useEffect(() => {
    const observer = new IntersectionObserver(() => look.current(), { rootMargin: `${aheadPixels}px` });
    observer.observe(end.current!);
    return () => observer.disconnect();
  }, []);
  // Again while the end stays near, as with a search that finds little; what has come is laid out first.
  useEffect(() => {
    const frame = hasMore.value ? requestAnimationFrame(() => look.current()) : 0;
    return () => cancelAnimationFrame(frame);
  }, [hasMore.value, shown.value]);
  const toggle = (id: string) => {
    const next = new Set(selected.value);
    if (!next.delete(id)) next.add(id);
    selected.value = next;
  };
  const saveAll = async () => {
    try {
      const { zipOf } = await import("./zip.ts");
      save(await zipOf(shown.value.filter(({ id }) => selected.value.has(id))), "easel.zip");
    } catch (error) {
      toast((error as Error).message);
    }
  };
  const count = selected.value.size;
  return (
    <section class="gallery" aria-labelledby="gallery-title">
      <div class="gallery-head">
        <h1 id="gallery-title">Gallery</h1>
        <input
          type="search"
          placeholder="Search prompts, names and models"
          aria-label="Search"
          value={search.value}
          onInput={(event) => (search.value = event.currentTarget.value)}
        />
        <Segments
          label="Show"
          name="filter"
          value={filter.value}
          set={(next) => (filter.value = next)}
          options={[
            { value: "all", label: "All" },
            ...toolNames.map((tool) => ({ value: tool, label: toolTitles[tool] })),
            { value: "starred", label: "Starred" },
            { value: "failed", label: "Failed" },
          ]}
        />
        {count > 0 && (
          <span class="row">
            <span class="muted">{count} selected</span>
            {count >= 2 && count <= mostCompared && (
              <a class="button quiet" href={compareAddress([...selected.value])}>
                Compare
              </a>
            )}
            <button type="button" class="quiet" onClick={saveAll}>
              <Icon name="download" />
              Zip
            </button>
            <button
              type="button"
              class="quiet"
              onClick={() => {
                removeJobs([...selected.value]);
                selected.value = new Set();
              }}
            >
              <Icon name="trash" />
              Delete
            </button>
          </span>
        )}
      </div>
      {loaded.value && shown.value.length === 0 && <p class="muted">Nothing here yet.</p>}
      <Tiles
        count={shown.value.length}
        at={(index) => {
          const job = shown.value[index]!;
          return {
            key: job.id,
            class: `tile tile-${job.status}`,
            content: (
              <Tile
                job={job}
                first={index < firstTiles}
                selected={selected.value.has(job.id)}
                toggle={() => toggle(job.id)}
              />
            ),
          };
        }}
      />
      <div ref={end} class="gallery-end">
        {hasMore.value && <span class="muted">Loading more…</span>}
      </div>
    </section>
  );
}

interface TileProps {
  job: Job;
  first: boolean;
  selected: boolean;
  toggle(): void;
}

function Tile({ job, first, selected, toggle }: TileProps) {
  const title = titleOf(job);
  const seconds = secondsOf(job);
  const starred = stars.value.includes(job.id);
  const facts = [
    toolTitles[toolOf(job)],
    modelOf(job).title,
    ago(job.created_at),
    ...(seconds === undefined ? [] : [duration(seconds)]),
  ].join(", ");
  return (
    <>
      <a class="tile-picture" href={jobAddress(job.id)} onDragStart={dragOf(job)}>
        <JobThumb job={job} size={320} first={first} />
      </a>
      <input
        type="checkbox"
        class="tile-select"
        checked={selected}
        onChange={toggle}
        aria-label={`Select: ${title}`}
      />
      <button
        type="button"
        class={starred ? "icon tile-star tile-starred" : "icon tile-star"}
        aria-pressed={starred}
        aria-label={`Star: ${title}`}
        onClick={() => {
          stars.value = starred ? stars.value.filter((id) => id !== job.id) : [...stars.value, job.id];
        }}
      >
        <Icon name="star" />
      </button>
      <p class="name" title={title}>
        {job.error ?? title}
      </p>
      <small title={facts}>{facts}</small>
      <button
        type="button"
        class="quiet small"
        aria-label={`Delete: ${title}`}
        onClick={() => removeJobs([job.id])}
      >
        Delete
      </button>
    </>
  );
}
