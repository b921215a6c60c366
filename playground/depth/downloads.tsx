import { downloadUrl } from "../state/api.ts";
import { toast } from "../state/notices.ts";
import { Menu, save } from "../view/controls.tsx";
import { paint } from "./colormap.ts";
import type { DepthResult, Levels } from "./data.ts";
import { extras } from "./extras.ts";
import { look } from "./look.tsx";

export function Downloads({
  result,
  levels,
  picture,
  name,
}: {
  result: DepthResult;
  levels: Levels;
  picture: HTMLImageElement | undefined;
  name: string;
}) {
  const painted = () => {
    const canvas = document.createElement("canvas");
    canvas.width = levels.width;
    canvas.height = levels.height;
    paint(canvas.getContext("2d")!, levels.values, look.value);
    return canvas;
  };
  const shown = look.value.colormap === "grey" && !look.value.invert ? "" : `-${look.value.colormap}`;
  const saveCanvas = (canvas: HTMLCanvasElement, as: string) =>
    canvas.toBlob((blob) => blob && save(blob, as), "image/png");
  const sideBySide = () => {
    const map = painted();
    const canvas = document.createElement("canvas");
    canvas.width = map.width * 2;
    canvas.height = map.height;
    const context = canvas.getContext("2d")!;
    context.drawImage(picture!, 0, 0, map.width, map.height);
    context.drawImage(map, map.width, 0);
    return canvas;
  };
  const copy = async () => {
    const blob = await new Promise<Blob | null>((resolve) => painted().toBlob(resolve, "image/png"));
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": blob! })]);
      toast("Copied");
    } catch {
      toast("The browser does not allow copying images here.");
    }
  };
  return (
    <Menu label="Download" icon="download">
      <button type="button" onClick={() => saveCanvas(painted(), `${name}-depth${shown}.png`)}>
        PNG, as shown
      </button>
      <a href={downloadUrl(result.depth_image_file_id)} download={`${name}-depth-grey.png`}>
        PNG, grey
      </a>
      {picture && (
        <button type="button" onClick={() => saveCanvas(sideBySide(), `${name}-depth-side-by-side.png`)}>
          PNG, side by side
        </button>
      )}
      {result.depth_data_file_id && (
        <a href={downloadUrl(result.depth_data_file_id)} download={`${name}-depth.npz`}>
          NPZ, values as float32
        </a>
      )}
      {extras.map(({ kind, label, ending }) => {
        const made = result.extras?.find((extra) => extra.kind === kind);
        return (
          made && (
            <a key={kind} href={downloadUrl(made.file_id)} download={`${name}${ending}`}>
              {label}
            </a>
          )
        );
      })}
      <button type="button" onClick={copy}>
        Copy image
      </button>
    </Menu>
  );
}
