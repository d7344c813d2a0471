/** Faults before any HTTP answer: what the network or a broken process does to a connection. */
import { setting } from '../fault-request.ts';
import { kill, pause, untilGone } from '../sse-writer.ts';
import type { FaultAction } from './fault-action.ts';

export const connectionFaults = {
  refused: {
    respond({ response, fault, closeListener }) {
      closeListener(setting(fault, 'ms', 1000));
      kill(response, 'reset');
    },
  },
  reset: { respond: ({ response }) => kill(response, 'reset') },
  'close-before-headers': { respond: ({ response }) => kill(response, 'hang-up') },
  'not-http': {
    respond({ response }) {
      response.socket?.end('SSH-2.0-OpenSSH_9.7\r\nthis is not the protocol you are looking for\r\n\u0000\u0001\u0002');
    },
  },
  'slow-headers': { delay: ({ fault, gone }) => pause(setting(fault, 'ms', 1000), gone) },
  wedge: {
    async delay({ fault, wedgeEngine }) {
      wedgeEngine(setting(fault, 'ms', 60_000));
    },
  },
  'never-answers': { respond: ({ gone }) => untilGone(gone) },
} satisfies Record<string, FaultAction>;
