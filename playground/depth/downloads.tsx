import { downloadUrl } from "../state/api.ts";
import { toast } from "../state/notices.ts";
import { Menu } from "../view/controls.tsx";
import { canShare, copyImage, encode, formats, save, share } from "../view/save.ts";
import { paint } from "./colormap.ts";
import type { DepthData, DepthResult, Levels } from "./data.ts";
import { extras } from "./extras.ts";
import { look } from "./look.tsx";

export function Downloads({
  result,
  levels,
  picture,
  name,
  load,
}: {
  result: DepthResult;
  levels: Levels;
  picture: HTMLImageElement | undefined;
  name: string;
  load(): Promise<DepthData>;
}) {
  const painted = () => {
    const canvas = document.createElement("canvas");
    canvas.width = levels.width;
    canvas.height = levels.height;
    paint(canvas.getContext("2d")!, levels.values, look.value);
    return canvas;
  };
  const shown = look.value.colormap === "grey" && !look.value.invert ? "" : `-${look.value.colormap}`;
  const saveAs = async (canvas: HTMLCanvasElement, type: string, as: string) =>
    save(await encode(canvas, type), as);
  const sixteenBits = async () => {
    try {
      const [{ png16 }, data] = await Promise.all([import("./png16.ts"), load()]);
      save(await png16(data), `${name}-depth-16bit.png`);
    } catch (error) {
      toast((error as Error).message);
    }
  };
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
  return (
    <Menu label="Download" icon="download">
      {formats.map(({ type, ending, title }) => (
        <button
          key={type}
          type="button"
          onClick={() => saveAs(painted(), type, `${name}-depth${shown}.${ending}`)}
        >
          {title}, as shown
        </button>
      ))}
      <a href={downloadUrl(result.depth_image_file_id)} download={`${name}-depth-grey.png`}>
        PNG, grey
      </a>
      {picture && (
        <button
          type="button"
          onClick={() => saveAs(sideBySide(), "image/png", `${name}-depth-side-by-side.png`)}
        >
          PNG, side by side
        </button>
      )}
      {result.depth_data_file_id && (
        <button type="button" onClick={sixteenBits}>
          PNG, grey, 16 bits
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
      <button type="button" onClick={() => copyImage(painted())}>
        Copy image
      </button>
      {canShare() && (
        <button type="button" onClick={() => share(painted(), `${name}-depth${shown}`)}>
          Share…
        </button>
      )}
    </Menu>
  );
}
