"""Text: counters, generators, a vocabulary, a little classifier in plain Python."""

# %% imports
import random
import re
from collections import Counter, defaultdict
from itertools import count, islice
import math

# %% corpus
TEXTS = {
    "sea": "the ship left the port at dawn and the wind filled the sails of the old ship",
    "town": "the market in the town sells bread and fish and the baker knows the town well",
    "hill": "on the hill the shepherd watched the sheep while the wind moved the grass of the hill",
}
STOP = {"the", "and", "of", "at", "on", "in"}


# %% tokens
def tokens(text, stop=STOP):
    return [word for word in re.findall(r"[a-z]+", text) if word not in stop]


ids = count(1)
vocabulary = defaultdict(lambda: next(ids))
coded = {name: [vocabulary[word] for word in tokens(text)] for name, text in TEXTS.items()}

# %% look
dict(islice(vocabulary.items(), 4))

# %% alias
stop = STOP
stop.add("while")

# %% counts
counts = {name: Counter(codes) for name, codes in coded.items()}
total = sum(map(Counter.total, counts.values()))

# %% alias
first = counts["sea"]
first.update(coded["sea"][:3])

# %% weights
weights = {}
for name, counter in counts.items():
    weights[name] = {
        code: number
        / counter.total()
        * math.log(1 + 3 / sum(code in one for one in counts.values()))
        for code, number in counter.items()
    }

# %% result weights
heaviest = max(weights["hill"], key=weights["hill"].get)
weight = weights["hill"][heaviest]
print(heaviest, round(weight, 4))

# %% sentences
random.seed(13)


def sentence(name, length=6):
    return random.choices(coded[name], k=length)


made = [(name, sentence(name)) for name in TEXTS for _ in range(12)]
random.shuffle(made)

# %% alias
labelled = made
labelled.append(("town", sentence("town", 3)))


# %% classify
def classify(codes, weights=weights):
    return max(weights, key=lambda name: sum(weights[name].get(code, 0.0) for code in codes))


guesses = [classify(codes) for _, codes in made]

# %% look
guesses[:3], made[0]

# %% result accuracy
right = sum(guess == name for guess, (name, _) in zip(guesses, made))
accuracy = right / len(made)
accuracy

# %% batches
batches = iter([made[at : at + 5] for at in range(0, len(made), 5)])
seen = next(batches)

# %% log
with open("guesses.txt", "w") as file:
    for name, codes in seen:
        print(name, classify(codes), file=file)

# %% result batch
batch = next(batches)
lines = open("guesses.txt").read().splitlines()
share = sum(classify(codes) == name for name, codes in batch) / len(batch)
agreed = sum(len(set(line.split())) == 1 for line in lines)
share, agreed
