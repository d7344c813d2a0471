/**
 * Verifies a Cloudflare Access token: signature against the team's published keys, issuer, audience, expiry. The e-mail header that Access
 * also sends is never trusted: anybody can send one.
 */
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import { GatewayError } from '../../shared/errors.ts';

export interface AccessSettings {
  /** `https://<team>.cloudflareaccess.com` */
  readonly issuer: string;
  readonly audience: string;
}

/**
 * Who the token was issued to, or null when it is not valid.
 *
 * @throws GatewayError state_unavailable when the team's keys cannot be fetched, so that validity is unknown
 */
export function createAccessVerifier({ issuer, audience }: AccessSettings): (token: string) => Promise<string | null> {
  const keys = createRemoteJWKSet(new URL('/cdn-cgi/access/certs', issuer), {
    timeoutDuration: 3000,
    [customFetch]: (url, options) => fetch(url, options).catch((cause: unknown) => Promise.reject(new KeysUnreachable(cause))),
  });
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms: ['RS256'], requiredClaims: ['exp'] });
      const { email, common_name: serviceName, sub } = payload;
      if (typeof email === 'string' && email !== '') return email;
      if (typeof serviceName === 'string' && serviceName !== '') return serviceName;
      return typeof sub === 'string' && sub !== '' ? sub : null;
    } catch (cause) {
      if (isVerdict(cause)) return null;
      const detail = 'The keys of Cloudflare Access could not be fetched.';
      throw new GatewayError({ code: 'state_unavailable', detail }, { cause });
    }
  };
}

class KeysUnreachable extends Error {
  constructor(cause: unknown) {
    super('the keys could not be fetched', { cause });
  }
}

/** What is said of the token itself. Everything else went wrong on the way to the keys. */
function isVerdict(error: unknown): boolean {
  if (error instanceof KeysUnreachable) return false;
  return !(error instanceof errors.JOSEError) || isAboutToken(error);
}

function isAboutToken(error: InstanceType<typeof errors.JOSEError>): boolean {
  return error.code !== 'ERR_JWKS_TIMEOUT' && error.code !== 'ERR_JWKS_INVALID' && error.code !== 'ERR_JOSE_GENERIC';
}
