/**
 * The picture in motion, in focus, in fog and in stereo: one shader over the picture and its depth map.
 *
 * @module
 */
import type { Levels } from "./data.ts";
import { effectNumbers, fragmentShader, vertexShader } from "./parallax-shader.ts";

export type Effect = keyof typeof effectNumbers;

export interface Parallax {
  /** Where the eye is, from −1 to 1 on both axes. */
  look(x: number, y: number): void;
  setEffect(effect: Effect): void;
  setStrength(factor: number): void;
  /** Makes a distance sharp, from 0 (far) to 1 (near). */
  setFocus(nearness: number): void;
  dispose(): void;
}

/** Draws into the canvas until it is disposed of. Sways by itself until `look` is called, unless motion is reduced. */
export function createParallax(
  canvas: HTMLCanvasElement,
  picture: CanvasImageSource,
  levels: Levels,
): Parallax {
  const gl = canvas.getContext("webgl2", { preserveDrawingBuffer: true });
  if (!gl) throw new Error("This browser has no WebGL 2.");
  const program = linked(gl);
  gl.useProgram(program);
  const corners = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, corners);
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
  const corner = gl.getAttribLocation(program, "corner");
  gl.enableVertexAttribArray(corner);
  gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
  const limit = Math.min(gl.getParameter(gl.MAX_TEXTURE_SIZE) as number, 4096);
  texture(gl, 0, scaled(picture, canvas.width, canvas.height, limit));
  texture(gl, 1, scaled(greyOf(levels), levels.width, levels.height, 1024));
  const at = (name: string) => gl.getUniformLocation(program, name);
  gl.uniform1i(at("picture"), 0);
  gl.uniform1i(at("nearness"), 1);
  gl.uniform1f(at("ratio"), levels.width / levels.height);
  const places = { eye: at("eye"), effect: at("effect"), amount: at("amount"), focus: at("focus") };

  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let free = !still;
  const state: { effect: Effect; strength: number; focus: number } = {
    effect: "motion",
    strength: 1,
    focus: 0.8,
  };
  let eye = { x: 0, y: 0 };
  let wanted = { x: 0, y: 0 };
  let drawn = false;
  let frame = 0;
  const draw = (now: number) => {
    frame = requestAnimationFrame(draw);
    const moves = state.effect === "motion";
    if (free && moves) wanted = { x: Math.sin(now / 900), y: Math.sin(now / 1400) * 0.5 };
    const moved = { x: eye.x + (wanted.x - eye.x) * 0.12, y: eye.y + (wanted.y - eye.y) * 0.12 };
    if (drawn && (!moves || Math.hypot(moved.x - eye.x, moved.y - eye.y) < 1e-4)) return;
    eye = moved;
    drawn = true;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.uniform2f(places.eye, -eye.x * 0.035 * state.strength, -eye.y * 0.035 * state.strength);
    gl.uniform1i(places.effect, effectNumbers[state.effect]);
    gl.uniform1f(places.amount, state.strength);
    gl.uniform1f(places.focus, state.focus);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  };
  frame = requestAnimationFrame(draw);
  const set = (change: Partial<typeof state>) => {
    Object.assign(state, change);
    drawn = false;
  };
  return {
    look(x, y) {
      free = false;
      wanted = { x, y };
    },
    setEffect: (effect) => set({ effect }),
    setStrength: (strength) => set({ strength }),
    setFocus: (focus) => set({ focus }),
    dispose() {
      cancelAnimationFrame(frame);
      gl.getExtension("WEBGL_lose_context")?.loseContext();
    },
  };
}

function linked(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, vertexShader],
    [gl.FRAGMENT_SHADER, fragmentShader],
  ] as const) {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS))
    throw new Error(`The parallax view does not work here: ${gl.getProgramInfoLog(program)}`);
  return program;
}

function texture(gl: WebGL2RenderingContext, unit: number, source: TexImageSource): void {
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, source);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
}

function scaled(source: CanvasImageSource, width: number, height: number, limit: number): OffscreenCanvas {
  const scale = Math.min(1, limit / Math.max(width, height));
  const canvas = new OffscreenCanvas(
    Math.max(1, Math.round(width * scale)),
    Math.max(1, Math.round(height * scale)),
  );
  canvas.getContext("2d")!.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function greyOf({ values, width, height }: Levels): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = 0xff000000 | (values[i]! * 0x010101);
  context.putImageData(image, 0, 0);
  return canvas;
}
