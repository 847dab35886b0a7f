// Verdicts have a silhouette and a sign each; marks of what happened never borrow them.
import type { ReactNode } from 'react';

export type Verdict = 'identical' | 'equivalent' | 'unstable' | 'diverged' | 'failed' | 'unverifiable';
export const VERDICTS: Verdict[] = ['identical', 'equivalent', 'unstable', 'diverged', 'failed', 'unverifiable'];
const LINE = { fill: 'none', stroke: 'currentColor', strokeLinecap: 'round', strokeLinejoin: 'round' } as const;

const SHAPES: Record<string, ReactNode> = {
  identical: <><circle cx="8" cy="8" r="7" fill="currentColor" /><path className="mm-ks" d="M5 6.4h6M5 9.6h6" /></>,
  equivalent: <><circle cx="8" cy="8" r="6.3" {...LINE} strokeWidth="1.4" /><path d="M4.9 7c1-1.3 2-1.3 3.1-.4s2.1.9 3.1-.4M4.9 10.2c1-1.3 2-1.3 3.1-.4s2.1.9 3.1-.4" {...LINE} strokeWidth="1.4" /></>,
  unstable: <><path d="M8 1.6 15 14H1z" fill="currentColor" stroke="currentColor" strokeWidth="1.6" strokeLinejoin="round" /><path className="mm-ks" d="M4.7 11.3c1.1-2 2.2-2 3.3-.6s2.2 1.4 3.3-.6" /></>,
  diverged: <><path d="M8 .9 15.1 8 8 15.1.9 8z" fill="currentColor" stroke="currentColor" strokeLinejoin="round" /><path className="mm-ks" d="M5.2 6.6h5.6M5.2 9.4h5.6M9.6 4.7 6.4 11.3" /></>,
  failed: <><rect x="1.5" y="1.5" width="13" height="13" rx="2.2" fill="currentColor" /><path className="mm-ks" d="m5.3 5.3 5.4 5.4M10.7 5.3l-5.4 5.4" /></>,
  unverifiable: <><circle cx="8" cy="8" r="6.3" {...LINE} strokeWidth="1.4" strokeDasharray="2.47 1.49" /><path d="M6.2 6.5c0-1.1.8-1.8 1.9-1.8s1.9.7 1.9 1.7c0 1.4-1.9 1.5-1.9 2.9" {...LINE} strokeWidth="1.4" /><circle cx="8.1" cy="11.3" r=".9" fill="currentColor" /></>,
  none: <circle cx="8" cy="8" r="3" {...LINE} strokeWidth="1.2" />,
};

export function word(verdict: Verdict | null): string {
  return verdict ?? 'not replayed';
}

export function VerdictGlyph(props: { verdict: Verdict | null; size?: number; words?: boolean }) {
  const { verdict, size = 16, words = false } = props;
  const name = word(verdict);
  return (
    <span className={`mm-verdict mm-v-${verdict ?? 'none'}`} title={name} role="img" aria-label={name}>
      <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">{SHAPES[verdict ?? 'none']}</svg>
      {words && <span className="mm-word">{name}</span>}
    </span>
  );
}

export function StatusMark({ status }: { status: string }) {
  if (status === 'running') return <span className="mm-spin" role="img" aria-label="running" title="running" />;
  const cross = status === 'failed' || status === 'crashed';
  if (status === 'completed') return null;
  return (
    <span className={cross ? 'mm-mark mm-bad' : 'mm-mark'} role="img" aria-label={status} title={status}>
      <svg width="14" height="14" viewBox="0 0 16 16" aria-hidden="true">
        {cross ? <path d="m4 4 8 8M12 4l-8 8" {...LINE} strokeWidth="1.6" /> : <rect x="4" y="4" width="8" height="8" rx="1" fill="currentColor" />}
      </svg>
    </span>
  );
}

const ICONS: Record<string, string> = {
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.4 10.4 14 14',
  right: 'm6 3.5 4.5 4.5L6 12.5', down: 'm3.5 6 4.5 4.5L12.5 6', back: 'M10 3.5 5.5 8l4.5 4.5',
  columns: 'M3 4h10M3 8h7M3 12h4', more: 'M3.5 8h.01M8 8h.01M12.5 8h.01', close: 'm4 4 8 8M12 4l-8 8',
  replay: 'M3 8a5 5 0 1 0 1.6-3.7M3 2.6v2.6h2.6', recipe: 'M3.5 2.5h9v11h-9zM6 2.5v11', restore: 'M6 3 3 6l3 3M3 6h6.5a3.5 3.5 0 0 1 0 7H7',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3', bin: 'M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.6 9h5.8l.6-9', compare: 'M2.5 3h5v10h-5zM8.5 3h5v10h-5z',
  check: 'm3 8.5 3.2 3.2L13 5', stop: 'M5 5h6v6H5z', model: 'M8 1.2 14.2 4.7v6.6L8 14.8 1.8 11.3V4.7zM1.8 4.7 8 8.1l6.2-3.4M8 8.1v6.7', lock: 'M4 7h8v6.5H4zM5.5 7V5a2.5 2.5 0 0 1 5 0v2', off: 'm2.5 2.5 11 11M4 6.5A3 3 0 0 0 4.5 12h7M12.5 11a2.6 2.6 0 0 0-1-5A3.5 3.5 0 0 0 7 4', edit: 'm10.5 3 2.5 2.5L6 12.5l-3 .5.5-3z',
};

export function Icon({ name, size = 16 }: { name: keyof typeof ICONS | string; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={ICONS[name]} {...LINE} strokeWidth={name === 'more' ? 2.2 : 1.4} />
    </svg>
  );
}

export function Button(props: { icon?: string; label: string; onClick: () => void; text?: boolean; kind?: 'brand' | 'plain' | 'bare'; disabled?: boolean; hint?: string }) {
  const { icon, label, onClick, text = true, kind = 'plain', disabled, hint } = props;
  return (
    <button type="button" className={`mm-button mm-${kind}`} onClick={event => { event.stopPropagation(); onClick(); }}
      title={hint ?? (text ? undefined : label)} aria-label={text ? undefined : label} disabled={disabled}>
      {icon && <Icon name={icon} />}{text && <span>{label}</span>}
    </button>
  );
}
