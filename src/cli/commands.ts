import { caCommand } from './ca.ts';
import type { Command } from './command.ts';
import { connectCommand } from './connect.ts';
import { demoCommand } from './demo.ts';
import { echCommand } from './ech.ts';
import { inspectCommand } from './inspect.ts';
import { serveCommand } from './serve.ts';
import { verifyCommand } from './verify.ts';

/** Every subcommand by its name, in the order of `pure-tls --help`. */
export const commands = {
  connect: connectCommand,
  serve: serveCommand,
  verify: verifyCommand,
  inspect: inspectCommand,
  ca: caCommand,
  ech: echCommand,
  demo: demoCommand,
} as const satisfies Readonly<Record<string, Command>>;
