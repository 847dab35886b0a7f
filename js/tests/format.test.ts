import { describe, expect, it } from 'vitest';
import { age, bytes, decimals, delta, duration, metric, param } from '../src/ui/format';

describe('numbers as people read them', () => {
  it.each([[0.8642, '0.8642'], [1234, '1,234'], [0.000012, '1.2e-5'], [-0.5, '−0.5'], [null, '–'], [NaN, 'NaN'], [-Infinity, '−∞']])('%s is %s', (value, shown) => expect(metric(value as number)).toBe(shown));
  it('gives a column the digits that its values need, four at most', () => {
    expect(decimals([0.5, 0.8642123])).toBe(4);
    expect(decimals([1, 2])).toBe(0);
  });
  it('never rounds a difference down to nothing', () => {
    expect(delta(0.0081, 4)).toBe('+0.0081');
    expect(delta(-0.000001, 4)).toBe('−1e-6');
    expect(delta(0, 4)).toBe('0');
  });
  it('says params as Python does', () => expect([null, true, 0.05, ' '].map(param)).toEqual(['None', 'True', '0.05', "' '"]));
});

describe('times', () => {
  it.each([[30, 'now'], [720, '12 min'], [3 * 3600, '3 h'], [2 * 86400, '2 d']])('%s seconds ago is %s', (past, shown) => expect(age(1e9 - past, 1e9)).toBe(shown));
  it.each([[0.0005, '<1 ms'], [0.4, '0.4 s'], [72, '1 min 12 s'], [7500, '2 h 5 min']])('%s seconds are %s', (seconds, shown) => expect(duration(seconds)).toBe(shown));
  it('sizes are powers of 1000', () => expect([512, 1234, 48e6].map(bytes)).toEqual(['512 B', '1.2 kB', '48 MB']));
});
