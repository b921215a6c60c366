/**
 * The picture moves as if one looked past its edge: a shader marches each ray through the depth map.
 *
 * @module
 */
import type { Levels } from "./data.ts";

export interface Parallax {
  /** Where the eye is, from −1 to 1 on both axes. */
  look(x: number, y: number): void;
  setStrength(factor: number): void;
  dispose(): void;
}

const vertex = `#version 300 es
in vec2 corner;
out vec2 place;
void main() {
  place = corner * vec2(0.5, -0.5) + 0.5;
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

const fragment = `#version 300 es
precision highp float;
uniform sampler2D picture;
uniform sampler2D nearness;
uniform vec2 eye;
in vec2 place;
out vec4 colour;
const int steps = 32;
void main() {
  // Shrunk a little, so that the border never shows.
  vec2 at = (place - 0.5) * 0.955 + 0.5;
  float before = 1.0;
  float over = 0.0;
  vec2 hit = at;
  for (int i = 0; i <= steps; i++) {
    float layer = 1.0 - float(i) / float(steps);
    vec2 point = at + eye * (layer - 0.45);
    float height = texture(nearness, point).r;
    if (height >= layer) {
      float share = i == 0 ? 0.0 : over / max(over + height - layer, 1e-4);
      hit = at + eye * (mix(before, layer, share) - 0.45);
      break;
    }
    over = layer - height;
    before = layer;
  }
  colour = vec4(texture(picture, hit).rgb, 1.0);
}`;

/** Draws into the canvas until it is disposed of. Sways by itself until \`look\` is called, unless motion is reduced. */
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
  gl.uniform1i(gl.getUniformLocation(program, "picture"), 0);
  gl.uniform1i(gl.getUniformLocation(program, "nearness"), 1);
  const eyeAt = gl.getUniformLocation(program, "eye");

  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let free = !still;
  let strength = 1;
  let eye = { x: 0, y: 0 };
  let wanted = { x: 0, y: 0 };
  let frame = 0;
  const draw = (now: number) => {
    frame = requestAnimationFrame(draw);
    if (free) wanted = { x: Math.sin(now / 900), y: Math.sin(now / 1400) * 0.5 };
    const moved = { x: eye.x + (wanted.x - eye.x) * 0.12, y: eye.y + (wanted.y - eye.y) * 0.12 };
    if (drawn && Math.hypot(moved.x - eye.x, moved.y - eye.y) < 1e-4) return;
    eye = moved;
    drawn = true;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.uniform2f(eyeAt, -eye.x * 0.035 * strength, -eye.y * 0.035 * strength);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  };
  let drawn = false;
  frame = requestAnimationFrame(draw);
  return {
    look(x, y) {
      free = false;
      wanted = { x, y };
    },
    setStrength(factor) {
      strength = factor;
      drawn = false;
    },
    dispose() {
      cancelAnimationFrame(frame);
      gl.getExtension("WEBGL_lose_context")?.loseContext();
    },
  };
}

function linked(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
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
