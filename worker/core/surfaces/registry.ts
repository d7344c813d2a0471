/** The public wires that are served: one line each. */
import { chatSurface } from './chat/chat-surface.ts';
import { completionsSurface } from './completions/completions-surface.ts';
import { messagesSurface } from './messages/messages-surface.ts';
import { responsesSurface } from './responses/responses-surface.ts';
import type { Surface } from './surface.ts';

export const surfaces: readonly Surface[] = [chatSurface, responsesSurface, completionsSurface, messagesSurface];
