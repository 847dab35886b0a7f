// The letters of the history's actions. Arrows, Page, Home, End, Enter and Escape are fixed.
export interface Keys { down: string; up: string; search: string; pick: string; compare: string; replay: string; restore: string; copy: string }

export const DEFAULT_KEYS: Keys = { down: 'j', up: 'k', search: '/', pick: 'x', compare: 'c', replay: 'p', restore: 'r', copy: 'y' };

/** The defaults with what a person set; what is no single character is left out. */
export function ownKeys(set: unknown): Keys {
  const given = (typeof set === 'object' && set !== null ? set : {}) as Record<string, unknown>;
  const found = { ...DEFAULT_KEYS };
  for (const name of Object.keys(found) as (keyof Keys)[]) {
    const key = given[name];
    if (typeof key === 'string' && [...key].length === 1) found[name] = key.toLowerCase();
  }
  return found;
}
