// The queue, how the runs stand, what explains those that do not reproduce, and what has finished.
import type { Job, Replays as Found } from '../wire';
import { age, count, exact } from './format';
import { Button, Icon, VERDICTS, VerdictGlyph } from './glyphs';

export interface ReplaysProps {
  found: Found;
  onStop: (job: Job) => void;
  onReplay: (runs: string[]) => void;
  onRest: () => void;
  onRun: (run: string, at?: 'verdict') => void;
}

export function ReplaysView({ found, onStop, onReplay, onRest, onRun }: ReplaysProps) {
  const now = found.jobs.filter(job => job.state === 'running' || job.state === 'waiting');
  const told = found.jobs.filter(job => job.state === 'done' && job.kind !== 'replay').slice(0, 5);
  const broken = found.jobs.filter(job => job.state === 'failed').slice(0, 5);
  const running = now.filter(job => job.state === 'running').length;
  const judged = Object.values(found.verdicts).reduce((sum, one) => sum + one, 0);
  const rest = found.total - judged;
  return (
    <div className="mm-page">
      <section className="mm-section">
        <h3>Now <span className="mm-quiet mm-small">{now.length ? `${running} running, ${now.length - running} waiting` : 'nothing runs'}</span><span className="mm-grow" />
          {now.length > 1 && <button type="button" className="mm-link" onClick={() => now.forEach(onStop)}>Stop all</button>}</h3>
        {!now.length && !found.total && <p className="mm-quiet">Track a cell first: a replay executes its recipe in a fresh kernel and says whether the result comes again.</p>}
        <div aria-live="polite">{now.map((job, i) => (
          <div key={job.id} className="mm-job">
            {job.state === 'running' ? <span className="mm-spin" aria-label="running" role="img" /> : <VerdictGlyph verdict={null} size={14} />}
            <button type="button" className="mm-link mm-strong mm-cut" onClick={() => onRun(job.run)}>{job.run}</button>{job.kind !== 'replay' && <span className="mm-tag">{job.kind}</span>}<span className="mm-grow" />
            <span className="mm-quiet mm-small">{job.state === 'running' ? (job.cells ? `${job.phase}, cell ${Math.min(job.cell + 1, job.cells)} of ${job.cells}` : 'starting a kernel') : i === running ? 'next' : 'waiting'}</span>
            <Button icon={job.state === 'running' ? 'stop' : 'close'} label={`Stop the replay of ${job.run}`} text={false} kind="bare" onClick={() => onStop(job)} />
            {job.state === 'running' && job.cells > 0 && <div className="mm-segments" role="progressbar" aria-valuemin={0} aria-valuemax={job.cells} aria-valuenow={job.cell} aria-label={`Replay of ${job.run}`}>{Array.from({ length: Math.min(job.cells, 60) }, (_, at) => <i key={at} className={at < (job.cell * Math.min(job.cells, 60)) / job.cells ? 'mm-full' : ''} />)}</div>}
          </div>
        ))}</div>
        {told.map(job => <button type="button" key={job.id} className="mm-done" onClick={() => onRun(job.run, job.kind === 'explain' ? 'verdict' : undefined)}>{job.verdict ? <VerdictGlyph verdict={job.verdict} /> : <Icon name="check" size={14} />}<span className="mm-told"><b>{job.run}</b> <span className="mm-tag">{job.kind}</span> <span className="mm-quiet mm-small">{job.said}</span></span><span className="mm-quiet mm-small">{job.ended ? age(job.ended) : ''}</span></button>)}
        {broken.map(job => <div key={job.id} className="mm-job"><VerdictGlyph verdict="unverifiable" size={14} /><b className="mm-cut">{job.run}</b><span className="mm-quiet mm-small">{job.said}</span></div>)}
      </section>
      {found.total > 0 && (
        <section className="mm-section">
          <h3>Verdicts <span className="mm-quiet mm-small">{judged.toLocaleString('en-US')} of {count(found.total, 'run')}</span><span className="mm-grow" />
            {rest > 0 && <button type="button" className="mm-link" onClick={onRest}>Replay the other {rest.toLocaleString('en-US')}</button>}</h3>
          {judged > 0 && <div className="mm-stack" aria-hidden="true">{VERDICTS.filter(one => found.verdicts[one]).map(one => <i key={one} className={`mm-v-${one}`} style={{ flexGrow: found.verdicts[one] }} />)}</div>}
          <div className="mm-counts">{VERDICTS.map(one => <div key={one} className={found.verdicts[one] ? '' : 'mm-quiet'}><VerdictGlyph verdict={one} words /><span>{(found.verdicts[one] ?? 0).toLocaleString('en-US')}</span></div>)}</div>
        </section>
      )}
      {found.causes.length > 0 && (
        <section className="mm-section">
          <h3>Causes <span className="mm-quiet mm-small">most runs first</span></h3>
          {found.causes.slice(0, 20).map((group, i) => (
            <div key={i} className="mm-fact"><span className="mm-cut" title={group.runs.join(', ')}>{group.cause.factor} <code>{group.cause.name} {group.cause.recorded ?? '–'} → {group.cause.current ?? '–'}</code></span>
              <button type="button" className="mm-link" title="Replay all of them" onClick={() => onReplay(group.runs)}>{count(group.runs.length, 'run')}</button></div>
          ))}
        </section>
      )}
      {found.finished.length > 0 && (
        <section className="mm-section">
          <h3>Finished</h3>
          {found.finished.map((one, i) => (
            <button type="button" key={i} className="mm-done" onClick={() => onRun(one.run, 'verdict')}>
              <VerdictGlyph verdict={one.verdict} /><span className="mm-cut"><b>{one.run}</b> {one.verdict}<span className="mm-quiet mm-small mm-cut">{one.causes.length ? one.causes.map(cause => `${cause.factor} ${cause.name}`).join(', ') : `${count(one.replays, 'replay')}, ${count(one.items.length, 'item')}`}</span></span>
              <span className="mm-quiet mm-small" title={exact(one.at)}>{age(one.at)}</span>
            </button>
          ))}
        </section>
      )}
    </div>
  );
}
