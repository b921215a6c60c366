/** Files that can be made from a depth map, as the server names them. */
export const extras = [
  { kind: "mesh_glb", label: "Mesh (GLB)", ending: ".glb" },
  { kind: "points_ply", label: "Points (PLY)", ending: ".ply" },
  { kind: "normals_png", label: "Normals (PNG)", ending: "-normals.png" },
  { kind: "depth_exr", label: "Depth (EXR)", ending: ".exr" },
  { kind: "stereo_jpeg", label: "Stereo pair (JPEG)", ending: "-stereo.jpg" },
  { kind: "anaglyph_jpeg", label: "Anaglyph (JPEG)", ending: "-anaglyph.jpg" },
] as const;
