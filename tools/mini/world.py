"""What a scene is made of: materials, shapes, lights, a sky, a camera. Metres, y up; numbers are drawn from the scene's generator."""

import math
from dataclasses import dataclass, field

import numpy as np

import textures
from raycast import BOX, CUTOUT, CYLINDER, ELLIPSOID, PLANE, ROOM

WOOD, SKIN, LEAF, GRASS = (0.45, 0.3, 0.18), (0.75, 0.55, 0.42), (0.2, 0.38, 0.12), (0.28, 0.4, 0.14)
STONE, SNOW, SAND, WATER = (0.5, 0.5, 0.48), (0.85, 0.88, 0.92), (0.7, 0.6, 0.42), (0.22, 0.34, 0.42)
BARK, METAL, DARK, WHITE = (0.3, 0.22, 0.15), (0.5, 0.52, 0.55), (0.07, 0.07, 0.08), (0.88, 0.87, 0.84)
SKINS = (SKIN, (0.4, 0.26, 0.18), (0.9, 0.7, 0.6), (0.25, 0.16, 0.11))
HAIRS = ((0.1, 0.07, 0.05), (0.5, 0.35, 0.15), (0.04, 0.04, 0.04), (0.6, 0.58, 0.55))


def pick(rng, *choices):
    return choices[rng.integers(len(choices))]


