/** `npm run config:check`: every profile of configs/, checked as a build would. Writes nothing; exit code 1 where there is a mistake. */
import { join } from 'node:path';
import { readCommandLine, runCommand } from '../command-line.ts';
import { repoFolder } from '../wrangler.ts';
import { compileConfigs, describeMistakes } from './compile.ts';

const help = `Checks configs/ and every profile in it. Each mistake with its file, line and path, and what was expected there.

  npm run config:check -- [--configs DIR]`;

await runCommand(() => {
  const options = { configs: { type: 'string', default: join(repoFolder, 'configs') } } as const;
  const { values } = readCommandLine({ name: 'npm run config:check', help, options });
  const { profiles, mistakes } = compileConfigs(values.configs);
  if (mistakes.length > 0) {
    console.error(describeMistakes(mistakes));
    return 1;
  }
  console.log(`No mistakes. Profiles: ${Object.keys(profiles).join(', ')}.`);
  return 0;
});
