/**
 * Verifies a Cloudflare Access token: signature against the team's published keys, issuer, audience, expiry. The e-mail header that Access
 * also sends is never trusted: anybody can send one.
 */
import { createRemoteJWKSet, jwtVerify } from 'jose';

export interface AccessSettings {
  /** `https://<team>.cloudflareaccess.com` */
  readonly issuer: string;
  readonly audience: string;
}

/** Who the token was issued to, or null when it is not valid. Never rejects. */
export function createAccessVerifier({ issuer, audience }: AccessSettings): (token: string) => Promise<string | null> {
  const keys = createRemoteJWKSet(new URL('/cdn-cgi/access/certs', issuer), { timeoutDuration: 3000 });
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms: ['RS256'], requiredClaims: ['exp'] });
      const { email, common_name: serviceName, sub } = payload;
      if (typeof email === 'string' && email !== '') return email;
      if (typeof serviceName === 'string' && serviceName !== '') return serviceName;
      return typeof sub === 'string' && sub !== '' ? sub : null;
    } catch {
      return null;
    }
  };
}
