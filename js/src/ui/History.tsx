// The history: groups of runs as a tree grid with virtual rows. Data comes from a `HistorySource`; nothing here knows Jupyter.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, MouseEvent } from 'react';
import type { Experiment, History as Groups, Page, Row } from '../wire';
import { age, decimals, duration, exact, metric, param, real } from './format';
import { Button, Icon, StatusMark, VerdictGlyph, word } from './glyphs';
import { arrow, Chip, Delta, mainMetric, sides } from './parts';

const PAGE = 50;
const GROUP = 32;

export interface HistorySource {
  page(experiment: string, offset: number, limit: number, changes: boolean): Promise<Page>;
}

export interface HistoryProps {
  groups: Groups;
  /** Grows with every change of the store, so that pages are asked for anew. */
  tick: number;
  source: HistorySource;
  wanted: string | null;
  columns: string[];
  open: Record<string, boolean>;
  picked: string[];
  onOpen: (groups: Record<string, boolean>) => void;
  onPick: (runs: string[]) => void;
  onRun: (run: string, at?: 'verdict') => void;
  onCompare: () => void;
  onReplay: (runs: string[]) => void;
  onRestore: (run: string) => void;
  onSearch: () => void;
}

type Place = { kind: 'group'; group: Experiment; top: number; height: number } | { kind: 'rows'; group: Experiment; top: number; height: number; row: number };

/** Rows that are on the screen, from pages that are kept until newer ones arrive. */
function usePages(source: HistorySource, tick: number, key: string, changes: boolean) {
  const pages = useRef(new Map<string, { rows: Row[]; tick: number; asked: number }>());
  const [, redraw] = useState(0);
  useEffect(() => { pages.current.clear(); redraw(n => n + 1); }, [key]);
  return (experiment: string, index: number): Row | undefined => {
    const page = Math.floor(index / PAGE);
    const name = `${experiment}:${page}`;
    const known = pages.current.get(name);
    if (!known || (known.tick !== tick && known.asked !== tick)) {
      pages.current.set(name, { rows: known?.rows ?? [], tick: known?.tick ?? -1, asked: tick });
      void source.page(experiment, page * PAGE, PAGE, changes).then(found => {
        pages.current.set(name, { rows: found.rows, tick, asked: tick });
        if (pages.current.size > 60) pages.current.delete(pages.current.keys().next().value!);
        redraw(n => n + 1);
      }).catch(() => { pages.current.delete(name); });
    }
    return known?.rows[index % PAGE];
  };
}

