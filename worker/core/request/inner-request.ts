/**
 * What a client asks for, independent of any wire format. A surface makes it from a body, a dialect writes it for a model server, and
 * everything in between only reads it. What the client did not set is absent.
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
  /** Other constraints that a model server can enforce. JSON among them is also in `answerFormat`. */
  readonly structuredOutputs?: StructuredOutputs | undefined;
  readonly maxTokens?: number | undefined;
  /** The client's name for `maxTokens`, for messages to it. */
  readonly maxTokensField?: string | undefined;
  /** How many answers are asked for at once. */
  readonly choiceCount: number;
  readonly sampling: Sampling;
  readonly logprobs?: boolean | undefined;
  readonly topLogprobs?: number | undefined;
  readonly reasoningEffort?: string | undefined;
  /** The most tokens to think before the answer. */
  readonly reasoningTokens?: number | undefined;
  /** The client reads the answer as it comes. */
  readonly isStream: boolean;
  /** The client wants the usage at the end of its stream. */
  readonly showsUsage: boolean;
  /** The last message is the beginning of the answer. */
  readonly continuesLast: boolean;
  readonly user?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** What the gateway adds for the model; nothing else reads it, so that it cannot change how a request is routed. */
  readonly grounding?: Grounding | undefined;
  /** What the surface itself needs to write the answer. Nobody else reads it, and no model server gets it. Plain data, nothing large. */
  readonly echo?: Readonly<Record<string, unknown>> | undefined;
  /** Fields that only one family of model servers knows, under its own names; only that dialect reads them. */
  readonly extras: Readonly<Record<string, unknown>>;
}

/** Texts for the model beside the client's own messages. */
export interface Grounding {
  /** The gateway's words: part of the system prompt. */
  readonly rules: string;
  /** Others' words: they stand before the last user turn, in the same message. '' for none. */
  readonly material: string;
}

/** What the writer of an answer has to know of its request. Stored with a kept answer, which is written again from it: nothing large. */
export interface StreamRequest extends Pick<InnerRequest, 'showsUsage' | 'echo'> {
  /** As estimated or counted before a model was asked; absent where nobody needs it. */
  readonly promptTokens?: number | undefined;
}

export function streamRequestOf({ showsUsage, echo }: InnerRequest, promptTokens: number): StreamRequest {
  return echo === undefined ? { showsUsage } : { showsUsage, echo, promptTokens };
}

export interface Sampling {
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
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
  /** What the provider that wrote `reasoning` signed it with; only the same provider can use it. */
  readonly reasoning_signature?: string | undefined;
  /** Reasoning that its provider has encrypted; only the same provider can use it. */
  readonly redacted_reasoning?: readonly string[] | undefined;
  readonly tool_calls?: readonly ToolCall[] | undefined;
}

export interface ToolMessage extends Named {
  readonly role: 'tool';
  readonly content: string | readonly (TextPart | ImagePart)[];
  readonly tool_call_id: string;
  /** The tool failed, and `content` says how. */
  readonly is_error?: boolean | undefined;
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
