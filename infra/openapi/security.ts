/** How a caller shows who he is, by the access of a path. */
import { headerNames } from '../../shared/headers.ts';

const keyText = 'An API key. Where a path names a scope, the key must have it.';

export const securitySchemes = {
  apiKey: { type: 'http', scheme: 'bearer', description: keyText },
  xApiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: keyText },
  azureApiKey: { type: 'apiKey', in: 'header', name: 'api-key', description: keyText },
  adminToken: { type: 'http', scheme: 'bearer', description: 'The admin token of the deployment.' },
  access: {
    type: 'apiKey',
    in: 'header',
    name: headerNames.accessJwt,
    description: 'Set by Cloudflare Access in front of the gateway, where it is switched on.',
  },
  metricsToken: { type: 'http', scheme: 'bearer', description: 'The token for metrics alone.' },
  feedTicket: { type: 'apiKey', in: 'query', name: 'ticket', description: 'The answer of `POST /admin/feed/ticket`.' },
} as const;

type Requirement = Readonly<Partial<Record<keyof typeof securitySchemes, readonly string[]>>>;

/** Any one of them is enough; `{}` is nobody in particular. */
export function securityOf(access: string): readonly Requirement[] {
  const operators: readonly Requirement[] = [{ adminToken: [] }, { access: [] }];
  if (access === 'open') return [{}];
  if (access === 'ticket') return [{ feedTicket: [] }];
  if (access === 'admin') return operators;
  if (access === 'metrics') return [{ metricsToken: [] }, ...operators];
  const scopes = access === 'key' ? [] : [access];
  return [{ apiKey: scopes }, { xApiKey: scopes }, { azureApiKey: scopes }];
}
