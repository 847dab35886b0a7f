// The history: groups of runs as a tree grid with virtual rows. Data comes from a `HistorySource`; nothing here knows Jupyter.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent } from 'react';
import type { Experiment, History as Groups, Page, Row } from '../wire';
import { age, decimals, real } from './format';
import { DEFAULT_KEYS, type Keys } from './keys';
import { mainMetric } from './parts';
import { GROUP, GroupRow, RunRow } from './Rows';

const PAGE = 50;

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
  /** The letters of the actions, where the person changed them. */
  keys?: Keys;
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
  const before = useRef(source);
  if (before.current !== source) { before.current = source; pages.current = new Map(); }
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

/** Is the list being scrolled? Then its thumb says where one is. */
function useThumb() {
  const [moving, setMoving] = useState(false);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const move = () => { setMoving(true); clearTimeout(timer.current); timer.current = window.setTimeout(() => setMoving(false), 900); };
  return { moving, move };
}

function topRow(places: Place[], scroll: { top: number; height: number }, height: number, rowAt: (experiment: string, index: number) => Row | undefined): Row | undefined {
  const middle = scroll.top + scroll.height / 2;
  const place = places.find(one => one.kind === 'rows' && middle >= one.top && middle < one.top + one.group.count * height);
  return place && rowAt(place.group.name, Math.floor((middle - place.top) / height));
}

export function HistoryView(props: HistoryProps) {
  const { groups, open, picked } = props;
  const grid = useRef<HTMLDivElement>(null);
  const [scroll, setScroll] = useState({ top: 0, height: 600, width: 300 });
  const [focus, setFocus] = useState(0);
  const [focused, setFocused] = useState(false);
  const thumb = useThumb();
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
    const { keys: own = DEFAULT_KEYS } = props;
    const keys: Record<string, () => void> = {
      [own.down]: () => move(1), [own.up]: () => move(-1), [own.search]: props.onSearch,
      [own.pick]: () => row && pick(row.run), [own.compare]: () => picked.length > 1 && props.onCompare(),
      [own.replay]: () => (picked.length ? props.onReplay(picked) : row && props.onReplay([row.run])),
      [own.restore]: () => row && props.onRestore(row.run), [own.copy]: () => row && void navigator.clipboard?.writeText(row.run),
      ArrowDown: () => move(1), ArrowUp: () => move(-1),
      PageDown: () => move(Math.floor(scroll.height / height)), PageUp: () => move(-Math.floor(scroll.height / height)),
      Home: () => move(-order.count), End: () => move(order.count),
      ArrowRight: () => item && item.row === null && toggle(item.group.name, true),
      ArrowLeft: () => {
        if (!item) return;
        if (item.row === null) toggle(item.group.name, false);
        else { const start = order.starts.find(one => one.place.kind === 'group' && one.place.group === item.group)!.start; setFocus(start); reveal(start); }
      },
      Enter: () => (row ? props.onRun(row.run) : item && toggle(item.group.name, !open[item.group.name])),
      Escape: () => props.onPick([]),
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
  const at = compact && thumb.moving ? topRow(places.found, scroll, height, rowAt) : undefined;
  return (
    <div className="mm-gridhost">
    {at && <div className="mm-thumb" aria-hidden="true" style={{ top: Math.round((scroll.top / Math.max(1, places.total - scroll.height)) * Math.max(0, scroll.height - 24)) }}><b>{at.run}</b> {age(at.started)}</div>}
    <div ref={grid} className={`mm-grid${compact ? ' mm-compact' : ''}`} role="treegrid" aria-label="History of runs" aria-rowcount={order.count} tabIndex={0} aria-activedescendant={active}
      aria-multiselectable="true" onScroll={event => { setScroll({ ...scroll, top: (event.target as HTMLElement).scrollTop }); thumb.move(); }} onKeyDown={onKeyDown}
      onFocus={() => setFocused(true)} onBlur={() => setFocused(false)}>
      <div style={{ height: places.total, position: 'relative' }} role="rowgroup">{visible}</div>
    </div>
    </div>
  );
}
