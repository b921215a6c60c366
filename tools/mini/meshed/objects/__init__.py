"""Scenes of man-made objects, rooms and vehicles."""

from meshed.objects import flats, piles, rooms, scenes, streets

KINDS = {
    **scenes.KINDS,
    **streets.KINDS,
    **rooms.KINDS,
    **piles.KINDS,
    **flats.KINDS,
}
