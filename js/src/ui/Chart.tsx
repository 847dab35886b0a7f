// Curves over steps: labels at the ends instead of a legend, zoom by dragging, double click resets, a crosshair.
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import type { Series } from '../wire';
import { metric, real } from './format';

export interface Curve { series: Series; label: string; color: string; dashed?: boolean }

export const COLORS = ['var(--mm-c1)', 'var(--mm-c2)', 'var(--mm-c3)', 'var(--mm-c4)', 'var(--mm-c5)'];

function joined(curves: Curve[], log: boolean): uPlot.AlignedData {
  const steps = [...new Set(curves.flatMap(curve => curve.series.steps))].sort((a, b) => a - b);
  const at = new Map(steps.map((step, i) => [step, i]));
  const columns = curves.map(curve => {
    const column: (number | null | undefined)[] = new Array(steps.length).fill(undefined);
    curve.series.steps.forEach((step, i) => {
      const value = real(curve.series.values[i]);
      column[at.get(step)!] = value !== null && isFinite(value) && (!log || value > 0) ? value : null;
    });
    return column;
  });
  return [steps, ...columns] as uPlot.AlignedData;
}

function resolve(host: Element, color: string): string {
  const name = /var\((--[\w-]+)\)/.exec(color)?.[1];
  return name ? getComputedStyle(host).getPropertyValue(name).trim() || '#888' : color;
}

export function Chart({ title, curves, height = 150, sync }: { title: string; curves: Curve[]; height?: number; sync?: string }) {
  const host = useRef<HTMLDivElement>(null);
  const [log, setLog] = useState(false);
  const [table, setTable] = useState(false);
  const values = useMemo(() => curves.flatMap(curve => curve.series.values.map(value => real(value)!).filter(isFinite)), [curves]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const spans = low > 0 && high / low > 100;
  useEffect(() => {
    const element = host.current;
    if (!element || !values.length) return;
    const ink = resolve(element, 'var(--jp-ui-font-color1)');
    const grid = resolve(element, 'var(--jp-border-color2)');
    const data = joined(curves, log);
    const labelled = curves.length <= 8;
    const room = labelled ? Math.min(110, 14 + 6.5 * Math.max(...curves.map(curve => curve.label.length))) : 12;
    const plot = new uPlot({
      width: element.clientWidth || 300, height, legend: { show: false }, padding: [8, room, 0, 0],
      cursor: { sync: sync ? { key: sync } : undefined, drag: { x: true, y: false } },
      scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
      axes: [
        { stroke: ink, grid: { show: false }, ticks: { show: false }, size: 24, font: '11px sans-serif' },
        { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false }, size: 52, space: 36, font: '11px sans-serif', values: (_, ticks) => ticks.map(tick => (tick === null ? '' : metric(tick))) },
      ],
      series: [{}, ...curves.map(curve => ({
        label: curve.label, stroke: resolve(element, curve.color), width: curve.dashed ? 1 : 1.8,
        dash: curve.dashed ? [4, 3] : undefined, points: { show: curve.series.steps.length < 3 }, spanGaps: true,
      }))],
      hooks: {
        draw: [chart => {
          if (!labelled) return;
          const taken: number[] = [];
          const ends = curves.map((curve, i) => {
            const last = [...(data[i + 1] as (number | null)[])].reduce<number>((kept, value, at) => (value === null || value === undefined ? kept : at), -1);
            return { curve, y: last < 0 ? null : chart.valToPos((data[i + 1] as number[])[last], 'y', true) };
          }).filter(end => end.y !== null).sort((a, b) => a.y! - b.y!);
          chart.ctx.save();
          chart.ctx.font = `${11 * devicePixelRatio}px sans-serif`;
          chart.ctx.textBaseline = 'middle';
          chart.ctx.textAlign = 'left';
          for (const end of ends) {
            let y = end.y!;
            if (taken.length) y = Math.max(y, taken[taken.length - 1] + 13 * devicePixelRatio);
            taken.push(y);
            chart.ctx.fillStyle = resolve(element, end.curve.color);
            chart.ctx.fillText(end.curve.label, chart.bbox.left + chart.bbox.width + 6 * devicePixelRatio, y);
          }
          chart.ctx.restore();
        }],
        setCursor: [chart => {
          const tip = element.querySelector<HTMLElement>('.mm-tip');
          if (!tip) return;
          const at = chart.cursor.idx;
          tip.style.display = at === null || at === undefined ? 'none' : 'block';
          if (at === null || at === undefined) return;
          tip.textContent = `${data[0][at]}: ` + curves.slice(0, 6).map((curve, i) => `${curve.label} ${metric((data[i + 1][at] as number | null) ?? null)}`).join(', ');
        }],
      },
    }, data, element);
    const tip = document.createElement('div');
    tip.className = 'mm-tip';
    element.appendChild(tip);
    const watcher = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    watcher.observe(element);
    return () => { watcher.disconnect(); plot.destroy(); tip.remove(); };
  }, [curves, height, log, values.length]);
  if (!values.length) return <p className="mm-quiet mm-pad">No finite points.</p>;
  return (
    <figure className="mm-chart" aria-label={`${title}, ${curves.map(curve => curve.label).join(', ')}`}>
      <figcaption>
        <b>{title}</b>
        <span className="mm-quiet mm-small">{spans && <button type="button" className="mm-link" aria-pressed={log} onClick={() => setLog(!log)}>{log ? 'linear' : 'log'}</button>}{' '}
          <button type="button" className="mm-link" aria-pressed={table} onClick={() => setTable(!table)}>table</button></span>
      </figcaption>
      <div ref={host} className="mm-plot" />
      {table && (
        <div className="mm-scroll"><table className="mm-table"><thead><tr><th>step</th>{curves.map(curve => <th key={curve.label}>{curve.label}</th>)}</tr></thead>
          <tbody>{Array.from(joined(curves, false)[0]).slice(0, 200).map((step, i) => (
            <tr key={step}><td>{step}</td>{curves.map((curve, j) => <td key={curve.label}>{metric((joined(curves, false)[j + 1][i] as number | null) ?? null)}</td>)}</tr>
          ))}</tbody></table></div>
      )}
    </figure>
  );
}
