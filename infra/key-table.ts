/** Keys and audit lines for a terminal, at most 120 columns wide. */

type Row = Readonly<Record<string, unknown>>;

const maxWidth = 120;

interface Column {
  readonly title: string;
  /** Widest a cell may get; the rest is cut. */
  readonly width: number;
  readonly text: (row: Row) => string;
}

const keyColumns: readonly Column[] = [
  { title: 'id', width: 36, text: (row) => plain(row['id']) },
  { title: 'name', width: 18, text: (row) => plain(row['name']) },
  { title: 'plan', width: 8, text: (row) => plain(row['plan']) },
  { title: 'budget', width: 12, text: budgetText },
  {
    title: 'spent',
    width: 10,
    text: (row) => (row['spent_usd'] === undefined || row['spent_usd'] === null ? '-' : `$${plain(row['spent_usd'])}`),
  },
  { title: 'last used', width: 10, text: (row) => day(row['last_used_at']) },
  { title: 'state', width: 13, text: stateText },
];

const auditColumns: readonly Column[] = [
  { title: 'at', width: 20, text: (row) => plain(row['at']).replace(/\.\d+Z$/, 'Z') },
  { title: 'actor', width: 24, text: (row) => plain(row['actor']) },
  { title: 'action', width: 14, text: (row) => plain(row['action']) },
  { title: 'subject', width: 58, text: (row) => plain(row['subject']) },
];

/** A table of keys, or of audit lines. */
export function tableLines(rows: readonly unknown[]): string[] {
  const records = rows.filter((row): row is Row => typeof row === 'object' && row !== null);
  if (records.length === 0) return ['Nothing yet.'];
  const columns = records[0] !== undefined && 'action' in records[0] ? auditColumns : keyColumns;
  const cells = [
    columns.map(({ title }) => title),
    ...records.map((row) => columns.map(({ text, width }) => cut(text(row), width))),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
      .slice(0, maxWidth),
  );
}

/** One record, one line per field, without the key itself, which is printed separately. */
export function recordLines(record: Row): string[] {
  const entries = Object.entries(record).filter(([name, value]) => name !== 'key' && value !== null && value !== undefined);
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => cut(`${name.padEnd(width)}  ${plain(value)}`, maxWidth));
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return '-';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  // A name may hold anything; a terminal obeys control characters.
  return text.replace(/\p{Cc}+/gu, ' ');
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

function day(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 10) : '-';
}

function budgetText(row: Row): string {
  const { budgets } = row;
  const [first] = Array.isArray(budgets) ? budgets : [];
  return typeof first === 'object' && first !== null ? `$${plain(first.limit_usd)}/${plain(first.period)}` : '-';
}

function stateText(row: Row): string {
  if (typeof row['revoked_at'] === 'string') {
    return Date.parse(row['revoked_at']) <= Date.now() ? 'revoked' : `until ${day(row['revoked_at']).slice(5)}`;
  }
  if (typeof row['expires_at'] !== 'string') return 'active';
  return Date.parse(row['expires_at']) <= Date.now() ? 'expired' : `until ${day(row['expires_at']).slice(2)}`;
}
