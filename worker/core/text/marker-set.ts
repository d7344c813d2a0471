/**
 * Finds the first of several fixed strings in a text, and tells whether the text ends inside one. One pass of one regular
 * expression without quantifiers; a set of one marker is a plain string search.
 */

export interface MarkerSet {
  readonly markers: readonly string[];
  /** Stateful (`g`): every use sets `lastIndex` first. */
  readonly pattern: RegExp;
  readonly longest: number;
  /** The characters that markers begin with, to rule out most text quickly. */
  readonly initials: string;
}

export interface MarkerSetOptions {
  /** What cannot follow a marker, by marker, in regular-expression syntax: rules out most false starts. */
  readonly unless?: ReadonlyMap<string, string>;
  /** A further alternative, in regular-expression syntax. */
  readonly others?: string | null;
}

/** Longer markers win over shorter ones that begin alike. A set without markers finds nothing. */
export function createMarkerSet(markers: readonly string[], options: MarkerSetOptions = {}): MarkerSet {
  const { unless, others = null } = options;
  const sorted = [...new Set(markers)].sort((a, b) => b.length - a.length);
  const alternatives = sorted.map((marker) => {
    const not = unless?.get(marker);
    return marker.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') + (not === undefined ? '' : `(?!${not})`);
  });
  if (others !== null) alternatives.push(others);
  return {
    markers: sorted,
    pattern: new RegExp(alternatives.length === 0 ? '(?!)' : alternatives.join('|'), 'g'),
    longest: sorted[0]?.length ?? 0,
    initials: sorted.map((marker) => marker.charAt(0)).join(''),
  };
}

/** The first marker at or after `from`, or null. */
export function findMarker(set: MarkerSet, text: string, from: number): { readonly at: number; readonly marker: string } | null {
  set.pattern.lastIndex = from;
  const hit = set.pattern.exec(text);
  return hit === null ? null : { at: hit.index, marker: hit[0] };
}

/** Whether `text` from `at` to its end is the beginning of a marker. */
export function mayBecomeMarker(set: MarkerSet, text: string, at: number): boolean {
  const rest = text.length - at;
  if (rest >= set.longest) return false;
  const tail = text.slice(at);
  return set.markers.some((marker) => marker.length > rest && marker.startsWith(tail));
}

/** Index at which a marker may have begun that the text does not finish; the text's length if there is none. */
export function unfinishedMarkerAt(set: MarkerSet, text: string, from: number): number {
  for (let at = Math.max(from, text.length - set.longest + 1); at < text.length; at += 1) {
    if (set.initials.includes(text.charAt(at)) && mayBecomeMarker(set, text, at)) return at;
  }
  return text.length;
}
