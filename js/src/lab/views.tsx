// React views as Lumino widgets.
import { ReactWidget } from '@jupyterlab/apputils';
import { useState } from 'react';
import { CompareView, type CompareProps } from '../ui/Compare';
import { age, exact } from '../ui/format';
import { VerdictGlyph } from '../ui/glyphs';
import { SourceDiff } from '../ui/parts';
import { Sidebar, type Host } from '../ui/Sidebar';
import type { CellHistory } from '../wire';

export class Panel extends ReactWidget {
  constructor(private host: Host) { super(); this.addClass('mm-panel'); }
  render() { return <Sidebar host={this.host} />; }
}

export class ComparePane extends ReactWidget {
  constructor(private use: CompareProps) { super(); this.addClass('mm-panel'); }
  render() { return <CompareView {...this.use} />; }
}

/** A line diff of two texts, for a look before something is overwritten. */
export function lineDiff(old: string, now: string): string[] {
  const [a, b] = [old.split('\n'), now.split('\n')];
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) table[i][j] = a[i] === b[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { lines.push(' ' + a[i]); i++; j++; }
    else if (i < a.length && (j >= b.length || table[i + 1][j] >= table[i][j + 1])) lines.push('-' + a[i++]);
    else lines.push('+' + b[j++]);
  }
  return lines;
}

export class Difference extends ReactWidget {
  constructor(private old: string, private now: string) { super(); this.addClass('mm-dialog'); }
  render() {
    return this.old.trimEnd() === this.now.trimEnd() ? <p>The cell holds this source already.</p> : <SourceDiff lines={lineDiff(this.old.trimEnd(), this.now.trimEnd())} />;
  }
}

export class CellVersions extends ReactWidget {
  chosen = 0;
  constructor(private found: CellHistory, private now: string) { super(); this.addClass('mm-dialog'); }
  render() { return <Versions found={this.found} now={this.now} onChoose={at => { this.chosen = at; }} />; }
}

function Versions({ found, now, onChoose }: { found: CellHistory; now: string; onChoose: (at: number) => void }) {
  const [at, setAt] = useState(0);
  if (!found.versions.length) return <p>This cell has no runs yet. Put %%track and a name above it, and run it.</p>;
  const chosen = found.versions[at];
  return (
    <div className="mm-versions">
      <div role="listbox" aria-label="Versions of this cell" className="mm-list">
        {found.versions.map((one, i) => (
          <button key={one.run} type="button" role="option" aria-selected={i === at} className="mm-done" onClick={() => { setAt(i); onChoose(i); }}>
            <VerdictGlyph verdict={one.verdict} /><b className="mm-cut">{one.run}</b><span className="mm-quiet mm-small" title={exact(one.started)}>{age(one.started)}</span>
          </button>
        ))}
      </div>
      <div>{chosen.source.trimEnd() === now.trimEnd() ? <p className="mm-quiet">As the cell is now.</p> : <SourceDiff lines={lineDiff(now.trimEnd(), chosen.source.trimEnd())} />}</div>
    </div>
  );
}

export class Status extends ReactWidget {
  constructor(private state: () => 'on' | 'off' | 'none', private open: () => void) { super(); this.addClass('mm-status'); }
  render() {
    const state = this.state();
    if (state === 'none') return null;
    return <button type="button" onClick={this.open} title={state === 'on' ? 'Every cell of this kernel is recorded' : 'Say %load_ext mm_jupyter, or switch it on for every kernel in the sidebar'}><i className={state === 'on' ? 'mm-is-on' : ''} />{state === 'on' ? 'recording' : 'not recording'}</button>;
  }
}
