/** The gateway as it is deployed. */
import { buildGateway } from '../../../infra/rig/bundle.ts';
import { providing } from './provide.ts';

export default providing(buildGateway);
