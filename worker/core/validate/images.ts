/**
 * Which image addresses may be forwarded to a vision model. The gateway never fetches them, but a model server does, so addresses inside
 * a private network are refused (server-side request forgery), and so is every scheme other than https and data.
 */
import type { Failure } from '../../../shared/errors.ts';
import type { Message } from '../request/inner-request.ts';

const embedded = /^data:image\/(?:png|jpeg|webp|gif);base64,/;

/** The first image that must not be forwarded, as a failure that names it; null when all may. */
export function checkImages(messages: readonly Message[]): Failure | null {
  for (const [i, message] of messages.entries()) {
    if ((message.role !== 'user' && message.role !== 'tool') || typeof message.content === 'string') continue;
    for (const [k, part] of message.content.entries()) {
      if (part.type !== 'image_url' || isAllowedImage(part.image_url.url)) continue;
      return {
        code: 'invalid_value',
        param: `messages.${i}.content.${k}.image_url.url`,
        detail: 'Expected data:image/png, jpeg, webp or gif in base64, or a public https address.',
      };
    }
  }
  return null;
}

/**
 * Credentials, other ports and encoded host names do not match. The pattern is stricter than URLs are, since the model server reads them
 * with another parser: `https://a.example\@10.0.0.1/` is one host here and another there.
 */
const plainHttps = /^https:\/\/([A-Za-z0-9.-]{1,253})(?::443)?(?:[/?#][^\s\\\p{Cc}]*)?$/u;

/** Whether a vision model's server may be sent this address. */
export function isAllowedImage(url: string): boolean {
  if (embedded.test(url.slice(0, 40))) return true;
  if (url.length > 2048 || !URL.canParse(url)) return false;
  const written = plainHttps.exec(url)?.[1];
  const { hostname } = new URL(url);
  return written?.toLowerCase() === hostname && isPublicHost(hostname);
}

const privateEndings = [
  '.internal',
  '.local',
  '.localhost',
  '.localdomain',
  '.home.arpa',
  '.lan',
  '.home',
  '.corp',
  '.intranet',
  '.private',
  '.svc',
];

/** Only names with a dot and a public ending, and no literal addresses: private, loopback and metadata hosts are one of the others. */
function isPublicHost(hostname: string): boolean {
  const host = hostname.replace(/\.$/, '');
  if (/^[\d.]+$/.test(host) || !host.includes('.')) return false;
  return !privateEndings.some((end) => host.endsWith(end));
}
