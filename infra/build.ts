/**
 * The build step of wrangler.toml, and what runs before tests: the configuration as a module, then the pages and the OpenAPI document as static
 * assets. They are git-ignored, below worker/generated/. A mistake in one of them is told and ends it non-zero, so that nothing starts or deploys with it; where a
 * gateway already runs, what was there before stays in use.
 */
import { runCommand } from './command-line.ts';
import { keepsLastConfig, writeConfig } from './config/compile.ts';
import { writeOpenApi } from './openapi/write.ts';
import { writePages } from './pages/write-pages.ts';

await runCommand(async () => {
  const isConfigGood = writeConfig();
  const arePagesGood = await writePages();
  writeOpenApi();
  if (!isConfigGood || (!arePagesGood && process.env[keepsLastConfig] === undefined)) process.exitCode = 1;
});
