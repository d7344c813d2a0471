/**
 * The values of `format` that are asserted; every other value is an annotation and checks nothing, as the specification allows.
 * Each test is linear. `uri` and `uri-reference` check characters and scheme only, not the whole grammar of RFC 3986.
 */

const days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isDate(text: string): boolean {
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  const isLeap = Number(year) % 4 === 0 && (Number(year) % 100 !== 0 || Number(year) % 400 === 0);
  const last = month === '02' && isLeap ? 29 : (days[Number(month) - 1] ?? 0);
  return year !== '' && Number(day) >= 1 && Number(day) <= last;
}

/** RFC 3339 full-time: the offset is required; second 60 only where the offset makes it 23:59:60 in UTC. */
function isTime(text: string): boolean {
  const match = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|([+-])(\d\d):(\d\d))$/i.exec(text);
  if (match === null) return false;
  const [hour = 0, minute = 0, second = 0] = [match[1], match[2], match[3]].map(Number);
  const [offsetHour = 0, offsetMinute = 0] = [match[5] ?? '0', match[6] ?? '0'].map(Number);
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59) return false;
  if (second < 60) return true;
  const offset = (match[4] === '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute);
  return (hour * 60 + minute - offset + 1440) % 1440 === 1439;
}

function isDateTime(text: string): boolean {
  return isDate(text.slice(0, 10)) && /^[tT ]$/.test(text.charAt(10)) && isTime(text.slice(11));
}

const timePart = 'T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S)';
const datePart = '(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)';
const duration = new RegExp(`^P(?:\\d+W|${datePart}(?:${timePart})?|${timePart})$`);

function isHostname(text: string): boolean {
  if (text.length > 253) return false;
  return text.split('.').every((label) => /^[a-z0-9-]{1,63}$/i.test(label) && !label.startsWith('-') && !label.endsWith('-'));
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return (
    text.length <= 15 && parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  );
}

function isIpv6(text: string): boolean {
  if (text.length > 45) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const hasIpv4 = last.includes('.') && !text.endsWith('::');
  if (hasIpv4 && !isIpv4(last)) return false;
  const plain = hasIpv4 ? groups.slice(0, -1) : groups;
  const count = plain.length + (hasIpv4 ? 2 : 0);
  return plain.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) && (halves.length === 2 ? count <= 7 : count === 8);
}

function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || at > 64 || domain.length > 253) return false;
  const isQuoted = /^"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"$/.test(local);
  const isPlain = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+$/i.test(local) && !/^\.|\.$|\.\./.test(local);
  if (!isQuoted && !isPlain) return false;
  if (!domain.startsWith('[') || !domain.endsWith(']')) return isHostname(domain);
  const address = domain.slice(1, -1);
  return /^ipv6:/i.test(address) ? isIpv6(address.slice(5)) : isIpv4(address);
}

const uriCharacters = /^(?:[a-z0-9\-._~!$&'()*+,;=:@/?#[\]]|%[0-9a-f]{2})*$/i;

const formats: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['date', isDate],
  ['time', isTime],
  ['date-time', isDateTime],
  ['duration', (text: string) => duration.test(text)],
  ['email', isEmail],
  ['hostname', isHostname],
  ['ipv4', isIpv4],
  ['ipv6', isIpv6],
  ['uuid', (text: string) => /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text)],
  ['uri', (text: string) => /^[a-z][a-z0-9+.-]*:/i.test(text) && uriCharacters.test(text)],
  ['uri-reference', (text: string) => uriCharacters.test(text)],
  ['json-pointer', (text: string) => (text === '' || text.startsWith('/')) && !/~(?:[^01]|$)/.test(text)],
]);

/** The test of an asserted format, or null for one that is only an annotation. */
export function formatTest(name: string): ((text: string) => boolean) | null {
  return formats.get(name) ?? null;
}
