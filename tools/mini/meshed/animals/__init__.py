"""Scenes of animals."""

from meshed.animals import scenes

KINDS = {
    **scenes.KINDS,
}
