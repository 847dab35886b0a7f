import { expect, it } from 'vitest';
import { completions } from '../src/ui/Search';

const names = { tag: 'names' as const, metrics: ['auc', 'val-loss'], params: ['depth'], tags: [], run: ['status', 'started'] };

it('completes kinds and fields, then names after a dot', () => {
  expect(completions('met', 3, names).options).toEqual(['metrics.']);
  expect(completions('st', 2, names).options).toEqual(['status', 'started']);
  expect(completions('metrics.a', 9, names)).toEqual({ from: 0, options: ['metrics.auc'] });
});
it('quotes a name that is no word, and completes at the caret', () => {
  expect(completions("metrics.", 8, names).options).toEqual(["metrics.auc", "metrics[\"val-loss\"]"]);
  expect(completions('metrics.auc > 1 and params.d', 28, names)).toEqual({ from: 20, options: ['params.depth'] });
});
