"""Figures and tables shown in the notebook, with options of the libraries set on the way."""

# %% imports
%matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_wine

# %% style
plt.rcParams["figure.figsize"] = (3, 2)
pd.set_option("display.precision", 3)
np.set_printoptions(precision=4, suppress=True)

# %% data
wine = load_wine(as_frame=True).frame
wine = wine.rename(columns={"od280/od315_of_diluted_wines": "od"})

# %% look
wine.head(3)

# %% standard
numbers = wine.drop(columns="target")
z = (numbers - numbers.mean()) / numbers.std()

# %% alias
z_again = z
z_again.iloc[0, 0] = 0.0

# %% components
u, s, vt = np.linalg.svd(z.to_numpy(), full_matrices=False)
components = np.abs(u[:, :2] * s[:2])
explained = s**2 / (s**2).sum()

# %% result components
%%time
two = float(explained[:2].sum())
fig, ax = plt.subplots()
ax.scatter(components[:, 0], components[:, 1], c=wine["target"], s=6)
plt.show()

# %% noise
np.random.seed(2)
noisy = components + np.random.normal(scale=0.1, size=components.shape)

# %% alias
noisy[:5] = 0

# %% result table
table = pd.DataFrame(noisy, columns=["first", "second"]).groupby(wine["target"]).mean()
distance = float(np.linalg.norm(table.loc[0] - table.loc[2]))
table

# %% bars
labels = list(numbers.columns)
heights = np.abs(vt[0])
order = np.argsort(heights)[::-1]

# %% alias
names = labels
names[0] = "alcohol %"

# %% result bars
top = [labels[at] for at in order[:4]]
fig, ax = plt.subplots()
ax.bar(top, heights[order[:4]])
plt.show()
strongest = float(heights.max())
