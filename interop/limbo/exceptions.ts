/**
 * The cases of x509-limbo in which pure-tls deviates from the expected result, each with a reason that a user would accept.
 * `npm run limbo` fails on any other deviation, and on an exception whose case agrees.
 */
export const EXCEPTIONS: ReadonlyMap<string, string> = new Map([]);
