// Numbers and times as people read them: the same rules as mm_jupyter/cards/numbers.py.
export type Value = string | number | boolean | null;
export const MINUS = '−';
export const MISSING = '–';

/** A float from the wire: NaN and the infinities come as texts. */
export function real(value: number | string | null | undefined): number | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'number' ? value : Number(value);
}

/** How many decimals a column of metrics shows: what its values need, 4 at most. */
export function decimals(values: (number | null)[]): number {
  let needed = 0;
  for (const value of values) {
    if (value === null || !isFinite(value) || Math.abs(value) < 1e-3 || Math.abs(value) > 99999) continue;
    const room = Math.min(4, 7 - String(Math.trunc(Math.abs(value))).length);
    const shown = value.toFixed(room).replace(/\.?0+$/, '');
    needed = Math.max(needed, shown.split('.')[1]?.length ?? 0);
  }
  return needed;
}

export function metric(value: number | null, places?: number): string {
  if (value === null) return MISSING;
  if (Number.isNaN(value)) return 'NaN';
  const sign = value < 0 ? MINUS : '';
  const size = Math.abs(value);
  if (size === Infinity) return sign + '∞';
  if (size && (size < 1e-3 || size > 99999) && !(Number.isInteger(value) && size < 1e12)) return sign + short(size);
  const digits = places ?? decimals([value]);
  return sign + size.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function short(size: number): string {
  const [digits, power] = size.toExponential(2).split('e');
  return `${digits.replace(/\.?0+$/, '')}e${Number(power)}`;
}

/** The arithmetic with its sign; never rounded down to nothing. */
export function delta(change: number, places: number): string {
  if (!change || !isFinite(change)) return change === 0 ? '0' : MISSING;
  const size = Math.abs(change);
  let shown = size.toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places });
  if (Number(shown.replace(/,/g, '')) === 0 || size > 99999) shown = short(size);
  return (change > 0 ? '+' : MINUS) + shown;
}

/** A standard deviation with two significant digits: more would say what it does not know. */
export function spread(deviation: number): string {
  if (!deviation || !isFinite(deviation)) return deviation === 0 ? '0' : MISSING;
  if (deviation < 1e-4 || deviation > 99999) {
    const [digits, power] = deviation.toExponential(1).split('e');
    return `${digits.replace(/\.?0+$/, '')}e${Number(power)}`;
  }
  const places = Math.max(0, 1 - Math.floor(Math.log10(deviation)));
  return deviation.toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places });
}

/** Whether a difference of two runs is no larger than chance: the rule of mm_jupyter/records/direction.py. */
export function withinNoise(change: number, a: number | null, b: number | null): boolean {
  const known = [a, b].filter((one): one is number => one !== null);
  return known.length > 0 && Math.abs(change) <= 2 * Math.hypot(known[0], known[known.length - 1]);
}

export function param(value: Value | undefined): string {
  if (value === undefined) return MISSING;
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return String(value).replace('-', MINUS);
  return value.trim() === '' ? `'${value}'` : value;
}

export function age(then: number, now = Date.now() / 1000): string {
  const past = now - then;
  if (past < 60) return 'now';
  if (past < 3600) return `${Math.floor(past / 60)} min`;
  if (past < 86400) return `${Math.floor(past / 3600)} h`;
  if (past < 7 * 86400) return `${Math.floor(past / 86400)} d`;
  const day = new Date(then * 1000);
  const month = day.toLocaleString('en-GB', { month: 'short' });
  return past < 300 * 86400 ? `${day.getDate()} ${month}` : `${month} ${day.getFullYear()}`;
}

export function exact(then: number): string {
  const day = new Date(then * 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  const zone = -day.getTimezoneOffset();
  const off = `${zone < 0 ? '-' : '+'}${two(Math.floor(Math.abs(zone) / 60))}${two(Math.abs(zone) % 60)}`;
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())} ${two(day.getHours())}:${two(day.getMinutes())}:${two(day.getSeconds())} ${off}`;
}

export function duration(seconds: number | null): string {
  if (seconds === null) return MISSING;
  if (seconds < 0.001) return '<1 ms';
  if (seconds < 0.095) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (unit: number, part: number, name: string, small: string) => {
    const rest = Math.floor((whole % unit) / part);
    return `${Math.floor(whole / unit)} ${name}${rest ? ` ${rest} ${small}` : ''}`;
  };
  if (whole >= 86400) return two(86400, 3600, 'd', 'h');
  return whole >= 3600 ? two(3600, 60, 'h', 'min') : two(60, 1, 'min', 's');
}

export function bytes(count: number): string {
  let amount = count;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (amount >= 999.5 && unit < units.length - 1) [amount, unit] = [amount / 1000, unit + 1];
  return `${unit === 0 || amount >= 9.95 ? amount.toFixed(0) : amount.toFixed(1)} ${units[unit]}`;
}

export function count(number: number, noun: string, plural?: string): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? noun : plural ?? noun + 's'}`;
}
