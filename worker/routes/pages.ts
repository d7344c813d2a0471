/** `GET /dashboard`, `/playground`, `/usage`: pages for a browser. They are open because they hold no data: what they show they ask for with the reader's own token or key. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

export type PageName = 'dashboard' | 'playground' | 'usage';

/** Scripts, styles and data from this gateway alone; nothing inline, nothing framed, no form that leaves. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

export function page(name: PageName): (deps: Deps) => (c: Context<AppEnv>) => Promise<Response> {
  return (deps) => async (c) => {
    const html = await deps.readPage(name);
    if (html === null) throw new GatewayError({ code: 'not_found', detail: 'This gateway was started without its pages.' });
    return c.body(html, 200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy,
    });
  };
}
