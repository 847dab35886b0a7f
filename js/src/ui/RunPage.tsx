// One run: what changed first, then metrics, verdict, curves, outputs, inputs, params, environment.
import { useEffect, useRef, useState } from 'react';
import type { Cause, Run, Series, Verdict as Judged } from '../wire';
import { Chart, COLORS } from './Chart';
import { age, bytes, count, decimals, duration, exact, param, real } from './format';
import { Button, Icon, StatusMark, VERDICTS, VerdictGlyph, word } from './glyphs';
import { arrow, Delta, Editable, MetricValue, NoiseBar, Section, Shown, shortName, sides, SourceDiff, type Renderer } from './parts';

export interface RunPageProps {
  run: Run;
  series: (name: string, run?: string) => Promise<Series>;
  artifactUrl: (digest: string) => string;
  render?: Renderer;
  at?: 'verdict';
  readOnly: boolean;
  onBack: () => void;
  onAgainst: (run: string) => void;
  onNote: (text: string) => void;
  onTag: (key: string, value: string | null) => void;
  onReplay: () => void;
  onExplain: () => void;
  onNoise: () => void;
  onRecipe: () => void;
  onRestore: () => void;
  onDelete: () => void;
}

export function RunPage(props: RunPageProps) {
  const { run } = props;
  const { row } = run;
  const page = useRef<HTMLDivElement>(null);
  useEffect(() => {
    page.current?.focus({ preventScroll: true });
    if (props.at === 'verdict') document.getElementById('mm-verdict')?.scrollIntoView();
  }, [row.run]);
  return (
    <div ref={page} className="mm-page" role="article" tabIndex={-1} aria-label={row.run} onKeyDown={event => { if (event.key === 'Escape') props.onBack(); }}>
      <header className="mm-head">
        <div className="mm-line">
          <Button icon="back" label="Back to the history" text={false} kind="bare" onClick={props.onBack} />
          <h2 className="mm-cut" title={row.run}>{row.run}</h2>
          <StatusMark status={row.status} />
          <span className="mm-grow" />
          <VerdictGlyph verdict={row.verdict} words />
        </div>
        <div className="mm-indent mm-quiet mm-small">
          <span title={exact(row.started)}>{age(row.started)}{age(row.started) === 'now' ? '' : ' ago'}</span> · {duration(row.seconds)}
          {row.notebook && <> · {row.notebook}</>}
          {run.models.map(model => <div key={model.name}><Icon name="model" size={12} /> {model.name}: {shortName(model.type)}, {bytes(model.size)}{model.kept ? '' : `, not kept: ${model.why}`}</div>)}
        </div>
        <div className="mm-indent"><Editable text={row.note} empty="Add a note" label="Note" onSave={props.onNote} /><Tags tags={row.tags} onTag={props.onTag} /></div>
        <div className="mm-actions">
          <Button icon="replay" label="Replay" kind="brand" onClick={props.onReplay} disabled={props.readOnly || row.status === 'running'} />
          <Button icon="recipe" label="Recipe" onClick={props.onRecipe} />
          <Button icon="restore" label="Restore source" onClick={props.onRestore} />
          <span className="mm-grow" />
          <Button icon="copy" label="Copy the code that loads it" text={false} kind="bare" onClick={() => void navigator.clipboard?.writeText(run.loading)} />
          <Button icon="bin" label={`Delete ${row.run}`} text={false} kind="bare" onClick={props.onDelete} disabled={props.readOnly} />
        </div>
      </header>
      {run.error && <section className="mm-section"><h3>It raised</h3><pre className="mm-text mm-bad" tabIndex={0}>{run.traceback ?? run.error}</pre></section>}
      <Changed run={run} onAgainst={props.onAgainst} />
      <Metrics run={run} onNoise={props.readOnly ? undefined : props.onNoise} />
      {run.verdict && <VerdictPart judged={run.verdict} onReplay={props.readOnly ? undefined : props.onReplay} onExplain={props.readOnly ? undefined : props.onExplain} />}
      {run.series.length > 0 && <Section title="Curves" quiet={count(run.series.length, 'series', 'series')}><Curves run={run} series={props.series} /></Section>}
      {run.outputs.length > 0 && <Section title="Outputs" quiet="as they looked">{run.outputs.map((output, i) => <div key={i}><Shown output={output} render={props.render} />{output.truncated > 0 && <p className="mm-quiet mm-small">{bytes(output.truncated)} more were not kept</p>}</div>)}</Section>}
      <Files run={run} />
      {run.artifacts.length > 0 && (
        <Section title="Artifacts" quiet={String(run.artifacts.length)}>
          {run.artifacts.map(one => (
            <div key={one.digest + one.name}>
              <div className="mm-fact"><a href={props.artifactUrl(one.digest)} download={one.name} className="mm-cut">{one.name}</a><span className="mm-quiet mm-small">{one.media_type}, {bytes(one.size)}</span></div>
              {/^image\/(png|jpeg|gif|webp)$/.test(one.media_type) && <img className="mm-figure" loading="lazy" src={props.artifactUrl(one.digest)} alt={one.name} />}
            </div>
          ))}
        </Section>
      )}
      <Section title="Params" quiet={String(row.params.length)} folded>
        {row.params.map(one => <div key={one.name} className="mm-fact"><span className={one.origin === 'default' ? 'mm-quiet mm-cut' : 'mm-cut'} title={one.origin}>{one.name}</span><span className="mm-cut" title={param(one.value)}>{param(one.value)}</span></div>)}
      </Section>
      <Section title="Source" folded><pre className="mm-diff" tabIndex={0}>{run.source}</pre></Section>
      {run.environment && (
        <Section title="Environment" quiet={`Python ${run.environment.python}, ${count(Object.keys(run.environment.packages).length, 'package')}`} folded>
          <div className="mm-fact"><span>platform</span><span className="mm-cut" title={run.environment.platform}>{run.environment.platform}</span></div>
          <div className="mm-fact"><span>processor</span><span className="mm-cut">{run.environment.processor || '–'}, {count(run.environment.cpus, 'core')}</span></div>
          {Object.entries(run.environment.packages).map(([name, version]) => <div key={name} className="mm-fact"><span className="mm-cut">{name}</span><span>{version}</span></div>)}
        </Section>
      )}
      {run.not_kept.length > 0 && <Section title="Not recorded" quiet={String(run.not_kept.length)}>{run.not_kept.map((one, i) => <div key={i} className="mm-fact"><span className="mm-cut">{one.kind} {one.name}</span><span className="mm-quiet mm-small">{one.why}</span></div>)}</Section>}
    </div>
  );
}

