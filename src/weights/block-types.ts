/** How many numbers a block of a type has, and its bytes. Nothing here knows MLX. */
export const blockTypes = {
  Q8_0: { numbers: 32, bytes: 34 },
  Q4_0: { numbers: 32, bytes: 18 },
  Q4_1: { numbers: 32, bytes: 20 },
  Q5_0: { numbers: 32, bytes: 22 },
  Q5_1: { numbers: 32, bytes: 24 },
  Q2_K: { numbers: 256, bytes: 84 },
  Q3_K: { numbers: 256, bytes: 110 },
  Q4_K: { numbers: 256, bytes: 144 },
  Q5_K: { numbers: 256, bytes: 176 },
  Q6_K: { numbers: 256, bytes: 210 },
  F8_E4M3: { numbers: 1, bytes: 1 },
} as const;
export type BlockType = keyof typeof blockTypes;
