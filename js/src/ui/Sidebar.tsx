// The panel: tabs, what is loaded, and how it recovers. It is given a `Host` and knows nothing of JupyterLab.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { History as Groups, Job, Names, Replays as Found, Run, Series } from '../wire';
import { Client, Refused } from '../client';
import { Button, Icon } from './glyphs';
import { HistoryView } from './History';
import { ownKeys } from './keys';
import { Trouble, type Renderer } from './parts';
import { ReplaysView } from './Replays';
import { RunPage } from './RunPage';
import { Search } from './Search';

/** What the panel asks of the program it lives in. */
export interface Host {
  client: Client;
  render?: Renderer;
  /** The notebook in front, from the server's root; null where none is open. */
  notebook(): string | null;
  onNotebook(changed: () => void): () => void;
  /** Something asks the panel to show a run. */
  onShow(show: (run: string, at?: 'verdict') => void): () => void;
  /** The letters of actions that the person set, or nothing. */
  keys?(): unknown;
  recording(): 'on' | 'off' | 'none';
  track(): void;
  compare(runs: string[]): void;
  openRecipe(run: string): void;
  restore(run: Run): void;
  confirm(title: string, body: string, act: string): Promise<boolean>;
  changed(): void;
  store: { get(key: string): unknown; set(key: string, value: unknown): void };
}

type Tab = 'history' | 'compare' | 'replays';

function useKept<T>(host: Host, key: string, first: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => (host.store.get(key) as T) ?? first);
  return [value, next => { setValue(next); host.store.set(key, next); }];
}

