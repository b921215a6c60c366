"""Scenes of buildings, towns and plain structures."""

from meshed.built import blocks, halls, interiors, landmarks, structures, towns

KINDS = {
    **blocks.KINDS,
    **structures.KINDS,
    **halls.KINDS,
    **interiors.KINDS,
    **towns.KINDS,
    **landmarks.KINDS,
}
