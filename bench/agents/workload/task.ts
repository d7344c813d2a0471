/** What a task of the workload is made of. A template is drawn into a task by filling its slots. */

export type Label = 'small' | 'large';

/** What a client asks for besides text. */
export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What the agent's own function returns, with slots. */
  readonly result: string;
}

export interface TurnTemplate {
  /** With `{slots}`: one value each for the whole task. `{n:10-99}` is a number, another one each time. */
  readonly user: string;
  /** Which model this turn needs, as the author judges it, given what was said before. No router of this project had a say in it. */
  readonly tier: Label;
  /** The label's reason. */
  readonly why: string;
  readonly json?: JsonSpec;
  /** A document of about so many words stands before the question. */
  readonly documentWords?: number;
}

/** A schema, or any object. */
export type JsonSpec = { readonly name: string; readonly schema: Readonly<Record<string, unknown>> } | 'object';

/** One conversation of an agent. Of a turn the first user text that offers one is drawn. */
export interface TaskTemplate {
  /** For the table by kind; routers never see it. */
  readonly kind: string;
  /** How often it is drawn, relative to the others. */
  readonly weight: number;
  readonly system?: string;
  /** A tool that every turn of the task calls before it is answered. */
  readonly tool?: ToolSpec;
  /** Alternatives, of which one is drawn: the turns of the conversation. */
  readonly talks: readonly (readonly TurnTemplate[])[];
}