export function Sidebar({ host }: { host: Host }) {
  const { client } = host;
  const [tab, setTab] = useState<Tab>('history');
  const [scope, setScope] = useKept<'notebook' | 'workspace'>(host, 'scope', 'notebook');
  const [metric, setMetric] = useKept<string | null>(host, 'metric', null);
  const [columns, setColumns] = useKept<string[]>(host, 'columns', []);
  const [opened, setOpened] = useKept<Record<string, boolean>>(host, 'open', {});
  const [query, setQuery] = useState('');
  const [groups, setGroups] = useState<Groups | null>(null);
  const [fault, setFault] = useState<{ message: string; column: number | null } | null>(null);
  const [trouble, setTrouble] = useState<Refused | null>(null);
  const [away, setAway] = useState<{ since: number; next: number } | null>(null);
  const [names, setNames] = useState<Names | null>(null);
  const [tick, setTick] = useState(0);
  const [picked, setPicked] = useState<string[]>([]);
  const [shown, setShown] = useState<{ run: string; against?: string; at?: 'verdict' } | null>(null);
  const [run, setRun] = useState<Run | null>(null);
  const [replays, setReplays] = useState<Found | null>(null);
  const [focusTick, setFocusTick] = useState(0);
  const [menu, setMenu] = useState(false);
  const [notebook, setNotebook] = useState(host.notebook());
  const [enabled, setEnabled] = useState<boolean | null>(null);
  const [recent, setRecent] = useKept<string[][]>(host, 'compared', []);
  const list = useRef<HTMLDivElement>(null);

  useEffect(() => host.onNotebook(() => setNotebook(host.notebook())), [host]);
  useEffect(() => host.onShow((name, at) => { setTab('history'); setShown({ run: name, at }); }), [host]);

  const [empty, setEmpty] = useState(false);
  const loaded = useRef<string | null>(null);
  /** What the groups on the screen were asked with: their rows are asked with the same. */
  const [applied, setApplied] = useState<{ query: string; notebook?: string; path: string | null }>({ query: '', path: null });

  const scoped = scope === 'notebook' && notebook ? notebook : undefined;
  const load = useCallback(async () => {
    try {
      const found = await client.get<Groups>('experiments', { query, notebook: scoped, metric });
      loaded.current = notebook;
      setGroups(found);
      setApplied(before => (before.query === query && before.notebook === scoped && before.path === notebook ? before : { query, notebook: scoped, path: notebook }));
      setFault(null);
      setTrouble(null);
    } catch (error) {
      const refused = error instanceof Refused ? error : new Refused('error', String(error));
      if (refused.code === 'bad-query') setFault({ message: refused.message, column: refused.column });
      else if (refused.code === 'no-workspace') { setGroups(null); setTrouble(null); setFault(null); setNames(null); setTick(n => n); setReplays(null); setAway(null); setEmpty(true); return; }
      else if (refused.code !== 'server-away') {
        // What another notebook's store said is not shown under this one's trouble.
        if (loaded.current !== notebook) { setGroups(null); setReplays(null); }
        setTrouble(refused);
      }
    }
    setEmpty(false);
  }, [client, query, scoped, metric, notebook]);
  const loadReplays = useCallback(async () => {
    try { setReplays(await client.get<Found>('jobs')); } catch { /* the history says what is wrong */ }
  }, [client, notebook]);

  useEffect(() => { void load(); }, [load, tick]);
  useEffect(() => { void loadReplays(); }, [loadReplays, tick]);
  useEffect(() => { client.get<Names>('names').then(setNames).catch(() => undefined); }, [notebook, groups?.root, Math.floor(tick / 20)]);
  useEffect(() => { client.get<{ enabled: boolean }>('setting').then(found => setEnabled(found.enabled)).catch(() => undefined); }, [notebook]);

  // Changes come as events; when the stream ends the panel keeps what it shows and tries again by itself.
  useEffect(() => {
    const stop = new AbortController();
    let pause = 1;
    let timer = 0;
    const listen = () => {
      client.listen(event => {
        pause = 1;
        setAway(null);
        if (event.what === 'jobs') void loadReplays();
        else { setTick(n => n + 1); host.changed(); }
      }, stop.signal).then(() => again(), error => again(error));
    };
    const again = (error?: unknown) => {
      if (stop.signal.aborted) return;
      // It answers, but there is nothing to listen to: no store yet, or one that cannot be read.
      if (error instanceof Refused && error.code !== 'server-away') { setAway(null); timer = window.setTimeout(listen, error.code === 'no-workspace' ? 1000 : 5000); void load(); return; }
      const wait = pause;
      pause = Math.min(pause * 2, 15);
      setAway(before => ({ since: before?.since ?? Date.now(), next: Date.now() + wait * 1000 }));
      timer = window.setTimeout(listen, wait * 1000);
    };
    listen();
    return () => { stop.abort(); clearTimeout(timer); };
  }, [client, notebook]);

  useEffect(() => {
    if (!shown) { setRun(null); return; }
    let live = true;
    client.get<Run>(`runs/${shown.run.replace('/', '/')}`, { against: shown.against }).then(found => live && setRun(found), error => {
      if (live && error instanceof Refused && error.code === 'no-such-run') { setShown(null); setTrouble(null); }
    });
    return () => { live = false; };
  }, [client, shown, tick]);

  const open = useMemo(() => {
    const few = groups ? groups.fits <= 40 : false;
    const first = (groups?.experiments ?? []).slice(0, few ? undefined : 1).map(one => [one.name, true] as const);
    return { ...Object.fromEntries(first), ...opened };
  }, [groups, opened]);
  const source = useMemo(() => ({
    page: (experiment: string, offset: number, limit: number, changes: boolean) => client.get<import('../wire').Page>('runs', { query: applied.query, notebook: applied.notebook, experiment, offset, limit, changes: changes ? undefined : 0 }),
  }), [client, applied]);

  const act = async (work: () => Promise<unknown>) => {
    try { await work(); setTick(n => n + 1); } catch (error) { setTrouble(error instanceof Refused ? error : new Refused('error', String(error))); }
  };
  const replay = (runs: string[], kind: Job['kind'] = 'replay') => void act(async () => { await client.send('POST', 'jobs', { runs, kind }); setTab('replays'); setShown(null); setPicked([]); });
  const restore = (name: string) => void act(async () => host.restore(await client.get<Run>(`runs/${name}`)));
  const remove = async (runs: string[]) => {
    if (await host.confirm(`Delete ${runs.length === 1 ? runs[0] : `${runs.length} runs`}?`, 'Its record, outputs and verdicts go for good. The notebook stays as it is.', 'Delete')) {
      await act(() => client.send('DELETE', 'runs', { runs }));
      setPicked([]);
      setShown(null);
    }
  };
  const compare = (runs: string[]) => {
    if (runs.length > 1) setRecent([runs, ...recent.filter(one => one.join() !== runs.join())].slice(0, 10));
    host.compare(runs);
  };
  const active = replays ? replays.waiting + replays.jobs.filter(job => job.state === 'running').length : 0;
  const tabs: [Tab, string, number][] = [['history', 'History', 0], ['compare', 'Compare', 0], ['replays', 'Replays', active]];
  const lost = away && Date.now() - away.since > 1500;

  return (
    <div className="mm-sidebar">
      <div className="mm-tabs" role="tablist" aria-label="mm_jupyter">
        {tabs.map(([id, title, number]) => (
          <button key={id} type="button" role="tab" id={`mm-tab-${id}`} aria-selected={tab === id} tabIndex={tab === id ? 0 : -1} onClick={() => { setTab(id); setShown(null); }}
            onKeyDown={event => {
              const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
              if (step) { const next = tabs[(tabs.findIndex(one => one[0] === id) + step + tabs.length) % tabs.length][0]; setTab(next); document.getElementById(`mm-tab-${next}`)?.focus(); }
            }}>{title}{number > 0 && <span className="mm-count">{number}</span>}</button>
        ))}
      </div>
      {lost && <Away away={away!} readOnly={!!groups} />}
      <div className="mm-body" role="tabpanel" aria-labelledby={`mm-tab-${tab}`}>
        {tab === 'replays' && (replays ? <ReplaysView found={replays} onStop={asked => void act(() => client.send('DELETE', `jobs/${asked.id}`))} onCompare={compare} onReplay={replay} onRest={() => void act(() => client.send('POST', 'jobs', { unreplayed: true }))} onRun={(name, at) => { setTab('history'); setShown({ run: name, at }); }} /> : <Nothing host={host} />)}
        {tab === 'compare' && <Picked picked={picked} recent={recent} onCompare={compare} onForget={runs => setRecent(recent.filter(one => one !== runs))} onDrop={name => setPicked(picked.filter(one => one !== name))} />}
        {tab === 'history' && shown && run && (
          <RunPage run={run} at={shown.at} render={host.render} readOnly={groups?.read_only ?? false}
            series={(name, other) => client.get<Series>(`runs/${other ?? run.row.run}/series`, { name })} artifactUrl={digest => client.url(`runs/${run.row.run}/artifacts/${digest}`)}
            onBack={() => { setShown(null); requestAnimationFrame(() => list.current?.querySelector<HTMLElement>('.mm-grid')?.focus()); }} onAgainst={against => setShown({ run: shown.run, against })}
            onNote={note => void act(() => client.send('PATCH', `runs/${run.row.run}`, { note }))} onTag={(key, value) => void act(() => client.send('PATCH', `runs/${run.row.run}`, { tags: { [key]: value } }))}
            onReplay={() => replay([run.row.run])} onExplain={() => replay([run.row.run], 'explain')} onNoise={() => replay([run.row.run], 'noise')} onRecipe={() => host.openRecipe(run.row.run)} onRestore={() => host.restore(run)} onDelete={() => void remove([run.row.run])} />
        )}
        <div className="mm-history" style={{ display: tab === 'history' && !(shown && run) ? undefined : 'none' }} ref={list}>
          <>
            <div className="mm-scope">
              <select aria-label="Scope" value={scoped ? 'notebook' : 'workspace'} onChange={event => setScope(event.target.value as 'notebook' | 'workspace')}>
                {notebook && <option value="notebook">{notebook.split('/').pop()}</option>}
                <option value="workspace">Workspace{groups ? ` ${groups.root}` : ''}</option>
              </select>
              <span className="mm-grow" />
              {host.recording() !== 'none' && <span className={`mm-recording mm-small${host.recording() === 'on' ? ' mm-is-on' : ''}`}><i />{host.recording() === 'on' ? 'recording' : 'not recording'}</span>}
              <Button icon="columns" label="Columns and settings" text={false} kind="bare" onClick={() => setMenu(!menu)} />
            </div>
            {menu && <Menu names={names} metric={metric} columns={columns} enabled={enabled} onMetric={setMetric} onColumns={setColumns} onEnabled={value => void act(async () => setEnabled((await client.send<{ enabled: boolean }>('PUT', 'setting', { enabled: value })).enabled))} />}
            {trouble && !groups ? <Trouble title={trouble.code === 'store-locked' ? 'The store is locked' : 'The history cannot be read'} message={trouble.message} code={trouble.code} onRetry={() => void load()} />
              : empty || (groups && groups.total === 0 && !query) ? <Nothing host={host} inNotebook={!!scoped && !empty} />
                : groups && (
                  <>
                    {trouble && <p className="mm-fault mm-small" role="alert">{trouble.message} <span className="mm-quiet">{trouble.code}</span> <button type="button" className="mm-link" onClick={() => setTrouble(null)}>dismiss</button></p>}
                    <Search query={query} count={query ? `${groups.fits.toLocaleString('en-US')} of ${groups.total.toLocaleString('en-US')}` : ''} error={fault} names={names} onQuery={setQuery} focusTick={focusTick} />
                    {groups.fits === 0 ? <div className="mm-empty"><h2>No run fits</h2><p>{groups.total.toLocaleString('en-US')} runs were looked at.</p><Button label="Clear the search" onClick={() => setQuery('')} /></div> : (
                      <HistoryView groups={groups} tick={tick} source={source} wanted={metric} keys={ownKeys(host.keys?.())} columns={columns} open={open} picked={picked} onOpen={setOpened} onPick={setPicked}
                        onRun={(name, at) => setShown({ run: name, at })} onCompare={() => compare(picked)} onReplay={replay} onRestore={restore} onSearch={() => setFocusTick(n => n + 1)} />
                    )}
                    {picked.length > 0 ? (
                      <div className="mm-foot mm-picks" role="toolbar" aria-label="Picked runs"><b>{picked.length === 1 ? picked[0] : `${picked.length} runs`}</b><span className="mm-grow" />
                        <Button icon="compare" label="Compare" kind="brand" onClick={() => compare(picked)} disabled={picked.length < 2} /><Button icon="replay" label="Replay" onClick={() => replay(picked)} />
                        <Button icon="bin" label="Delete the picked runs" text={false} kind="bare" onClick={() => void remove(picked)} /><Button icon="close" label="Clear the picked" text={false} kind="bare" onClick={() => setPicked([])} /></div>
                    ) : (
                      <div className="mm-foot mm-quiet mm-small"><span>{groups.fits.toLocaleString('en-US')} {groups.fits === 1 ? 'run' : 'runs'}, {groups.experiments.length} {groups.experiments.length === 1 ? 'experiment' : 'experiments'}</span><span className="mm-grow" />{groups.fits > 2000 ? 'compact rows' : <><span className="mm-up">▲</span> better <span className="mm-down">▼</span> worse</>}{groups.read_only && ' · read only'}</div>
                    )}
                  </>
                )}
          </>
        </div>
      </div>
    </div>
  );
}

