// Any number of runs: only what differs, curves over each other, parallel coordinates, the source of two.
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Compare as Compared, CompareRow, DataDiff, Diff, Output, Series } from '../wire';
import { Chart, COLORS } from './Chart';
import { count, decimals, delta, metric, param, real, spread, withinNoise } from './format';
import { Button, VerdictGlyph } from './glyphs';
import { arrow, SourceDiff } from './parts';

export interface CompareProps {
  found: Compared;
  series: (run: string, name: string) => Promise<Series>;
  diff: (old: string, now: string) => Promise<Diff>;
  data?: (old: string, now: string) => Promise<DataDiff>;
  /** The outputs of a run, for its figures. */
  outputs?: (run: string) => Promise<Output[]>;
  onRun: (run: string) => void;
}

const TITLES: Record<CompareRow['kind'], string> = { metrics: 'Metrics', params: 'Params', data: 'Data', environment: 'Environment' };

/** The same comparison with its runs in another order; the first is the base. */
export function reordered(found: Compared, runs: string[]): Compared {
  const places = runs.map(run => found.runs.findIndex(row => row.run === run));
  return {
    ...found, runs: places.map(i => found.runs[i]),
    rows: found.rows.map(row => ({ ...row, values: places.map(i => row.values[i]), noise: row.noise.length ? places.map(i => row.noise[i]) : [], best: row.best === null ? null : places.indexOf(row.best) })),
  };
}

export function CompareView({ found: given, series, diff, data, outputs, onRun }: CompareProps) {
  const [found, setFound] = useState(given);
  useEffect(() => setFound(given), [given]);
  const [all, setAll] = useState(false);
  const [lifted, setLifted] = useState<string | null>(null);
  const names = found.runs.map(row => row.run);
  const many = names.length > 8;
  const best = found.rows.find(row => row.kind === 'metrics' && row.best !== null)?.best ?? null;
  const color = (i: number) => (!many ? COLORS[i % 5] : names[i] === lifted || i === best ? COLORS[i === best ? 0 : 1] : 'var(--jp-border-color1)');
  const shown = found.rows.filter(row => all || row.differs);
  const order = (runs: string[]) => setFound(reordered(found, runs));
  const base = (run: string) => order([run, ...names.filter(name => name !== run)]);
  const pane = useRef<HTMLDivElement>(null);
  const [narrow, setNarrow] = useState(false);
  useEffect(() => {
    const watcher = new ResizeObserver(([entry]) => setNarrow(entry.contentRect.width > 0 && entry.contentRect.width < 640));
    watcher.observe(pane.current!);
    return () => watcher.disconnect();
  }, []);
  const copy = () => {
    const rows = [['', ...names], ...shown.map(row => [row.name, ...row.values.map(value => (value === null ? '' : String(value)))])];
    void navigator.clipboard?.writeText(rows.map(row => row.join('\t')).join('\n'));
  };
  return (
    <div className="mm-compare" ref={pane}>
      <div className="mm-bar">
        <b>Compare {names.length} runs</b><span className="mm-grow" />
        <button type="button" className={`mm-button${all ? '' : ' mm-on'}`} aria-pressed={!all} onClick={() => setAll(!all)}>Only differences</button>
        <Button icon="copy" label="Copy as a table" onClick={copy} />
      </div>
      {narrow ? <Stacked found={found} shown={shown} onRun={onRun} onBase={base} /> : <div className="mm-scroll">
        <table className="mm-cmp" aria-label="What differs">
          <thead><tr><th scope="col" className="mm-quiet">against <b>{names[0]}</b></th>{found.runs.map((row, i) => (
            <th key={row.run} scope="col" draggable className={row.run === lifted ? 'mm-lifted' : ''} onMouseEnter={() => setLifted(row.run)} onMouseLeave={() => setLifted(null)}
              onDragStart={event => event.dataTransfer.setData('text/plain', row.run)} onDragOver={event => event.preventDefault()}
              onDrop={event => {
                event.preventDefault();
                const moved = event.dataTransfer.getData('text/plain');
                const rest = names.filter(name => name !== moved);
                if (names.includes(moved)) order([...rest.slice(0, i), moved, ...rest.slice(i)]);
              }}>
              <button type="button" className="mm-link" onClick={() => onRun(row.run)}><i className="mm-swatch" style={{ background: color(i) }} />{row.run}</button>
              <span><VerdictGlyph verdict={row.verdict} words />{i > 0 && <button type="button" className="mm-link mm-small mm-quiet" onClick={() => base(row.run)}>as base</button>}</span>
            </th>
          ))}</tr></thead>
          {(Object.keys(TITLES) as CompareRow['kind'][]).map(kind => {
            const rows = shown.filter(row => row.kind === kind);
            return rows.length ? <tbody key={kind}><tr><th scope="rowgroup" colSpan={names.length + 1} className="mm-quiet mm-small">{TITLES[kind]}</th></tr>{rows.map(row => <FactRow key={row.name} row={row} names={names} lifted={lifted} />)}</tbody> : null;
          })}
        </table>
      </div>}
      <p className="mm-quiet mm-pad">{count(found.same, 'row')} {found.same === 1 ? 'is' : 'are'} the same in all {names.length} <button type="button" className="mm-link" onClick={() => setAll(!all)}>{all ? 'hide' : 'show'}</button></p>
      <div className="mm-two">
        <Curves names={names} series={found.series} load={series} color={color} many={many} />
        <Parallel found={found} color={color} lifted={lifted} onLift={setLifted} />
      </div>
      {outputs && <Figures names={names.slice(0, 8)} of={names.length} outputs={outputs} />}
      {names.length >= 2 && data && <Data old={names[0]} now={names[names.length - 1]} data={data} />}
      {names.length >= 2 && <Source old={names[0]} now={names[names.length - 1]} diff={diff} />}
    </div>
  );
}

