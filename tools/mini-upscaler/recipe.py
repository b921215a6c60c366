"""Every number that decides what a training run gives; the weights that the program carries are what this recipe gave."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    until: int
    """Step at which it ends."""
    rate: float
    """Learning rate at its beginning; it falls along a cosine that reaches nothing after `fall` steps."""
    fall: int
    sources: tuple
    """Share of the patches that come from shapes, from fine pictures, and from rendered scenes."""
    marred: float
    """Share of the small pictures that look as a camera leaves them, and the most noise in them in grey levels."""
    noise: float


@dataclass(frozen=True)
class Recipe:
    stages: tuple
    shapes: int
    """Drawn pictures of shapes, and of much that is small, each from number 0 on."""
    fine: int
    side: int
    """Of the drawn pictures."""
    scenes: tuple
    """Rendered scenes of tools/mini: the number of the first, how many, their side; brought down by two, which makes them clean."""
    batch: int = 16
    patch: int = 40
    """Side of the small pictures that the network sees."""
    factors: tuple = ((2, 0.45), (3, 0.2), (4, 0.35))
    """Factors and how often each is drawn."""
    average: float = 0.998
    seed: int = 7


# At first everything at once; then fine texture, most of it clean: what is faint must not be taken for noise.
FULL = Recipe(
    stages=(
        Stage(6500, 1e-3, 9000, (0.6, 0.0, 0.4), 0.5, 8.0),
        Stage(7500, 6e-4, 2000, (0.3, 0.5, 0.2), 0.4, 4.0),
    ),
    shapes=900,
    fine=300,
    side=384,
    scenes=(10_000_000, 500, 256),
)

# The same in seconds, to see that it works.
TRIAL = Recipe(
    stages=(Stage(6, 1e-3, 9, (0.6, 0.0, 0.4), 0.5, 8.0), Stage(12, 6e-4, 6, (0.3, 0.5, 0.2), 0.4, 4.0)),
    shapes=4,
    fine=3,
    side=128,
    scenes=(10_000_000, 2, 256),
    batch=4,
    patch=24,
)
