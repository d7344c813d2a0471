/** Structured log lines on the console, one JSON object each, with anything secret removed by value, by field name and by shape. */
import type { HideSecrets } from '../core/log/known-secrets.ts';
import { redact } from '../core/log/redact.ts';
import type { LogPort } from '../core/ports.ts';

export function createConsoleLog(hideSecrets: HideSecrets): LogPort {
  return {
    write(level, event, fields) {
      const line = JSON.stringify({ level, event, ...redact(fields, hideSecrets) });
      if (level === 'error') console.error(line);
      else if (level === 'warn') console.warn(line);
      else console.log(line);
    },
  };
}
