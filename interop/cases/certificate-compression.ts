import assert from 'node:assert/strict';
import { nodeCertificateCompression } from '../../src/flow/node/index.ts';
import { certificateCompressionCodes, type Facts } from '../../src/index.ts';
import { reversed } from '../peers/peer.ts';
import type { Case } from '../support/case.ts';
import { answerLines, askLine, LINE } from '../support/exchange.ts';
import { NAME } from '../support/identities.ts';
import {
  connectTo,
  listenFor,
  type Outcome,
  ourClientConfig,
  ourServerConfig,
  valueFrom,
} from '../support/ours.ts';

/**
 * Certificate compression (RFC 8879), which of the peers rustls alone always has: each side shows a certificate, and each
 * is compressed.
 */
export function certificateCompressionCases(): readonly Case[] {
  return (['brotli', 'zlib'] as const).flatMap((name): readonly Case[] => {
    const certificateCompression = nodeCertificateCompression().filter(
      ({ algorithm }) => algorithm === certificateCompressionCodes[name],
    );
    const title = `certificates of both sides compressed by ${name}`;
    return [
      {
        peer: 'rustls',
        role: 'client',
        title,
        run: async ({ scope, identities, peer }) => {
          const { chainFile, keyFile } = await identities.usual('RSA-2048');
          const { credential } = await identities.usual('P-256');
          const clientAnchorFile = identities.authority.file;
          const { port } = await peer.serve(scope, { chainFile, keyFile, clientAnchorFile });
          const ours = { certificateCompression, credentials: [credential] };
          const outcome = await connectTo(scope, port, ourClientConfig(identities, ours), askLine);
          assert.equal(valueFrom(outcome).ownCertificate, credential.leaf);
          assert.deepEqual(shownIn(outcome), [`received ${name}`, `sent ${name}`]);
        },
      },
      {
        peer: 'rustls',
        role: 'server',
        title,
        run: async ({ scope, identities, peer }) => {
          const { credential } = await identities.usual('P-256');
          const { chainFile, keyFile } = await identities.usual('RSA-2048');
          const { authenticator, file: anchorFile } = identities.authority;
          const clientAuthentication = { authenticator, required: true };
          const ours = { certificateCompression, credentials: [credential], clientAuthentication };
          const { port, outcome } = await listenFor(scope, ourServerConfig(ours), answerLines);
          const theirs = { anchorFile, serverName: NAME, line: LINE, chainFile, keyFile };
          const report = await peer.connect(scope, port, theirs);
          assert.equal(report.reply, reversed(LINE));
          assert.deepEqual(shownIn(await outcome), [`sent ${name}`, `received ${name}`]);
        },
      },
    ];
  });
}

/** Which way certificates went, and how they were compressed. */
function shownIn({ events }: Outcome<Facts>): readonly string[] {
  return events.flatMap((event) => {
    if (event.kind !== 'message') return [];
    const { direction, message, details } = event;
    if (message === 'compressedCertificate') return [`${direction} ${details['algorithm']}`];
    return message === 'certificate' ? [`${direction} plain`] : [];
  });
}