/** What a run's value of a row says beside the base's, and how it is marked. */
function fact(row: CompareRow, i: number): { text: string; title: string; classes: string; change: JSX.Element | null } {
  const value = row.values[i];
  const differs = i > 0 && value !== row.values[0];
  const classes = [differs && row.kind !== 'metrics' ? 'mm-differs' : '', i > 0 && !differs ? 'mm-quiet' : '', row.best === i ? 'mm-strong' : ''].join(' ');
  if (row.kind !== 'metrics') return { text: value === null ? '–' : param(value), title: param(value), classes, change: null };
  const numbers = row.values.map(one => real(one as number | string | null));
  const places = decimals(numbers);
  const [number, base] = [numbers[i], numbers[0]];
  const change = i > 0 && number !== null && base !== null ? number - base : null;
  const own = real(row.noise[i]);
  const inside = change !== null && !!change && withinNoise(change, real(row.noise[0]), own);
  const better = change === null || !change || !row.direction || inside ? null : change > 0 === (row.direction === 'up');
  return {
    text: metric(number, places) + (own === null ? '' : ` ± ${spread(own)}`), title: String(value), classes,
    change: change === null ? null : <span title={inside ? 'within noise' : undefined} className={`mm-delta ${better === null ? 'mm-quiet' : better ? 'mm-up' : 'mm-down'}`}> {better === null ? '' : better ? '▲ ' : '▼ '}{delta(change, places)}</span>,
  };
}

function FactRow({ row, names, lifted }: { row: CompareRow; names: string[]; lifted: string | null }) {
  return (
    <tr>
      <th scope="row" className="mm-cut" title={row.name}>{row.name}{arrow(row.direction)}</th>
      {names.map((name, i) => {
        const { text, title, classes, change } = fact(row, i);
        return <td key={name} className={`${classes}${name === lifted ? ' mm-lifted' : ''}`} title={title}>{text}{change}</td>;
      })}
    </tr>
  );
}

