"""All kinds of scenes of meshes. KINDS maps a name, as `people/portrait_suit`, to a function and a weight.

The function makes a scene of a random generator; the weight says how often the kind is drawn.
"""

from meshed import animals, built, flowers, land, objects, people

# Percent of scenes, for one folder or for two together.
SHARES = ((28, (people,)), (20, (animals, flowers)), (22, (objects,)), (10, (land,)), (20, (built,)))


def merged():
    """The kinds of all folders, each with its part of the folder's share."""
    found = {}
    for share, folders in SHARES:
        total = sum(weight for folder in folders for _, weight in folder.KINDS.values())
        for folder in folders:
            short = folder.__name__.removeprefix("meshed.")
            for name, (kind, weight) in folder.KINDS.items():
                found[f"{short}/{name}"] = kind, weight * share / total
    return found


KINDS = merged()

# Kinds that the network still had wrong after most of its training, with weights: they are drawn more often at the end.
STILL_WRONG = {
    "people/athlete": 14,
    "people/swung": 5,
    "animals/beast_running": 14,
    "objects/from_above": 16,
    "objects/motorcycle": 8,
    "objects/bus_street": 8,
    "animals/beast_climbing": 10,
    "animals/bird_perched": 5,
    "built/night_launch": 8,
    "flowers/fruit_close": 6,
    "people/pair": 5,
    "built/palace_below": 5,
}
ASKED = {name: (KINDS[name][0], weight) for name, weight in STILL_WRONG.items()}
