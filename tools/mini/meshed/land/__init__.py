"""Scenes of nature: woods, meadows, mountains, water, gardens, plants."""

from meshed.land import blooms, gardens, scenes

KINDS = {
    **scenes.KINDS,
    **gardens.KINDS,
    **blooms.KINDS,
}
