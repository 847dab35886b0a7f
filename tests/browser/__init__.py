"""A package, so that pytest ends its package-scoped fixtures (Playwright and its event loop) with it."""