export function HistoryView(props: HistoryProps) {
  const { groups, open, picked } = props;
  const grid = useRef<HTMLDivElement>(null);
  const [scroll, setScroll] = useState({ top: 0, height: 600, width: 300 });
  const [focus, setFocus] = useState(0);
  const [focused, setFocused] = useState(false);
  const compact = groups.fits > 2000;
  const height = compact ? 24 : 44;
  const rowAt = usePages(props.source, props.tick, groups.root + props.wanted + groups.experiments.map(one => one.name).join(), !compact);

  const places = useMemo(() => {
    const found: Place[] = [];
    let top = 0;
    for (const group of groups.experiments) {
      found.push({ kind: 'group', group, top, height: GROUP });
      top += GROUP;
      if (open[group.name]) {
        found.push({ kind: 'rows', group, top, height, row: 0 });
        top += height * group.count;
      }
    }
    return { found, total: top };
  }, [groups, open, height]);

  useLayoutEffect(() => {
    const element = grid.current!;
    const measure = () => setScroll({ top: element.scrollTop, height: element.clientHeight, width: element.clientWidth });
    measure();
    const watcher = new ResizeObserver(measure);
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);

  // Every item that a key can reach, by number: groups and the rows of open ones.
  const order = useMemo(() => {
    const starts: { place: Place; start: number; count: number }[] = [];
    let start = 0;
    for (const place of places.found) {
      const count = place.kind === 'group' ? 1 : place.group.count;
      starts.push({ place, start, count });
      start += count;
    }
    return { starts, count: start };
  }, [places]);
  const itemAt = (index: number) => {
    const found = order.starts.find(one => index >= one.start && index < one.start + one.count);
    return found ? { group: found.place.group, row: found.place.kind === 'rows' ? index - found.start : null, top: found.place.top + (found.place.kind === 'rows' ? (index - found.start) * height : 0) } : null;
  };
  const reveal = (index: number) => {
    const item = itemAt(index);
    const element = grid.current;
    if (!item || !element) return;
    const tall = item.row === null ? GROUP : height;
    if (item.top < element.scrollTop) element.scrollTop = item.top;
    else if (item.top + tall > element.scrollTop + element.clientHeight) element.scrollTop = item.top + tall - element.clientHeight;
  };
  const toggle = (name: string, value: boolean) => props.onOpen({ ...open, [name]: value });
  const pick = (run: string) => props.onPick(picked.includes(run) ? picked.filter(one => one !== run) : [...picked, run]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target as HTMLElement).tagName === 'INPUT') return;
    const item = itemAt(focus);
    const row = item && item.row !== null ? rowAt(item.group.name, item.row) : undefined;
    const move = (by: number) => {
      const next = Math.max(0, Math.min(order.count - 1, focus + by));
      if (event.shiftKey && row && !picked.includes(row.run)) pick(row.run);
      setFocus(next);
      reveal(next);
    };
    const keys: Record<string, () => void> = {
      ArrowDown: () => move(1), j: () => move(1), ArrowUp: () => move(-1), k: () => move(-1),
      PageDown: () => move(Math.floor(scroll.height / height)), PageUp: () => move(-Math.floor(scroll.height / height)),
      Home: () => move(-order.count), End: () => move(order.count),
      ArrowRight: () => item && item.row === null && toggle(item.group.name, true),
      ArrowLeft: () => {
        if (!item) return;
        if (item.row === null) toggle(item.group.name, false);
        else { const start = order.starts.find(one => one.place.kind === 'group' && one.place.group === item.group)!.start; setFocus(start); reveal(start); }
      },
      Enter: () => (row ? props.onRun(row.run) : item && toggle(item.group.name, !open[item.group.name])),
      Escape: () => props.onPick([]), '/': props.onSearch,
      x: () => row && pick(row.run), c: () => picked.length > 1 && props.onCompare(),
      p: () => (picked.length ? props.onReplay(picked) : row && props.onReplay([row.run])),
      r: () => row && props.onRestore(row.run), y: () => row && void navigator.clipboard?.writeText(row.run),
    };
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act) { event.preventDefault(); event.stopPropagation(); act(); }
  };

  const margin = 300;
  const visible: JSX.Element[] = [];
  let active: string | undefined;
  for (const { place, start } of order.starts) {
    if (place.kind === 'group') {
      if (place.top + GROUP < scroll.top - margin || place.top > scroll.top + scroll.height + margin) continue;
      const here = focused && focus === start;
      if (here) active = `mm-item-${start}`;
      visible.push(<GroupRow key={`g${place.group.name}`} id={`mm-item-${start}`} top={place.top} group={place.group} open={!!open[place.group.name]} focus={here}
        onToggle={() => { setFocus(start); toggle(place.group.name, !open[place.group.name]); }} />);
      continue;
    }
    const first = Math.max(0, Math.floor((scroll.top - margin - place.top) / height));
    const last = Math.min(place.group.count - 1, Math.ceil((scroll.top + scroll.height + margin - place.top) / height));
    const shown: (Row | undefined)[] = [];
    for (let i = first; i <= last; i++) shown.push(rowAt(place.group.name, i));
    const name = place.group.metric ?? props.wanted;
    const places_ = decimals(shown.map(row => (row ? real(mainMetric(row, name)?.value ?? null) : null)));
    for (let i = first; i <= last; i++) {
      const row = shown[i - first];
      const index = start + i;
      const here = focused && focus === index;
      if (here) active = `mm-item-${index}`;
      const top = place.top + i * height;
      if (!row) {
        visible.push(<div key={`${place.group.name}:${i}`} className="mm-row mm-ghost" style={{ top, height }} aria-hidden="true"><i /><i /></div>);
        continue;
      }
      visible.push(
        <RunRow key={`${place.group.name}:${i}`} id={`mm-item-${index}`} top={top} height={height} row={row} group={place.group} compact={compact} width={scroll.width}
          before={i > 0 ? rowAt(place.group.name, i - 1) : undefined} after={i + 1 < place.group.count && i < last ? rowAt(place.group.name, i + 1) : undefined}
          places={places_} name={name} columns={props.columns} picked={picked.includes(row.run)} picking={picked.length > 0} focus={here}
          onClick={event => {
            setFocus(index);
            if (event.ctrlKey || event.metaKey) pick(row.run);
            else if (event.shiftKey) {
              const runs = shown.filter(Boolean).map(one => one!.run);
              const from = runs.indexOf(picked[picked.length - 1] ?? row.run);
              const [a, b] = [Math.max(0, from), runs.indexOf(row.run)];
              props.onPick([...new Set([...picked, ...runs.slice(Math.min(a, b), Math.max(a, b) + 1)])]);
            } else props.onRun(row.run, (event.target as HTMLElement).closest('.mm-cell-verdict') ? 'verdict' : undefined);
          }}
          onPick={() => pick(row.run)} onRestore={() => props.onRestore(row.run)} onReplay={() => props.onReplay([row.run])} />,
      );
    }
  }
  return (
    <div ref={grid} className={`mm-grid${compact ? ' mm-compact' : ''}`} role="treegrid" aria-label="History of runs" aria-rowcount={order.count} tabIndex={0} aria-activedescendant={active}
      aria-multiselectable="true" onScroll={event => setScroll({ ...scroll, top: (event.target as HTMLElement).scrollTop })} onKeyDown={onKeyDown}
      onFocus={() => setFocused(true)} onBlur={() => setFocused(false)}>
      <div style={{ height: places.total, position: 'relative' }} role="rowgroup">{visible}</div>
    </div>
  );
}

