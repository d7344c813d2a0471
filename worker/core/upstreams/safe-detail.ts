/**
 * Makes a model server's error text safe for a client: it may name the client's mistake, never where the server is. Redacted by pattern,
 * since an error text can contain anything.
 */
import { redactText } from '../log/redact.ts';

const maxLength = 300;

/** Labels of a host name; names of Docker services and of Kubernetes have hyphens and digits. */
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
/** Endings that mark a dotted word as a host, not as a model's name, a file or the path of a field. */
const endings =
  'internal|local|localdomain|lan|corp|intranet|private|home|svc|consul|localhost|com|net|org|io|dev|ai|app|cloud|run|sh|eu|de|uk|us|co|xyz|tech';

const rules: readonly (readonly [RegExp, string])[] = [
  // IPv6 with "::" (hexadecimal on both sides, so that `std::string` stays) or with all its eight groups.
  [/\[[0-9a-f:.]{2,45}(?:%\w{1,15})?\](?::\d{1,5})?/gi, '[address]'],
  [/(?<![\w:.])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:])/gi, '[address]'],
  [
    /(?<![\w:.])(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})?::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6}(?:%\w{1,15})?)?(?![\w:])/gi,
    '[address]',
  ],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b/g, '[address]'],
  [/\blocalhost(?::\d{1,5})?\b/gi, '[address]'],
  // A dotted name with a port, or with an ending that only hosts have.
  [new RegExp(`\\b(?:${label}\\.){1,10}[A-Za-z][A-Za-z0-9-]{0,62}:\\d{2,5}\\b`, 'g'), '[address]'],
  [new RegExp(`\\b(?:${label}\\.){1,10}(?:${endings})\\b(?![.-]?\\w)`, 'gi'), '[address]'],
  // One word with a port: "vllm-7b:8001" by its form, "vllm:8001" by what stands before it; "limit:8192" is neither.
  [/(?<![\w."'`/-])(?=[A-Za-z0-9-]{1,63}:)[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+:\d{2,5}\b/g, '[address]'],
  [
    /(?<=\b(?:to|host|at|from|upstream|server|backend|tcp|udp|lookup|dial|via|node|peer)[ =]["'`]?)[A-Za-z][A-Za-z0-9-]{0,62}:\d{2,5}\b/gi,
    '[address]',
  ],
  [/(?<=\bhost=)["']?[\w.-]{1,253}["']?(?:,\s*port=\d{1,5})?/gi, '[address]'],
  // Two names and more between slashes, and Windows' drives.
  [/(?<![A-Za-z0-9_.-])(?:\/[A-Za-z0-9_.-]{1,255}){2,20}|(?:\/[A-Za-z0-9_.-]{1,255}){3,20}/g, '[path]'],
  [/\b[A-Za-z]:\\[^\s"'<>|]{1,400}/g, '[path]'],
  [/\p{Cc}+/gu, ' '],
];

/** At most 300 characters on one line, without secrets and without anything that looks like an address or a path. */
export function safeDetail(text: string): string {
  let safe = redactText(text.slice(0, 600));
  for (const [pattern, replacement] of rules) safe = safe.replace(pattern, replacement);
  return safe.slice(0, maxLength).trim();
}
