/** Values that keep one key's prefix cache on the model servers apart from every other's. */
import { onePiece } from '../core/text/one-piece.ts';
import { sha256Hex } from './digest.ts';

/** Most keys whose salts an isolate remembers; those of others are worked out each time. */
const maxSalts = 10_000;

/** @returns the salt of a key by its id: 32 hexadecimal digits, the same in every isolate that has this secret */
export function createSalts(secret: string): (keyId: string) => string | Promise<string> {
  const salts = new Map<string, string>();
  const make = async (keyId: string): Promise<string> => {
    const salt = onePiece((await sha256Hex(`${secret}:${keyId}`)).slice(0, 32));
    if (salts.size < maxSalts) salts.set(keyId, salt);
    return salt;
  };
  return (keyId) => salts.get(keyId) ?? make(keyId);
}
