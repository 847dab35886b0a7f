// The queue, how the runs stand, what explains those that do not reproduce, and what has finished.
import type { Batch, Job, Replays as Found } from '../wire';
import { age, count, duration, exact } from './format';
import { Button, Icon, VERDICTS, VerdictGlyph } from './glyphs';

export interface ReplaysProps {
  found: Found;
  onStop: (asked: Job | Batch) => void;
  onCompare: (runs: string[]) => void;
  onReplay: (runs: string[]) => void;
  onRest: () => void;
  onRun: (run: string, at?: 'verdict') => void;
}

const left = (batch: Batch) => batch.waiting + batch.running;
const total = (batch: Batch) => left(batch) + batch.done + batch.failed + batch.cancelled;

/** The time that is left, by what has ended so far; nothing before anything has. */
function remaining(batch: Batch): string {
  const ended = batch.done + batch.failed;
  if (!ended || !batch.running || batch.started === null) return '';
  return `, ${duration(((Date.now() / 1000 - batch.started) / ended) * left(batch))} left`;
}

/** How a job is called: a point of a sweep by its parameters. */
const called = (job: Job) => job.run ?? job.parameters;

function OneBatch({ batch, jobs, onStop, onRun }: { batch: Batch; jobs: Job[]; onStop: ReplaysProps['onStop']; onRun: ReplaysProps['onRun'] }) {
  const ended = total(batch) - left(batch);
  const what = batch.kind === 'sweep' ? 'sweep' : 'replays';
  return (
    <div className="mm-batch" role="group" aria-label={`${batch.title}, ${what}`}>
      <div className="mm-job">
        {batch.running ? <span className="mm-spin" aria-label="running" role="img" /> : <VerdictGlyph verdict={null} size={14} />}
        <b className="mm-cut" title={`${batch.id}, asked for by ${batch.who}`}>{batch.title}</b><span className="mm-tag">{what}</span><span className="mm-grow" />
        <span className="mm-quiet mm-small">{batch.running ? '' : 'interrupted, '}{ended.toLocaleString('en-US')} of {total(batch).toLocaleString('en-US')}{batch.failed ? `, ${batch.failed} failed` : ''}{remaining(batch)}</span>
        <Button icon="stop" label={`Stop ${batch.title}`} text={false} kind="bare" onClick={() => onStop(batch)} />
        <div className="mm-share" role="progressbar" aria-valuemin={0} aria-valuemax={total(batch)} aria-valuenow={ended} aria-label={batch.title}><i style={{ width: `${(100 * ended) / Math.max(total(batch), 1)}%` }} /></div>
      </div>
      {!batch.running && <p className="mm-quiet mm-small mm-inset">Go on in a terminal: <code>mm resume {batch.id}</code></p>}
      {jobs.slice(0, 4).map(job => (
        <div key={job.id} className="mm-fact mm-inset">{job.run ? <button type="button" className="mm-link mm-cut" onClick={() => onRun(job.run as string)}>{job.run}</button> : <span className="mm-cut">{called(job)}</span>}
          <span className="mm-quiet mm-small">{job.cells ? `cell ${Math.min(job.cell + 1, job.cells)} of ${job.cells}` : 'starting'}</span></div>
      ))}
    </div>
  );
}

