"""Every number that decides what a training run gives; the weights that the program carries are what this recipe gave."""

from dataclasses import dataclass

# Height and width of the batches: small pictures first, for speed, then those of the size that it is used at.
TINY = ((96, 96), (96, 128), (128, 96), (128, 128))
SMALL = ((128, 128), (96, 128), (128, 96), (128, 160), (160, 128))
LARGE = ((128, 160), (160, 128), (160, 160), (160, 192), (192, 160), (192, 192))


@dataclass(frozen=True)
class Stage:
    until: int
    """Step at which it ends."""
    scenes: tuple
    """Runs of scenes: the number of the first, how many, and their kinds by the name in render.py where they are not the recipe's."""
    sizes: tuple
    level: tuple = (1.0, 1.0)
    """Share of the learning rate at its beginning and at its end."""
    measured: float = 1.2
    """Weight of the error that the evaluation counts, beside the loss's other parts."""
    parts: float = 0.0
    """Weight in the loss of the error of parts of the picture, each aligned on its own."""
    pasted: float = 0.0
    """Share of pictures with the subject of another scene pasted before them."""
    levels: float = 0.0
    """Share of pictures whose darkest and brightest pixels are brought towards black and white."""


@dataclass(frozen=True)
class Recipe:
    stages: tuple
    first: "Recipe | None" = None
    """The run whose network this one goes on with."""
    blocks: tuple = (1, 1, 3, 3)
    """Of the network; those that the first run's network has not got change nothing at the beginning."""
    looks: tuple = (0, 0, 0, 0)
    """Pairs of attention and a wide block behind them, likewise."""
    share: float = 1.0
    """How far the exported network lies from the first run's to this one's."""
    kinds: str = "trained"
    """Of the scenes, by their name in render.py."""
    side: int = 176
    """Of the rendered pictures."""
    seed: int = 2
    batch: int = 32
    """Pictures a step, of each worker."""
    workers: int = 2
    rate: float = 2e-3
    optimiser: str = "adam"
    """Or muon, for all that is a matrix."""

    def scenes(self):
        """Every run of scenes once, as long as the longest stage wants it."""
        most = {}
        for first, count, *kinds in (run for stage in self.stages for run in stage.scenes):
            name = kinds[0] if kinds else self.kinds
            most[first, name] = max(count, most.get((first, name), 0))
        return [(first, count, kinds) for (first, kinds), count in most.items()]


ALL = ((0, 1500), (1_000_000, 1500), (2_000_000, 3800), (3_000_000, 2600))
FIRST = Recipe(
    stages=(Stage(6400, ALL, TINY), Stage(9984, ALL, SMALL), Stage(12_800, ALL, LARGE, (1.0, 0.0), measured=2.0)),
    seed=5,
)

# Then at the size that it is used at, with more blocks where pictures are small, and with faces and loud patterns.
RICHER = ((20_000_000, 1565),)
MIDDLE = ((128, 128), (128, 160), (160, 128), (160, 160), (160, 192), (192, 160))
WIDE = ((160, 192), (192, 192), (192, 224), (192, 256), (224, 192), (224, 224))
FULL = Recipe(
    stages=(Stage(384, RICHER, MIDDLE, (1.0, 0.6)), Stage(640, RICHER, WIDE, (0.6, 0.0), measured=2.0)),
    first=FIRST,
    share=0.7,
    blocks=(1, 1, 5, 5),
    kinds="richer",
    side=256,
    seed=11,
    workers=1,
    rate=7e-4,
)

# Further, with attention, on the kinds so far in loud patterns and of many cameras, and on kinds that photographs asked for.
SOME = (
    (40_000_000, 170),
    (41_000_000, 840),
    (42_000_000, 150),
    (43_000_000, 150),
    (50_000_000, 830, "wider"),
    (51_000_000, 370, "wider"),
    (52_000_000, 380, "wider"),
)
MORE = (
    (40_000_000, 170),
    (41_000_000, 1330),
    (42_000_000, 210),
    (43_000_000, 210),
    (50_000_000, 830, "wider"),
    (51_000_000, 370, "wider"),
    (52_000_000, 380, "wider"),
    (53_000_000, 420, "wider"),
    (54_000_000, 420, "wider"),
)
# At the end three of five are of the kinds so far.
LAST = MORE[:6]
FURTHER = Recipe(
    stages=(
        Stage(384, SOME, MIDDLE, (1.0, 0.9)),
        Stage(832, MORE, LARGE, (0.75, 0.4)),
        Stage(1280, MORE, LARGE, (0.45, 0.35)),
        # On its way to nothing at step 1888: from here on half of the scenes that it is measured on became worse.
        Stage(1536, LAST, WIDE, (0.35, 0.35 * 352 / 608), measured=2.0),
    ),
    first=FULL,
    share=0.85,
    blocks=FULL.blocks,
    looks=(0, 0, 1, 3),
    kinds="restyled",
    side=224,
    seed=23,
    workers=3,
    rate=1.6e-3,
)

