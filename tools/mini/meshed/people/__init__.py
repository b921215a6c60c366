"""Scenes of people."""

from meshed.people import meetings, occasions, scenes

KINDS = {
    **scenes.KINDS,
    **meetings.KINDS,
    **occasions.KINDS,
    **scenes.HIDDEN,
}
