"""A simulation: functions that read globals, a dataclass, a cache, files of numbers."""

# %% imports
import math
import random
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

# %% market
RATE = 0.03
VOLATILITY = 0.2
STEPS = 40


@dataclass
class Option:
    strike: float
    years: float
    paid: list = field(default_factory=list)

    def payoff(self, price):
        return max(price - self.strike, 0.0)


# %% options
call = Option(105.0, 1.0)
book = [call, Option(95.0, 0.5)]


# %% path
def path(start, years, draw):
    """One path of prices; reads the market's rate and volatility when it is called."""
    step = years / STEPS
    price = start
    for _ in range(STEPS):
        drift = (RATE - VOLATILITY**2 / 2) * step
        price *= math.exp(drift + VOLATILITY * math.sqrt(step) * draw())
    return price


# %% try
random.seed(3)
first = [path(100, 1.0, lambda: random.gauss(0, 1)) for _ in range(20)]

# %% look
min(first), max(first)

# %% alias
same = book
same[0].strike += 2.5


# %% closed form
@lru_cache(maxsize=None)
def closed_form(start, strike, years):
    d1 = (math.log(start / strike) + (RATE + VOLATILITY**2 / 2) * years) / (
        VOLATILITY * math.sqrt(years)
    )
    d2 = d1 - VOLATILITY * math.sqrt(years)
    cdf = lambda x: (1 + math.erf(x / math.sqrt(2))) / 2
    return start * cdf(d1) - strike * math.exp(-RATE * years) * cdf(d2)


# %% result closed
exact = closed_form(100.0, call.strike, call.years)
exact

# %% simulate
np.random.seed(21)
for option in book:
    prices = [path(100.0, option.years, np.random.randn) for _ in range(60)]
    option.paid.extend(option.payoff(price) for price in prices)

# %% alias
paid = call.paid
paid.sort()

# %% result simulated
estimates = [
    math.exp(-RATE * option.years) * sum(option.paid) / len(option.paid) for option in book
]
error = abs(estimates[0] - closed_form(100.0, call.strike, call.years))
print([round(one, 4) for one in estimates], round(error, 4))

# %% hedge
hedges = []
for shift in (-5.0, 0.0, 5.0):
    up = closed_form(100.0 + shift + 0.5, call.strike, call.years)
    down = closed_form(100.0 + shift - 0.5, call.strike, call.years)
    hedges.append(up - down)

# %% save
np.save("hedges.npy", np.array(hedges))

# %% alias
np.save("hedges.npy", np.load("hedges.npy") * 0.9)

# %% result hedge
loaded = np.load("hedges.npy")
slope = float(loaded[-1] - loaded[0])
average = float(loaded.mean() * random.uniform(0.99, 1.01))
slope, average