/** The same where there is no room for columns: a run a section. */
function Stacked({ found, shown, onRun, onBase }: { found: Compared; shown: CompareRow[]; onRun: (run: string) => void; onBase: (run: string) => void }) {
  return (
    <div className="mm-stacked">{found.runs.map((row, i) => (
      <section key={row.run} className="mm-section" aria-label={row.run}>
        <h3><button type="button" className="mm-link mm-strong" onClick={() => onRun(row.run)}>{row.run}</button><VerdictGlyph verdict={row.verdict} words /><span className="mm-grow" />
          {i > 0 ? <button type="button" className="mm-link mm-small mm-quiet" onClick={() => onBase(row.run)}>as base</button> : <span className="mm-quiet mm-small">base</span>}</h3>
        {shown.map(one => {
          const { text, title, classes, change } = fact(one, i);
          return <div key={one.kind + one.name} className="mm-fact"><span className="mm-cut mm-quiet" title={one.name}>{one.name}{arrow(one.direction)}</span><span className={`${classes} mm-cut`} title={title}>{text}{change}</span></div>;
        })}
      </section>
    ))}</div>
  );
}

function Curves(props: { names: string[]; series: string[]; load: CompareProps['series']; color: (i: number) => string; many: boolean }) {
  const [name, setName] = useState(props.series[0] ?? '');
  const [found, setFound] = useState<Series[]>([]);
  const key = props.names.join();
  useEffect(() => {
    let live = true;
    if (name) void Promise.all(props.names.map(run => props.load(run, name).catch(() => null))).then(all => live && setFound(all.filter((one): one is Series => one !== null)));
    return () => { live = false; };
  }, [name, key]);
  if (!props.series.length) return null;
  return (
    <div className="mm-half">
      {props.series.length > 1 && <select className="mm-input" aria-label="Series" value={name} onChange={event => setName(event.target.value)}>{props.series.map(one => <option key={one}>{one}</option>)}</select>}
      {found.length > 0 && <Chart title={name} height={200} curves={found.map(one => ({ series: one, label: one.run, color: props.color(props.names.indexOf(one.run)) }))} />}
    </div>
  );
}

function Parallel({ found, color, lifted, onLift }: { found: Compared; color: (i: number) => string; lifted: string | null; onLift: (run: string | null) => void }) {
  const axes = useMemo(() => {
    const params = found.rows.filter(row => row.kind === 'params' && row.differs).slice(0, 8);
    const goal = found.rows.find(row => row.kind === 'metrics' && row.differs && row.direction) ?? found.rows.find(row => row.kind === 'metrics' && row.differs);
    return goal ? [...params, goal] : params;
  }, [found]);
  if (axes.length < 2) return null;
  const [width, height] = [Math.max(360, axes.length * 100), 180];
  const x = (i: number) => 40 + (i * (width - 80)) / (axes.length - 1);
  const scale = axes.map(axis => {
    const numbers = axis.values.map(value => (typeof value === 'number' ? value : value === 'NaN' ? null : Number.NaN));
    if (axis.values.every(value => typeof value === 'number' || value === null)) {
      const real_ = numbers.filter((one): one is number => one !== null && isFinite(one));
      const [low, high] = [Math.min(...real_), Math.max(...real_)];
      return { low: metric(low), high: metric(high), at: (i: number) => (typeof axis.values[i] === 'number' ? height - 30 - (((axis.values[i] as number) - low) / (high - low || 1)) * (height - 74) : null) };
    }
    const words = [...new Set(axis.values.map(value => param(value)))].sort();
    return { low: words[0], high: words[words.length - 1], at: (i: number) => height - 30 - (words.indexOf(param(axis.values[i])) / (words.length - 1 || 1)) * (height - 74) };
  });
  return (
    <figure className="mm-half" aria-label="Parallel coordinates of the params that differ">
      <figcaption><b>Params that differ{axes[axes.length - 1].kind === 'metrics' ? `, and ${axes[axes.length - 1].name}` : ''}</b></figcaption>
      <div className="mm-scroll"><svg viewBox={`0 0 ${width} ${height}`} width="100%" style={{ minWidth: Math.min(width, 900) }} role="img" aria-label="one line a run">
        {axes.map((axis, i) => (
          <g key={axis.kind + axis.name} className="mm-axisline">
            <line x1={x(i)} x2={x(i)} y1={44} y2={height - 30} />
            <text x={x(i)} y={14} textAnchor="middle"><title>{axis.name}</title>{axis.name.length > 14 ? axis.name.slice(0, 13) + '…' : axis.name}{arrow(axis.direction)}</text>
            <text x={x(i)} y={32} textAnchor="middle" className="mm-faint">{String(scale[i].high).slice(0, 12)}</text>
            <text x={x(i)} y={height - 12} textAnchor="middle" className="mm-faint">{String(scale[i].low).slice(0, 12)}</text>
          </g>
        ))}
        {found.runs.map((row, run) => {
          const points = axes.map((_, i) => [x(i), scale[i].at(run)] as const).filter(point => point[1] !== null);
          return <polyline key={row.run} points={points.map(point => point.join(',')).join(' ')} fill="none" style={{ stroke: color(run), strokeWidth: row.run === lifted ? 3 : 1.6, opacity: lifted && row.run !== lifted ? 0.35 : 1 }} onMouseEnter={() => onLift(row.run)} onMouseLeave={() => onLift(null)}><title>{row.run}</title></polyline>;
        })}
      </svg></div>
    </figure>
  );
}

