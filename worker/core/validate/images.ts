/**
 * Which image addresses may travel on to a vision model. The gateway never fetches one; but a model server does, so addresses inside
 * a private network are refused here (server-side request forgery), as are schemes other than https and embedded pictures.
 */
import type { Message } from '../../../shared/chat.ts';
import type { Failure } from '../../../shared/errors.ts';

const embedded = /^data:image\/(?:png|jpeg|webp|gif);base64,/;

/** The first image that may not travel on, as a failure that names it; null when all may. */
export function checkImages(messages: readonly Message[]): Failure | null {
  for (const [i, message] of messages.entries()) {
    if (message.role !== 'user' || typeof message.content === 'string') continue;
    for (const [k, part] of message.content.entries()) {
      if (part.type !== 'image_url' || isAllowed(part.image_url.url)) continue;
      return {
        code: 'invalid_value',
        param: `messages.${i}.content.${k}.image_url.url`,
        detail: 'Expected data:image/png, jpeg, webp or gif in base64, or a public https address.',
      };
    }
  }
  return null;
}

function isAllowed(url: string): boolean {
  if (embedded.test(url.slice(0, 40))) return true;
  if (url.length > 2048 || !URL.canParse(url)) return false;
  const { protocol, hostname, username, port } = new URL(url);
  return protocol === 'https:' && username === '' && (port === '' || port === '443') && isPublicHost(hostname);
}

/** Names that need a dot, and no literal addresses at all: every private, loopback and metadata range is an address or such a name. */
function isPublicHost(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  if (host.startsWith('[') || /^[\d.]+$/.test(host) || !host.includes('.')) return false;
  return !['.internal', '.local', '.localhost', '.localdomain', '.home.arpa', '.lan', '.intranet'].some((end) =>
    host.endsWith(end),
  );
}
