/** Numbers, money and times as the pages write them. Every page and every test uses these, so a number reads alike wherever it stands. */
import { usdFromNanoUsd } from '../../../shared/units.ts';

export const nothing = '–';

const locale = 'en-GB';
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

export function count(value: number): string {
  return whole.format(value);
}

/** 12,345 as 12.3K: for tiles and axes. */
export function short(value: number): string {
  return Math.abs(value) < 10_000 ? whole.format(Math.round(value)) : compact.format(value);
}

/** Dollars with as many digits as tell something: cents for large sums, three significant ones for small. */
export function usd(value: number | null): string {
  if (value === null) return nothing;
  const size = Math.abs(value);
  if (size === 0) return '$0';
  if (size >= 1000) return `${value < 0 ? '-' : ''}$${whole.format(size)}`;
  const digits = size >= 1 ? 2 : Math.min(12, 2 - Math.floor(Math.log10(size)));
  const text = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: digits }).format(size);
  return `${value < 0 ? '-' : ''}$${text}`;
}

export function nanoUsd(value: number | null): string {
  return usd(value === null ? null : usdFromNanoUsd(value));
}

export function percent(part: number, all: number): string {
  if (all === 0) return nothing;
  const value = (part / all) * 100;
  return `${value.toFixed(value !== 0 && Math.abs(value) < 10 ? 1 : 0)} %`;
}

/** A duration: 345 ms, 1.23 s, 2 min 5 s. */
export function duration(ms: number | null): string {
  if (ms === null) return nothing;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Between then and now, roughly: `4 s`, `12 min`, `3 h`, `2 d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

const clockTime = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayTime = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const dayOnly = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
const utcDayOnly = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const minuteOnly = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });

export function timeOfDay(at: string | number): string {
  return clockTime.format(new Date(at));
}

export function dayAndTime(at: string | number | null): string {
  return at === null ? nothing : dayTime.format(new Date(at));
}

export function day(at: string | number): string {
  return dayOnly.format(new Date(at));
}

/** Of what is counted by UTC days: the same day wherever it is read. */
export function utcDay(at: string | number): string {
  return utcDayOnly.format(new Date(at));
}

export const secondsPerDay = 86_400;

/** When a stretch of a chart begins; one that is a whole day is a UTC day. */
export function stretchFrom(at: string, bucketSeconds: number): string {
  return bucketSeconds >= secondsPerDay ? utcDay(at) : dayAndTime(at);
}

export function minute(at: string | number): string {
  return minuteOnly.format(new Date(at));
}

/** Between 0 and 1. */
export function score(value: number | null): string {
  return value === null ? nothing : value.toFixed(2);
}

/** `client_abort` → `client abort`. */
export function words(id: string): string {
  return id.replaceAll('_', ' ');
}
