"""A search for hyperparameters that fills a table of results in place."""

# %% imports
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import ShuffleSplit
from sklearn.tree import DecisionTreeRegressor

# %% data
X, y = load_diabetes(return_X_y=True)
y = y / 100

# %% alias
target = y
target[target > 3] = 3

# %% folds
splitter = ShuffleSplit(n_splits=3, test_size=0.25, random_state=4)
folds = list(splitter.split(X))
results = []


# %% evaluate
def evaluate(model):
    """The mean absolute error over the folds."""
    errors = []
    for train, test in folds:
        model.fit(X[train], y[train])
        errors.append(np.abs(model.predict(X[test]) - y[test]).mean())
    return float(np.mean(errors))


# %% ridge
for alpha in (0.1, 1.0, 10.0):
    results.append(("ridge", alpha, evaluate(Ridge(alpha=alpha))))

# %% look
results[-2:]

# %% lasso
for alpha in (0.01, 0.05):
    results.append(("lasso", alpha, evaluate(Lasso(alpha=alpha))))

# %% alias
table = results
del table[0]

# %% result linear
best = min(results, key=lambda row: row[2])
best_error = best[2]
print(best)

# %% tree
DEPTH = 4
tree = DecisionTreeRegressor(max_depth=DEPTH, random_state=2)
results.append(("tree", DEPTH, evaluate(tree)))

# %% look
tree.get_depth(), len(results)

# %% forest
forest = RandomForestRegressor(n_estimators=8, max_depth=DEPTH, random_state=9)
results.append(("forest", DEPTH, evaluate(forest)))

# %% alias
params = forest.get_params()
forest.set_params(n_estimators=5)

# %% result forest
forest.fit(X[:300], y[:300])
importance = forest.feature_importances_
error = float(np.abs(forest.predict(X[300:]) - y[300:]).mean())
error

# %% perturb
jitter = np.random.default_rng(8).normal(scale=0.01, size=X.shape)
shaken = X + jitter

# %% alias
block = shaken[:, :3]
block += 0.001

# %% result perturbed
change = float(np.abs(forest.predict(shaken) - forest.predict(X)).mean())
rank = sorted(results, key=lambda row: row[2])[0][0]
change, rank
