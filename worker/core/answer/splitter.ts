/** What separates the reasoning in a model's text from its answer, whatever marks it. */

export interface ReasoningSplitter {
  /** Whether all further text is answer. */
  isDone(): boolean;
  feed(text: string): void;
  /** Brings out what was held back. */
  end(): void;
  /** Forgets what was held back. */
  forgetHeld(): void;
  /** The server separates reasoning itself, so what comes as text is the answer. */
  skip(): void;
}

export interface ReasoningParts {
  onReasoning(text: string): void;
  onAnswer(text: string): void;
  /** Reasoning has ended. */
  onClosed(): void;
}
