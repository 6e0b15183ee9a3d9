#!/usr/bin/env node
/**
 * The shim: the program that BoringSSL's test runner starts, as client or as server, once for each of its tests. It does
 * with this library what the command line says, and answers with its exit code and its error output.
 */
import { exitUnimplemented } from './exit.ts';
import { parseCommandLine } from './flags.ts';

/** What the runner takes for a fault of the shim's, whatever the test expects. */
const INTERNAL_ERROR_EXIT_CODE = 90;

const parsed = parseCommandLine(process.argv.slice(2));
if (parsed.kind === 'unimplemented') exitUnimplemented(parsed.flag);
if (parsed.value.initial.has('-is-handshaker-supported')) {
  console.log('No');
} else {
  try {
    // Only now: half the tests end at a flag that is not implemented, and need nothing of the library.
    const { runConnections } = await import('./connections.ts');
    process.exitCode = await runConnections(parsed.value);
  } catch (thrown) {
    console.error(thrown);
    process.exitCode = INTERNAL_ERROR_EXIT_CODE;
  }
}