function Tags({ tags, onTag }: { tags: Record<string, string>; onTag: (key: string, value: string | null) => void }) {
  return (
    <div className="mm-tags">
      {Object.entries(tags).map(([key, value]) => (
        <span key={key} className="mm-tag" title={`${key}=${value}`}><span className="mm-cut">{key}={value}</span><button type="button" aria-label={`Take the tag ${key} away`} className="mm-link" onClick={() => onTag(key, null)}>×</button></span>
      ))}
      <Editable text={null} empty="Add a tag" label="New tag, as key=value" onSave={text => {
        const [key, ...rest] = text.split('=');
        if (key.trim()) onTag(key.trim(), rest.join('=').trim() || 'yes');
      }} />
    </div>
  );
}

function Changed({ run, onAgainst }: { run: Run; onAgainst: (run: string) => void }) {
  const diff = run.changed;
  const [other, setOther] = useState('');
  if (!diff) return <Section title="Changed" fixed><p className="mm-quiet">The first run: there is nothing before it.</p></Section>;
  const kinds: [string, string][] = [['params', 'Params'], ['data', 'Data'], ['code', 'Code'], ['environment', 'Environment'], ['model', 'Model']];
  return (
    <section className="mm-section">
      <h3><span>Changed since {diff.old}</span>
        <form className="mm-against" onSubmit={event => { event.preventDefault(); if (other.trim()) onAgainst(other.trim()); }}>
          <input className="mm-input" aria-label="Compare with another run" placeholder="another run" value={other} onChange={event => setOther(event.target.value)} onKeyDown={event => event.stopPropagation()} />
        </form>
      </h3>
      {!diff.changes.length && !diff.source.length && <p className="mm-quiet">Nothing: {count(diff.same, 'thing')} compared, all the same.</p>}
      {kinds.map(([kind, title]) => {
        const changes = diff.changes.filter(change => change.kind === kind);
        if (!changes.length) return null;
        const shown = changes.slice(0, 8);
        return (
          <div key={kind}>
            <h4>{title}</h4>
            {shown.map(change => {
              const [old, now] = sides(change);
              return <div key={change.name} className="mm-fact"><span className="mm-cut" title={change.name}>{change.name}</span><span className="mm-cut" title={`${old ?? '–'} → ${now}`}><span className="mm-quiet">{old ?? '–'} → </span>{now}</span></div>;
            })}
            {changes.length > shown.length && <details><summary className="mm-quiet mm-small">{changes.length - shown.length} more</summary>{changes.slice(8).map(change => <div key={change.name} className="mm-fact"><span className="mm-cut">{change.name}</span><span className="mm-cut"><span className="mm-quiet">{sides(change)[0] ?? '–'} → </span>{sides(change)[1]}</span></div>)}</details>}
          </div>
        );
      })}
      {diff.source.length > 0 && <><h4>Source</h4><SourceDiff lines={diff.source} /></>}
      {diff.same > 0 && diff.changes.length > 0 && <p className="mm-quiet mm-small">{diff.same.toLocaleString('en-US')} unchanged</p>}
    </section>
  );
}

