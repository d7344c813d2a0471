/** All faults by name. The type demands an action for every row of the table in faults.ts. */
import type { FaultName } from '../faults.ts';
import { answerFaults } from './answers.ts';
import { bodyFaults } from './body.ts';
import { connectionFaults } from './connection.ts';
import { endingFaults } from './endings.ts';
import { eventFaults } from './events.ts';
import type { FaultAction } from './fault-action.ts';
import { framingFaults } from './framing.ts';
import { shapeFaults } from './shapes.ts';
import { statusFaults } from './status.ts';
import { usageFaults } from './usage.ts';

export const faultActions: Readonly<Record<FaultName, FaultAction>> = {
  ...connectionFaults,
  ...statusFaults,
  ...bodyFaults,
  ...endingFaults,
  ...framingFaults,
  ...eventFaults,
  ...shapeFaults,
  ...usageFaults,
  ...answerFaults,
};
