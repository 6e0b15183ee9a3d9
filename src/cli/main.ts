#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { type Command, exitCodeOf, exitCodes } from './command.ts';
import { commands } from './commands.ts';
import { printable } from './text.ts';

// Whoever reads our output may stop (as `head` does): what is left to say is then said to nobody.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

process.exitCode = await main(process.argv.slice(2));

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined) return refuse(`no command is given; try 'pure-tls --help'`);
  if (name === '--help' || name === '-h' || name === 'help') return print(overview());
  if (name === '--version') return print(`pure-tls ${version()}`);
  const command = commandNamed(name);
  if (command === undefined) return refuse(`'${name}' is no command; try 'pure-tls --help'`);
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  if (options.includes('--help') || options.includes('-h')) return print(command.help);
  try {
    return await command.run(args);
  } catch (error) {
    const code = exitCodeOf(error);
    const message = error instanceof Error ? error.message : String(error);
    const hint = code === exitCodes.usage ? `; try 'pure-tls ${name} --help'` : '';
    process.stderr.write(`pure-tls ${name}: ${printable(message)}${hint}\n`);
    return code;
  }
}

function commandNamed(name: string): Command | undefined {
  return Object.entries(commands).find(([known]) => known === name)?.[1];
}

function overview(): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`);
  return [
    'pure-tls: TLS connections and certificates',
    '',
    'usage: pure-tls COMMAND [ARGUMENTS]',
    '',
    ...rows,
    '',
    "'pure-tls COMMAND --help' says what a command takes. '--version' prints the version.",
    '',
    'exit codes: 0 done; 1 the connection, check or file failed; 2 the command line makes no sense',
  ].join('\n');
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return exitCodes.ok;
}

function refuse(message: string): number {
  process.stderr.write(`pure-tls: ${printable(message)}\n`);
  return exitCodes.usage;
}

function version(): string {
  const file = new URL('../../../package.json', import.meta.url);
  const { version }: { readonly version: string } = JSON.parse(readFileSync(file, 'utf8'));
  return version;
}