function Metrics({ run, onNoise }: { run: Run; onNoise?: () => void }) {
  if (!run.row.metrics.length) return null;
  const noisy = run.row.metrics.some(one => one.noise !== null);
  return (
    <Section title="Metrics" quiet={[run.row.parent && `beside ${run.row.parent}`, noisy && 'bar: noise under other seeds'].filter(Boolean).join('; ') || undefined}>
      {run.row.metrics.map(one => {
        const places = decimals([real(one.value), real(one.parent)]);
        return <div key={one.name} className={`mm-metric${noisy ? ' mm-noisy' : ''}`}><span className="mm-cut" title={one.name}>{one.name}{arrow(one.direction)}</span>{noisy && <span><NoiseBar shown={one} /></span>}<b><MetricValue value={one.value} places={places} /></b><Delta shown={one} places={places} /></div>;
      })}
      {onNoise && !noisy && run.row.status === 'completed' && <div className="mm-actions"><button type="button" className="mm-link mm-small" title="Ten replays with other seeds: how far do the metrics move by chance?" onClick={onNoise}>Measure the noise</button></div>}
    </Section>
  );
}

export function CauseLine({ cause }: { cause: Cause }) {
  const said = cause.confirmed === true ? 'confirmed by a replay' : cause.confirmed === false ? 'excluded by a replay' : 'suspected';
  return (
    <div className="mm-cause">
      <span className={cause.confirmed ? 'mm-up' : 'mm-quiet'}><Icon name={cause.confirmed === false ? 'close' : 'check'} size={13} /></span>
      <span><span>{cause.factor} <code>{cause.name}{cause.recorded !== null || cause.current !== null ? ` ${cause.recorded ?? '–'} → ${cause.current ?? '–'}` : ''}</code></span><span className="mm-quiet mm-small">{said}</span></span>
    </div>
  );
}

