// A badge in the right top corner of each tracked cell: version, verdict, "edited since" when the source is another one.
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Cell } from '@jupyterlab/cells';
import { createElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import type { Client } from '../client';
import { VerdictGlyph } from '../ui/glyphs';
import type { Cell as Tracked, Cells } from '../wire';

/** A cell's source without its `%%track` line, as a run keeps it. */
export function bodyOf(source: string): string {
  return source.replace(/^%%track\b[^\n]*\n?/, '');
}

export function edited(source: string, recorded: string): boolean {
  return bodyOf(source).trimEnd() !== recorded.trimEnd() && !/<redacted|\[redacted/i.test(recorded);
}

export class Badges {
  private known = new Map<string, Tracked>();
  private roots = new Map<Cell, { node: HTMLElement; root: Root }>();
  private timer = 0;

  constructor(private client: Client, private tracker: INotebookTracker, private open: (run: string, at?: 'verdict') => void) {}

  runOf(cell: string | undefined): string | undefined {
    return cell ? this.known.get(cell)?.run : undefined;
  }

  attach(panel: NotebookPanel): void {
    panel.content.model?.contentChanged.connect(() => this.drawSoon(panel));
    panel.content.modelContentChanged.connect(() => this.drawSoon(panel));
    void panel.context.ready.then(() => this.refresh());
  }

  refresh(): void {
    const panel = this.tracker.currentWidget;
    if (!panel) return;
    this.client.get<Cells>('cells', { notebook: panel.context.path }).then(found => {
      this.known = new Map(found.cells.map(one => [one.cell_id, one]));
      this.draw(panel);
    }).catch(() => undefined);
  }

  /** The press opens: it also selects the cell, whose toolbar then takes the badge's place before a click is whole. */
  private opening(run: string) {
    return {
      onPointerDown: (event: { button: number }) => { if (event.button === 0) this.open(run); },
      onClick: (event: { detail: number }) => { if (event.detail === 0) this.open(run); },
    };
  }

  private drawSoon(panel: NotebookPanel): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.draw(panel), 120);
  }

  private draw(panel: NotebookPanel): void {
    if (panel.isDisposed) return;
    for (const cell of panel.content.widgets) {
      const tracked = cell.model.type === 'code' ? this.known.get(cell.model.id) : undefined;
      const before = this.roots.get(cell);
      const area = cell.node.querySelector<HTMLElement>('.jp-InputArea');
      if (!tracked || !area) {
        if (before) { before.root.unmount(); before.node.remove(); this.roots.delete(cell); }
        continue;
      }
      let at = before;
      if (!at || !at.node.isConnected) {
        const node = document.createElement('div');
        node.className = 'mm-badge';
        area.appendChild(node);
        at = { node, root: createRoot(node) };
        this.roots.set(cell, at);
        cell.disposed.connect(() => { this.roots.get(cell)?.root.unmount(); this.roots.delete(cell); });
      }
      const changed = edited(cell.model.sharedModel.getSource(), tracked.source);
      at.root.render(createElement('button', { type: 'button', ...this.opening(tracked.run), 'aria-label': `${changed ? 'edited since ' : ''}${tracked.run}, open it in the sidebar` },
        changed ? createElement('span', { className: 'mm-quiet' }, 'edited since') : null, createElement('b', null, tracked.run), createElement(VerdictGlyph, { verdict: tracked.verdict, size: 13, words: tracked.verdict !== null })));
    }
  }
}
