import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { CompareView, reordered } from '../src/ui/Compare';
import { Card } from '../src/ui/Card';
import { VerdictPart } from '../src/ui/RunPage';
import { DEFAULT_KEYS, ownKeys } from '../src/ui/keys';
import { NoiseBar } from '../src/ui/parts';
import { share } from '../src/ui/Rows';
import { ReplaysView } from '../src/ui/Replays';
import type { Batch, Compare, Job, Replays, Row, Verdict } from '../src/wire';

const EVIL = '<img src=x onerror=alert(1)>';

function row(version: number, more: Partial<Row> = {}): Row {
  return {
    tag: 'row', run: `churn/${version}`, experiment: 'churn', version, kind: 'cell', status: 'completed', started: 1.7e9, seconds: 1, notebook: null, cell_id: null,
    metrics: [], params: [], tags: {}, note: null, parent: null, verdict: null, models: [], changes: [], said: null, progress: null, ...more,
  };
}

const compared: Compare = {
  tag: 'compare', runs: [row(1), row(2)], same: 1, series: [],
  rows: [
    { kind: 'params', name: EVIL, direction: null, values: [1, 2], noise: [], differs: true, best: null },
    { kind: 'params', name: 'same_everywhere', direction: null, values: [1, 1], noise: [], differs: false, best: null },
    { kind: 'metrics', name: 'log_loss', direction: 'down', values: [0.5, 0.4], noise: [null, 0.01], differs: true, best: 1 },
  ],
};
const never = () => new Promise<never>(() => undefined);

describe('a comparison', () => {
  const html = renderToStaticMarkup(<CompareView found={compared} series={never} diff={never} onRun={() => undefined} />);
  it('shows only what differs, and counts the rest', () => {
    expect(html).not.toContain('same_everywhere');
    expect(html).toContain('1 row is the same in all 2');
  });
  it('judges by the direction of the metric, and shows the arithmetic', () => expect(html).toContain('▲ −0.1'));
  it('shows what a user named as text', () => {
    expect(html).not.toContain(EVIL);
    expect(html).toContain('&lt;img');
  });
});

describe('noise', () => {
  const measured = { name: 'auc', value: 0.9, noise: 0.02, parent: 0.88, direction: 'up', better: null, within_noise: true } as const;
  it('stands beside the value and takes the judgement away', () => {
    const html = renderToStaticMarkup(<Card row={row(3, { metrics: [measured] })} />);
    expect(html).toContain('± 0.020');
    expect(html).toContain('within noise');
    expect(html).not.toContain('▲');
  });
  it('is a bar with the parent as a tick, and says so', () => {
    const html = renderToStaticMarkup(<NoiseBar shown={measured} />);
    expect(html).toContain('0.90 plus or minus 0.020; parent 0.88');
    expect(html).toContain('mm-tick');
    expect(renderToStaticMarkup(<NoiseBar shown={{ ...measured, noise: null }} />)).toBe('');
  });
  it('keeps a comparison from calling a difference better', () => {
    const noisy = { ...compared, rows: [{ ...compared.rows[2], noise: [0.05, 0.05] }] };
    const html = renderToStaticMarkup(<CompareView found={noisy} series={never} diff={never} onRun={() => undefined} />);
    expect(html).toContain('0.5 ± 0.050');
    expect(html).toContain('−0.1');
    expect(html).not.toContain('▲');
  });
});

describe('another base', () => {
  const other = reordered(compared, ['churn/2', 'churn/1']);
  it('moves every value and the best with its run', () => {
    expect(other.runs.map(one => one.version)).toEqual([2, 1]);
    expect(other.rows[2].values).toEqual([0.4, 0.5]);
    expect(other.rows[2].noise).toEqual([0.01, null]);
    expect(other.rows[2].best).toBe(0);
  });
});

describe('a card', () => {
  it('gives a failure the place of the metric', () => {
    const html = renderToStaticMarkup(<Card row={row(3, { status: 'failed', said: `ValueError: ${EVIL}`, metrics: [{ name: 'auc', value: 0.9, parent: null, noise: null, direction: 'up', better: null, within_noise: false }] })} />);
    expect(html).toContain('ValueError: &lt;img');
    expect(html).not.toContain('auc');
  });
  it('leaves a difference without judgement grey', () => {
    const html = renderToStaticMarkup(<Card row={row(2, { metrics: [{ name: 'count', value: 5, parent: 3, noise: null, direction: null, better: null, within_noise: false }] })} />);
    expect(html).toContain('mm-delta mm-quiet');
    expect(html).not.toMatch(/▲|▼/);
  });
});

