import samples from "../samples.ts";
import type * as api from "../state/api.ts";
import { useSettings } from "../state/forms.ts";
import { chooseImages, imageMissing, inputs, type Picture, takeFiles } from "../state/inputs.ts";
import { painting } from "../state/mask.ts";
import type { ToolName } from "../state/route.ts";
import { clearRefusal, refusals, run, sending } from "../state/run.ts";
import { showCamera } from "../view/camera.tsx";
import { Icon } from "../view/icons.tsx";
import { Photo } from "../viewer/photo.tsx";
import { Viewer } from "../viewer/viewer.tsx";
import { MaskStage } from "./mask-stage.tsx";
import { Failure, Working } from "./progress.tsx";

/** The stage of a tool that shows no job. */
export function ToolStage({ tool }: { tool: ToolName }) {
  const refusal = refusals.value[tool];
  const picture = inputs[tool].value;
  if (sending.value.has(tool)) return <Working tool={tool} label="Sending" picture={picture?.shown} />;
  if (refusal)
    return (
      <Failure
        tool={tool}
        message={refusal.message}
        code={refusal.code}
        picture={picture?.shown}
        retry={() => run(tool)}
        close={() => clearRefusal(tool)}
      />
    );
  if (picture?.url && picture.width && tool === "edit" && painting.value)
    return <MaskStage picture={picture} />;
  if (picture) return <PictureStage picture={picture} />;
  if (tool === "generate") return <PromptStage />;
  return <DropZone tool={tool} />;
}

function PictureStage({ picture }: { picture: Picture }) {
  const { url, shown, name, width, height } = picture;
  if (!url || !width || !height)
    return (
      <div class="stand-in">
        <p>{name}</p>
        <small>This browser cannot show the format; easel can read it.</small>
      </div>
    );
  return (
    <Viewer
      right={{
        label: name,
        content: <Photo key={url} whole={url} copy={shown} alt={name} width={width} height={height} />,
      }}
      width={width}
      height={height}
    />
  );
}

function PromptStage() {
  return (
    <div class="drop drop-calm">
      <p class="drop-title">Describe an image</p>
      <p class="muted">Write a prompt, or start with an example.</p>
      <div class="row">
        {examplePrompts.map((prompt) => (
          <button key={prompt} type="button" class="chip" onClick={() => usePrompt(prompt)}>
            {prompt}
          </button>
        ))}
      </div>
    </div>
  );
}

const examplePrompts = [
  "A lighthouse at dusk, long exposure, soft fog",
  "A reading nook by a rainy window, warm lamp light",
  "A paper-cut landscape with three mountains, morning",
  "A ceramic teapot on a linen cloth, studio light",
  "A fox asleep in autumn leaves, seen from above",
  "An old harbour at night, reflections on wet stone",
];

function usePrompt(prompt: string): void {
  useSettings({ params: { prompt }, result: null, type: "" } as unknown as api.Job, "prompt");
  document.querySelector<HTMLTextAreaElement>("#panel textarea")?.focus();
}

function DropZone({ tool }: { tool: ToolName }) {
  const missing = imageMissing.value === tool;
  const trySample = async (url: string, name: string) => {
    const answer = await fetch(url);
    await takeFiles(tool, [{ blob: await answer.blob(), name }]);
    if (tool === "depth") await run(tool);
  };
  return (
    <div class={missing ? "drop drop-missing" : "drop"}>
      <p class="drop-title">Drop an image here</p>
      {missing ? (
        <p class="error" role="alert">
          Add an image first.
        </p>
      ) : (
        <p class="muted">or paste one</p>
      )}
      <div class="row">
        <button type="button" onClick={() => chooseImages(tool)}>
          Choose…
        </button>
        <button type="button" class="quiet" onClick={() => takePhoto(tool)}>
          <Icon name="camera" />
          Camera
        </button>
      </div>
      <p class="muted">Or try an example:</p>
      <div class="samples">
        {samples.map(({ url, thumb, name, title }) => (
          <button key={name} type="button" class="sample" onClick={() => trySample(url, name)}>
            <img src={thumb} alt="" width={120} height={90} />
            <span>{title}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

/** The camera of this page, or the phone's own where the page may not use it. */
function takePhoto(tool: ToolName): void {
  if (navigator.mediaDevices) showCamera((blob) => takeFiles(tool, [{ blob, name: "camera.jpg" }]));
  else void chooseImages(tool, true);
}
