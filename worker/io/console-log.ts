/** Structured log lines on the console, one JSON object each, with anything secret-looking removed by field name and by shape. */
import type { LogPort } from '../core/ports.ts';
import { redact } from '../core/log/redact.ts';

export const consoleLog: LogPort = {
  write(level, event, fields) {
    const line = JSON.stringify({ level, event, ...redact(fields) });
    if (level === 'error') console.error(line);
    else if (level === 'warn') console.warn(line);
    else console.log(line);
  },
};