export function ReplaysView({ found, onStop, onCompare, onReplay, onRest, onRun }: ReplaysProps) {
  const large = found.batches.filter(batch => left(batch) > 0 && total(batch) > 1);
  const within = new Set(large.map(batch => batch.id));
  const open = found.jobs.filter(job => job.state === 'running' || job.state === 'waiting');
  const now = open.filter(job => !within.has(job.batch));
  const told = found.jobs.filter(job => job.state === 'done' && job.run !== null && (job.kind === 'explain' || job.kind === 'noise')).slice(0, 5);
  const broken = found.jobs.filter(job => job.state === 'failed').slice(0, 5);
  const sweeps = found.batches.filter(batch => batch.kind === 'sweep' && batch.runs.length > 0);
  const all = open.filter(job => job.state === 'running').length;
  const running = now.filter(job => job.state === 'running').length;
  const judged = Object.values(found.verdicts).reduce((sum, one) => sum + one, 0);
  const rest = found.total - judged;
  return (
    <div className="mm-page">
      <section className="mm-section">
        <h3>Now <span className="mm-quiet mm-small">{all || found.waiting ? `${all} running, ${found.waiting.toLocaleString('en-US')} waiting` : 'nothing runs'}</span><span className="mm-grow" />
          {now.length > 1 && <button type="button" className="mm-link" onClick={() => now.forEach(onStop)}>Stop all</button>}</h3>
        {!now.length && !found.total && <p className="mm-quiet">Track a cell first: a replay executes its recipe in a fresh kernel and says whether the result comes again.</p>}
        <div aria-live="polite">
          {large.map(batch => <OneBatch key={batch.id} batch={batch} jobs={open.filter(job => job.batch === batch.id && job.state === 'running')} onStop={onStop} onRun={onRun} />)}
          {now.map((job, i) => (
          <div key={job.id} className="mm-job">
            {job.state === 'running' ? <span className="mm-spin" aria-label="running" role="img" /> : <VerdictGlyph verdict={null} size={14} />}
            <button type="button" className="mm-link mm-strong mm-cut" onClick={() => job.run && onRun(job.run)}>{called(job)}</button>{job.kind !== 'replay' && <span className="mm-tag">{job.kind}</span>}<span className="mm-grow" />
            <span className="mm-quiet mm-small">{job.state === 'running' ? (job.cells ? `${job.phase}, cell ${Math.min(job.cell + 1, job.cells)} of ${job.cells}` : 'starting a kernel') : i === running ? 'next' : 'waiting'}</span>
            <Button icon={job.state === 'running' ? 'stop' : 'close'} label={`Stop the replay of ${called(job)}`} text={false} kind="bare" onClick={() => onStop(job)} />
            {job.state === 'running' && job.cells > 0 && <div className="mm-segments" role="progressbar" aria-valuemin={0} aria-valuemax={job.cells} aria-valuenow={job.cell} aria-label={`Replay of ${called(job)}`}>{Array.from({ length: Math.min(job.cells, 60) }, (_, at) => <i key={at} className={at < (job.cell * Math.min(job.cells, 60)) / job.cells ? 'mm-full' : ''} />)}</div>}
          </div>
        ))}</div>
        {told.map(job => <button type="button" key={job.id} className="mm-done" onClick={() => onRun(job.run as string, job.kind === 'explain' ? 'verdict' : undefined)}>{job.verdict ? <VerdictGlyph verdict={job.verdict} /> : <Icon name="check" size={14} />}<span className="mm-told"><b>{job.run}</b> <span className="mm-tag">{job.kind}</span> <span className="mm-quiet mm-small">{job.said}</span></span><span className="mm-quiet mm-small">{job.ended ? age(job.ended) : ''}</span></button>)}
        {broken.map(job => <div key={job.id} className="mm-job"><VerdictGlyph verdict="unverifiable" size={14} /><b className="mm-cut">{called(job)}</b><span className="mm-quiet mm-small">{job.said}</span></div>)}
      </section>
      {found.total > 0 && (
        <section className="mm-section">
          <h3>Verdicts <span className="mm-quiet mm-small">{judged.toLocaleString('en-US')} of {count(found.total, 'run')}</span><span className="mm-grow" />
            {rest > 0 && <button type="button" className="mm-link" onClick={onRest}>Replay the other {rest.toLocaleString('en-US')}</button>}</h3>
          {judged > 0 && <div className="mm-stack" aria-hidden="true">{VERDICTS.filter(one => found.verdicts[one]).map(one => <i key={one} className={`mm-v-${one}`} style={{ flexGrow: found.verdicts[one] }} />)}</div>}
          <div className="mm-counts">{VERDICTS.map(one => <div key={one} className={found.verdicts[one] ? '' : 'mm-quiet'}><VerdictGlyph verdict={one} words /><span>{(found.verdicts[one] ?? 0).toLocaleString('en-US')}</span></div>)}</div>
        </section>
      )}
      {sweeps.length > 0 && (
        <section className="mm-section">
          <h3>Sweeps <span className="mm-quiet mm-small">newest first</span></h3>
          {sweeps.map(batch => (
            <div key={batch.id} className="mm-fact"><span className="mm-cut" title={`${batch.id}, ${exact(batch.asked)}`}>{batch.title}{batch.best && <> <span className="mm-quiet">best {batch.metric}</span> <button type="button" className="mm-link mm-strong" onClick={() => onRun(batch.best as string)}>{batch.best}</button></>}</span>
              {batch.runs.length > 1 && <button type="button" className="mm-link" title="Compare its runs" onClick={() => onCompare(batch.runs)}>Compare {batch.runs.length}</button>}</div>
          ))}
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
