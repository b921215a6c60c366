"""Rendered scenes on disk: one folder of shards, each three arrays that are read in place.

`NAME.picture.npy` is uint8 [n, side, side, 3], `NAME.inverse.npy` float16 [n, side, side] of 1 / metre (0 is sky),
`NAME.kind.npy` the kind's name, empty where a scene is not rendered yet.
"""

from pathlib import Path

import numpy as np


class Shard:
    def __init__(self, folder, name, count=None, side=None):
        """Opens a shard; with `count` and `side` makes it first when it is not there."""
        files = [Path(folder) / f"{name}.{part}.npy" for part in ("picture", "inverse", "kind")]
        if count is not None and not files[2].exists():
            Path(folder).mkdir(parents=True, exist_ok=True)
            shapes = [((count, side, side, 3), np.uint8), ((count, side, side), np.float16), ((count,), "S16")]
            for file, (shape, dtype) in zip(files, shapes, strict=True):
                np.lib.format.open_memmap(file, "w+", dtype, shape).flush()
        mode = "r" if count is None else "r+"
        self.picture, self.inverse, self.kind = (np.load(file, mmap_mode=mode) for file in files)

    @property
    def done(self):
        return int(np.count_nonzero(self.kind != b""))


class Scenes:
    """The rendered scenes of all shards of some folders, as one sequence."""

    def __init__(self, folders):
        self.folders = [Path(folder) for folder in folders]
        self.refresh()

    def refresh(self):
        """Looks again: rendering may go on while a training run reads."""
        self.shards, counts, self.spans = [], [], []
        for folder in self.folders:
            start = sum(counts)
            for file in sorted(folder.glob("*.kind.npy")):
                self.shards.append(Shard(folder, file.name.removesuffix(".kind.npy")))
                counts.append(self.shards[-1].done)
            if sum(counts) > start:
                self.spans.append((start, sum(counts)))
        self.starts = np.cumsum([0, *counts])

    def __len__(self):
        return int(self.starts[-1])

    def draw(self, rng):
        """A random scene's index; every folder is as likely as the others, and one named twice twice as likely."""
        return int(rng.integers(*self.spans[rng.integers(len(self.spans))]))

    @property
    def side(self):
        return self.shards[0].picture.shape[1]

    def at(self, index):
        """Picture, inverse depth and kind of one scene."""
        which = int(np.searchsorted(self.starts, index, "right")) - 1
        shard, place = self.shards[which], index - self.starts[which]
        return shard.picture[place], shard.inverse[place], shard.kind[place].decode()
