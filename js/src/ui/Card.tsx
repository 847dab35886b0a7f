// The slim card of a run: one line at every width.
import type { Row } from '../wire';
import { age, decimals, duration, exact, real, spread } from './format';
import { Icon, StatusMark, VerdictGlyph } from './glyphs';
import { arrow, Chip, Delta, mainMetric, MetricValue } from './parts';

export function Card({ row, metric }: { row: Row; metric?: string | null }) {
  const shown = mainMetric(row, metric);
  const places = shown ? decimals([real(shown.value), real(shown.parent)]) : 0;
  const chips = row.changes ?? [];
  return (
    <div className="mm-card" role="group" aria-label={row.run}>
      <StatusMark status={row.status} />
      <b className="mm-cut" title={row.run}>{row.run}</b>
      {row.said ? <span className="mm-code mm-bad mm-cut" title={row.said}>{row.said}</span> : shown && <span className="mm-line"><span className="mm-quiet mm-cut">{shown.name}{arrow(shown.direction)}</span><b><MetricValue value={shown.value} places={places} /></b>{real(shown.noise) !== null && <span className="mm-quiet mm-small mm-wide" title="standard deviation under other seeds and threads">± {spread(real(shown.noise)!)}</span>}<Delta shown={shown} places={places} /></span>}
      {chips[0] && <Chip change={chips[0]} />}
      {chips.length > 1 && <span className="mm-quiet mm-small">+{chips.length - 1}</span>}
      {row.parent && chips.length > 0 && <span className="mm-quiet mm-small mm-cut">since {row.parent}</span>}
      <span className="mm-grow" />
      {row.models.length > 0 && <span className="mm-quiet mm-small mm-cut"><Icon name="model" size={12} /> {row.models[0]}</span>}
      <span className="mm-quiet mm-small" title={exact(row.started)}>{row.status === 'running' ? 'running' : `${age(row.started)}, ${duration(row.seconds)}`}</span>
      <VerdictGlyph verdict={row.verdict} words />
    </div>
  );
}
