/** The gateway in the lab. */
import { buildLab } from '../../../infra/rig/bundle.ts';
import { providing } from './provide.ts';

export default providing(buildLab);
