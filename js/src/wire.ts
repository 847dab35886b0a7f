// Made from mm_jupyter/wire/shapes.py by 'make wire'. Do not edit.

export interface Change {
  kind: 'data' | 'params' | 'code' | 'environment' | 'model';
  name: string;
  old: string | number | boolean | null;
  new: string | number | boolean | null;
}

export interface Param {
  name: string;
  value: string | number | boolean | null;
  origin: 'author' | 'given' | 'default';
}

export interface Metric {
  name: string;
  value: number | string;
  noise: number | string | null;
  parent: number | string | null;
  direction: 'up' | 'down' | null;
  better: boolean | null;
  within_noise: boolean;
}

export interface Progress {
  tag: 'progress';
  step: number | null;
  steps: number | null;
  seconds: number | null;
}

export interface Row {
  tag: 'row';
  run: string;
  experiment: string;
  version: number;
  kind: 'cell' | 'notebook' | 'script';
  status: 'running' | 'completed' | 'failed' | 'interrupted' | 'crashed';
  started: number;
  seconds: number | null;
  notebook: string | null;
  cell_id: string | null;
  metrics: Metric[];
  params: Param[];
  tags: Record<string, string>;
  note: string | null;
  parent: string | null;
  verdict: 'identical' | 'equivalent' | 'unstable' | 'diverged' | 'failed' | 'unverifiable' | null;
  models: string[];
  changes: Change[] | null;
  said: string | null;
  progress: Progress | null;
}

export interface Page {
  tag: 'page';
  rows: Row[];
  offset: number;
  total: number;
}

export interface Experiment {
  tag: 'experiment';
  name: string;
  count: number;
  metric: string | null;
  direction: 'up' | 'down' | null;
  spark: [number, number][];
  low: number | null;
  high: number | null;
  best: number | null;
  latest: number | string | null;
  verdict: 'identical' | 'equivalent' | 'unstable' | 'diverged' | 'failed' | 'unverifiable' | null;
}

export interface History {
  tag: 'history';
  root: string;
  read_only: boolean;
  experiments: Experiment[];
  total: number;
  fits: number;
}

export interface Names {
  tag: 'names';
  metrics: string[];
  params: string[];
  tags: string[];
  run: string[];
}

export interface Item {
  kind: string;
  name: string;
  recorded: string | null;
  replayed: string | null;
  verdict: 'identical' | 'equivalent' | 'unstable' | 'diverged' | 'failed' | 'unverifiable';
  why: string | null;
}

export interface NotCompared {
  kind: string;
  name: string;
  why: string;
}

export interface Cause {
  factor: string;
  name: string;
  recorded: string | null;
  current: string | null;
  confirmed: boolean | null;
}

export interface Verdict {
  tag: 'verdict';
  run: string;
  verdict: 'identical' | 'equivalent' | 'unstable' | 'diverged' | 'failed' | 'unverifiable';
  said: string;
  at: number;
  seconds: number;
  replays: number;
  slice: string;
  executions: number;
  of: number;
  items: Item[];
  not_compared: NotCompared[];
  restored: string[];
  causes: Cause[];
}

export interface Output {
  kind: 'stream' | 'display_data' | 'execute_result' | 'error';
  name: string;
  data: Record<string, string>;
  truncated: number;
}

export interface File {
  path: string;
  role: 'input' | 'output' | 'module';
  digest: string | null;
  size: number | null;
  edited: boolean | null;
}

export interface Artifact {
  name: string;
  media_type: string;
  digest: string;
  size: number;
}

export interface Model {
  name: string;
  type: string;
  size: number;
  kept: boolean;
  why: string | null;
}

export interface Environment {
  python: string;
  platform: string;
  processor: string;
  cpus: number;
  packages: Record<string, string>;
}

export interface SeriesName {
  name: string;
  points: number;
}

export interface Run {
  tag: 'run';
  row: Row;
  source: string;
  error: string | null;
  traceback: string | null;
  changed: Diff | null;
  series: SeriesName[];
  outputs: Output[];
  files: File[];
  artifacts: Artifact[];
  models: Model[];
  environment: Environment | null;
  verdict: Verdict | null;
  not_kept: NotCompared[];
  loading: string;
}

export interface Diff {
  tag: 'diff';
  old: string;
  new: string;
  changes: Change[];
  source: string[];
  same: number;
}

export interface FileChange {
  path: string;
  said: string;
  rows: (number | null)[] | null;
}

export interface DataDiff {
  tag: 'data';
  old: string;
  new: string;
  files: FileChange[];
  same: number;
}

export interface CompareRow {
  kind: 'metrics' | 'params' | 'data' | 'environment';
  name: string;
  direction: 'up' | 'down' | null;
  values: (string | number | boolean | null)[];
  noise: (number | string | null)[];
  differs: boolean;
  best: number | null;
}

export interface Compare {
  tag: 'compare';
  runs: Row[];
  rows: CompareRow[];
  same: number;
  series: string[];
}

export interface Series {
  tag: 'series';
  run: string;
  name: string;
  points: number;
  steps: number[];
  values: (number | string)[];
}

export interface Job {
  tag: 'job';
  id: string;
  batch: string;
  run: string | null;
  kind: 'replay' | 'explain' | 'noise' | 'point';
  parameters: string;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
  phase: string;
  cell: number;
  cells: number;
  asked: number;
  started: number | null;
  ended: number | null;
  verdict: 'identical' | 'equivalent' | 'unstable' | 'diverged' | 'failed' | 'unverifiable' | null;
  said: string | null;
}

export interface Batch {
  tag: 'batch';
  id: string;
  kind: 'replay' | 'sweep' | 'sidebar';
  title: string;
  who: string;
  asked: number;
  started: number | null;
  ended: number | null;
  waiting: number;
  running: number;
  done: number;
  failed: number;
  cancelled: number;
  metric: string | null;
  best: string | null;
  runs: string[];
}

export interface CauseGroup {
  cause: Cause;
  runs: string[];
}

export interface Replays {
  tag: 'replays';
  jobs: Job[];
  waiting: number;
  batches: Batch[];
  verdicts: Record<string, number>;
  total: number;
  causes: CauseGroup[];
  finished: Verdict[];
}

export interface Cell {
  cell_id: string;
  run: string;
  verdict: 'identical' | 'equivalent' | 'unstable' | 'diverged' | 'failed' | 'unverifiable' | null;
  status: 'running' | 'completed' | 'failed' | 'interrupted' | 'crashed';
  source: string;
}

export interface Cells {
  tag: 'cells';
  notebook: string;
  cells: Cell[];
}

export interface CellVersion {
  run: string;
  started: number;
  source: string;
  verdict: 'identical' | 'equivalent' | 'unstable' | 'diverged' | 'failed' | 'unverifiable' | null;
}

export interface CellHistory {
  tag: 'cell';
  cell_id: string;
  versions: CellVersion[];
}

export interface Setting {
  tag: 'setting';
  enabled: boolean;
}

export interface Done {
  tag: 'done';
  runs: string[];
}

export interface Error {
  tag: 'error';
  code: string;
  message: string;
  column: number | null;
}

export interface Event {
  tag: 'event';
  what: 'hello' | 'store' | 'jobs' | 'gone';
}
