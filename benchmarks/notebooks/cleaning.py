"""Cleaning a table: files written and read, groups, joins."""

# %% imports
import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_iris

# %% settings
FOLDER = Path("interim")
FOLDER.mkdir(exist_ok=True)
MISSING = 0.08
pd.options.display.max_rows = 12

# %% raw
flowers = load_iris(as_frame=True).frame
flowers.columns = ["sepal_l", "sepal_w", "petal_l", "petal_w", "species"]
np.random.seed(11)
holes = np.random.rand(len(flowers)) < MISSING
flowers.loc[holes, "petal_w"] = np.nan

# %% save
flowers.to_csv(FOLDER / "flowers.csv", index=False)

# %% look
flowers.isna().sum()

# %% read
table = pd.read_csv(FOLDER / "flowers.csv")
names = {0: "setosa", 1: "versicolor", 2: "virginica"}
table["species"] = table["species"].map(names)

# %% alias
short = names
short[2] = "virg."

# %% fill
fill = {"petal_w": table["petal_w"].median() + 0.05}
table = table.fillna(fill)

# %% areas
for part in ("sepal", "petal"):
    table[f"{part}_area"] = table[f"{part}_l"] * table[f"{part}_w"]

# %% alias
rows = table
rows.drop(rows.index[-3:], inplace=True)

# %% groups
grouped = table.groupby("species").agg(
    area=("petal_area", "mean"), spread=("petal_area", "std"), count=("petal_area", "size")
)
grouped["score"] = grouped["area"] / grouped["spread"] * 1.25

# %% result groups
best = grouped["score"].idxmax()
top_score = float(grouped["score"].max())
grouped

# %% summary
summary = {name: round(float(value), 6) for name, value in grouped["area"].items()}
(FOLDER / "summary.json").write_text(json.dumps(summary))

# %% look
print((FOLDER / "summary.json").read_text()[:60])

# %% prices
prices = pd.DataFrame({"species": list(summary), "price": [2.5, 3.25, 4.0]})
prices.to_csv(FOLDER / "prices.csv", index=False)

# %% alias
edited = pd.read_csv(FOLDER / "prices.csv")
edited["price"] *= 1.1
edited.to_csv(FOLDER / "prices.csv", index=False)

# %% join
joined = table.merge(pd.read_csv(FOLDER / "prices.csv"), on="species")
joined["value"] = joined["petal_area"] * joined["price"]

# %% sample
part = joined.sample(frac=0.5, random_state=3)

# %% result value
saved = json.loads((FOLDER / "summary.json").read_text())
total = float(part["value"].sum())
weighted = total / sum(saved.values())
print(round(total, 3), round(weighted, 3))