function Away({ away, readOnly }: { away: { since: number; next: number }; readOnly: boolean }) {
  const [, redraw] = useState(0);
  useEffect(() => { const timer = setInterval(() => redraw(n => n + 1), 500); return () => clearInterval(timer); }, []);
  const at = new Date(away.since).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  return <div className="mm-strip" role="status"><Icon name="off" /><span>The server does not answer.{readOnly ? ` This is from ${at};` : ''} next try in {Math.max(0, Math.ceil((away.next - Date.now()) / 1000))} s.</span></div>;
}

function Nothing({ host, inNotebook }: { host: Host; inNotebook?: boolean }) {
  return (
    <div className="mm-empty">
      <h2>No runs {inNotebook ? 'in this notebook ' : ''}yet</h2>
      <p>Put this above a cell and run it. The cell becomes churn/1.</p>
      <div className="mm-sample"><code><span className="mm-magic">%%track</span> churn</code><Button icon="copy" label="Copy the line" text={false} kind="bare" onClick={() => void navigator.clipboard?.writeText('%%track churn\n')} /></div>
      <Button label="Track the selected cell" kind="brand" onClick={() => host.track()} />
      <p className="mm-quiet mm-small">Code, params, metrics, data versions, random state and outputs are kept in <code>.mm/</code> beside the notebook. Nothing leaves this computer.</p>
      {host.recording() !== 'on' && <p className="mm-quiet mm-small">The kernel records after <code>%load_ext mm_jupyter</code>.</p>}
    </div>
  );
}

