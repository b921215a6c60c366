"""Scenes of triangle meshes: `kinds.py` lists them, `render.py` draws them, each folder holds those of one subject."""
