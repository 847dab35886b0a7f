// The small pieces that views share: a chip of a change, a judged delta, a unified diff, outputs as they looked.
import { useEffect, useRef, useState } from 'react';
import type { Change, Metric, Output, Row } from '../wire';
import { decimals, delta, metric, param, real, spread } from './format';

/** The metric that stands for a run: the wanted one, else the first whose better way is known, else the first. */
export function mainMetric(row: Row, wanted?: string | null): Metric | undefined {
  return row.metrics.find(one => one.name === wanted) ?? row.metrics.find(one => one.direction) ?? row.metrics[0];
}

export function arrow(direction: 'up' | 'down' | null): string {
  return direction === 'up' ? ' ↑' : direction === 'down' ? ' ↓' : '';
}

export function shortName(type: string): string {
  return type.includes('.') ? type.slice(type.lastIndexOf('.') + 1) : type;
}

export function sides(change: Change): [string | null, string] {
  const text = (value: Change['old']) => (change.kind === 'model' && typeof value === 'string' ? shortName(value) : param(value));
  if (change.kind === 'code') return [null, String(change.new ?? 'removed').replace('-', '−')];
  if (change.old === null) return [null, change.new === null ? '' : text(change.new)];
  return [text(change.old), change.new === null ? 'removed' : text(change.new)];
}

export function Chip({ change }: { change: Change }) {
  const [old, now] = sides(change);
  return (
    <span className="mm-chip" title={`${change.name}: ${old === null ? '' : old + ' → '}${now}`}>
      <span className="mm-cut">{change.name}</span>
      {old !== null && <span className="mm-old mm-cut">{old}</span>}
      {old !== null && <span className="mm-old mm-arrow">→</span>}
      <b className="mm-cut">{now}</b>
    </span>
  );
}

/** The triangle is the judgement, the sign is the arithmetic. */
export function Delta({ shown, places }: { shown: Metric; places?: number }) {
  const [value, before] = [real(shown.value), real(shown.parent)];
  if (value === null || before === null || !isFinite(value - before)) return null;
  const digits = places ?? decimals([value, before]);
  const kind = shown.better === null ? 'mm-quiet' : shown.better ? 'mm-up' : 'mm-down';
  const said = shown.better === null ? '' : shown.better ? 'better' : 'worse';
  const noise = real(shown.noise);
  return (
    <span className={`mm-delta ${kind}`} title={shown.within_noise && noise !== null ? `within noise (± ${spread(noise)})` : said}>
      {said && <span aria-label={said}>{shown.better ? '▲' : '▼'}</span>} {delta(value - before, digits)}
    </span>
  );
}

/** Where the value lies, how far chance moves it, and where the parent's is: nothing where the noise is not known. */
export function NoiseBar({ shown }: { shown: Metric }) {
  const [value, before, noise] = [real(shown.value), real(shown.parent), real(shown.noise)];
  if (value === null || noise === null || !isFinite(value) || !isFinite(noise)) return null;
  const ends = [value - noise, value + noise, ...(before !== null && isFinite(before) ? [before] : [])];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const x = (at: number) => 8 + ((at - low) / (high - low || 1)) * 76;
  const places = decimals([value, before]);
  const said = `${metric(value, places)} plus or minus ${spread(noise)}${before === null ? '' : `; parent ${metric(before, places)}`}`;
  return (
    <svg width="92" height="20" viewBox="0 0 92 20" role="img" aria-label={said} className="mm-noisebar">
      <title>{said}</title>
      <line x1="2" x2="90" y1="10" y2="10" className="mm-axis" />
      <line x1={x(value - noise)} x2={x(value + noise)} y1="10" y2="10" className="mm-noise" />
      {before !== null && isFinite(before) && <line x1={x(before)} x2={x(before)} y1="5" y2="15" className="mm-tick" />}
      <circle cx={x(value)} cy="10" r="3.5" />
    </svg>
  );
}

export function MetricValue({ value, places }: { value: number | string | null; places?: number }) {
  const number = real(value);
  return <span title={number === null ? undefined : String(value)}>{metric(number, places)}</span>;
}