const PICTURE = /^image\/(png|jpeg|gif|webp)$/;

function Figures({ names, of, outputs }: { names: string[]; of: number; outputs: (run: string) => Promise<Output[]> }) {
  const [found, setFound] = useState<{ run: string; pictures: string[] }[]>([]);
  const key = names.join();
  useEffect(() => {
    let live = true;
    void Promise.all(names.map(async run => {
      const pictures = (await outputs(run).catch(() => [])).flatMap(output => {
        const mime = Object.keys(output.data).find(one => PICTURE.test(one));
        return mime ? [`data:${mime};base64,${output.data[mime]}`] : [];
      });
      return { run, pictures };
    })).then(all => live && setFound(all.filter(one => one.pictures.length)));
    return () => { live = false; };
  }, [key]);
  if (!found.length) return null;
  return (
    <section className="mm-section"><h3>Figures {of > names.length && <span className="mm-quiet mm-small">of the first {names.length} of {of} runs</span>}</h3>
      <div className="mm-figures">{found.map(one => <figure key={one.run}><figcaption className="mm-cut">{one.run}</figcaption>{one.pictures.map((picture, i) => <img key={i} className="mm-figure" src={picture} alt={`figure ${i + 1} of ${one.run}`} />)}</figure>)}</div>
    </section>
  );
}

function Data({ old, now, data }: { old: string; now: string; data: NonNullable<CompareProps['data']> }) {
  const [found, setFound] = useState<DataDiff | null>(null);
  useEffect(() => {
    let live = true;
    setFound(null);
    void data(old, now).then(one => live && setFound(one)).catch(() => undefined);
    return () => { live = false; };
  }, [old, now]);
  if (!found || (!found.files.length && !found.same)) return null;
  return (
    <section className="mm-section"><h3>Data <span className="mm-quiet mm-small">{old} and {now}</span></h3>
      {found.files.map(file => <div key={file.path} className="mm-fact"><span className="mm-cut" title={file.path}>{file.path}</span><span className="mm-cut" title={file.said}>{file.said}</span></div>)}
      {found.same > 0 && <p className="mm-quiet mm-small">{found.same} the same</p>}
    </section>
  );
}

function Source({ old, now, diff }: { old: string; now: string; diff: CompareProps['diff'] }) {
  const [found, setFound] = useState<Diff | null>(null);
  useEffect(() => {
    let live = true;
    void diff(old, now).then(one => live && setFound(one)).catch(() => undefined);
    return () => { live = false; };
  }, [old, now]);
  if (!found) return null;
  return (
    <section className="mm-section"><h3>Source <span className="mm-quiet mm-small">{old} and {now}</span></h3>
      {found.source.length ? <SourceDiff lines={found.source} /> : <p className="mm-quiet">The same in both.</p>}
    </section>
  );
}
