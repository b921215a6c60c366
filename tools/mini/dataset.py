"""Rendered scenes on disk: one folder of shards, each three arrays that are read in place.

`NAME.picture.npy` is uint8 [n, side, side, 3], `NAME.inverse.npy` float16 [n, side, side] of 1 / metre (0 is sky),
`NAME.kind.npy` the kind's name, empty where a scene is not rendered yet.
"""

from pathlib import Path

import numpy as np


def shard_name(first):
    return f"{first:08d}"


class Shard:
    def __init__(self, folder, name, count=None, side=None):
        """Opens a shard; with `count` and `side` makes it first when it is not there."""
        files = [Path(folder) / f"{name}.{part}.npy" for part in ("picture", "inverse", "kind")]
        if count is not None and not files[2].exists():
            Path(folder).mkdir(parents=True, exist_ok=True)
            shapes = [((count, side, side, 3), np.uint8), ((count, side, side), np.float16), ((count,), "S32")]
            for file, (shape, dtype) in zip(files, shapes, strict=True):
                np.lib.format.open_memmap(file, "w+", dtype, shape).flush()
        mode = "r" if count is None else "r+"
        self.picture, self.inverse, self.kind = (np.load(file, mmap_mode=mode) for file in files)

    @property
    def done(self):
        return int(np.count_nonzero(self.kind != b""))


class Scenes:
    """Runs of rendered scenes in a folder, as one sequence. A run is the number of its first scene and how many of it count."""

    def __init__(self, folder, runs=None):
        if runs is None:
            runs = [
                (int(file.name.removesuffix(".kind.npy")), None) for file in sorted(Path(folder).glob("*.kind.npy"))
            ]
        self.shards = [Shard(folder, shard_name(first)) for first, *_ in runs]
        counts = [shard.done if run[1] is None else run[1] for shard, run in zip(self.shards, runs, strict=True)]
        for shard, count in zip(self.shards, counts, strict=True):
            if shard.done < count:
                raise ValueError(f"{folder} has {shard.done} scenes where {count} are asked for")
        self.starts = np.cumsum([0, *counts])

    def __len__(self):
        return int(self.starts[-1])

    def draw(self, rng):
        """A random scene's index."""
        return int(rng.integers(len(self)))

    @property
    def side(self):
        return self.shards[0].picture.shape[1]

    def at(self, index):
        """Picture, inverse depth and kind of one scene."""
        which = int(np.searchsorted(self.starts, index, "right")) - 1
        shard, place = self.shards[which], index - self.starts[which]
        return shard.picture[place], shard.inverse[place], shard.kind[place].decode()