export function VerdictPart({ judged, onReplay, onExplain }: { judged: Judged; onReplay?: () => void; onExplain?: () => void }) {
  const bad = judged.verdict === 'diverged' || judged.verdict === 'unstable' || judged.verdict === 'failed';
  const rank = (verdict: string) => VERDICTS.indexOf(verdict as never);
  const worst = [...judged.items].filter(item => item.verdict !== 'identical').sort((a, b) => rank(b.verdict) - rank(a.verdict));
  const equal = judged.items.filter(item => item.verdict === 'identical');
  return (
    <section className="mm-section" id="mm-verdict">
      <h3>Verdict</h3>
      <div className="mm-sentence"><VerdictGlyph verdict={judged.verdict} size={22} /><div><b>{word(judged.verdict)}</b><div>{judged.said}</div><div className="mm-quiet mm-small" title={exact(judged.at)}>{count(judged.replays, 'replay')}, {age(judged.at)}{age(judged.at) === 'now' ? '' : ' ago'}, {duration(judged.seconds)}; {judged.slice} recipe, {judged.executions} of {count(judged.of, 'execution')}</div></div></div>
      {judged.causes.length > 0 && <><h4>Causes</h4>{judged.causes.map((cause, i) => <CauseLine key={i} cause={cause} />)}</>}
      {bad && (onExplain || onReplay) && <div className="mm-actions">{onExplain && <Button icon="search" label="Explain" hint="Put one thing after another back, and replay, until the result comes again" onClick={onExplain} />}{onReplay && <Button icon="replay" label="Replay again" onClick={onReplay} />}</div>}
      <h4>Items: {worst.length} of {judged.items.length} differ{judged.not_compared.length ? `, ${judged.not_compared.length} not compared` : ''}</h4>
      {worst.slice(0, 50).map((item, i) => (
        <div key={i} className="mm-item"><VerdictGlyph verdict={item.verdict} size={13} /><span className="mm-cut" title={`${item.kind} ${item.name}`}>{item.kind} {item.name}</span><span className="mm-quiet mm-small mm-cut" title={`${item.recorded ?? '–'}, replays ${item.replayed ?? '–'}`}>{item.why ?? `${item.recorded ?? '–'} → ${item.replayed ?? '–'}`}</span></div>
      ))}
      {worst.length > 50 && <p className="mm-quiet mm-small">{worst.length - 50} more differ</p>}
      {judged.not_compared.map((one, i) => <div key={i} className="mm-item"><VerdictGlyph verdict="unverifiable" size={13} /><span className="mm-cut">{one.kind} {one.name}</span><span className="mm-quiet mm-small mm-cut" title={one.why}>{one.why}</span></div>)}
      {equal.length > 0 && <div className="mm-item"><VerdictGlyph verdict="identical" size={13} /><span className="mm-cut" title={equal.map(item => item.name).join(', ')}>{equal.slice(0, 3).map(item => item.name).join(', ')}{equal.length > 3 ? ` and ${equal.length - 3} more` : ''}</span></div>}
      {judged.restored.length > 0 && <p className="mm-quiet mm-small">Restored: {judged.restored.slice(0, 6).join(', ')}{judged.restored.length > 6 ? ` and ${judged.restored.length - 6} more` : ''}</p>}
    </section>
  );
}

function Curves({ run, series }: { run: Run; series: RunPageProps['series'] }) {
  const [found, setFound] = useState<Series[]>([]);
  const [before, setBefore] = useState<Series[]>([]);
  const names = run.series.map(one => `${one.name}:${one.points}`).join();
  useEffect(() => {
    let live = true;
    const shown = run.series.slice(0, 12);
    void Promise.all(shown.map(one => series(one.name))).then(all => live && setFound(all)).catch(() => undefined);
    if (run.row.parent) void Promise.all(shown.map(one => series(one.name, run.row.parent!).catch(() => null))).then(all => live && setBefore(all.filter((one): one is Series => one !== null)));
    return () => { live = false; };
  }, [run.row.run, names]);
  return (
    <>
      {found.map(one => {
        const old = before.find(other => other.name === one.name);
        return <Chart key={one.name} title={one.name} sync={run.row.run} curves={[{ series: one, label: String(run.row.run), color: COLORS[0] }, ...(old ? [{ series: old, label: old.run, color: 'var(--jp-ui-font-color2)', dashed: true }] : [])]} />;
      })}
      {run.series.length > 12 && <p className="mm-quiet mm-small">12 of {run.series.length} series are drawn</p>}
    </>
  );
}

function Files({ run }: { run: Run }) {
  if (!run.files.length) return null;
  const inputs = run.files.filter(file => file.role === 'input').length;
  const modules = run.files.filter(file => file.role === 'module').length;
  return (
    <Section title="Inputs and files" quiet={[inputs && count(inputs, 'input'), modules && count(modules, 'module'), run.files.length - inputs - modules && `${run.files.length - inputs - modules} written`].filter(Boolean).join(', ')}>
      {run.files.map(file => (
        <div key={file.role + file.path} className="mm-fact">
          <span className="mm-cut" title={file.path}>{file.path} <span className="mm-quiet mm-small">{file.role === 'output' ? 'written' : file.size !== null ? bytes(file.size) : ''}</span> {file.edited && <b className="mm-small">edited since</b>}</span>
          <code className="mm-quiet">{file.digest?.split(':')[1]?.slice(0, 8) ?? 'gone'}</code>
        </div>
      ))}
    </Section>
  );
}
