/** How a fault is asked for: `name;key=value;…`, with `on=<server>` and `times=<count>` for whom and how often. */

export interface FaultRequest {
  readonly name: string;
  /** Only the server of this id shows it; null means every server. */
  readonly on: string | null;
  /** How often one conversation meets it on one server; null means always. */
  readonly times: number | null;
  readonly settings: Readonly<Record<string, string>>;
}

/** One request, or nothing where the text has no name. Names that no table knows are reported when they are used. */
export function parseFaultRequest(text: string): FaultRequest[] {
  const [head, ...pairs] = text.split(';').map((part) => part.trim());
  if (!head) return [];
  const settings = Object.fromEntries(
    pairs.flatMap((pair): [string, string][] => {
      const equals = pair.indexOf('=');
      return equals <= 0 ? [] : [[pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]];
    }),
  );
  const times = Number(settings['times']);
  return [{ name: head, on: settings['on'] ?? null, times: Number.isInteger(times) && times > 0 ? times : null, settings }];
}

/** A numeric setting of a fault, or its default. */
export function setting(fault: FaultRequest, key: string, fallback: number): number {
  const value = Number(fault.settings[key] ?? Number.NaN);
  return Number.isFinite(value) ? value : fallback;
}