# Then with scenes of meshes, and with subjects pasted before other scenes. Runs that stand here two or three times are drawn two or
# three times as often as the others.
OLD = (*MORE, (60_000_000, 4000))
BEGUN = (*OLD, *2 * ((70_000_000, 2900, "meshed"), (72_000_000, 2000, "meshed")))
EVERY = (
    *MORE,
    (60_000_000, 5000),
    *2 * ((70_000_000, 2900, "meshed"), (72_000_000, 3800, "meshed"), (73_000_000, 1500, "meshed")),
)
ASKED = (*EVERY, *3 * ((74_000_000, 1400, "asked"),))
ADDED = {"parts": 0.5, "pasted": 0.2, "levels": 0.4}
MESHED = Recipe(
    stages=(
        Stage(
            512, (*OLD, *3 * ((70_000_000, 2900, "meshed"), (72_000_000, 600, "meshed"))), MIDDLE, (0.65, 0.65), **ADDED
        ),
        Stage(1536, BEGUN, MIDDLE, (0.4, 0.4), **ADDED),
        Stage(3328, EVERY, LARGE, (0.4, 0.4), **ADDED),
        Stage(4352, ASKED, LARGE, (0.4, 0.4), **ADDED),
        Stage(5888, ASKED, LARGE, (0.4, 0.2), **ADDED),
        Stage(7168, ASKED, WIDE, (0.2, 0.0), measured=2.0, **ADDED),
    ),
    first=FURTHER,
    share=0.85,
    blocks=FURTHER.blocks,
    looks=(0, 0, 3, 4),
    kinds="restyled",
    side=224,
    seed=41,
    workers=2,
    rate=1.6e-3,
)

# Tried, and not taken: four more pairs of attention, on scenes that no run before had, by an optimiser that learns more of each. There
# were too few of them, and it learned them by heart.
NEW = ((80_000_000, 2080, "meshed"), (81_000_000, 680, "asked"), (82_000_000, 1300), (83_000_000, 500, "wider"))
DEEPER = Recipe(
    stages=(
        Stage(1536, NEW, MIDDLE, (0.4, 0.325), **ADDED),
        Stage(2304, NEW, WIDE, (0.325, 0.0), measured=2.0, **ADDED),
    ),
    first=MESHED,
    blocks=MESHED.blocks,
    looks=(0, 0, 5, 6),
    kinds="restyled",
    side=224,
    seed=53,
    workers=2,
    rate=1.6e-3,
    optimiser="muon",
)

# The same in a minute, to see that it works.
TRIAL_FIRST = Recipe(
    stages=(Stage(16, ((0, 2),), ((64, 64),)), Stage(32, ((0, 2), (1000, 2)), ((64, 96),), (1.0, 0.0), measured=2.0)),
    side=64,
    batch=2,
)
TRIAL_SECOND = Recipe(
    stages=(Stage(16, ((2000, 2),), ((64, 64),), (1.0, 0.0)),),
    first=TRIAL_FIRST,
    share=0.7,
    blocks=(1, 1, 4, 4),
    kinds="richer",
    side=96,
    batch=2,
    workers=1,
    rate=7e-4,
)
TRIAL_THIRD = Recipe(
    stages=(Stage(16, ((3000, 2), (4000, 2, "wider")), ((64, 64),), (1.0, 0.0)),),
    first=TRIAL_SECOND,
    blocks=(1, 1, 4, 4),
    looks=(0, 0, 1, 1),
    kinds="restyled",
    side=96,
    batch=2,
    workers=1,
    rate=7e-4,
)
TRIAL = Recipe(
    stages=(
        Stage(16, ((5007, 3),), ((64, 64),), **ADDED),
        Stage(32, ((5007, 3),), ((64, 96),), (1.0, 0.0), measured=2.0, **ADDED),
    ),
    first=TRIAL_THIRD,
    blocks=(1, 1, 4, 4),
    looks=(0, 0, 2, 2),
    kinds="meshed",
    side=96,
    batch=2,
    workers=1,
    rate=7e-4,
    optimiser="muon",
)

RECIPES = {"full": FULL, "further": FURTHER, "meshed": MESHED, "deeper": DEEPER, "trial": TRIAL}
