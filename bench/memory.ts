import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What one idle connection keeps, as an average over many. */
export interface MemoryFigure {
  readonly name: string;
  readonly bytes: number;
  /**
   * Where it is counted. `heap`: JavaScript's heap and what its buffers hold outside of it, after a collection; that is
   * all there is of ours. `resident`: growth of the process, since node:tls keeps most in native memory.
   */
  readonly counted: 'heap' | 'resident';
}

/** Each kind of connection is counted in a process of its own, which starts with nothing but the libraries. */
export async function measureMemory(connections: number): Promise<readonly MemoryFigure[]> {
  const [client, server, pair, streams] = await Promise.all([
    grown('client', connections),
    grown('server', connections),
    grown('node', connections),
    grown('streams', connections),
  ]);
  return [
    { name: 'pure-tls client', bytes: client.heap, counted: 'heap' },
    { name: 'pure-tls server', bytes: server.heap, counted: 'heap' },
    {
      name: 'node:tls, mean of both ends without their streams',
      bytes: (pair.resident - streams.resident) / 2,
      counted: 'resident',
    },
  ];
}

async function grown(
  subject: 'client' | 'server' | 'node' | 'streams',
  connections: number,
): Promise<{ readonly heap: number; readonly resident: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    fileURLToPath(new URL('./memory-count.js', import.meta.url)),
    subject,
    `${connections}`,
  ]);
  const [heap = Number.NaN, resident = Number.NaN] = stdout.split(' ').map(Number);
  return { heap, resident };
}
