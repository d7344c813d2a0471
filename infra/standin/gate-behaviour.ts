/** The ways the tunnel's edge can answer instead of passing a request on, as Cloudflare is known to. Data and schemas; gate.ts acts. */
import * as z from 'zod';

const names = [
  'pass',
  'access-302',
  'access-403',
  'login-page',
  'bad-gateway',
  'connect-timeout',
  'read-timeout',
  'tunnel-down',
  'stall',
  'delay',
  'cut',
  'clean-cut',
] as const;

export type GateBehaviour = (typeof names)[number];

export const gateBehaviours = {
  pass: 'passes requests that carry the service token',
  'access-302': 'sends everyone to the login page, as an Access application without a service-token policy does',
  'access-403': 'forbids everyone',
  'login-page': '200 with the login page, as a client that follows redirects sees it',
  'bad-gateway': '502 HTML: cloudflared runs, the model server does not',
  'connect-timeout': '522 HTML after `waitMs`',
  'read-timeout': '524 HTML after `waitMs`: the model server said nothing for too long',
  'tunnel-down': '530 with "error code: 1033" and Retry-After: no cloudflared is connected',
  stall: 'accepts the request and says nothing',
  delay: 'passes, but `waitMs` late',
  cut: 'passes, and cuts the connection after `afterBytes` of the answer',
  'clean-cut': 'passes, and ends the answer as if it were whole after `afterBytes`',
} as const satisfies Record<GateBehaviour, string>;

export const GateControlBody = z.strictObject({
  /** A route's name; all routes when left out. */
  target: z.string().optional(),
  behaviour: z.enum(names),
  /** For so many requests, then pass; until told otherwise when left out. */
  requests: z.int().min(1).optional(),
  waitMs: z.int().min(0).default(100),
  afterBytes: z.int().min(0).default(500),
});

export type GateControlBody = z.input<typeof GateControlBody>;
export type GateSetting = Omit<z.output<typeof GateControlBody>, 'target'>;

export interface EdgeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const LOGIN_PAGE =
  '<!DOCTYPE html><html><head><title>Sign in ・ Cloudflare Access</title></head><body><h1>Get a login code emailed to you</h1></body></html>';
const html = { 'content-type': 'text/html; charset=UTF-8' };
const cookie = { 'set-cookie': 'CF_AppSession=n0123456789abcdef; Path=/; Secure; HttpOnly' };

function edgePage(status: number, title: string): EdgeAnswer {
  return {
    status,
    headers: html,
    body: `<!DOCTYPE html><html><head><title>pod.example.com | ${status}: ${title}</title></head><body><h1>${title} <span>Error code ${status}</span></h1></body></html>`,
  };
}

/** The answer of a behaviour that does not pass; null for the others. */
export function edgeAnswer(behaviour: GateBehaviour): EdgeAnswer | null {
  switch (behaviour) {
    case 'access-302': {
      const location =
        'https://pointsman.cloudflareaccess.example/cdn-cgi/access/login/pod.example.com?kid=abc&redirect_url=%2Fv1';
      return { status: 302, headers: { ...html, ...cookie, location }, body: LOGIN_PAGE };
    }
    case 'access-403':
      return { status: 403, headers: { ...html, ...cookie }, body: edgePage(403, 'Forbidden').body };
    case 'login-page':
      return { status: 200, headers: { ...html, ...cookie }, body: LOGIN_PAGE };
    case 'bad-gateway':
      return edgePage(502, 'Bad gateway');
    case 'connect-timeout':
      return edgePage(522, 'Connection timed out');
    case 'read-timeout':
      return edgePage(524, 'A timeout occurred');
    case 'tunnel-down':
      return {
        status: 530,
        headers: { 'content-type': 'text/plain; charset=UTF-8', 'retry-after': '120' },
        body: 'error code: 1033',
      };
    default:
      return null;
  }
}