function GroupRow(props: { id: string; top: number; group: Experiment; open: boolean; focus: boolean; onToggle: () => void }) {
  const { group, open } = props;
  const places = decimals([group.low, group.high]);
  return (
    <div id={props.id} className={`mm-row mm-group${props.focus ? ' mm-focus' : ''}`} style={{ top: props.top, height: GROUP }} role="row" aria-level={1} aria-expanded={open}
      aria-label={`${group.name}, ${group.count} runs`} onClick={props.onToggle}>
      <span className="mm-gutter" role="gridcell"><Icon name={open ? 'down' : 'right'} /></span>
      <span className="mm-main" role="gridcell"><b className="mm-cut" title={group.name}>{group.name}</b> <span className="mm-quiet mm-small">{group.count.toLocaleString('en-US')}</span></span>
      {open ? (
        <>
          {group.low !== null && group.high !== null && group.low !== group.high && <span className="mm-thread mm-axis mm-quiet" role="gridcell"><i>{metric(group.low, Math.min(2, places)).replace(/^0\./, '.')}</i><i>{metric(group.high, Math.min(2, places)).replace(/^0\./, '.')}</i></span>}
          <span className="mm-value mm-quiet mm-small mm-cut" role="gridcell" title={group.metric ?? ''}>{group.metric ? group.metric + arrow(group.direction) : ''}</span>
          <span className="mm-cell-verdict mm-quiet mm-small" role="gridcell"><span className="mm-word">verdict</span></span>
        </>
      ) : (
        <>
          <span className="mm-thread" role="gridcell"><Spark group={group} /></span>
          <span className="mm-value" role="gridcell" title={group.metric ?? ''}>{metric(real(group.latest))}</span>
          <span className="mm-cell-verdict" role="gridcell"><VerdictGlyph verdict={group.verdict} words /></span>
        </>
      )}
    </div>
  );
}

