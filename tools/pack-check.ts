/**
 * Checks the package as a user gets it: packs it, looks through what is inside, installs it in an empty folder,
 * imports every entry point there, type-checks a program against each and those of the README, and runs the command.
 *
 * `npm run pack:check`; exit code 1 and one line per fault if there is one. Installing needs the packages that
 * pure-tls depends on, hence the network or a filled npm cache.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Everything that may be in the tarball. */
const SHIPPED: readonly RegExp[] = [
  /^dist\/(asn1|nocrypto|x509|src)\/[\w/-]+\.(js|js\.map|d\.ts)$/,
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md)$/,
];
const EXPECTED: readonly string[] = ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md'];

type Platform = { readonly lib: readonly string[]; readonly types: readonly string[] };

/** What the declarations of an entry point may take for granted beside the language: nothing, unless named here. */
const PLATFORM: Readonly<Record<string, Platform>> = {
  './flow': { lib: ['DOM'], types: [] },
  './node': { lib: [], types: ['node'] },
};

const folder = mkdtempSync(join(tmpdir(), 'pure-tls-pack-'));
try {
  const faults = check(folder);
  for (const fault of faults) {
    console.error(`pack-check: ${fault}`);
  }
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function check(folder: string): readonly string[] {
  const tarball = pack(folder);
  console.log(`packed ${tarball.files.length} files, ${Math.ceil(tarball.size / 1024)} KiB compressed`);

  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', tarball.path], folder);
  const installed = join(folder, 'node_modules', 'pure-tls');
  const manifest = record(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')));
  const entries = Object.keys(record(manifest['exports']));
  console.log(`installed; entry points: ${entries.join(' ')}`);

  return [
    ...wrongFiles(tarball.files),
    ...tarball.files.filter((file) => file.endsWith('.js.map')).flatMap((map) => wrongMap(installed, map)),
    ...entries.flatMap((entry) => attempt(`import ${entry}`, () => importEntry(folder, entry))),
    ...entries.flatMap((entry) => attempt(`types of ${entry}`, () => typeCheckEntry(folder, entry))),
    ...attempt('types of the programs in the README', () => typeCheckReadme(folder)),
    ...attempt('a deep import is refused', () => refuseDeepImport(folder)),
    ...attempt('pure-tls --help', () => runCommand(folder)),
  ];
}

type Tarball = { readonly path: string; readonly files: readonly string[]; readonly size: number };

function pack(folder: string): Tarball {
  // Without scripts: the build is what is being checked, and its output would mix with the JSON.
  const output = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root);
  const answer: unknown = JSON.parse(output);
  const [only] = Array.isArray(answer) ? answer : Object.values(record(answer));
  const { filename, files, size } = record(only);
  return {
    path: join(folder, String(filename)),
    files: (Array.isArray(files) ? files : []).map((file) => String(record(file)['path'])),
    size: Number(size),
  };
}

function wrongFiles(files: readonly string[]): readonly string[] {
  const foreign = files.filter((file) => !SHIPPED.some((pattern) => pattern.test(file)));
  const missing = EXPECTED.filter((file) => !files.includes(file));
  const stale = files.filter((file) => file.startsWith('dist/') && !existsSync(join(root, sourceOf(file))));
  return [
    ...foreign.map((file) => `${file} should not be packed`),
    ...missing.map((file) => `${file} is not packed`),
    ...stale.map((file) => `${file} has no source: the build is stale`),
  ];
}

function sourceOf(file: string): string {
  return file.replace(/^dist\//, '').replace(/(\.js|\.js\.map|\.d\.ts)$/, '.ts');
}

/** A source map must carry its source, since the file it names is not shipped, and name no place of this machine. */
function wrongMap(installed: string, map: string): readonly string[] {
  const { sources, sourcesContent } = record(JSON.parse(readFileSync(join(installed, map), 'utf8')));
  const names = Array.isArray(sources) ? sources.map(String) : [];
  const carried = Array.isArray(sourcesContent) ? sourcesContent.length : 0;
  return [
    ...(names.length === carried ? [] : [`${map} does not carry its source`]),
    ...names.filter((name) => !name.startsWith('../')).map((name) => `${map} names ${name}`),
  ];
}

function importEntry(folder: string, entry: string): void {
  const isJson = entry.endsWith('.json');
  const attributes = isJson ? ", { with: { type: 'json' } }" : '';
  const script = `const entry = await import(${JSON.stringify(specifier(entry))}${attributes});
    if (Object.keys(entry).length === 0) throw new Error('exports nothing');`;
  run(process.execPath, ['--input-type=module', '--eval', script], folder);
}

/** A strict program over one entry, with no more of a platform's types than the entry needs. */
function typeCheckEntry(folder: string, entry: string): void {
  if (!entry.endsWith('.json')) {
    const names = 'export const names: readonly string[] = Object.keys(entry);';
    typeCheck(folder, `import * as entry from '${specifier(entry)}';\n${names}\n`, PLATFORM[entry]);
  }
}

/** The programs in the README, each as a file of its own. */
function typeCheckReadme(folder: string): void {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  for (const [, program] of readme.matchAll(/^```ts\n(.*?)^```$/gms)) {
    typeCheck(folder, String(program), { lib: [], types: ['node'] });
  }
}

/** Checks the program as a user would who also has the declarations of packages checked. */
function typeCheck(folder: string, program: string, { lib, types }: Platform = { lib: [], types: [] }): void {
  writeFileSync(join(folder, 'user.ts'), program);
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'ES2022',
        lib: ['ES2022', ...lib],
        module: 'NodeNext',
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        skipLibCheck: false,
        types,
        typeRoots: [join(root, 'node_modules', '@types')],
      },
      files: ['user.ts'],
    }),
  );
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  run(process.execPath, [compiler, '-p', 'tsconfig.json'], folder);
}

function refuseDeepImport(folder: string): void {
  const script = `const answer = await import('pure-tls/dist/src/index.js').then(() => 'open', (e) => e.code);
    if (answer !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw new Error(answer);`;
  run(process.execPath, ['--input-type=module', '--eval', script], folder);
}

function runCommand(folder: string): void {
  const help = npm(['exec', '--no', '--', 'pure-tls', '--help'], folder);
  if (!help.includes('pure-tls')) {
    throw new Error(`says ${help}`);
  }
}

function specifier(entry: string): string {
  return `pure-tls${entry.slice(1)}`;
}

function attempt(what: string, action: () => void): readonly string[] {
  try {
    action();
    console.log(`ok: ${what}`);
    return [];
  } catch (error) {
    return [`${what}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** npm, which is a script that Node runs on every platform, through the npm that started us if one did. */
function npm(args: readonly string[], cwd: string): string {
  const cli = process.env['npm_execpath'];
  return cli === undefined ? run('npm', args, cwd) : run(process.execPath, [cli, ...args], cwd);
}

function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout, stderr } = record(error);
    throw new Error(`${[command, ...args].join(' ')}\n${stdout ?? ''}${stderr ?? ''}`);
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError('not an object');
  }
  return { ...value };
}
