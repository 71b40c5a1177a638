"""The transfer set: which inputs each seed hears its teacher on, which labels it hears, and in which order."""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from kdcore.datasets import Dataset
from kdcore.experiment import Transfer
from kdcore.randomness import stream


@dataclass
class TransferSet:
    """ids `[seed, example]` are rows of the data; labels `[seed, example]` as heard, -1 where withheld."""

    seeds: tuple[int, ...]
    ids: Tensor
    labels: Tensor
    batch_size: int
    _order: tuple[int, Tensor] = field(default=(-1, torch.empty(0)), repr=False)

    @property
    def size(self) -> int:
        """How many inputs each seed hears."""
        return self.ids.shape[1]

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Ids and labels of one step, both `[seed, batch]`. Each epoch is a fresh order per seed; its last batch
        may be smaller. The order depends on the seed and the epoch alone."""
        if self.size <= self.batch_size:
            return self.ids, self.labels
        per_epoch = math.ceil(self.size / self.batch_size)
        epoch, number = divmod(step, per_epoch)
        if self._order[0] != epoch:
            orders = [torch.randperm(self.size, generator=stream("order", seed, epoch)) for seed in self.seeds]
            self._order = (epoch, torch.stack(orders))
        positions = self._order[1][:, number * self.batch_size : (number + 1) * self.batch_size]
        return self.ids.gather(1, positions), self.labels.gather(1, positions)


def draw(transfer: Transfer, dataset: Dataset, seeds: tuple[int, ...], batch_size: int) -> TransferSet:
    """Draw the transfer set of every seed; with `same_for_all`, that of seed 0 for all of them."""
    drawn = [_draw_one(transfer, dataset, 0 if transfer.same_for_all else seed) for seed in seeds]
    ids, labels = (torch.stack(part) for part in zip(*drawn, strict=True))
    return TransferSet(seeds, ids, labels, batch_size)


def _draw_one(transfer: Transfer, dataset: Dataset, seed: int) -> tuple[Tensor, Tensor]:
    generator = stream("transfer set", seed)
    kept = dataset.train[~torch.isin(dataset.labels[dataset.train], torch.tensor(transfer.omit, dtype=torch.long))]
    if transfer.per_class is not None or transfer.n is not None:
        kept = kept[torch.randperm(len(kept), generator=generator)]
    if transfer.per_class is not None:
        classes = dataset.labels[kept]
        first = [(classes == c).nonzero()[: transfer.per_class, 0] for c in classes.unique()]
        # Class by class in turn, so that the first pictures of the sheet show every class.
        kept = kept[torch.stack(first, 1).flatten()]
    elif transfer.n is not None:
        if transfer.n > len(kept):
            raise ValueError(f"{transfer.n} inputs were asked for; {len(kept)} are left after omitting classes")
        kept = kept[: transfer.n]
    count = len(kept) if transfer.labels is None else transfer.labels
    if count > len(kept):
        raise ValueError(f"{count} labels cannot be kept on the {len(kept)} transfer examples that are left")
    heard = torch.randperm(len(kept), generator=generator)[:count]
    labels = torch.full((len(kept),), -1)
    labels[heard] = with_wrong_labels(dataset.labels[kept[heard]], kept[heard], transfer.wrong, dataset)
    return kept, labels


def with_wrong_labels(labels: Tensor, ids: Tensor, share: float, dataset: Dataset) -> Tensor:
    """Replace a share of the labels by another class of the data.

    Which examples are mislabelled, and as what, is fixed by the split and the example: as in a data set that came
    with errors, a teacher and all students meet the same ones.
    """
    if not share:
        return labels
    generator = stream("wrong labels", dataset.name, dataset.split)
    classes = len(dataset.facts.classes)
    luck = torch.rand(len(dataset.labels), generator=generator)[ids]
    shift = torch.randint(1, classes, (len(dataset.labels),), generator=generator)[ids]
    chosen = luck.argsort()[: round(share * len(ids))]
    mislabelled = labels.clone()
    mislabelled[chosen] = (labels[chosen] + shift[chosen]) % classes
    return mislabelled
