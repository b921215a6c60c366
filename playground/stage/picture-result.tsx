import * as api from "../state/api.ts";
import { titleOf } from "../state/result.ts";
import type { ToolName } from "../state/route.ts";
import { CopyButton, Menu } from "../view/controls.tsx";
import { canShare, copyImage, encode, formats, save, share } from "../view/save.ts";
import { mostDetailed } from "../viewer/detail.ts";
import { Viewer } from "../viewer/viewer.tsx";
import { useImage } from "./use-image.ts";

interface PictureResultProps {
  job: api.Job;
  tool: ToolName;
  before: HTMLImageElement | undefined;
  file: string;
  name: string;
}

export function PictureResult({ job, tool, before, file, name }: PictureResultProps) {
  const after = useImage(api.downloadUrl(file), titleOf(job));
  if (after.value === undefined) return <p class="waiting">Loading…</p>;
  if (after.value === null)
    return (
      <p class="missing error" role="alert">
        The result was deleted, or this browser cannot show it.
      </p>
    );
  const image = after.value;
  const width = image.naturalWidth;
  const height = image.naturalHeight;
  const whole = (source: HTMLImageElement) => (
    <img src={source.src} alt={source.alt} width={width} height={height} draggable={false} />
  );
  const suffix = tool === "upscale" ? "upscaled" : tool === "edit" ? "edited" : "";
  const as = [name, suffix].filter(Boolean).join("-");
  const stored = formats.find(({ type }) => type === contentType(job)) ?? formats[0];
  return (
    <div class="result">
      <Viewer
        left={before && { label: "Before", content: whole(before) }}
        right={{ label: tool === "generate" ? titleOf(job) : "After", content: whole(image) }}
        width={width}
        height={height}
        {...(tool === "upscale" && { start: mostDetailed(image) })}
      />
      <div class="result-bar">
        {tool !== "upscale" && typeof job.params.prompt === "string" && (
          <p class="prompt">{job.params.prompt}</p>
        )}
        <Menu label="Download" icon="download">
          <a href={api.downloadUrl(file)} download={`${as}.${stored.ending}`}>
            {stored.title}, as made
          </a>
          {formats
            .filter((format) => format !== stored)
            .map(({ type, ending, title }) => (
              <button
                key={type}
                type="button"
                onClick={async () => save(await encode(image, type), `${as}.${ending}`)}
              >
                {title}
              </button>
            ))}
          <button type="button" onClick={() => copyImage(image)}>
            Copy image
          </button>
          {canShare() && (
            <button type="button" onClick={() => share(image, as)}>
              Share…
            </button>
          )}
        </Menu>
        {typeof job.params.prompt === "string" && (
          <CopyButton text={() => String(job.params.prompt)} label="Copy prompt" />
        )}
      </div>
    </div>
  );
}

const contentType = ({ params }: api.Job) =>
  typeof params.format === "string"
    ? `image/${params.format === "jpg" ? "jpeg" : params.format}`
    : "image/png";