export function SourceDiff({ lines }: { lines: string[] }) {
  return (
    <pre className="mm-diff" tabIndex={0} aria-label="Differences of the source">
      {lines.map((line, i) => (
        <div key={i} className={line[0] === '+' ? 'mm-added' : line[0] === '-' ? 'mm-removed' : line[0] === '@' ? 'mm-place' : ''}>
          {line[0] === '@' ? '…' : line || ' '}
        </div>
      ))}
    </pre>
  );
}

export interface Renderer { (host: HTMLElement, output: Output): void }

/** An output as it looked. HTML goes through the host's own renderer, which keeps Jupyter's rules of trust. */
export function Shown({ output, render }: { output: Output; render?: Renderer }) {
  const host = useRef<HTMLDivElement>(null);
  const image = Object.keys(output.data).find(mime => /^image\/(png|jpeg|gif|webp)$/.test(mime));
  const rich = !image && render && Object.keys(output.data).some(mime => mime !== 'text/plain');
  useEffect(() => {
    if (rich && host.current) {
      host.current.textContent = '';
      render(host.current, output);
    }
  }, [output, rich]);
  if (image) return <img className="mm-figure" src={`data:${image};base64,${output.data[image]}`} alt={output.data['text/plain'] ?? 'figure'} />;
  if (rich) return <div ref={host} className="mm-rich" />;
  const text = output.data['text/plain'] ?? Object.values(output.data)[0] ?? '';
  return <pre className={output.kind === 'error' ? 'mm-text mm-bad' : 'mm-text'}>{text.replace(/\u001b\[[0-9;]*m/g, '')}</pre>;
}

/** A text that a double click edits; Enter keeps, Escape leaves it. */
export function Editable(props: { text: string | null; empty: string; label: string; onSave: (text: string) => void }) {
  const [editing, setEditing] = useState(false);
  const [draft, setDraft] = useState('');
  const start = () => { setDraft(props.text ?? ''); setEditing(true); };
  if (!editing) {
    return (
      <div className={props.text ? 'mm-note' : 'mm-note mm-quiet'} role="button" tabIndex={0} aria-label={props.label} title="Double click edits"
        onDoubleClick={start} onKeyDown={event => { if (event.key === 'Enter') { event.stopPropagation(); start(); } }}>
        {props.text || props.empty}
      </div>
    );
  }
  const done = () => { setEditing(false); if (draft !== (props.text ?? '')) props.onSave(draft); };
  return (
    <input className="mm-input" aria-label={props.label} autoFocus value={draft} onChange={event => setDraft(event.target.value)} onBlur={done}
      onKeyDown={event => {
        event.stopPropagation();
        if (event.key === 'Enter') done();
        if (event.key === 'Escape') setEditing(false);
      }} />
  );
}

export function Section(props: { title: string; quiet?: string; children: React.ReactNode; folded?: boolean; fixed?: boolean; id?: string }) {
  const [open, setOpen] = useState(!props.folded);
  return (
    <section className="mm-section" id={props.id}>
      <h3>
        {props.fixed ? <span>{props.title}</span> : (
          <button type="button" className="mm-fold" aria-expanded={open} onClick={() => setOpen(!open)}>{props.title}</button>
        )}
        {props.quiet && <span className="mm-quiet mm-small">{props.quiet}</span>}
      </h3>
      {open && props.children}
    </section>
  );
}

/** What went wrong: what it means for the work, and the code last, for searching. */
export function Trouble(props: { title: string; message: string; code: string; onRetry: () => void }) {
  return (
    <div className="mm-empty" role="alert">
      <h2>{props.title}</h2>
      <p>{props.message}</p>
      <p>Cells still run and are still recorded as far as the store allows; runs appear here once it can be read.</p>
      <button type="button" className="mm-button mm-brand" onClick={props.onRetry}>Try again</button>
      <p className="mm-quiet mm-small">{props.code}</p>
    </div>
  );
}
