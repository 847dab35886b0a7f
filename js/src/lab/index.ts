// The JupyterLab plugins: panel, commands, badges at cells, recording in the status bar.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import { Dialog, ICommandPalette, MainAreaWidget, showDialog } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookActions, type Notebook, type NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import { IStatusBar } from '@jupyterlab/statusbar';
import { LabIcon } from '@jupyterlab/ui-components';
import { Client } from '../client';
import type { CellHistory, Compare, DataDiff, Diff, Output, Run, Series } from '../wire';
import type { Host } from '../ui/Sidebar';
import { Badges, bodyOf } from './badges';
import { CellVersions, ComparePane, Difference, Panel, Status } from './views';
import '../../style/index.css';

const icon = new LabIcon({
  name: 'mm_jupyter:history',
  svgstr: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path class="jp-icon3" style="fill:none" stroke="#616161" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" d="M5 2v12M5 4.5h6.5M5 8h4M5 11.5h7.5"/><g class="jp-icon3" fill="#616161"><circle cx="5" cy="4.5" r="1.7"/><circle cx="5" cy="8" r="1.7"/><circle cx="5" cy="11.5" r="1.7"/></g></svg>',
});

const drawn = (name: string, path: string) => new LabIcon({ name: `mm_jupyter:${name}`, svgstr: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path class="jp-icon3" style="fill:none" stroke="#616161" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" d="${path}"/></svg>` });
const ICONS: Record<string, LabIcon> = {
  'mm:track-cell': drawn('track', 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z'),
  'mm:replay-cell': drawn('replay', 'M3 8a5 5 0 1 0 1.6-3.7M3 2.6v2.6h2.6'),
  'mm:cell-history': icon,
};

const KEY = 'mm_jupyter:';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'mm_jupyter:plugin',
  description: 'The history of experiments, where the work is.',
  autoStart: true,
  requires: [INotebookTracker, IRenderMimeRegistry],
  optional: [ICommandPalette, ILayoutRestorer, IStatusBar, ILabShell, ISettingRegistry],
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker, rendermime: IRenderMimeRegistry, palette: ICommandPalette | null, restorer: ILayoutRestorer | null, status: IStatusBar | null, shell: ILabShell | null, settings: ISettingRegistry | null) => {
    const path = () => tracker.currentWidget?.context.path ?? '';
    const client = new Client(app.serviceManager.serverSettings, path);
    // A run asked for while the panel is not drawn waits for it: showing a panel may draw it anew.
    let waiting: [string, 'verdict' | undefined] | null = null;
    const wait = (run: string, at?: 'verdict') => { waiting = [run, at]; };
    let show: (run: string, at?: 'verdict') => void = wait;
    const recording = new Map<NotebookPanel, boolean>();

    let keys: unknown;
    const host: Host = {
      keys: () => keys,
      client,
      render: (element: HTMLElement, output: Output) => {
        const data = Object.fromEntries(Object.entries(output.data).map(([mime, text]) => [mime, mime.endsWith('json') ? JSON.parse(text) : text]));
        const mime = rendermime.preferredMimeType(data, 'ensure');
        if (!mime) return;
        const renderer = rendermime.createRenderer(mime);
        void renderer.renderModel(new MimeModel({ data, trusted: false }));
        element.appendChild(renderer.node);
      },
      notebook: () => tracker.currentWidget?.context.path ?? null,
      onNotebook: changed => {
        tracker.currentChanged.connect(changed);
        return () => tracker.currentChanged.disconnect(changed);
      },
      onShow: listener => {
        show = listener;
        if (waiting) { listener(...waiting); waiting = null; }
        return () => { show = wait; };
      },
      recording: () => { const panel = tracker.currentWidget; return panel ? (recording.get(panel) ? 'on' : 'off') : 'none'; },
      track: () => void app.commands.execute('mm:track-cell'),
      compare: runs => void app.commands.execute('mm:compare', { runs }),
      openRecipe: run => void app.commands.execute('mm:open-recipe', { run }),
      restore: run => void restore(run),
      confirm: async (title, body, act) => (await showDialog({ title, body, buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: act })] })).button.accept,
      changed: () => badges.refresh(),
      store: {
        get: key => { try { return JSON.parse(localStorage.getItem(KEY + key) ?? 'null') ?? undefined; } catch { return undefined; } },
        set: (key, value) => localStorage.setItem(KEY + key, JSON.stringify(value)),
      },
    };
    const reveal = (run?: string, at?: 'verdict') => {
      app.shell.activateById(panel.id);
      if (run) show(run, at);
    };
    const badges = new Badges(client, tracker, (run, at) => reveal(run, at));

    const panel = new Panel(host);
    panel.id = 'mm-history';
    panel.title.icon = icon;
    panel.title.caption = 'Experiments: history, runs, replays';
    app.shell.add(panel, 'left', { rank: 350 });
    restorer?.add(panel, 'mm-history');

    void settings?.load('mm_jupyter:plugin').then(found => {
      const read = () => { keys = found.get('keys').composite; panel.update(); };
      found.changed.connect(read);
      read();
    });

    /** Write a run's source back into its cell, after its difference was seen. */
    const restore = async (run: Run) => {
      const notebook = tracker.currentWidget?.content;
      const cell = notebook?.widgets.find(one => one.model.id === run.row.cell_id) ?? notebook?.activeCell;
      if (!notebook || !cell) {
        await showDialog({ title: 'No cell to restore into', body: 'Open the notebook first: the source goes into the cell that ran, or into the selected one.', buttons: [Dialog.okButton()] });
        return;
      }
      const now = cell.model.sharedModel.getSource();
      const line = /^%%track[^\n]*\n/.exec(now)?.[0] ?? '';
      const accepted = await showDialog({
        title: `Restore the source of ${run.row.run}`,
        body: new Difference(bodyOf(now), run.source), buttons: [Dialog.cancelButton(), Dialog.okButton({ label: 'Restore' })],
      });
      if (accepted.button.accept) cell.model.sharedModel.setSource(line + run.source);
    };

    const current = (notebook: Notebook | undefined) => notebook?.activeCell?.model;
    const add = (id: string, label: string, execute: (args: any) => unknown, needsCell = false) => {
      app.commands.addCommand(id, { label, caption: label, icon: ICONS[id], execute, isEnabled: needsCell ? () => current(tracker.currentWidget?.content)?.type === 'code' : undefined });
      palette?.addItem({ command: id, category: 'Experiments' });
    };
    add('mm:open', 'Show the History', () => reveal());
    add('mm:track-cell', 'Track This Cell', () => {
      const notebook = tracker.currentWidget;
      const cell = current(notebook?.content);
      if (!notebook || cell?.type !== 'code') return;
      const source = cell.sharedModel.getSource();
      if (/^%%track\b/.test(source)) return;
      const name = (notebook.context.path.split('/').pop() ?? 'experiment').replace(/\.ipynb$/, '').replace(/[^\w.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'experiment';
      cell.sharedModel.setSource(`%%track ${name}\n${source}`);
      if (!recording.get(notebook)) void notebook.sessionContext.session?.kernel?.requestExecute({ code: '%load_ext mm_jupyter', silent: false, store_history: false }).done.then(() => look(notebook));
    }, true);
    add('mm:replay-cell', 'Replay This Cell', async () => {
      const run = badges.runOf(current(tracker.currentWidget?.content)?.id);
      if (run) { await client.send('POST', 'jobs', { runs: [run] }); reveal(run); }
    }, true);
    add('mm:cell-history', 'History of This Cell', async () => {
      const cell = current(tracker.currentWidget?.content);
      if (!cell) return;
      const found = await client.get<CellHistory>('cells', { notebook: path(), cell: cell.id });
      const body = new CellVersions(found, bodyOf(cell.sharedModel.getSource()));
      const result = await showDialog({ title: 'History of this cell', body, buttons: [Dialog.cancelButton({ label: 'Close' }), Dialog.okButton({ label: 'Restore' })] });
      const chosen = found.versions[body.chosen];
      if (result.button.accept && chosen) {
        const line = /^%%track[^\n]*\n/.exec(cell.sharedModel.getSource())?.[0] ?? '';
        cell.sharedModel.setSource(line + chosen.source);
      }
    }, true);
    add('mm:open-recipe', 'Open the Recipe of a Run', async args => {
      const run = String(args.run ?? badges.runOf(current(tracker.currentWidget?.content)?.id) ?? '');
      if (!run) return;
      const recipe = await client.get<any>(`runs/${run}/recipe`);
      const folder = path().includes('/') ? path().slice(0, path().lastIndexOf('/')) : '';
      const made = await app.serviceManager.contents.newUntitled({ path: folder, type: 'notebook' });
      const name = `${folder ? folder + '/' : ''}recipe-${run.replace('/', '-')}.ipynb`;
      await app.serviceManager.contents.save(made.path, { type: 'notebook', format: 'json', content: recipe });
      let place = made.path;
      try { place = (await app.serviceManager.contents.rename(made.path, name)).path; } catch { /* one of that name is there: it stays */ }
      await app.commands.execute('docmanager:open', { path: place });
    });
    add('mm:compare', 'Compare Runs', async args => {
      const runs = (args.runs ?? []) as string[];
      if (runs.length < 2) { reveal(); return; }
      const content = new ComparePane({
        found: await client.get<Compare>('compare', { runs: runs.join(',') }),
        series: (run, name) => client.get<Series>(`runs/${run}/series`, { name }), diff: (old, now) => client.get<Diff>('diff', { old, new: now }),
        data: (old, now) => client.get<DataDiff>('data-diff', { old, new: now }), outputs: async run => (await client.get<Run>(`runs/${run}`)).outputs, onRun: run => reveal(run),
      });
      const widget = new MainAreaWidget({ content });
      widget.id = `mm-compare-${Date.now()}`;
      widget.title.label = runs.length <= 2 ? runs.join(' · ') : `${runs.length} runs`;
      widget.title.icon = icon;
      widget.title.closable = true;
      app.shell.add(widget, 'main');
      app.shell.activateById(widget.id);
    });

    const statusItem = new Status(() => host.recording(), () => reveal());
    status?.registerStatusItem('mm_jupyter:recording', { item: statusItem, align: 'left', rank: 40, isActive: () => tracker.currentWidget !== null });
    const look = (notebook: NotebookPanel) => {
      const kernel = notebook.sessionContext.session?.kernel;
      if (!kernel || notebook.isDisposed) return;
      const future = kernel.requestExecute({ code: '', silent: true, store_history: false, user_expressions: { mm: "'mm' in get_ipython().magics_manager.magics['line']" } });
      future.onReply = message => {
        const said = (message.content as any).user_expressions?.mm?.data?.['text/plain'];
        if (recording.get(notebook) !== (said === 'True')) { recording.set(notebook, said === 'True'); statusItem.update(); panel.update(); }
      };
    };
    tracker.widgetAdded.connect((_, notebook) => {
      notebook.sessionContext.kernelChanged.connect(() => { recording.set(notebook, false); statusItem.update(); });
      void notebook.sessionContext.ready.then(() => look(notebook));
      notebook.disposed.connect(() => recording.delete(notebook));
      badges.attach(notebook);
    });
    NotebookActions.executed.connect((_, { notebook }) => {
      const panel = tracker.find(one => one.content === notebook);
      if (panel) look(panel);
    });
    tracker.currentChanged.connect(() => { statusItem.update(); panel.update(); badges.refresh(); });
    shell?.layoutModified.connect(() => panel.update());
  },
};

export default plugin;
