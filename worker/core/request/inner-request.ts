/**
 * What a client asks for, in no wire's words. A public wire makes it of a body, a dialect writes it for a model server, and everything in
 * between reads it and changes nothing. What the client did not say is absent.
 */
export interface InnerRequest {
  /** As the client wrote it: a model, an alias, a tier, `auto`. */
  readonly model: string;
  /** At least one. */
  readonly messages: readonly Message[];
  /** At least one, if there are any. */
  readonly tools?: readonly Tool[] | undefined;
  readonly toolChoice?: ToolChoice | undefined;
  readonly allowsParallelCalls?: boolean | undefined;
  readonly answerFormat?: AskedFormat | undefined;
  /** Other forms that a model server can keep a model to, and how. JSON among them is the `answerFormat` as well. */
  readonly structuredOutputs?: StructuredOutputs | undefined;
  readonly maxTokens?: number | undefined;
  /** What the client calls `maxTokens`, for what it is told of it. */
  readonly maxTokensField?: string | undefined;
  /** How many answers are asked for at once. */
  readonly choiceCount: number;
  readonly sampling: Sampling;
  readonly logprobs?: boolean | undefined;
  readonly topLogprobs?: number | undefined;
  readonly reasoningEffort?: string | undefined;
  /** The client reads the answer as it comes. */
  readonly isStream: boolean;
  /** It wants the usage at the end of its stream. */
  readonly showsUsage: boolean;
  /** The last message is the beginning of the answer. */
  readonly continuesLast: boolean;
  readonly user?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** What only a family of model servers knows, under the names that it has for it; nobody else looks inside. */
  readonly extras: Readonly<Record<string, unknown>>;
}

export interface Sampling {
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly presencePenalty?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly seed?: number | undefined;
  /** By token id. */
  readonly logitBias?: Readonly<Record<string, number>> | undefined;
  readonly stop?: string | readonly string[] | undefined;
}

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

export interface ImagePart {
  readonly type: 'image_url';
  readonly image_url: { readonly url: string; readonly detail?: string | undefined };
}

export interface RefusalPart {
  readonly type: 'refusal';
  readonly refusal: string;
}

/** A call in the history: any id and name, since models and servers make them up. */
export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

interface Named {
  readonly name?: string | undefined;
}

export interface SystemMessage extends Named {
  readonly role: 'system' | 'developer';
  readonly content: string | readonly TextPart[];
}

export interface UserMessage extends Named {
  readonly role: 'user';
  readonly content: string | readonly (TextPart | ImagePart)[];
}

export interface AssistantMessage extends Named {
  readonly role: 'assistant';
  readonly content?: string | readonly (TextPart | RefusalPart)[] | null | undefined;
  readonly refusal?: string | undefined;
  readonly reasoning?: string | undefined;
  /** The older name of `reasoning`. */
  readonly reasoning_content?: string | undefined;
  readonly tool_calls?: readonly ToolCall[] | undefined;
}

export interface ToolMessage extends Named {
  readonly role: 'tool';
  readonly content: string | readonly (TextPart | ImagePart)[];
  readonly tool_call_id: string;
}

export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage;

export interface Tool {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description?: string | undefined;
    /** JSON Schema. */
    readonly parameters?: Readonly<Record<string, unknown>> | undefined;
    readonly strict?: boolean | undefined;
  };
}

export type ToolChoice = 'none' | 'auto' | 'required' | { readonly name: string };

export type AskedFormat =
  | { readonly kind: 'text' }
  | { readonly kind: 'json_object' }
  | {
      readonly kind: 'json_schema';
      readonly name: string;
      readonly description?: string | undefined;
      readonly schema: Readonly<Record<string, unknown>>;
      readonly strict?: boolean | undefined;
    };

/** Exactly one of the first five. */
export interface StructuredOutputs {
  readonly json?: Readonly<Record<string, unknown>> | undefined;
  readonly json_object?: boolean | undefined;
  readonly regex?: string | undefined;
  readonly choice?: readonly string[] | undefined;
  readonly grammar?: string | undefined;
  readonly whitespace_pattern?: string | undefined;
  readonly disable_any_whitespace?: boolean | undefined;
  readonly disable_additional_properties?: boolean | undefined;
}
