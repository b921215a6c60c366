/**
 * A drawn room whose distances are known: the same picture every time, for what `check` and `bench` send through the models.
 *
 * @module
 */

export interface Scene {
  width: number;
  height: number;
  /** Red, green and blue of each pixel. */
  pixels: Uint8Array;
  /** Distance along the view, in metres, of each pixel. */
  depth: Float32Array;
}

type Vector = readonly [x: number, y: number, z: number];

interface Hit {
  distance: number;
  normal: Vector;
  colour: Vector;
}

/** Metres: x to the right, y up, z away; the eye is at the origin. */
const floor = -1.4;
const ceiling = 1.6;
const wall = 2.6;
const back = 9;
const lamp: Vector = [-0.8, 1.4, 1.5];
const balls: readonly { at: Vector; radius: number; colour: Vector }[] = [
  { at: [-0.75, -0.95, 2.4], radius: 0.45, colour: [214, 84, 48] },
  { at: [0.95, -0.85, 3.8], radius: 0.55, colour: [58, 120, 196] },
  { at: [-0.9, -0.7, 6.2], radius: 0.7, colour: [222, 190, 84] },
];

export function scene(width: number, height: number): Scene {
  const pixels = new Uint8Array(width * height * 3);
  const depth = new Float32Array(width * height);
  const focal = 0.85 * Math.max(width, height);
  let state = 7;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const ray: Vector = [(x + 0.5 - width / 2) / focal, (height / 2 - y - 0.5) / focal, 1];
      const { distance, normal, colour } = nearest(ray);
      const at: Vector = [ray[0] * distance, ray[1] * distance, distance];
      const light = lit(at, normal);
      state = (state * 48271) % 2147483647;
      const grain = (state % 9) - 4;
      const pixel = y * width + x;
      depth[pixel] = distance;
      for (let c = 0; c < 3; c++)
        pixels[pixel * 3 + c] = Math.min(255, Math.max(0, Math.round(colour[c]! * light + grain)));
    }
  }
  return { width, height, pixels, depth };
}

/** What a ray from the eye meets first. Its length counts along z. */
function nearest([dx, dy, dz]: Vector): Hit {
  const hits: Hit[] = [{ distance: back, normal: [0, 0, -1], colour: [186, 178, 160] }];
  const plane = (distance: number, normal: Vector, colour: (x: number, y: number, z: number) => Vector) => {
    if (distance > 0) hits.push({ distance, normal, colour: colour(dx * distance, dy * distance, distance) });
  };
  plane(floor / dy, [0, 1, 0], (x, _, z) =>
    (Math.floor(x / 0.7) + Math.floor(z / 0.7)) % 2 === 0 ? [150, 112, 78] : [104, 74, 50],
  );
  plane(ceiling / dy, [0, -1, 0], () => [214, 212, 206]);
  for (const side of [-1, 1])
    plane((side * wall) / dx, [-side, 0, 0], (_, __, z) =>
      Math.floor(z / 0.9) % 2 === 0 ? [132, 152, 138] : [118, 138, 126],
    );
  for (const { at, radius, colour } of balls) {
    const a = dx * dx + dy * dy + dz * dz;
    const b = dx * at[0] + dy * at[1] + dz * at[2];
    const root = b * b - a * (at[0] ** 2 + at[1] ** 2 + at[2] ** 2 - radius ** 2);
    if (root <= 0) continue;
    const distance = (b - Math.sqrt(root)) / a;
    const normal: Vector = [
      (dx * distance - at[0]) / radius,
      (dy * distance - at[1]) / radius,
      (dz * distance - at[2]) / radius,
    ];
    hits.push({ distance, normal, colour });
  }
  return hits.reduce((first, hit) => (hit.distance < first.distance ? hit : first));
}

/** How bright a place is: what the lamp gives it, less where a ball stands between. */
function lit(at: Vector, normal: Vector): number {
  const way: Vector = [lamp[0] - at[0], lamp[1] - at[1], lamp[2] - at[2]];
  const far = Math.hypot(...way);
  const facing = Math.max(0, (way[0] * normal[0] + way[1] * normal[1] + way[2] * normal[2]) / far);
  const shadowed = balls.some((ball) => {
    const to: Vector = [ball.at[0] - at[0], ball.at[1] - at[1], ball.at[2] - at[2]];
    const along = (to[0] * way[0] + to[1] * way[1] + to[2] * way[2]) / far;
    const beside = to[0] ** 2 + to[1] ** 2 + to[2] ** 2 - along ** 2;
    return along > 0.02 && along < far && beside < ball.radius ** 2 && to.some((value) => value !== 0);
  });
  const own = shadowed && facing > 0 ? 0.25 : 1;
  return 0.35 + (0.75 * facing * own * 4) / (4 + far);
}
