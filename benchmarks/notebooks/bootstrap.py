"""Confidence intervals by the bootstrap, with numpy's generators."""

# %% imports
import numpy as np

# %% generator
rng = np.random.default_rng(42)
n = 400

# %% data
sample = rng.gamma(2.0, 1.5, size=n)
groups = rng.integers(0, 4, size=n)

# %% look
sample[:5], groups[:5]

# %% outliers
clean = sample[sample < 12]
shift = 0.25
centred = clean - clean.mean() + shift

# %% alias
head = centred[:20]
head *= 1.1


# %% statistic
def trimmed_mean(values, share=0.1):
    """The mean without the lowest and the highest ``share``."""
    cut = int(len(values) * share)
    return np.sort(values)[cut : len(values) - cut].mean()


# %% resample
class Bootstrap:
    """Draws with replacement; counts what it drew."""

    def __init__(self, rng, rounds):
        self.rng = rng
        self.rounds = rounds
        self.drawn = 0

    def __call__(self, values, statistic):
        found = np.empty(self.rounds)
        for at in range(self.rounds):
            found[at] = statistic(self.rng.choice(values, size=len(values)))
            self.drawn += len(values)
        return found


boot = Bootstrap(np.random.default_rng(5), rounds=60)

# %% warm
warm = boot(centred[:50], np.median)

# %% result interval
found = boot(centred, trimmed_mean)
low, high = np.quantile(found, [0.05, 0.95])
width = float(high - low)
print(low, high)

# %% alias
counter = boot
counter.rounds = 80

# %% means
means = {}
for group in range(4):
    inside = sample[groups == group]
    means[group] = trimmed_mean(inside, share=0.05)

# %% look
{group: round(mean, 2) for group, mean in means.items()}

# %% permute
labels = groups.copy()
rng.shuffle(labels)
differences = [sample[labels == one].mean() - sample[labels != one].mean() for one in range(4)]

# %% alias
mixed = labels
mixed[:10] = 0

# %% result permutation
observed = [sample[groups == one].mean() - sample[groups != one].mean() for one in range(4)]
largest = float(np.max(np.abs(observed)))
share_larger = float(np.mean(np.abs(differences) >= largest))
drawn = boot.drawn
largest, share_larger, drawn
