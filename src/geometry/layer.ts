/**
 * Part of a mesh with one texture.
 *
 * @module
 */
import type { Camera } from "./camera.ts";

/** Vertices and triangles in glTF's axes. Texture coordinates start at the picture's top left. */
export interface MeshLayer {
  positions: Float32Array;
  uvs: Float32Array;
  indices: Uint32Array;
}

/** Vertices and triangles, added one by one. */
export class LayerBuilder {
  private positions = new Float32Array(3 << 15);
  private uvs = new Float32Array(2 << 15);
  private indices = new Uint32Array(6 << 15);
  private vertices = 0;
  private corners = 0;

  constructor(
    private readonly camera: Camera,
    /** How much of the picture a unit of the places spans. */
    private readonly columns: number,
    private readonly rows: number,
  ) {}

  /** The vertex at a place of the grid, and its number. */
  vertex(column: number, row: number, inverse: number): number {
    if ((this.vertices + 1) * 3 > this.positions.length) {
      this.positions = doubled(this.positions);
      this.uvs = doubled(this.uvs);
    }
    const { width, height, focal } = this.camera;
    const u = column / this.columns;
    const v = row / this.rows;
    const distance = 1 / inverse;
    const at = this.vertices * 3;
    this.positions[at] = (((u - 0.5) * width) / focal) * distance;
    this.positions[at + 1] = (((0.5 - v) * height) / focal) * distance;
    this.positions[at + 2] = -distance;
    this.uvs[this.vertices * 2] = u;
    this.uvs[this.vertices * 2 + 1] = v;
    return this.vertices++;
  }

  triangle(a: number, b: number, c: number): void {
    if (this.corners + 3 > this.indices.length) this.indices = doubled(this.indices);
    this.indices[this.corners++] = a;
    this.indices[this.corners++] = b;
    this.indices[this.corners++] = c;
  }

  layer(): MeshLayer {
    return {
      positions: this.positions.slice(0, this.vertices * 3),
      uvs: this.uvs.slice(0, this.vertices * 2),
      indices: this.indices.slice(0, this.corners),
    };
  }
}

function doubled<T extends Float32Array | Uint32Array>(values: T): T {
  const larger = new (values.constructor as new (length: number) => T)(values.length * 2);
  larger.set(values);
  return larger;
}