function Picked(props: { picked: string[]; recent: string[][]; onCompare: (runs: string[]) => void; onDrop: (run: string) => void; onForget: (runs: string[]) => void }) {
  const { picked, recent } = props;
  return (
    <div className="mm-page">
      {!picked.length && <div className="mm-empty"><h2>Nothing picked yet</h2><p>Pick two or more runs in the history: with the box at their left, with Ctrl and a click, or with the key X. Then press C.</p></div>}
      {picked.length > 0 && (
        <div className="mm-section"><h3>Picked <span className="mm-quiet mm-small">{picked.length}</span></h3>
          {picked.map(name => <div key={name} className="mm-fact"><b className="mm-cut">{name}</b><Button icon="close" label={`Leave ${name} out`} text={false} kind="bare" onClick={() => props.onDrop(name)} /></div>)}
          <div className="mm-actions"><Button icon="compare" label="Compare" kind="brand" disabled={picked.length < 2} onClick={() => props.onCompare(picked)} /></div>
        </div>
      )}
      {recent.length > 0 && (
        <div className="mm-section"><h3>Compared before</h3>
          {recent.map(runs => <div key={runs.join()} className="mm-fact"><button type="button" className="mm-link mm-cut" title={runs.join(', ')} onClick={() => props.onCompare(runs)}>{runs.length > 3 ? `${runs.slice(0, 2).join(', ')} and ${runs.length - 2} more` : runs.join(', ')}</button><Button icon="close" label={`Forget the comparison of ${runs.join(', ')}`} text={false} kind="bare" onClick={() => props.onForget(runs)} /></div>)}
        </div>
      )}
    </div>
  );
}

