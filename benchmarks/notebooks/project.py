"""Work with modules of one's own, a registry filled by decorators, and settings in the environment."""

# %% file features.py
import math

SCALE = 2.0
_made = []


def feature(name):
    """Register a feature."""

    def register(function):
        _made.append((name, function))
        return function

    return register


def compute(rows):
    return {name: [function(row) for row in rows] for name, function in _made}


def scaled(value):
    return math.tanh(value / SCALE)

# %% file rows.csv
id,length,width
1,5.1,3.5
2,4.9,3.0
3,6.2,3.4
4,5.9,3.0
5,6.7,3.1
6,5.0,3.6
7,5.5,2.4

# %% imports
import csv
import os

import features
import numpy as np
from features import compute, feature

# %% environment
os.environ["UNIT"] = "cm"
factor = {"cm": 1.0, "mm": 10.0}

# %% rows
with open("rows.csv", newline="") as file:
    rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]

# %% look
rows[0], len(rows)

# %% register
@feature("area")
def area(row):
    return row["length"] * row["width"] * factor[os.environ["UNIT"]]

@feature("ratio")
def ratio(row):
    return features.scaled(row["length"] / row["width"])

# %% alias
records = rows
records[0]["width"] = 3.3

# %% scale
features.SCALE = 1.5

# %% compute
computed = compute(rows)

# %% result features
mean_area = sum(computed["area"]) / len(rows)
mean_ratio = sum(computed["ratio"]) / len(rows)
print(round(mean_area, 3), round(mean_ratio, 4))

# %% matrix
matrix = np.array([computed["area"], computed["ratio"]]).T
matrix = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)

# %% alias
column = matrix[:, 0]
column += 0.125

# %% unit
os.environ["UNIT"] = "mm"

# %% look
np.round(matrix[:2], 3)

# %% gram
gram = np.zeros((len(rows), len(rows)))
np.matmul(matrix, matrix.T, out=gram)

# %% rotate
angle = 0.4
rng = np.random.RandomState(17)
rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
turned = matrix @ rotation + rng.normal(scale=0.01, size=matrix.shape)

# %% result spectrum
values = np.linalg.eigvalsh(gram)
largest = float(values[-1])
trace = float(np.trace(turned @ turned.T))
largest, trace

# %% result again
again = compute(rows[:3])
biggest = max(again["area"])
biggest
