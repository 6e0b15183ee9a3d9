import { appendFileSync } from 'node:fs';

/** Where a run gathers what its tests needed and the shim does not have, one line each. */
export const UNIMPLEMENTED_LOG = 'PURE_TLS_BOGO_UNIMPLEMENTED';

/** What the runner takes for "this test asks for something the shim does not have". */
const UNIMPLEMENTED_EXIT_CODE = 89;

/** Ends the process: the test needs `what`. */
export function exitUnimplemented(what: string): never {
  const log = process.env[UNIMPLEMENTED_LOG];
  if (log !== undefined) appendFileSync(log, `${what}\n`);
  console.error(`not implemented: ${what}`);
  process.exit(UNIMPLEMENTED_EXIT_CODE);
}
