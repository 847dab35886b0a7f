// The anywidget module: data comes through traits, so that it works where there is no server extension.
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Card } from '../ui/Card';
import { Chart, COLORS } from '../ui/Chart';
import { CompareView } from '../ui/Compare';
import { VerdictPart } from '../ui/RunPage';
import type { Compare, Diff, Row, Series, Verdict } from '../wire';
import style from '../../style/mm.css';
import plot from 'uplot/dist/uPlot.min.css';

interface Model { get(key: string): any; on(event: string, act: () => void): void; off(event: string, act: () => void): void }

function useTrait<T>(model: Model, key: string): T {
  const [value, setValue] = useState<T>(model.get(key));
  useEffect(() => {
    const act = () => setValue(model.get(key));
    model.on(`change:${key}`, act);
    return () => model.off(`change:${key}`, act);
  }, [model, key]);
  return value;
}

function View({ model }: { model: Model }) {
  const data = useTrait<any>(model, 'data');
  const view = useTrait<string>(model, 'view');
  if (view === 'run') return <Card row={data.row as Row} metric={data.metric} />;
  if (view === 'history') {
    const rows = data.rows as Row[];
    return <div className="mm-cards">{rows.length ? rows.map(row => <Card key={row.run} row={row} metric={data.metric} />) : <p className="mm-quiet mm-pad">No run fits.</p>}{data.total > rows.length && <p className="mm-quiet mm-pad mm-small">{rows.length} of {data.total.toLocaleString('en-US')}</p>}</div>;
  }
  if (view === 'verdict') return <VerdictPart judged={data as Verdict} />;
  if (view === 'curve') {
    const series = data.series as Series[];
    return <div className="mm-pad">{series.map((one, i) => <Chart key={one.name} title={one.name} height={160} curves={[{ series: one, label: one.run, color: COLORS[i % 5] }]} />)}{!series.length && <p className="mm-quiet">No points yet.</p>}</div>;
  }
  const series = (data.series ?? {}) as Record<string, Series>;
  const diffs = (data.diffs ?? {}) as Record<string, Diff>;
  return <CompareView found={data.compare as Compare} series={(run, name) => (series[`${run} ${name}`] ? Promise.resolve(series[`${run} ${name}`]) : Promise.reject(new Error('absent')))} diff={(old, now) => (diffs[`${old} ${now}`] ? Promise.resolve(diffs[`${old} ${now}`]) : Promise.reject(new Error('absent')))} onRun={() => undefined} />;
}

export default {
  render({ model, el }: { model: Model; el: HTMLElement }) {
    const sheet = document.createElement('style');
    sheet.textContent = plot + style;
    const host = document.createElement('div');
    host.className = 'mm-widget';
    el.append(sheet, host);
    const root = createRoot(host);
    root.render(<View model={model} />);
    return () => root.unmount();
  },
};