describe('a verdict', () => {
  const judged: Verdict = {
    tag: 'verdict', run: 'churn/1', verdict: 'diverged', said: 'The replays agree, and not with the run.', at: 1.7e9, seconds: 2, replays: 2, slice: 'optimistic', executions: 1, of: 3,
    items: [
      { kind: 'value', name: 'same', recorded: '1', replayed: '1', verdict: 'identical', why: null },
      { kind: 'metric', name: 'close', recorded: '1', replayed: '1', verdict: 'equivalent', why: null },
      { kind: 'metric', name: 'auc', recorded: '0.8568', replayed: '0.8531', verdict: 'diverged', why: null },
    ],
    not_compared: [{ kind: 'output', name: 'rates', why: 'read the network' }], restored: [], causes: [{ factor: 'package', name: 'scikit-learn', recorded: '1.3.2', current: '1.5.2', confirmed: true }],
  };
  const html = renderToStaticMarkup(<VerdictPart judged={judged} />);
  it('lists the worst first, and always what was not compared', () => {
    expect(html.indexOf('metric auc')).toBeLessThan(html.indexOf('metric close'));
    expect(html).toContain('read the network');
    expect(html).toContain('Items: 2 of 3 differ, 1 not compared');
  });
  it('says of a cause how it is known', () => expect(html).toContain('confirmed by a replay'));
});

describe('a running run', () => {
  const live = (progress: Row['progress']) => row(2, { status: 'running', started: 1000, progress });
  it('is as far as its step among the steps of its parent', () => expect(share(live({ tag: 'progress', step: 30, steps: 60, seconds: 10 }), 1001)).toBe(0.5));
  it('is measured by the time of its parent where there are no steps', () => expect(share(live({ tag: 'progress', step: null, steps: null, seconds: 10 }), 1004)).toBeCloseTo(0.4));
  it('never passes its end', () => expect(share(live({ tag: 'progress', step: 90, steps: 60, seconds: null }), 1001)).toBe(1));
  it('says nothing where nothing is known', () => expect(share(live({ tag: 'progress', step: 3, steps: null, seconds: null }), 1001)).toBeNull());
});

describe('the keys', () => {
  it('are the defaults, and what a person set', () => expect(ownKeys({ pick: 'V', compare: 'no', other: 'z' })).toEqual({ ...DEFAULT_KEYS, pick: 'v' }));
  it('outlive a broken setting', () => expect(ownKeys('nonsense')).toEqual(DEFAULT_KEYS));
});

describe('the queue', () => {
  const batch: Batch = {
    tag: 'batch', id: 'sweep-abc123', kind: 'sweep', title: EVIL, who: 'ada', asked: 1, started: Date.now() / 1000 - 30, ended: null,
    waiting: 5, running: 1, done: 3, failed: 1, cancelled: 0, metric: 'auc', best: 'n/2', runs: ['n/1', 'n/2'],
  };
  const job: Job = {
    tag: 'job', id: '7', batch: batch.id, run: null, kind: 'point', parameters: 'lr 0.1', state: 'running', phase: 'executed', cell: 1, cells: 4,
    asked: 1, started: 2, ended: null, verdict: null, said: null,
  };
  const found: Replays = { tag: 'replays', jobs: [job], waiting: 5, batches: [batch], verdicts: {}, total: 2, causes: [], finished: [] };
  const draw = (shown: Replays) => renderToStaticMarkup(<ReplaysView found={shown} onStop={() => undefined} onCompare={() => undefined} onReplay={() => undefined} onRest={() => undefined} onRun={() => undefined} />);
  it('shows a batch once, with how far it is, what is left and the points that run', () => {
    const html = draw(found);
    expect(html).toContain('1 running, 5 waiting');
    expect(html).toContain('4 of 10, 1 failed');
    expect(html).toMatch(/4[0-9]\.?\d* s left/);
    expect(html).toContain('lr 0.1');
    expect(html).toContain('cell 2 of 4');
    expect(html).toContain('Compare 2');
    expect(html).not.toContain(EVIL);
  });
  it('says how to go on with one that nobody works on', () => {
    expect(draw({ ...found, jobs: [], batches: [{ ...batch, running: 0, waiting: 6 }] })).toContain('mm resume sweep-abc123');
  });
});
