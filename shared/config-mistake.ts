/** A mistake in a configuration, as data. */

export type Path = readonly (string | number)[];

export interface ConfigMistake {
  /** Keys from the root of the tree. */
  readonly path: Path;
  readonly message: string;
  /** For an unknown name: the name, and the valid names if they are known here. */
  readonly unknown?: { readonly name: string; readonly known: readonly string[] | null };
}