function Menu(props: { names: Names | null; metric: string | null; columns: string[]; enabled: boolean | null; onMetric: (name: string | null) => void; onColumns: (columns: string[]) => void; onEnabled: (value: boolean) => void }) {
  const all = [...(props.names?.metrics ?? []).map(name => `metrics.${name}`), ...(props.names?.params ?? []).map(name => `params.${name}`), ...(props.names?.tags ?? []).map(name => `tags.${name}`)];
  const [filter, setFilter] = useState('');
  return (
    <div className="mm-menu" role="group" aria-label="Columns and settings">
      <label>Metric <select aria-label="Metric" value={props.metric ?? ''} onChange={event => props.onMetric(event.target.value || null)}><option value="">each experiment's own</option>{props.names?.metrics.map(name => <option key={name}>{name}</option>)}</select></label>
      <label>Columns <input className="mm-input" placeholder="find a name" aria-label="Find a column" value={filter} onChange={event => setFilter(event.target.value)} onKeyDown={event => event.stopPropagation()} /></label>
      <div className="mm-choices">{all.filter(name => name.includes(filter)).slice(0, 100).map(name => <label key={name} className="mm-cut"><input type="checkbox" checked={props.columns.includes(name)} onChange={() => props.onColumns(props.columns.includes(name) ? props.columns.filter(one => one !== name) : [...props.columns, name])} /> {name}</label>)}</div>
      <p className="mm-quiet mm-small">Columns show from 520 pixels of width on.</p>
      {props.enabled !== null && <label><input type="checkbox" checked={props.enabled} onChange={event => props.onEnabled(event.target.checked)} /> Record every new kernel, without %load_ext</label>}
    </div>
  );
}