def spread(rng, low, high):
    """Between low and high, as often near a half as near the double."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def turned(yaw, pitch=0.0, roll=0.0):
    """Rotation by roll about z, then pitch about x, then yaw about y."""
    cy, sy, cp, sp, cr, sr = (
        math.cos(yaw),
        math.sin(yaw),
        math.cos(pitch),
        math.sin(pitch),
        math.cos(roll),
        math.sin(roll),
    )
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    return about_y @ about_x @ np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])


@dataclass
class Material:
    colours: np.ndarray
    patterns: tuple
    amount: float
    scale: float
    swapped: bool
    gloss: float = 0.0
    glow: float = 0.0
    mottle: float = 0.0
    grain: float = 0.0
    relief: float = 0.0
    hole: float = 0.0
    mirror: float = 0.0
    """Share of light that it reflects as a mirror when seen straight on, more at a slant; only in scenes of meshes."""

    def numbers(self):
        rest = (self.amount, self.scale, 0, self.swapped, self.gloss, self.glow, self.mottle, self.grain, self.relief)
        return [*self.colours.ravel(), *self.patterns, *rest]


def material(rng, colour=None, scale=None, amount=None):
    """A surface of about `colour`, or of any."""
    kinds = len(textures.KINDS)
    if colour is None:
        first = (
            rng.uniform(0.06, 0.9)
            + np.array(pick(rng, (0.12, 0, -0.12), (0, 0, 0), rng.uniform(-0.5, 0.5, 3))) * rng.random() ** 1.5
        )
    else:
        first = np.asarray(colour) * rng.uniform(0.65, 1.35) + rng.uniform(-0.06, 0.06, 3)
    second = first * rng.uniform(0.3, 1.6) + (rng.uniform(-0.35, 0.35, 3) if rng.random() < 0.3 else 0)
    third = first * rng.uniform(0.5, 1.4) + rng.uniform(-0.12, 0.12, 3) * rng.random()
    broad = int(rng.integers(0, 3) + kinds * rng.integers(0, textures.PATTERNS // kinds))
    fine = int(rng.integers(0, 3) + kinds * rng.integers(0, textures.PATTERNS // kinds))
    return Material(
        np.clip([first, second, third], 0.02, 1),
        (int(rng.integers(0, textures.PATTERNS)), broad, fine),
        rng.uniform(0, 1) if amount is None else amount,
        spread(rng, 0.2, 5) if scale is None else scale,
        bool(rng.random() < 0.5),
        gloss=rng.random() * 0.7 if rng.random() < 0.3 else 0.0,
        mottle=rng.random() * 0.6 if rng.random() < 0.6 else 0.0,
        grain=rng.random() * 0.8 if rng.random() < 0.6 else 0.0,
        relief=rng.uniform(0.2, 1.5) if rng.random() < 0.35 else 0.0,
    )


@dataclass
class Shape:
    kind: int
    centre: np.ndarray
    half: np.ndarray
    material: Material
    turn: np.ndarray
    taper: float = 0.0
    mask: int = -1


@dataclass
class Camera:
    position: np.ndarray
    turn: np.ndarray
    view: float
    """Angle of view across, in radians."""

    @property
    def tangent(self):
        return math.tan(self.view / 2)


def camera(rng, height, pitch, view, roll=0.05, yaw=0.0, x=0.0, z=0.0):
    """A positive pitch looks up."""
    return Camera(np.array([x, height, z], float), turned(yaw, -pitch, rng.normal() * roll), view)


@dataclass
class Scene:
    camera: Camera
    shapes: list = field(default_factory=list)
    lights: list = field(default_factory=list)
    above: np.ndarray = field(default_factory=lambda: np.full(3, 0.4))
    below: np.ndarray = field(default_factory=lambda: np.full(3, 0.2))
    reach: float = 1.0
    horizon: np.ndarray = field(default_factory=lambda: np.full(3, 0.8))
    zenith: np.ndarray = field(default_factory=lambda: np.full(3, 0.5))
    clouds: tuple = ()
    stars: float = 0.0
    fog: float = 0.0
    fog_colour: np.ndarray = field(default_factory=lambda: np.full(3, 0.8))
    terrain: tuple = ()
    ground: Material | None = None
    defocus: float = 0.15
    """How likely the lens is wide open."""
    meshes: list = field(default_factory=list)
    """Of `meshed.mesh.Mesh`. A scene that has any is drawn by `meshed/render.py`."""

    def mesh(self, mesh):
        self.meshes.append(mesh)

    def add(self, kind, centre, half, material, turn=None, taper=0.0, mask=-1):
        turn = np.eye(3) if turn is None else turn
        self.shapes.append(
            Shape(
                kind,
                np.asarray(centre, float),
                np.broadcast_to(np.asarray(half, float), (3,)),
                material,
                turn,
                taper,
                mask,
            )
        )

    def box(self, *rest, **named):
        self.add(BOX, *rest, **named)

    def room(self, *rest, **named):
        self.add(ROOM, *rest, **named)

    def ball(self, *rest, **named):
        self.add(ELLIPSOID, *rest, **named)

    def tube(self, *rest, **named):
        self.add(CYLINDER, *rest, **named)

    def floor(self, y, material, turn=None):
        self.add(PLANE, (0, y, 0), 1.0, material, turn)

    def board(self, *rest, **named):
        self.add(CUTOUT, *rest, **named)

    def lamp(self, rng, place, radius=3.0):
        colour = np.array([1, 0.93, 0.8]) * rng.uniform(0.3, 1.1)
        self.lights.append([1, *place, *colour, radius, rng.uniform(0, 0.5), rng.uniform(0, 0.4)])


def indoors(rng, camera):
    level = rng.uniform(0.15, 0.6)
    scene = Scene(camera, above=np.array([1, 0.97, 0.92]) * level, below=np.array([1, 0.9, 0.8]) * level * 0.6)
    scene.reach = spread(rng, 0.2, 1.5)
    return scene


def outdoors(rng, camera):
    rise, around = rng.uniform(0.12, 1.3), rng.uniform(0, 2 * math.pi)
    warm = 1 - rise / 1.3
    scene = Scene(camera, above=np.array([0.9, 0.97, 1.1]) * rng.uniform(0.25, 0.75))
    scene.below = scene.above * rng.uniform(0.3, 0.7) * np.array([1.05, 1, 0.85])
    scene.reach = spread(rng, 0.3, 3)
    sun = np.array([1, 0.95 - 0.15 * warm, 0.88 - 0.35 * warm]) * rng.uniform(0.1, 1.4)
    way = (math.cos(rise) * math.cos(around), math.sin(rise), math.cos(rise) * math.sin(around))
    scene.lights.append([0, *way, *sun, 1, rng.uniform(0, 0.12), rng.uniform(0, 0.35)])
    zeniths = (
        (0.25, 0.45, 0.8),
        (0.7, 0.72, 0.75),
        (0.15, 0.3, 0.65),
        (0.9, 0.9, 0.9),
        (0.35, 0.5, 0.75),
        (0.5, 0.3, 0.35),
    )
    scene.zenith = np.clip(np.array(pick(rng, *zeniths)) * rng.uniform(0.7, 1.2), 0, 1.1)
    scene.horizon = np.clip(np.array([0.8, 0.85, 0.92]) * rng.uniform(0.6, 1.1) + rng.uniform(-0.15, 0.15, 3), 0, 1.1)
    if rng.random() < 0.1:
        night(rng, scene)
    if rng.random() < 0.6:
        scene.clouds = (
            rng.uniform(0.25, 0.6),
            int(9 * rng.integers(0, 9)),
            rng.uniform(0.7, 1.1) * scene.horizon.mean(),
        )
    if rng.random() < 0.35:
        scene.fog, scene.fog_colour = spread(rng, 15, 250), np.clip(scene.horizon * rng.uniform(0.8, 1.05), 0, 1)
    return scene


def night(rng, scene):
    """A sky darker than what lamps shine on."""
    scene.zenith, scene.horizon = np.array([0.01, 0.012, 0.03]), np.array([0.03, 0.035, 0.06]) * rng.uniform(0.5, 3)
    scene.above, scene.below, scene.stars = scene.above * 0.3, scene.below * 0.3, rng.uniform(0, 1)
    for _ in range(rng.integers(1, 5)):
        z = rng.uniform(1, 15)
        scene.lamp(rng, (rng.uniform(-0.6, 0.6) * z, rng.uniform(2, 5), z), rng.uniform(3, 9))


def bounds(shapes):
    """Corners of the boxes around shapes; infinite ones are left to be tried by every ray."""
    reach = np.array(
        [np.abs(s.turn) @ s.half if s.kind in (BOX, CUTOUT) else np.sqrt((s.turn**2) @ s.half**2) for s in shapes]
    )
    reach = np.where(
        np.array([s.kind == CYLINDER for s in shapes])[:, None],
        [np.abs(s.turn) @ (s.half * max(1, 1 - s.taper)) for s in shapes],
        reach,
    )
    flat = np.array([s.kind == CUTOUT for s in shapes])[:, None]
    middle = np.array([s.centre for s in shapes])
    return middle - reach - np.where(flat, 1e-3, 0), middle + reach + np.where(flat, 1e-3, 0)
