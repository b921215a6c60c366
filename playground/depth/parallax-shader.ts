/**
 * The shader of the flat view's effects. Every ray is marched through the depth map; the effects differ in where they look from and in
 * what they do with the colour.
 *
 * @module
 */

export const vertexShader = `#version 300 es
in vec2 corner;
out vec2 place;
void main() {
  place = corner * vec2(0.5, -0.5) + 0.5;
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

/** Numbers of the effects in the shader. */
export const effectNumbers = { motion: 0, focus: 1, fog: 2, anaglyph: 3, stereo: 4 } as const;

export const fragmentShader = `#version 300 es
precision highp float;
uniform sampler2D picture;
uniform sampler2D nearness;
uniform vec2 eye;
uniform int effect;
uniform float amount;
uniform float focus;
uniform float ratio;
in vec2 place;
out vec4 colour;

// Where a ray from the eye through this place meets the picture.
vec2 meet(vec2 at, vec2 from) {
  const int steps = 32;
  float before = 1.0;
  float over = 0.0;
  for (int i = 0; i <= steps; i++) {
    float layer = 1.0 - float(i) / float(steps);
    float height = texture(nearness, at + from * (layer - 0.45)).r;
    if (height >= layer) {
      float share = i == 0 ? 0.0 : over / max(over + height - layer, 1e-4);
      return at + from * (mix(before, layer, share) - 0.45);
    }
    over = layer - height;
    before = layer;
  }
  return at;
}

vec3 seen(vec2 at, vec2 from) {
  return texture(picture, meet(at, from)).rgb;
}

float blurAt(vec2 at) {
  return abs(texture(nearness, at).r - focus) * amount * 0.03;
}

// A lens: a disk of samples. What is sharp does not bleed into what is behind it.
vec3 focused(vec2 at) {
  const int taps = 48;
  float own = blurAt(at);
  float near = texture(nearness, at).r;
  vec3 sum = texture(picture, at).rgb;
  float weights = 1.0;
  for (int i = 1; i < taps; i++) {
    float reach = sqrt(float(i) / float(taps)) * max(own, amount * 0.012);
    float angle = float(i) * 2.39996;
    vec2 point = at + reach * vec2(cos(angle), sin(angle) * ratio);
    float spread = texture(nearness, point).r > near ? blurAt(point) : min(blurAt(point), own);
    float weight = smoothstep(reach * 0.8, reach * 1.2, spread + 1e-5);
    sum += texture(picture, point).rgb * weight;
    weights += weight;
  }
  return sum / weights;
}

void main() {
  // Shrunk a little, so that the border never shows.
  vec2 at = (place - 0.5) * 0.955 + 0.5;
  vec2 apart = vec2(amount * 0.012, 0.0);
  if (effect == 1) colour = vec4(focused(place), 1.0);
  else if (effect == 2) {
    float far = 1.0 - texture(nearness, place).r;
    float veil = 1.0 - exp(-amount * 1.5 * far * far);
    colour = vec4(mix(texture(picture, place).rgb, vec3(0.82, 0.85, 0.88), veil), 1.0);
  }
  else if (effect == 3) colour = vec4(seen(at, apart).r, seen(at, -apart).gb, 1.0);
  else if (effect == 4) {
    bool left = place.x < 0.5;
    vec2 half_at = vec2(left ? place.x * 2.0 : place.x * 2.0 - 1.0, place.y);
    colour = vec4(seen((half_at - 0.5) * 0.955 + 0.5, left ? apart : -apart), 1.0);
  }
  else colour = vec4(seen(at, eye), 1.0);
}`;
