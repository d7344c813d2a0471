/** Makes the output of `wrangler dev` readable: requests and warnings of the Worker are formatted, everything else is passed on. */

interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** What wrangler says about itself and not about the gateway. */
const noise = [
  /wrangler \d+\.\d+/,
  /^[─\s]*$/,
  /^\[custom build\] (?:Running:.*)?$/,
  /^Your Worker has access/,
  /^Binding\s/,
  /^env\./,
  /^⎔ /,
  /^\[wrangler:info\]/,
];
const buildPrefix = '[custom build] ';

/** @param write gets whole lines; a piece without its line break waits for the rest */
export function workerOutput(write: (text: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (noise.some((pattern) => pattern.test(line))) continue;
      const entry = readLogLine(line);
      write(`${entry === null ? line.replace(buildPrefix, '') : describe(entry)}\n`);
    }
  };
}

function readLogLine(line: string): LogLine | null {
  const at = line.indexOf('{"level":');
  if (at < 0) return null;
  try {
    return JSON.parse(line.slice(at));
  } catch {
    return null;
  }
}

function describe({ level, event, ...fields }: LogLine): string {
  if (event === 'request') return requestLine(fields);
  const details = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${level === 'info' ? '' : `${level}: `}${event.replaceAll('_', ' ')}${details.length > 0 ? ` (${details.join(', ')})` : ''}`;
}

/** `200  qwen2.5-7b  78 ms  complexity 0.10 is below 0.60 …` */
function requestLine(fields: Readonly<Record<string, unknown>>): string {
  const text = (name: string): string => (fields[name] === null || fields[name] === undefined ? '' : String(fields[name]));
  return [
    text('status').padEnd(4),
    (text('model') || '-').padEnd(14),
    `${text('time_ms')} ms`.padStart(8),
    ' ',
    text('error') === '' ? text('reason') : `${text('error')}${text('reason') === '' ? '' : `; ${text('reason')}`}`,
  ].join(' ');
}