function Spark({ group }: { group: Experiment }) {
  const points = group.spark;
  if (points.length < 2) return null;
  const values = points.map(point => point[1]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (i: number) => 2 + (i / (points.length - 1)) * 44;
  const y = (value: number) => 16 - ((value - low) / (high - low || 1)) * 12;
  const best = points.findIndex(point => point[0] === group.best);
  return (
    <svg width="48" height="20" aria-hidden="true" className="mm-spark">
      <polyline points={points.map((point, i) => `${x(i)},${y(point[1])}`).join(' ')} fill="none" stroke="currentColor" strokeWidth="1" />
      {best >= 0 && <circle cx={x(best)} cy={y(values[best])} r="2.4" className="mm-best" />}
    </svg>
  );
}

interface RowProps {
  id: string; top: number; height: number; row: Row; group: Experiment; compact: boolean; width: number; before?: Row; after?: Row; places: number; name: string | null;
  columns: string[]; picked: boolean; picking: boolean; focus: boolean;
  onClick: (event: MouseEvent) => void; onPick: () => void; onRestore: () => void; onReplay: () => void;
}

function RunRow(props: RowProps) {
  const { row, group, name, places } = props;
  const shown = mainMetric(row, name);
  const value = shown ? real(shown.value) : null;
  const ended = row.status !== 'completed' && row.status !== 'running';
  const said = row.said ?? (row.status === 'interrupted' ? `interrupted after ${duration(row.seconds)}` : row.status === 'crashed' ? 'the kernel died before the cell ended' : null);
  const chips = row.changes ?? [];
  const room = props.width >= 520 ? 3 : props.width >= 420 ? 2 : 1;
  const label = [
    row.run, `${age(row.started)} ago`, ended ? said : shown && `${shown.name} ${metric(value, places)}`,
    shown?.better === true ? 'better' : shown?.better === false ? 'worse' : '', word(row.verdict),
    chips[0] ? `changed ${chips[0].name}${chips[0].old !== null ? ` from ${sides(chips[0])[0]}` : ''} to ${sides(chips[0])[1]}` : '',
  ].filter(Boolean).join(', ');
  return (
    <div id={props.id} className={`mm-row mm-run${props.picked ? ' mm-picked' : ''}${props.focus ? ' mm-focus' : ''}${row.status === 'running' ? ' mm-live' : ''}`}
      style={{ top: props.top, height: props.height }} role="row" aria-level={2} aria-selected={props.picked} aria-label={label} onClick={props.onClick}>
      <span className="mm-gutter" role="gridcell">
        <span className={`mm-check${props.picking ? ' mm-shown' : ''}`}><input type="checkbox" checked={props.picked} tabIndex={-1} aria-label={`pick ${row.run}`} onClick={event => event.stopPropagation()} onChange={props.onPick} /></span>
        <span className="mm-state">{!props.picking && <StatusMark status={row.status} />}</span>
      </span>
      <span className="mm-main" role="gridcell">
        <span className="mm-line">
          <b>{row.version}</b> <span className="mm-quiet mm-small" title={exact(row.started)}>{props.compact ? '' : age(row.started)}</span>
          {row.models.length > 0 && <span className="mm-quiet" title={row.models.join(', ')}><Icon name="model" size={12} /></span>}
          {!props.compact && Object.entries(row.tags).slice(0, props.width >= 420 ? 2 : 1).map(([key, tag]) => <span key={key} className="mm-tag mm-cut" title={`${key}=${tag}`}>{tag}</span>)}
          {props.compact && <span className="mm-quiet mm-small mm-cut">{row.params.filter(one => one.origin === 'author').slice(0, 4).map(one => `${one.name} ${param(one.value)}`).join(', ')}</span>}
        </span>
        {!props.compact && (
          <span className="mm-line mm-small">
            {said ? <span className={ended && row.status !== 'interrupted' ? 'mm-code mm-bad mm-cut' : 'mm-code mm-quiet mm-cut'} title={said}>{said}</span>
              : <>{chips.slice(0, room).map(change => <Chip key={change.kind + change.name} change={change} />)}{chips.length > room && <span className="mm-quiet">+{chips.length - room}</span>}
                {!chips.length && row.note && <span className="mm-quiet mm-cut" title={row.note}>{row.note}</span>}</>}
          </span>
        )}
      </span>
      {!said && props.width >= 520 && props.columns.map(column => <span key={column} className="mm-column mm-cut" role="gridcell" title={column}>{columnValue(row, column)}</span>)}
      {!said && (
        <span className="mm-thread" role="gridcell">
          {!props.compact && <Thread {...props} value={value} />}
          <span className="mm-hover"><Button icon="restore" label={`Restore the source of ${row.run}`} text={false} kind="bare" onClick={props.onRestore} /><Button icon="replay" label={`Replay ${row.run}`} text={false} kind="bare" onClick={props.onReplay} /></span>
        </span>
      )}
      {!said && (
        <span className={`mm-value${group.best === row.version ? ' mm-strong' : ''}`} role="gridcell" title={shown ? `${shown.name} ${shown.value}` : 'no metric'}>
          <span>{metric(value, places)}</span>{!props.compact && shown && <Delta shown={shown} places={places} />}
        </span>
      )}
      <span className="mm-cell-verdict" role="gridcell">
        {row.status === 'running' ? <span className="mm-quiet mm-small mm-word">{duration(Date.now() / 1000 - row.started)}</span> : ended && !row.verdict ? null : <VerdictGlyph verdict={row.verdict} words />}
      </span>
    </div>
  );
}

export function columnValue(row: Row, column: string): string {
  const [kind, name] = [column.slice(0, column.indexOf('.')), column.slice(column.indexOf('.') + 1)];
  if (kind === 'metrics') return metric(real(row.metrics.find(one => one.name === name)?.value ?? null));
  if (kind === 'tags') return row.tags[name] ?? '–';
  return param(row.params.find(one => one.name === name)?.value);
}

/** The sparkline of an open experiment: each row draws its own dot and the halves of the lines to its neighbours. */
function Thread(props: RowProps & { value: number | null }) {
  const { group, value, height, name } = props;
  if (value === null || !isFinite(value) || group.low === null || group.high === null) return null;
  const x = (at: number) => 5 + ((at - group.low!) / (group.high! - group.low! || 1)) * 38;
  const other = (row?: Row) => {
    const found = row && !row.said ? real(mainMetric(row, name)?.value ?? null) : null;
    return found !== null && isFinite(found) ? found : null;
  };
  const [above, below] = [other(props.before), other(props.after)];
  const best = group.best === props.row.version;
  return (
    <svg width="48" height={height} aria-hidden="true" className="mm-threadline">
      {above !== null && <line x1={(x(value) + x(above)) / 2} y1="0" x2={x(value)} y2={height / 2} />}
      {below !== null && <line x1={x(value)} y1={height / 2} x2={(x(value) + x(below)) / 2} y2={height} />}
      <circle cx={x(value)} cy={height / 2} r={best ? 3.2 : 2.3} className={best ? 'mm-best' : props.row.status === 'running' ? 'mm-open' : ''} />
    </svg>
  );
}
