// The search box: the query language, names that complete after a dot, its error in place.
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Names } from '../wire';
import { Icon } from './glyphs';

export interface SearchProps {
  query: string;
  count: string;
  error: { message: string; column: number | null } | null;
  names: Names | null;
  onQuery: (query: string) => void;
  focusTick: number;
}

function fits(option: string, word: string): boolean {
  return option.toLowerCase().replace('["', '.').startsWith(word.toLowerCase());
}

/** What may stand at the caret: ``metrics.`` is followed by names of metrics, a bare word by fields and kinds. */
export function completions(text: string, caret: number, names: Names | null): { from: number; options: string[] } {
  const word = /[\w.]*$/.exec(text.slice(0, caret))![0];
  const from = caret - word.length;
  if (!names || !word) return { from, options: [] };
  const dotted = /^(metrics|params|tags)\.(.*)$/.exec(word);
  const all = dotted
    ? names[dotted[1] as 'metrics' | 'params' | 'tags'].map(name => (/^[A-Za-z_]\w*$/.test(name) ? `${dotted[1]}.${name}` : `${dotted[1]}[${JSON.stringify(name)}]`))
    : [...names.run, 'metrics.', 'params.', 'tags.'];
  return { from, options: all.filter(option => option !== word && fits(option, word)).slice(0, 8) };
}

export function Search(props: SearchProps) {
  const input = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useState(props.query);
  const [caret, setCaret] = useState(draft.length);
  const [chosen, setChosen] = useState(0);
  const [open, setOpen] = useState(false);
  useEffect(() => { if (props.focusTick) input.current?.focus(); }, [props.focusTick]);
  useEffect(() => {
    const timer = setTimeout(() => { if (draft !== props.query) props.onQuery(draft); }, 250);
    return () => clearTimeout(timer);
  }, [draft]);
  const { from, options } = useMemo(() => completions(draft, caret, props.names), [draft, caret, props.names]);
  const shown = open && options.length > 0;
  const take = (option: string) => {
    setDraft(draft.slice(0, from) + option + draft.slice(caret));
    setCaret(from + option.length);
    setChosen(0);
    input.current?.focus();
  };
  return (
    <div className="mm-search">
      <div className={`mm-field${props.error ? ' mm-wrong' : ''}`}>
        <Icon name="search" />
        <input ref={input} type="text" spellCheck={false} role="combobox" aria-label="Search runs, for example metrics.auc > 0.84" aria-expanded={shown} aria-controls="mm-options" aria-invalid={!!props.error}
          aria-activedescendant={shown ? `mm-option-${chosen}` : undefined} aria-autocomplete="list" placeholder="metrics.accuracy > 0.9" value={draft}
          onChange={event => { setDraft(event.target.value); setCaret(event.target.selectionStart ?? event.target.value.length); setOpen(true); setChosen(0); }}
          onBlur={() => setTimeout(() => setOpen(false), 150)}
          onKeyDown={event => {
            event.stopPropagation();
            if (shown && event.key === 'ArrowDown') { event.preventDefault(); setChosen((chosen + 1) % options.length); }
            else if (shown && event.key === 'ArrowUp') { event.preventDefault(); setChosen((chosen + options.length - 1) % options.length); }
            else if (shown && (event.key === 'Tab' || event.key === 'Enter')) { event.preventDefault(); take(options[chosen]); }
            else if (event.key === 'Enter') props.onQuery(draft);
            else if (event.key === 'Escape') { if (shown) setOpen(false); else { setDraft(''); props.onQuery(''); } }
          }} />
        <span className="mm-quiet mm-small mm-total" aria-live="polite">{props.count}</span>
      </div>
      {shown && <ul id="mm-options" role="listbox" className="mm-options">{options.map((option, i) => <li key={option} id={`mm-option-${i}`} role="option" aria-selected={i === chosen} onMouseDown={event => { event.preventDefault(); take(option); }}>{option}</li>)}</ul>}
      {props.error && (
        <p className="mm-fault mm-small" role="alert">
          {props.error.column !== null && <code aria-hidden="true">{' '.repeat(Math.min(props.error.column, 60))}^ </code>}
          {props.error.message}
        </p>
      )}
    </div>
  );
}
