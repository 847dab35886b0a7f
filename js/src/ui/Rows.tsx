// The rows of the history: a group's header, a run with its part of the thread.
import { useEffect, useState } from 'react';
import type { MouseEvent } from 'react';
import type { Experiment, Row } from '../wire';
import { age, decimals, duration, exact, metric, param, real } from './format';
import { Button, Icon, StatusMark, VerdictGlyph, word } from './glyphs';
import { arrow, Chip, Delta, mainMetric, sides } from './parts';

export const GROUP = 32;

export function GroupRow(props: { id: string; top: number; group: Experiment; open: boolean; focus: boolean; onToggle: () => void }) {
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

export function RunRow(props: RowProps) {
  const { row, group, name, places } = props;
  const shown = mainMetric(row, name);
  const value = shown ? real(shown.value) : null;
  const ended = row.status !== 'completed' && row.status !== 'running';
  const said = row.said ?? (row.status === 'interrupted' ? `interrupted after ${duration(row.seconds)}` : row.status === 'crashed' ? 'the kernel died before the cell ended' : null);
  const chips = row.changes ?? [];
  const room = props.width >= 520 ? 3 : props.width >= 420 ? 2 : 1;
  const done = row.status === 'running' ? share(row) : null;
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
            {row.status === 'running' && row.progress?.step != null && <span className="mm-quiet">step {row.progress.step.toLocaleString('en-US')}{row.progress.steps ? ` of ${row.progress.steps.toLocaleString('en-US')}` : ''}</span>}
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
        {row.status === 'running' ? <span className="mm-quiet mm-small mm-word"><Clock row={row} /></span> : ended && !row.verdict ? null : <VerdictGlyph verdict={row.verdict} words />}
      </span>
      {row.status === 'running' && <i className="mm-progress" role="progressbar" aria-label={`${row.run} runs`} aria-valuemin={0} aria-valuemax={100} aria-valuenow={done === null ? undefined : Math.round(done * 100)}><i style={{ width: `${(done ?? 0) * 100}%` }} /></i>}
    </div>
  );
}

/** How far a running run is, as share of one: by the steps of its parent, else by its parent's time. */
export function share(row: Row, now = Date.now() / 1000): number | null {
  const { step = null, steps = null, seconds = null } = row.progress ?? {};
  const done = step !== null && steps ? step / steps : seconds ? (now - row.started) / seconds : null;
  return done === null ? null : Math.max(0, Math.min(1, done));
}

/** Time spent and, where the parent lets it be told, left: by the second. */
export function Clock({ row }: { row: Row }) {
  const [now, setNow] = useState(Date.now() / 1000);
  useEffect(() => { const timer = setInterval(() => setNow(Date.now() / 1000), 1000); return () => clearInterval(timer); }, []);
  const [spent, done] = [Math.max(0, now - row.started), share(row, now)];
  const whole = (seconds: number) => duration(Math.max(1, Math.round(seconds))).replace('.0 s', ' s');
  const left = row.progress?.steps && done ? (spent / done) * (1 - done) : row.progress?.seconds ? row.progress.seconds - spent : null;
  return <span title={`running for ${whole(spent)}`}>{left !== null && left > 0 ? `${whole(left)} left` : whole(spent)}</span>;
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
  const noise = real(mainMetric(props.row, name)?.noise);
  const span = group.high - group.low;
  const x = (at: number) => span ? 5 + ((at - group.low!) / span) * 38 : 24 + ((at - group.low!) / (4 * (noise ?? 0) || 1)) * 38;
  const other = (row?: Row) => {
    const found = row && !row.said ? real(mainMetric(row, name)?.value ?? null) : null;
    return found !== null && isFinite(found) ? found : null;
  };
  const [above, below] = [other(props.before), other(props.after)];
  const best = group.best === props.row.version;
  return (
    <svg width="48" height={height} aria-hidden="true" className="mm-threadline">
      {noise !== null && <line className="mm-noise" x1={Math.max(1, x(value - noise))} x2={Math.min(47, x(value + noise))} y1={height / 2} y2={height / 2} />}
      {above !== null && <line x1={(x(value) + x(above)) / 2} y1="0" x2={x(value)} y2={height / 2} />}
      {below !== null && <line x1={x(value)} y1={height / 2} x2={(x(value) + x(below)) / 2} y2={height} />}
      <circle cx={x(value)} cy={height / 2} r={best ? 3.2 : 2.3} className={best ? 'mm-best' : props.row.status === 'running' ? 'mm-open' : ''} />
    </svg>
  );
}
