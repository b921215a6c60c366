"""Scenes of flowers, leaves, mushrooms and fruit, close by."""

from meshed.flowers import scenes

KINDS = {
    **scenes.KINDS,
}
