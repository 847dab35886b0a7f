// jsdom has none, and uPlot asks for it when it is loaded.
globalThis.matchMedia ??= (() => ({ matches: false, addEventListener() {}, removeEventListener() {} })) as never;
