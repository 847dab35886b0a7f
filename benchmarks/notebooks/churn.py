"""Classification with a pipeline: what most notebooks of a data scientist look like."""

# %% imports
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# %% load
data = load_breast_cancer(as_frame=True)
df = data.frame
df.shape

# %% look
df.describe().loc[["mean", "std"]].iloc[:, :3]

# %% constants
TEST_SIZE = 0.3
C = 0.5
FEATURES = [name for name in df.columns if name.startswith("mean")]

# %% alias
wanted = FEATURES
wanted.remove(wanted[-1])

# %% derive
df = df.assign(ratio=df["mean area"] / df["mean perimeter"] * 1.5)
FEATURES = FEATURES + ["ratio"]

# %% alias
view = df
view["mean radius"] = view["mean radius"].round(2)

# %% split
np.random.seed(7)
order = np.random.permutation(len(df))
X, y = df[FEATURES].iloc[order], df["target"].iloc[order]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=TEST_SIZE, random_state=1)

# %% look
print(len(X_train), len(X_test), y_train.mean())

# %% result logistic
model = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=200))
model.fit(X_train, y_train)
probability = model.predict_proba(X_test)[:, 1]
auc = roc_auc_score(y_test, probability)
print(f"AUC {auc:.4f}")


# %% threshold
def best_threshold(truth, probability, steps=25):
    """The threshold with the best F1 score."""
    grid = np.linspace(0.1, 0.9, steps)
    scores = [f1_score(truth, probability > at) for at in grid]
    return grid[int(np.argmax(scores))]


# %% result threshold
threshold = best_threshold(y_test, probability)
f1 = f1_score(y_test, probability > threshold)
f1

# %% noise
scores = {}
for fold in range(4):
    noisy = X_test + np.random.normal(scale=X_test.std() * 0.05, size=X_test.shape)
    scores[fold] = roc_auc_score(y_test, model.predict_proba(noisy)[:, 1])

# %% alias
board = scores
board["worst"] = min(board.values()) - 0.01

# %% result robustness
spread = max(scores.values()) - min(scores.values())
mean_auc = float(np.mean(list(scores.values())))
mean_auc, spread
