/**
 * Turns a view into numbers for the learned scorer: hashed n-grams of the ask and of the code, and a short row of counts. The same code
 * runs in training and in the Worker, so the two cannot drift apart. Reads no system prompt, history or tool result.
 */
import { signals } from './signals/registry.ts';
import type { ClassifierConfig } from './signals/signal.ts';
import { classOf, DIGIT } from './scripts.ts';
import type { Tokens } from './tokens.ts';
import type { RequestView } from './view.ts';
